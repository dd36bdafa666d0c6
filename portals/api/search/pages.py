"""Pages of a search: rows after a key, and the token that leads to the next page.

The token is signed for one portal and one search, so it opens nothing else. It holds no decision:
each page is decided when it is asked for. A row that matches from the first page to the last is in
exactly one of them, however many others come or go meanwhile.
"""

import hashlib
import json
from typing import Any, Final, NamedTuple

from django.core import signing

from portals.api.evaluation.questions import read_object, refuse_field

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000


class Page(NamedTuple):
    """The page that is asked for: up to `limit` rows after the key `after`, if any."""

    limit: int
    after: str | None


def read_page(request: dict[str, Any], search: list[str]) -> Page:
    """Return the page that a request asks for. Raises Refused naming the field at fault.

    `search` says what is searched for, and by which portal: the token must be of the same. Without
    a limit, a page is as long as the one before.
    """
    page = read_object(request, "page")
    limit, token = page.get("limit"), page.get("token", "")
    if "limit" in page and (type(limit) is not int or limit < 1):
        refuse_field("page.limit", "must be a whole number from 1")
    if type(token) is not str:
        refuse_field("page.token", "must be a string")
    after, limit_before = None, DEFAULT_LIMIT
    if token:
        try:
            after, limit_before = signing.loads(token, salt=_salt(search))
        except signing.BadSignature:
            refuse_field("page.token", "is not a token of this search")
    return Page(min(limit or limit_before, MAX_LIMIT), after)


def next_token(page: Page, last_key: str, search: list[str]) -> str:
    """Return the token of the page that follows this one."""
    return signing.dumps([last_key, page.limit], salt=_salt(search))


def _salt(search: list[str]) -> str:
    return f"access-search {hashlib.sha256(json.dumps(search).encode()).hexdigest()}"
