"""Forms sent after their session had ended: what was typed is kept until the person signs in again.

Nothing is carried out by itself: after the sign-in, the page of the form shows it as it was typed.

A signed cookie says who signed in last in this browser. Each sign-in changes the browser's CSRF
token, so a form that passes that check was typed since then: by this person. What they typed is
encrypted under a key of theirs and waits in the browser's session; whoever else signs in there can
not read it.
"""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from allauth.core import ratelimit
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.encryption import cipher

KEEP_FOR = timedelta(hours=1)
MAX_LENGTH = 250_000  # as sent, which is more than the two long texts of a message
SESSION_KEY = "unsent_form"
COOKIE_SALT = "accounts.unsent_forms.typist"

_SECRET = re.compile("password|passphrase|secret", re.IGNORECASE)
_SECRET_NAMES = {"code", "token", "otp", "key", "pin", "csrfmiddlewaretoken"}
_SIGN_IN_PAGES = "/accounts/"  # of the library: every form there is about secrets
_NOT_TYPED = re.compile(r"[0-9.:T/=-]*|[0-9a-f]{8}-[0-9a-f-]{27}|on")  # keys, days, boxes


@dataclass(frozen=True)
class UnsentForm:
    """An unsent form: the address that it was to be sent to, its page, and its fields."""

    path: str
    page: str
    fields: QueryDict
    had_files: bool

    @property
    def texts(self) -> list[str]:
        """The texts that were typed, to copy where no form of the page takes them."""
        lists = (values for name, values in self.fields.lists() if name != "version")
        return [text for values in lists for text in values if not _NOT_TYPED.fullmatch(text)]


def page_of_form(request: HttpRequest) -> str:
    """Return the page of the hub that a request came from; its own address where none is named."""
    named = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(
        named, request.get_host(), require_https=request.is_secure()
    ):
        parts = urlsplit(named)
        if parts.path.startswith("/") and not parts.path.startswith(("//", _SIGN_IN_PAGES)):
            return f"{parts.path}?{parts.query}" if parts.query else parts.path
    return request.get_full_path()


def remember_typist(request: HttpRequest, response: HttpResponse) -> None:
    """Let the browser know whose forms it shows, for as long as it stays open."""
    sub = str(request.user.sub)  # type: ignore[union-attr]
    if _typist(request) != sub:
        response.set_signed_cookie(
            settings.TYPIST_COOKIE_NAME,
            sub,
            salt=COOKIE_SALT,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def _typist(request: HttpRequest) -> str:
    sub = request.get_signed_cookie(settings.TYPIST_COOKIE_NAME, default="", salt=COOKIE_SALT)
    return sub or ""


def keep_unsent_form(request: HttpRequest) -> bool | None:
    """Keep what a signed-out person typed, without secrets and files.

    Return whether it is kept; None where there is nothing to keep, or nobody to keep it for. The
    request passed the CSRF check.
    """
    sub = _typist(request)
    fields = request.POST.copy()
    for name in request.POST:
        if name.lower() in _SECRET_NAMES or _SECRET.search(name):
            del fields[name]
    if not sub or not fields or request.path.startswith(_SIGN_IN_PAGES):
        return None
    body = fields.urlencode()
    if len(body) > MAX_LENGTH or not ratelimit.consume(request, action="keep_form", key=sub):
        return False
    content = [request.path, page_of_form(request), body, bool(request.FILES)]
    sealed = cipher(f"{COOKIE_SALT}/{sub}").encrypt(json.dumps(content).encode())
    request.session[SESSION_KEY] = sealed.decode()
    return True


def unsent_form_of(request: HttpRequest) -> UnsentForm | None:
    """Return what the person who is signed in now typed before; forget what is another's or old."""
    sealed = request.session.get(SESSION_KEY)
    if sealed is None or not request.user.is_authenticated:
        return None
    try:
        content = cipher(f"{COOKIE_SALT}/{request.user.sub}").decrypt(
            sealed.encode(), ttl=int(KEEP_FOR.total_seconds())
        )
    except InvalidToken:
        forget_unsent_form(request)
        return None
    path, page, body, had_files = json.loads(content)
    return UnsentForm(path, page, QueryDict(body), had_files)


def unsent_form_on_page(request: HttpRequest) -> UnsentForm | None:
    """Return what was typed into a form of the page that is being shown."""
    if request.method not in ("GET", "HEAD"):
        return None
    unsent = unsent_form_of(request)
    return unsent if unsent and urlsplit(unsent.page).path == request.path else None


def forget_unsent_form(request: HttpRequest) -> None:
    """Forget what was typed."""
    request.session.pop(SESSION_KEY, None)
