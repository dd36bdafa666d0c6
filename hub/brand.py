"""The provider's accent colour, as the settings name it."""

import re

COLOUR = re.compile(
    r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})"
    r"|(?:rgb|hsl|hwb|lab|lch|oklab|oklch)\([0-9a-z.%,/ +-]{1,60}\)"
    r"|[a-z]{3,30}",
    re.IGNORECASE,
)


def is_colour(text: str) -> bool:
    """Return whether the text is one CSS colour and nothing else."""
    return COLOUR.fullmatch(text) is not None


def colour(value: str) -> str:
    """Return the value if it is a CSS colour or empty. Raises ValueError."""
    if value and not is_colour(value):
        raise ValueError(f"“{value}” is not one CSS colour, such as #1c6a70")
    return value
