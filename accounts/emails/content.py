"""The content of an email: written once, as blocks, of which both of its parts are made."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _


class Kind(StrEnum):
    """The kinds of block."""

    GREETING = "greeting"
    HEADING = "heading"
    TEXT = "text"
    PLAIN = "plain"  # a paragraph of an email that has no blocks of its own; links show as links
    MARKDOWN = "markdown"
    QUOTE = "quote"
    ITEM = "item"
    FACT = "fact"
    CODE = "code"
    BUTTON = "button"
    LINK = "link"


TOGETHER = (Kind.ITEM, Kind.FACT)  # those in a row are one list


@dataclass(frozen=True)
class Block:
    """A part of an email: plain words, never markup; `label` names a fact, or the link `url`."""

    kind: Kind
    text: str
    url: str = ""
    label: str = ""

    @property
    def as_text(self) -> str:
        """The block in the text part."""
        match self.kind:
            case Kind.QUOTE:
                return "\n".join(f"> {line}".rstrip() for line in self.text.splitlines())
            case Kind.ITEM:
                return f"- {self.text}" + (f"\n  {titled(self.label, self.url)}" * bool(self.url))
            case Kind.FACT:
                return titled(self.label, self.text)
            case Kind.BUTTON:
                return f"{titled(self.text, '').rstrip()}\n{self.url}"
            case Kind.LINK:
                return titled(self.text, self.url)
        return self.text


class IncompleteEmail(ValueError):
    """A template forgot a part of its email, or wrote something outside of every part."""


@dataclass(frozen=True)
class Content:
    """A subject, which is also the heading, and blocks. Raises IncompleteEmail."""

    subject: str
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        """Refuse an email without a subject or without words, and one with two buttons."""
        if not self.subject:
            raise IncompleteEmail("an email has a subject")
        if not any(block.kind not in (Kind.GREETING, Kind.BUTTON) for block in self.blocks):
            raise IncompleteEmail("an email says something")
        if sum(block.kind == Kind.BUTTON for block in self.blocks) > 1:
            raise IncompleteEmail("an email has one button at most")

    @property
    def text(self) -> str:
        """The text part, without a footer."""
        return text_of(self.blocks)


def titled(title: str, words: str) -> str:
    """Return words behind their title and a colon."""
    return _("%(title)s: %(words)s") % {"title": title, "words": words}


def grouped(blocks: Iterable[Block]) -> list[list[Block]]:
    """Return the blocks in order, with each list of items or facts as one group."""
    counted = enumerate(blocks)
    groups = groupby(counted, lambda pair: (pair[1].kind, pair[1].kind in TOGETHER or pair[0]))
    return [[block for _number, block in group] for _key, group in groups]


def text_of(blocks: Iterable[Block]) -> str:
    """Return blocks as plain text, with an empty line between two groups."""
    groups = ["\n".join(block.as_text for block in group) for group in grouped(blocks)]
    return "\n\n".join(groups) + "\n"


def plain_blocks(text: str) -> list[Block]:
    """Return an email that has no blocks of its own, paragraph by paragraph."""
    paragraphs = text.replace("\r\n", "\n").split("\n\n")
    return [Block(Kind.PLAIN, words.strip("\n")) for words in paragraphs if words.strip()]


def blocks_as_data(blocks: Iterable[Block]) -> list[list[str]]:
    """Return blocks as plain data, to be stored."""
    return [[str(value) for value in astuple(block)] for block in blocks]


def blocks_from_data(data: Iterable[Any]) -> list[Block]:
    """Return the blocks that were stored so."""
    return [Block(Kind(kind), *words) for kind, *words in data]
