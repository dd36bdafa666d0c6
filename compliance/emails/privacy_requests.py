"""The emails about requests about personal data."""

from django.urls import reverse
from django.utils import translation

from accounts.choices.erasures import KeepGround
from accounts.emails import Address, send_to
from accounts.selectors import staff_with
from compliance.choices.privacy_requests import (
    RECOURSE,
    PrivacyLaw,
    PrivacyRequestKind,
    PrivacyRequestState,
)
from compliance.models import PrivacyRequest
from compliance.registry import item_labels
from preferences.choices import NoticeCode


def send_privacy_confirmation(*, address: str, language: str, kind: str, token: str) -> None:
    """Send the link by which an address proves that it asks about its data."""
    send_to(
        Address(address, language),
        "compliance/emails/privacy_confirm",
        notice_class="legal",
        path=reverse("compliance:privacy-confirm", args=[token]),
        request=PrivacyRequestKind(kind).label,
    )


def send_privacy_received(request: PrivacyRequest) -> None:
    """Tell somebody that their request arrived, and when it is answered at the latest."""
    _send_about(request, "compliance/emails/privacy_received")


def send_privacy_arrived(request: PrivacyRequest) -> None:
    """Tell the staff who answer requests about data that one arrived."""
    for reader in staff_with("change_privacyrequest", app="compliance"):
        send_to(
            reader,
            "compliance/emails/privacy_arrived",
            notice_class=NoticeCode.LEGAL,
            path=reverse("compliance:privacy-request", args=[request.uuid]),
            request=PrivacyRequestKind(request.kind).label,
            address=request.address,
            due_at=request.due_at,
        )


def send_privacy_answer(request: PrivacyRequest) -> None:
    """Tell somebody the answer to their request."""
    _send_about(request, "compliance/emails/privacy_answer")


def send_privacy_extended(request: PrivacyRequest) -> None:
    """Tell somebody that their answer takes longer, why, and to whom they can complain."""
    _send_about(request, "compliance/emails/privacy_extended")


def send_privacy_paused(request: PrivacyRequest) -> None:
    """Ask somebody to prove who they are; the time to answer stops until then."""
    _send_about(request, "compliance/emails/privacy_paused")


def _send_about(request: PrivacyRequest, template: str) -> None:
    with translation.override(request.language):
        kept = [str(label) for label in item_labels(request.kept_items.split())]
        recourse = str(RECOURSE[PrivacyLaw(request.law)])
    send_to(
        Address(request.address, request.language),
        template,
        notice_class="legal",
        request=PrivacyRequestKind(request.kind).label,
        due_at=request.due_at,
        answer=request.answer,
        reason=request.extension_reason,
        is_refused=request.state == PrivacyRequestState.REFUSED,
        is_partly=request.state == PrivacyRequestState.PARTLY,
        is_withdrawn=request.state == PrivacyRequestState.WITHDRAWN,
        ground=KeepGround(request.ground).label if request.ground else "",
        kept=kept,
        kept_until=request.kept_until,
        recourse=recourse,
    )
