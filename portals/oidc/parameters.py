"""Read the parameters of a request once, strictly, before anything looks at them."""

import re
from collections.abc import Iterable

from django.http import QueryDict

from portals.oidc.errors import OAuthError

MOST_CHARACTERS = 2000
REPEATABLE = frozenset({"resource"})  # RFC 8707
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def read_parameters(
    given: QueryDict, *, names: Iterable[str], most: int = MOST_CHARACTERS
) -> dict[str, str]:
    """Return the parameters of these names that have a value; unknown ones are ignored.

    An empty value counts as none (RFC 6749, 3.1 and 3.2). Raises OAuthError `invalid_request` for
    one that comes twice, is too long, or holds a character that no database could keep.
    """
    parameters = {}
    for name in names:
        values = given.getlist(name)
        if len(values) > 1 and name not in REPEATABLE:
            raise OAuthError("invalid_request", f"Send {name} once.")
        value = values[0] if values else ""
        if len(value) > most:
            raise OAuthError("invalid_request", f"{name} has more than {most} characters.")
        if not is_printable(value):
            raise OAuthError("invalid_request", f"{name} holds characters it cannot hold.")
        if value:
            parameters[name] = value
    return parameters


def is_printable(text: str) -> bool:
    """Return whether a text has no control character and no lone surrogate."""
    return not _UNPRINTABLE.search(text)


def split_list(text: str) -> list[str]:
    """Return the distinct words of a space-delimited list, in order."""
    return list(dict.fromkeys(text.split()))
