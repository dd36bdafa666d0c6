"""The words of a request, for after "asks to", in every language."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.choices import RequestKind
from accounts.languages import in_each_language, in_readers_language
from accounts.models import Customer

Phrases = dict[str, str]  # language → "renew alder.example"


def phrases_of(kind: str, customer: Customer, wanted: dict[str, Any]) -> Phrases:
    """Return the words of a request of this kind; none for one in the person's own words."""
    value = next(iter(wanted.values()), "")

    def phrase() -> str:
        said = in_readers_language(value)
        texts = {
            RequestKind.NAME: _("be called %(value)s at work"),
            RequestKind.PHONE: _("use %(value)s as work phone"),
            RequestKind.ADDRESS: _("use %(value)s as email address"),
            RequestKind.LEAVE: _("leave %(company)s"),
            RequestKind.ADD_SERVICE: _("add %(value)s"),
            RequestKind.END_SERVICE: _("end %(value)s"),
        }
        return texts[RequestKind(kind)] % {"value": said, "company": customer.name}

    in_own_words = kind in (RequestKind.ACCESS, RequestKind.OTHER)
    return {} if in_own_words else in_each_language(phrase)
