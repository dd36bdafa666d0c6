"""Texts that are stored as language → text, in the hub's languages, and how sentences end."""

import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import get_language, override

from accounts.choices import Language

# A full stop after a name or quotation that has its own: "Alder Inc.." or "<b>Alder Inc.</b>."
_SECOND_STOP = re.compile(r"(?<!\.)([.!?…]\s?[”»]?(?:</\w+>)*)\.(?=[\s<]|$)")


def with_one_stop(text: str) -> str:
    """Return a text whose sentences end once, also after a name such as "Alder Inc."."""
    return _SECOND_STOP.sub(r"\1", text)


def in_each_language(text: Callable[[], str]) -> dict[str, str]:
    """Return what the function says in each language of the hub."""
    texts = {}
    for language in Language.values:
        with override(language):
            texts[language] = str(text())
    return texts


def in_readers_language(value: Any) -> Any:
    """Return the text of a value that is stored as language → text; any other value as it is."""
    if not isinstance(value, dict):
        return value
    return value.get((get_language() or "en")[:2]) or value.get("en", "—")
