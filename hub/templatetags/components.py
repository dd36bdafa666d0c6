"""Template tags that stand for the markup in `templates/components/`; every template has them."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.forms.utils import flatatt
from django.shortcuts import resolve_url
from django.template.base import NodeList, Parser, TextNode, Token
from django.template.context import Context
from django.template.defaultfilters import stringfilter
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from accounts.domains import readable_address
from accounts.languages import with_one_stop
from accounts.timezones import end_date, end_date_in_zone
from hub.templatetags.icons import lucide

register = template.Library()

PAGE_HEADER_PARTS = ("crumbs", "title", "lede", "actions")


def _trimmed(html: str) -> SafeString:
    """Drop the white space around markup: it would show between words."""
    return mark_safe(html.strip())  # noqa: S308 -- a template rendered it


def _render(component: str, **context: object) -> SafeString:
    """Render one of `templates/components/`."""
    return _trimmed(render_to_string(f"components/{component}.html", context))


register.filter("readable", readable_address)
register.filter("one_stop", stringfilter(with_one_stop), is_safe=True)
register.filter("end_date", end_date)
register.filter("end_date_in_zone", end_date_in_zone)


@register.filter
def initials(name: object) -> str:
    """Return the first letters of the first and the last word of a name."""
    words = str(name).split()
    return "".join(word[0] for word in dict.fromkeys([*words[:1], *words[-1:]])).upper()


@register.filter(expects_localtime=True)
def iso(moment: datetime) -> str:
    """Return a time for `<time datetime>`, which knows no microseconds: HTML, 2.3.5.3."""
    return moment.isoformat(timespec="seconds")


@register.filter
def of(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """Return what a mapping has for a key: `{{ answering|of:request.pk }}`; None without either."""
    return mapping.get(key) if mapping else None


@register.filter
def unquoted(text: str) -> str:
    """Return a text without quotation marks, for between ours: nothing in it can end them."""
    return re.sub('[“”„«»"]', "", text)


@cache
def _badge_start(tone: str, icon: str) -> str:
    return (
        f'<span class="badge {tone}">{lucide(icon, size=14)} '
        if icon
        else f'<span class="badge {tone}">'
    )


@register.simple_block_tag
def badge(content: str, tone: str, icon: str = "", **attributes: object) -> SafeString:
    """Show a state in words: `{% badge "warn" "clock" %}Overdue{% endbadge %}`.

    `tone` is neutral, info, ok, warn or danger; further names are attributes, and `href` makes
    the badge a link.
    """
    # Not from a template: a list has hundreds, and that would be a third of its time.
    if not attributes:
        return SafeString(f"{_badge_start(tone, icon)}{conditional_escape(content)}</span>")
    return format_html(
        '<{tag} class="badge {tone}"{attributes}>{icon}{content}</{tag}>',
        tag="a" if "href" in attributes else "span",
        tone=tone,
        attributes=flatatt(attributes),
        icon=SafeString(f"{lucide(icon, size=14)} ") if icon else "",
        content=content,
    )


@register.simple_block_tag
def crumb(content: str, to: str, *arguments: object) -> SafeString:
    """Link to the page above: `{% crumb 'portals:team' customer.slug team.uuid %}…{% endcrumb %}`.

    `to` is a view's name with its arguments, or an address.
    """
    return _render("crumb", content=content, address=resolve_url(to, *arguments))


class PageHeader(template.Node):
    """The header of a page; a part that comes out empty leaves no markup behind."""

    child_nodelists = PAGE_HEADER_PARTS

    def __init__(self, parts: dict[str, NodeList]) -> None:
        """Keep each part as an attribute, where Django looks for a node's children."""
        for name in PAGE_HEADER_PARTS:
            setattr(self, name, parts.get(name, NodeList()))

    def render(self, context: Context) -> SafeString:
        """Fill the component with the parts."""
        parts = {name: _trimmed(getattr(self, name).render(context)) for name in PAGE_HEADER_PARTS}
        return _render("page_header", **parts)


@register.tag
def page_header(parser: Parser, token: Token) -> PageHeader:
    """Begin a page: `{% page_header %}{% title %}…{% lede %}…{% actions %}…{% endpage_header %}`.

    Each part runs to the next one: crumbs, title, lede, actions. All but the title may be left out.
    """
    parts: dict[str, NodeList] = {}
    leading = parser.parse(PAGE_HEADER_PARTS)
    if any(not isinstance(node, TextNode) or node.s.strip() for node in leading):
        raise template.TemplateSyntaxError("page_header begins with one of its parts.")
    while (name := parser.next_token().contents) != "endpage_header":
        parts[name] = parser.parse((*PAGE_HEADER_PARTS, "endpage_header"))
    if "title" not in parts:
        raise template.TemplateSyntaxError("page_header needs a title.")
    return PageHeader(parts)
