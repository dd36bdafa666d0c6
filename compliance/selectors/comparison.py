"""Two versions of a policy, compared word by word within the lines that changed."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.core.cache import cache
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from compliance.models import PolicyVersion

_LINES = re.compile(r"[^\n]+\n*|\n+")
_WORDS = re.compile(r"\s+|[^\s]+")
# Of equal lines, or equal words, of both texts: their number bounds the time. Beyond it, what
# changed is shown as a whole. An ordinary paragraph has some thousands.
MOST_PAIRS = 30_000
MOST_PAIRS_IN_ALL = 2 * MOST_PAIRS
CACHE_SECONDS = 24 * 60 * 60  # published texts never change
NAMES = ("title", "body")
# What stands around added and removed words, so that a copy or a black and white print says it.
_MARKS = {"ins": ("{+", "+}"), "del": ("[-", "-]")}


@dataclass(frozen=True)
class Part:
    """Some text of a comparison: kept (""), added ("ins") or removed ("del")."""

    change: str
    text: str


def compared(before: str, after: str) -> list[Part]:
    """Return the parts that make the later text of the earlier one."""
    return list(_joined(_lines(_split(before), _split(after))))


class _Budget:
    """The work that is left for one comparison."""

    def __init__(self) -> None:
        self.left = MOST_PAIRS_IN_ALL

    def allows(self, before: list[str], after: list[str]) -> bool:
        """Return whether these may be compared one by one, and take what it costs."""
        there = Counter(part for part in after if not part.isspace())
        pairs = sum(there[part] for part in before)
        if pairs > min(MOST_PAIRS, self.left):
            return False
        self.left -= pairs
        return True


def _split(text: str) -> list[str]:
    """Return the lines of a text, each with the empty lines that follow it."""
    return _LINES.findall(text.replace("\r\n", "\n").strip())


def _lines(before: list[str], after: list[str]) -> Iterator[Part]:
    budget = _Budget()
    if not budget.allows(before, after):
        yield from (Part("del", "".join(before)), Part("ins", "".join(after)))
        return
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Part("", "".join(after[c:d]))
        elif b - a == d - c:
            for earlier, later in zip(before[a:b], after[c:d], strict=True):
                yield from _words(earlier, later, budget)
        else:
            yield from _words("".join(before[a:b]), "".join(after[c:d]), budget)


def _words(before: str, after: str, budget: _Budget) -> Iterator[Part]:
    earlier, later = _WORDS.findall(before), _WORDS.findall(after)
    if not budget.allows(earlier, later):
        yield from (Part("del", before), Part("ins", after))
        return
    # No match begins with a space: there are too many.
    for tag, a, b, c, d in SequenceMatcher(
        str.isspace, earlier, later, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            yield Part("", "".join(later[c:d]))
            continue
        yield Part("del", "".join(earlier[a:b]))
        yield Part("ins", "".join(later[c:d]))


def _joined(parts: Iterable[Part]) -> Iterator[Part]:
    """Join parts of one kind, and leave out empty ones."""
    held = Part("", "")
    for part in parts:
        if not part.text:
            continue
        if part.change == held.change:
            held = Part(part.change, held.text + part.text)
            continue
        if held.text:
            yield held
        held = part
    if held.text:
        yield held


def marked(parts: Iterable[Part]) -> SafeString:
    """Return parts as HTML, with `ins` and `del` and marks in the text."""
    return format_html_join("", "{}", ((_marked(part),) for part in parts))


def _marked(part: Part) -> SafeString | str:
    """Return a part as HTML; line breaks at its ends stay outside of its mark."""
    inner = part.text.strip("\n")
    if not part.change or not inner:
        return "" if part.change == "del" else part.text
    lead, _inner, tail = part.text.partition(inner)
    begin, end = _MARKS[part.change]
    return format_html("{}<{tag}>{}{}{}</{tag}>{}", lead, begin, inner, end, tail, tag=part.change)


def comparison_of(
    before: PolicyVersion, after: PolicyVersion, language: str
) -> dict[str, SafeString]:
    """Return title and body of two published versions compared, as HTML."""
    key = f"policies.comparison.{before.sha256}.{after.sha256}.{language}"
    found: dict[str, SafeString] = cache.get_or_set(  # type: ignore[assignment]
        key,
        lambda: {
            name: marked(
                compared(before.in_language(name, language), after.in_language(name, language))
            )
            for name in NAMES
        },
        CACHE_SECONDS,
    )
    return found
