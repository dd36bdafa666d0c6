"""The words of a review's lines: how the access came, when it ends, and its last use.

A page has many lines, and a sentence of a template takes ten times as long.
"""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.timezones import end_date
from portals.choices import ItemKind
from portals.models import ReviewItem


def given(item: ReviewItem) -> str:
    """Return who gave the access and when, when it ends, and the reason."""
    parts = [_origin(item)]
    if item.expires_at:
        parts.append(_("until %(when)s") % {"when": end_date(item.expires_at)})
    text = ", ".join(parts)
    return f"{text} — {item.reason}" if item.reason else text


def _origin(item: ReviewItem) -> str:
    if item.kind == ItemKind.OWNER:
        return _("Only %(portal)s can change the owner.") % {"portal": item.portal}
    day = date_format(timezone.localdate(item.granted_at), "DATE_FORMAT") if item.granted_at else ""
    if item.granted_by:
        return _("by %(who)s, %(day)s") % {"who": item.granted_by, "day": day}
    return _("member since %(when)s") % {"when": day}


def last_use(item: ReviewItem) -> str:
    """Return when it was last used, as far as the portals told; nothing for an owner."""
    day = item.last_used_on or item.counted_since
    when = {"when": date_format(day, "DATE_FORMAT") if day else ""}
    if item.kind == ItemKind.ROLE:
        if item.last_used_on:
            return _("last signed in on %(when)s") % when
        return _("had never signed in when this review started")
    if item.last_used_on:
        return _("last used on %(when)s") % when
    if item.counted_since:
        return _("not used since %(when)s") % when
    if item.kind == ItemKind.OWNER:
        return ""
    return _("last use unknown, because this portal doesn't report it")
