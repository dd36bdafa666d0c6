"""Every page is valid HTML: those of ADDRESSES, each as one of the people who may open it."""

import re

from django.urls import reverse

from tests.html_validate import html_faults
from tests.test_access import ADDRESSES, arguments_of, ids

__all__ = ["ids"]  # a fixture


def test_pages_are_valid(ids, request, as_, tmp_path):
    for name, address in ADDRESSES.items():
        reader = address.reader
        if address.method != "GET" or reader is None or name.startswith(("admin:", "api-")):
            continue
        person = None if reader == "nobody" else request.getfixturevalue(reader)
        page = as_(person).get(reverse(name, kwargs=arguments_of(address, ids)))
        if page.headers.get("Content-Type", "").startswith("text/html") and not page.streaming:
            (tmp_path / f"{name.replace(':', '.')}.html").write_bytes(page.content)

    assert len(list(tmp_path.iterdir())) > 100
    assert html_faults(tmp_path) == ""
    for page in tmp_path.glob("*.html"):
        assert _other_faults(page.read_text()) == [], page.name


def _other_faults(html: str) -> list[str]:
    """Return the faults that only the Nu Html Checker found: it needs Java, so it is not here."""
    times = re.findall(r'datetime="([^"]*\.\d{4,}[^"]*)"', html)  # of a second, three digits
    named = [tag for tag in re.findall(r"<pre\b[^>]*>", html) if "aria-label" in tag]
    return (
        times + [tag for tag in named if "role=" not in tag] + re.findall(r"<title></title>", html)
    )


def test_faults_are_found(tmp_path):
    (tmp_path / "page.html").write_text("<!DOCTYPE html><p><div></p></div>")
    assert "close-order" in html_faults(tmp_path)
