"""The emails about the closing of an account."""

from django.urls import reverse
from django.utils import translation

from accounts.emails import Address, send_to
from compliance.models import Closing
from compliance.registry import ITEMS
from compliance.registry.items import Erase
from compliance.selectors.erasable import subject_of
from compliance.selectors.subject_items import items_about


def send_closing_begun(closing: Closing) -> None:
    """Tell somebody that their account closes, when, and how they keep it."""
    _send_closing(closing, "compliance/emails/closing_begun")


def send_closing_cancelled(closing: Closing) -> None:
    """Tell somebody that their account stays."""
    _send_closing(closing, "compliance/emails/closing_cancelled")


def send_closing_done(closing: Closing) -> None:
    """Tell somebody, at the address that is erased next, that their account is closed."""
    _send_closing(closing, "compliance/emails/closing_done")


def _send_closing(closing: Closing, template: str) -> None:
    person = closing.person
    codes = items_about(subject_of(person, [closing.address] if closing.address else []))
    with translation.override(closing.language):
        records = [
            f"{item.label}: {item.kept_why}"
            for item in ITEMS
            if item.erase is Erase.KEEP and item.kept_why and item.code in codes
        ]
    send_to(
        person or Address(closing.address, closing.language),
        template,
        notice_class="security",
        path=reverse("compliance:close-account") if person else "",
        takes_effect_at=closing.takes_effect_at,
        has_account=person is not None,
        records=records,
    )
