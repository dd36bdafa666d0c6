"""A browser without JavaScript: it follows redirections, keeps cookies and fills in forms."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

from hub.example import PASSWORD


class Browser(requests.Session):
    """A person's browser."""

    def open(self, url: str, email: str = "alice@alder.example") -> requests.Response:
        """Open a page; where the hub asks, sign in by password, agree, and go on."""
        page = self.get(url, timeout=20)
        if urlsplit(page.url).path == "/accounts/login/":
            page = self.send_form(page, "password", login=email, password=PASSWORD)
        if urlsplit(page.url).path == "/identity/o/authorize":
            page = self.send_form(page, "consent", action="consent")
        return page

    def send_form(self, page: requests.Response, mark: str, **fields: str) -> requests.Response:
        """Fill in and send the form of a page with this mark (`read_form`)."""
        form = read_form(page.text, mark)
        return self.post(urljoin(page.url, form.action), form.fields | fields, timeout=20)


class Form(HTMLParser):
    """One form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.marks: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = given.get("action", "")
            self.marks.add(self.action)
        elif tag == "input" and "name" in given:
            self.fields[given["name"]] = given.get("value", "")
            self.marks.add(given.get("type", "text"))
        elif tag == "button":
            self.marks.add(given.get("value", ""))


def read_form(page: str, mark: str) -> Form:
    """Return the first form with this address, type of input, or value of a button."""
    for part in page.split("<form")[1:]:
        form = Form()
        form.feed("<form" + part.split("</form>")[0])
        if mark in form.marks:
            return form
    raise AssertionError(f"no form with {mark} in: {page}")
