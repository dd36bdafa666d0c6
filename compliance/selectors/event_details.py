"""The facts of this app's events beside their sentences (accounts.selectors)."""

from django.utils.translation import gettext_lazy as _

from accounts.choices.event_words import ACTOR, PERSON, Declared, Personal, Word
from accounts.selectors.event_details import EventDetail

DETAILS = {
    "early_reason": EventDetail(_("Why with less notice than usual")),
    "alone_reason": EventDetail(_("Why without a second person")),
    "withdrawal": EventDetail(_("Why it was withdrawn")),
    "erasure": EventDetail(_("Erasure")),
    "hold": EventDetail(_("Legal hold")),
    "way": EventDetail(_("How it came")),
    "filed": EventDetail(_("Reference")),
    "text_hash": EventDetail(_("SHA-256 of the text")),
    "file_hash": EventDetail(_("SHA-256 of the file")),
}

IDENTITIES = {"policy": ("title",), "log_request": ("person",)}

# Which facts are personal words (accounts.choices.event_words). A reason that everybody is told is
# none of them.
WORDS: dict[str, Declared] = {
    "alone_reason": Personal(Word.TEXT, (ACTOR,)),
    "filed": Personal(Word.TEXT, (PERSON,)),
    "reseller.declined:reason": Personal(Word.TEXT, (ACTOR,)),
}
PUBLIC_FACTS = (
    "breach", "capacity", "early_reason", "erasure", "file_hash", "hold", "invoice",
    "log_request", "money", "number", "platform", "policy", "privacy_kind", "profile", "rule",
    "text_hash", "title", "way", "withdrawal",
)  # fmt: skip
