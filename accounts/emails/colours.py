"""The provider's colour in email, whose readers know no CSS but the oldest."""

import re
from typing import NamedTuple

DEFAULT = "#00646e"
INK, PAPER = "#16242a", "#ffffff"
DARK_INK = "#0d1719"  # on a bright button, in dark mode
READABLE = 4.5  # WCAG 2.2, 1.4.3


class Palette(NamedTuple):
    """The colours that follow the accent, as `#rrggbb`."""

    accent: str
    on_accent: str
    link: str
    dark_accent: str
    on_dark_accent: str


def palette(accent: str) -> Palette:
    """Return the colours for an accent written as #rgb or #rrggbb; for the default otherwise."""
    accent = _hexadecimal(accent) or DEFAULT
    bright = _towards_white(accent)
    return Palette(
        accent=accent,
        on_accent=_readable_on(accent),
        link=accent if contrast(accent, PAPER) >= READABLE else INK,
        dark_accent=bright,
        on_dark_accent=_readable_on(bright),
    )


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours by WCAG: 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _hexadecimal(colour: str) -> str:
    digits = colour.strip().removeprefix("#").lower()
    if not re.fullmatch(r"(?:[0-9a-f]{3}){1,2}", digits) or not colour.strip().startswith("#"):
        return ""
    return "#" + ("".join(digit * 2 for digit in digits) if len(digits) == 3 else digits)


def _channels(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def _luminance(colour: str) -> float:
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _readable_on(ground: str) -> str:
    return max((PAPER, DARK_INK), key=lambda ink: contrast(ink, ground))


def _towards_white(colour: str) -> str:
    """Return the colour, brightened until dark words are readable on it and it on a dark ground."""
    for part in range(0, 101, 5):
        mixed = [round(channel + (255 - channel) * part / 100) for channel in _channels(colour)]
        bright = "#" + "".join(f"{channel:02x}" for channel in mixed)
        if contrast(bright, DARK_INK) >= READABLE * 1.5:
            return bright
    return PAPER
