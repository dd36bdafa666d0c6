"""The facts of this app's events that their sentences leave to lists (accounts.selectors)."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy

from accounts.choices import EVENT_CODES
from accounts.choices.event_words import ABOUT, PERSON, Declared, Personal, Word
from accounts.languages import in_readers_language
from accounts.selectors.event_details import EventDetail
from preferences.choices import ContactKind, NoticeCode


def _contacts(kinds: Iterable[str]) -> list[str]:
    return [str(ContactKind(kind).label) for kind in kinds]


def _categories(codes: Iterable[str]) -> list[str]:
    known = NoticeCode.values
    return [str(NoticeCode(code).label) if code in known else code for code in codes]


def _category(value: object) -> list[str]:
    return _categories([str(in_readers_language(value))])


def _how(value: str) -> list[str]:
    return [str(EVENT_CODES["how"](value).label)]


DETAILS = {
    "contact_roles": EventDetail(gettext_lazy("Contact roles that ended"), _contacts),
    "added_mail": EventDetail(gettext_lazy("Email added by the company that ended"), _categories),
    "category": EventDetail(gettext_lazy("Topic or notice class"), _category),
    "how": EventDetail(gettext_lazy("How the person was reached"), _how),
}

IDENTITIES = {
    "campaign": ("subject",),
    "recipient": ("reader",),
    "message": (),
}

# Personal words in this app's events (accounts.choices.event_words).
WORDS: dict[str, Declared] = {"reader": Personal(Word.NAME, (PERSON, ABOUT))}
PUBLIC_FACTS = (
    "added", "added_mail", "campaign", "category", "complaints", "contact", "contact_roles",
    "digest", "how", "message", "notice_class", "recipient", "refused", "sent", "subject",
    "topic", "until",
)  # fmt: skip
