"""The template tags for page headers and badges."""

import pytest
from django.template import Context, Template, TemplateSyntaxError

ICON = "</svg>"


def render(source: str, **context: object) -> str:
    return Template(source).render(Context(context))


def test_a_badge_is_a_word_in_a_tone():
    assert render('{% badge "ok" %}{{ word }}{% endbadge %}', word="<Open>") == (
        '<span class="badge ok">&lt;Open&gt;</span>'
    )
    assert ICON in render('{% badge "warn" "clock" %}Overdue{% endbadge %}')


def test_a_badge_can_be_a_link():
    html = render('{% badge "info" href=to %}Open{% endbadge %}', to="/a/?b=1&c=2")
    assert html == '<a class="badge info" href="/a/?b=1&amp;c=2">Open</a>'


def test_a_crumb_takes_a_view_or_an_address():
    for to in ("'accounts:profile'", "'/profile/'"):
        html = render("{% crumb " + to + " %}Profile{% endcrumb %}")
        assert html.startswith('<a href="/profile/"><svg') and html.endswith(f"{ICON}Profile</a>")


def test_an_empty_part_leaves_no_markup():
    html = render(
        """{% page_header %}
          {% crumbs %}{% if no %}above{% endif %}
          {% title %} A &amp; B
          {% lede %}
          {% actions %}{% if no %}<a href="/">Go</a>{% endif %}
        {% endpage_header %}"""
    )
    assert "".join(html.split("\n")).replace("  ", "") == (
        '<header class="page-header"><div><h1>A &amp; B</h1></div></header>'
    )


@pytest.mark.parametrize(
    "source",
    [
        "{% page_header %}A title{% title %}{% endpage_header %}",
        "{% page_header %}{% lede %}No title{% endpage_header %}",
    ],
)
def test_a_header_without_its_title_is_refused(source):
    with pytest.raises(TemplateSyntaxError):
        Template(source)
