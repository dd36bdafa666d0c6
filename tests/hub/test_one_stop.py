"""A sentence ends with one full stop, also after a name that has its own."""

import pytest
from django.template import engines

from accounts.languages import with_one_stop
from accounts.models import AuditEvent
from accounts.selectors.events import sentence_of

NAME = "Alder & Sons Inc."


def rendered(source, **values):
    return engines["django"].from_string("{% load i18n %}" + source).render(values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("You left Alder Inc..", "You left Alder Inc."),
        ("You left Alder Inc.. It is late.", "You left Alder Inc. It is late."),
        ("<b>Alder Inc.</b>. It is late.", "<b>Alder Inc.</b> It is late."),
        ("Wait...", "Wait..."),
        ("../people/", "../people/"),
        ("a..b", "a..b"),
    ],
)
def test_one_stop(text, said):
    assert with_one_stop(text) == said


def test_texts_of_pages():
    said = "You left Alder &amp; Sons Inc."

    assert rendered(
        "{% blocktranslate %}You left {{ name }}.{% endblocktranslate %}", name=NAME
    ) == (said)
    assert rendered(
        "{% blocktranslate asvar words %}You left {{ name }}.{% endblocktranslate %}{{ words }}",
        name=NAME,
    ) == (said)
    plural = (
        "{% blocktranslate count n=2 %}x{% plural %}{{ n }} left {{ name }}.{% endblocktranslate %}"
    )
    assert rendered(plural, name=NAME) == "2 left Alder &amp; Sons Inc."


def test_what_just_happened():
    shown = rendered("{{ message|one_stop }}", message=f"You left {NAME}.")
    assert shown == "You left Alder &amp; Sons Inc."


def test_the_activity_log():
    event = AuditEvent(
        kind="customer.created", actor_name="Olive", data={"customer_name": "Alder Inc."}
    )
    assert sentence_of(event) == "Olive created the company Alder Inc."
