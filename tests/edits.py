"""Sending an edit form as a browser does: with the version that its page was shown with."""

import re
from typing import Any

from django.http import HttpResponse
from django.test import Client


def version_on(page: HttpResponse) -> str:
    """Return the version in the only edit form of a page."""
    (version,) = re.findall(
        r'<input type="hidden" name="version" value="([^"]+)"', page.content.decode()
    )
    return version


def edit(client: Client, path: str, data: dict[str, Any], **more: Any) -> HttpResponse:
    """Open a page with an edit form, and send the form."""
    return client.post(path, {"version": version_on(client.get(path)), **data}, **more)
