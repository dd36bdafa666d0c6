"""A browser in a hub where every word is markup: no element and no request comes of it.

Reported of others as phpList/phplist3#676 and mettle/sendportal#338.
"""

from urllib.parse import urlsplit

from tests.demo import manage
from tests.journeys.walk import walk

MOST = 60
# The triggers keep the words of messages that were sent.
WRITE = """
from django.db import connection
from accounts.triggers import removed
from tests.markup import write_markup
with removed(connection):
    write_markup()
"""
OF_MARKUP = "img[src='x'], b[hx-get], b[hx-trigger]"


def test_markup_makes_no_element_and_no_request(open_browser, demo):
    readers = {name: open_browser(name) for name in ("Alice", "Bob", "Dana", "Olive")}
    variables = {name: value for name, value in demo.environment.items() if name.startswith("HUB_")}
    written = manage("shell", "-c", WRITE, **variables)
    assert written.returncode == 0, written.stderr

    faults, with_markup = [], 0
    for name, page in readers.items():
        page.on(
            "request",
            lambda request, name=name: (
                urlsplit(request.url).path.endswith("/x")
                and faults.append(f"{name}: request from {request.url}")
            ),
        )
        for path in walk(page, "/", most=MOST):
            page.goto(path)
            found = page.locator(OF_MARKUP).count()
            faults += [f"{name}: {found} elements on {path}"] * bool(found)
            with_markup += "hx-get" in page.locator("body").inner_text()

    assert faults == []
    assert with_markup > 40, "the walk saw hardly any of the words it wrote"
