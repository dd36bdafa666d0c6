"""Every cookie that the hub sets: what it is for, and how long it lives (L61)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from compliance.registry.items import Text, period_words

ANY_PORTAL = "<portal>"  # in a name: the slug of a portal


@dataclass(frozen=True)
class Cookie:
    """A cookie by its name; `life` is None for one that ends when the browser closes."""

    name: str
    purpose: Text
    life: timedelta | None

    @property
    def life_words(self) -> str:
        """How long it lives, as people read it."""
        if self.life is None:
            return _("until you close the browser")
        if self.life >= timedelta(days=1):
            return period_words(self.life.days)
        minutes = int(self.life.total_seconds()) // 60
        if minutes % 60 == 0:
            return ngettext("%(n)s hour", "%(n)s hours", minutes // 60) % {"n": minutes // 60}
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}

    def is_called(self, name: str) -> bool:
        """Return whether this is the cookie with a name."""
        pattern = re.escape(self.name).replace(re.escape(ANY_PORTAL), r"[\w-]+?")
        return re.fullmatch(pattern, name) is not None


def cookies() -> list[Cookie]:
    """Return every cookie; none is optional, so nobody is asked for consent."""
    return list(_cookies())


def cookie_called(name: str) -> Cookie | None:
    """Return the cookie with a name: the most exact one, or None for an unlisted one."""
    found = [cookie for cookie in cookies() if cookie.is_called(name)]
    return max(found, key=lambda cookie: len(cookie.name), default=None)


def _cookies() -> Iterator[Cookie]:
    yield Cookie(
        settings.SESSION_COOKIE_NAME,
        gettext_lazy("Keeps you signed in."),
        timedelta(seconds=settings.SESSION_COOKIE_AGE),
    )
    yield Cookie(
        settings.CSRF_COOKIE_NAME,
        gettext_lazy("Lets no other website send forms in your name."),
        timedelta(seconds=settings.CSRF_COOKIE_AGE),
    )
    yield Cookie(
        settings.DEVICE_COOKIE_NAME,
        gettext_lazy(
            "Tells us that you signed in on this device before, so that strangers who guess your"
            " password can't lock you out."
        ),
        timedelta(days=365),
    )
    yield Cookie(
        settings.TYPIST_COOKIE_NAME,
        gettext_lazy("Keeps a form that you send after you were signed out for you alone."),
        None,
    )
    yield Cookie(settings.LANGUAGE_COOKIE_NAME, gettext_lazy("Remembers your language."), None)
    yield Cookie(
        "messages",
        gettext_lazy("Shows you on the next page what was done. It is then deleted."),
        None,
    )
    yield Cookie(
        "hub_mail_undo",
        gettext_lazy("Lets you undo that you unsubscribed by a link in an email."),
        timedelta(minutes=10),
    )
    for prefix in ("", "__Host-"):
        yield Cookie(
            f"{prefix}hub-{ANY_PORTAL}",
            gettext_lazy("Keeps you signed in at a portal. It is on the portal's own address."),
            timedelta(seconds=settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN),
        )
        yield Cookie(
            f"{prefix}hub-{ANY_PORTAL}-state",
            gettext_lazy("Brings you back to the portal's page after you sign in."),
            timedelta(minutes=10),
        )
