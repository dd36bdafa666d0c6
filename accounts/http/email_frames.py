"""The HTML part of an email in a frame of a page of ours: nothing in it runs or loads anything."""

from collections.abc import Callable
from functools import wraps

from csp.constants import SELF
from django.http import HttpResponse

LOOKS = ("light", "dark")
_DARK_RULES = "@media (prefers-color-scheme: dark)"


def shows_emails(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a page have frames of this host."""

    @wraps(view)
    def framing(*args: object, **kwargs: object) -> HttpResponse:
        response = view(*args, **kwargs)
        response._csp_update = {"frame-src": [SELF]}  # type: ignore[attr-defined]
        return response

    return framing


def email_frame(html: str, *, look: str = "", follows_links: bool = False) -> HttpResponse:
    """Answer with the HTML part of an email, light or dark as asked, else as the reader has it.

    With `follows_links`, its links open in the page around it; otherwise they do nothing.
    """
    if look in LOOKS:
        html = html.replace(_DARK_RULES, "@media all" if look == "dark" else "@media not all")
        html = html.replace('content="light dark"', f'content="{look}"')
    sandbox = "sandbox"
    if follows_links:
        sandbox += " allow-top-navigation-by-user-activation"
        html = html.replace("<head>", '<head><base target="_top">', 1)
    response = HttpResponse(html)
    response["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; {sandbox}"
    )
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response
