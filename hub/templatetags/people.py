"""Badges of a person's role and state; a list shows a hundred of them."""

from functools import cache

from django import template
from django.template.defaultfilters import date
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, pgettext

from accounts.models import Membership
from hub.templatetags.components import badge

register = template.Library()


@register.simple_tag
def role_badge(membership: Membership, main: int | None) -> SafeString:
    """Show a member's role; `main` is the key of the main Super User's membership."""
    return _role(membership.pk == main, membership.is_super_user, get_language())


@cache
def _role(is_main: bool, is_super_user: bool, _language: str | None) -> SafeString:
    if is_main:
        return badge(gettext("Main Super User"), "info", "crown")
    if is_super_user:
        return badge(gettext("Super User"), "info", "shield-check")
    return badge(gettext("User"), "neutral", "user")


@register.simple_tag
def state_badge(membership: Membership) -> SafeString:
    """Show whether a member is active, and until when."""
    is_closed = not membership.user.is_active
    state = _state(membership.suspended_at is not None, is_closed, get_language())
    if not membership.last_day:
        return state
    words = gettext("until %(day)s") % {"day": date(membership.last_day, "DATE_FORMAT")}
    return SafeString(f"{state} {badge(words, 'info day', 'calendar-clock')}")


@cache
def _state(is_suspended: bool, is_closed: bool, _language: str | None) -> SafeString:
    if is_suspended:
        return badge(pgettext("person", "Suspended"), "warn", "circle-pause")
    if is_closed:
        return badge(gettext("Account closed"), "danger", "ban")
    return badge(pgettext("person", "Active"), "ok", "circle-check")
