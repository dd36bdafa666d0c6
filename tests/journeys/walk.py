"""Following the links of a page, one page of each kind."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from playwright.sync_api import Page

# Other programs' pages, and what is no page: a feed, a text, JSON.
NOT_OURS = re.compile(
    r"^/(admin|static|api|access|identity|\.well-known)/|^/policies/feed$|.*\.(txt|json)$"
)


def kind_of(path: str) -> str:
    """/c/alder/people/<id>/ is one kind of page, whoever it shows."""
    path = re.sub(r"/[0-9a-f]{8}-[0-9a-f-]{27}/", "/<id>/", path)
    path = re.sub(r"^/demo/mail/[^/]+/$", "/demo/mail/<mail>/", path)
    path = re.sub(r"^/(c|provider/customers)/[a-z]+/", r"/\1/<customer>/", path)
    return re.sub(r"/\d+/", "/<number>/", path)


def linked_paths(page: Page) -> list[str]:
    """Where the links of this page lead, inside the hub."""
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    here = urlsplit(page.url)
    found = [urlsplit(link) for link in links]
    inside = [link.path for link in found if link.netloc == here.netloc]
    return [path for path in inside if not NOT_OURS.match(path)]


def walk(page: Page, first: str, *, most: int) -> Iterator[str]:
    """Yield the path of each kind of page that links lead to; the caller opens it."""
    waiting, seen = [first], set()
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        if kind_of(path) in seen:
            continue
        seen.add(kind_of(path))
        yield path
        waiting += linked_paths(page)
