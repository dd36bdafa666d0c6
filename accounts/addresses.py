"""Addresses of pages, and the numbers in them.

`address_of` is `reverse` of Django, which remembers the shape of each address.
A list has hundreds of addresses, and Django takes 40 µs to find and check the pattern of each.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.urls.converters import IntConverter

MAX_DIGITS = 18  # a database has numbers up to 2**63 - 1
_SLUG = re.compile(r"[a-z0-9-]{1,60}")
Shape = tuple[str, ...]  # the text before, between and after the arguments


class NumberConverter(IntConverter):
    """A number in an address, `<number:pk>`, that a database can hold; others are not found."""

    regex = f"[0-9]{{1,{MAX_DIGITS}}}"


def number_in(text: str) -> int | None:
    """Return the number that a text is, if a database can hold it: ASCII digits alone."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS
    return int(text) if is_number else None


def numbers_in(texts: Iterable[str]) -> set[int]:
    """Return the numbers among texts."""
    return {number for text in texts if (number := number_in(text)) is not None}


def address_of(view: str, *arguments: Any) -> str:
    """Return the address of a view. Raises NoReverseMatch.

    Arguments are a slug, a uuid or a number; for others, Django is asked each time.
    """
    kinds = tuple(_kind_of(argument) for argument in arguments)
    if all(kinds):
        urlconf = get_urlconf() or settings.ROOT_URLCONF
        if shape := _shape_of(view, kinds, urlconf, get_script_prefix()):
            first, *others = shape
            pairs = zip(arguments, others, strict=True)
            return first + "".join([f"{argument}{text}" for argument, text in pairs])
    return reverse(view, args=arguments)


def _kind_of(argument: Any) -> str:
    """Return the kind of an argument, by which a view's pattern is chosen; "" for any other."""
    kind = type(argument)
    if kind is UUID:
        return "uuid"
    if kind is int and 0 <= argument < 10**MAX_DIGITS:
        return "number"
    return "slug" if kind is str and _SLUG.fullmatch(argument) else ""


@lru_cache(maxsize=4096)
def _shape_of(view: str, kinds: tuple[str, ...], urlconf: str, prefix: str) -> Shape | None:
    """Return the shape of a view's address with such arguments; None if these words don't fit."""
    samples: list[Any] = [
        {"uuid": UUID(int=number), "number": 900_000_000 + number, "slug": f"sample-{number}-x"}[
            kind
        ]
        for number, kind in enumerate(kinds, 1)
    ]
    try:
        address = reverse(view, urlconf, args=samples)
    except NoReverseMatch:
        return None
    texts = re.split("|".join(re.escape(str(sample)) for sample in samples), address)
    return tuple(texts) if samples else (address,)
