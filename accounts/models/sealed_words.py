"""The readable words of events, from what is stored: the one place that opens sealed words.

In an event's `public` data, `{"sealed": [2, 0]}` stands in the place of a personal word: the first
word of the third part of `sealed`. Each part has the id of a subject's key, words under it, and
the hash by which whoever reads them can check them (accounts.encryption.WordCipher).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.choices.event_words import Declared, Word, declared
from accounts.models.subjects import read_ciphers

MARK = "sealed"
_REPLACEMENTS: Mapping[Word, str | Promise] = {
    Word.NAME: _("a former member"),
    Word.ADDRESS: _("a deleted address"),
    Word.TEXT: _("(deleted)"),
}


class Sealed(Protocol):
    """The opened words of an event."""

    kind: str
    public: dict[str, Any]
    sealed: list[list[str]]

    @property
    def is_open(self) -> bool:
        """Whether the readable words are at hand."""

    def open_with(self, words: dict[str, Any], parts: list[list[str] | None]) -> None:
        """Keep the readable words, and the opened parts of `sealed`."""


class ErasedWord(str):
    """The text in place of a word whose key is deleted, in the reader's language."""

    word: Word

    def __new__(cls, word: Word) -> "ErasedWord":
        """Make one for a kind of words."""
        erased = super().__new__(cls, "")
        erased.word = word
        return erased

    def __str__(self) -> str:
        return str(_REPLACEMENTS[self.word])

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __bool__(self) -> bool:
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        return ErasedWord, (self.word,)


def open_events(events: Iterable[Sealed]) -> None:
    """Make the words of events readable, with one query for all their keys."""
    closed = list({id(event): event for event in events if not event.is_open}.values())
    ciphers = read_ciphers(part[0] for event in closed for part in event.sealed)
    for event in closed:
        parts = [
            ciphers[key].open(words) if key in ciphers else None
            for key, words, _hash in event.sealed
        ]
        event.open_with(_readable(event.kind, event.public, parts, "", None), parts)


def placed(value: Any) -> tuple[int, int] | None:
    """Return the part and the word that a mark points at; None for any other value."""
    if isinstance(value, dict) and value.keys() == {MARK}:
        part, word = value[MARK]
        return part, word
    return None


def _readable(
    kind: str, value: Any, parts: list[list[str] | None], path: str, above: Declared
) -> Any:
    place = placed(value)
    if not isinstance(value, dict | list):
        return value
    personal = declared(kind, path, above)
    if place is not None:
        words = parts[place[0]]
        if words is not None:
            return words[place[1]]
        return ErasedWord(personal.word if personal else Word.ADDRESS)
    if isinstance(value, list):
        return [_readable(kind, part, parts, path, personal) for part in value]
    return {
        name: _readable(kind, part, parts, f"{path}.{name}".lstrip("."), personal)
        for name, part in value.items()
    }
