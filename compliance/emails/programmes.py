"""The emails of the referral and the reseller programme."""

from django.urls import reverse

from accounts.emails import send_to
from accounts.selectors import staff_with
from compliance.choices.programmes import ResellerRequestState
from compliance.models import Referral, ResellerRequest
from preferences.choices import NoticeCode


def send_interested(referral: Referral) -> None:
    """Tell the staff who call contacts back that one is interested."""
    for reader in staff_with("change_referral", app="compliance"):
        send_to(
            reader,
            "compliance/emails/referral_interested",
            notice_class=NoticeCode.TRANSACTIONAL,
            path=reverse("compliance:referrals"),
            name=referral.contact_name,
            company=referral.customer,
        )


def send_reseller_asked(request: ResellerRequest) -> None:
    """Tell the staff who answer that a company asks to join the reseller programme."""
    for reader in staff_with("change_resellerrequest", app="compliance"):
        send_to(
            reader,
            "compliance/emails/reseller_asked",
            notice_class=NoticeCode.TRANSACTIONAL,
            path=reverse("compliance:reseller-request", args=[request.uuid]),
            person=request.asked_by,
            company=request.customer,
        )


def send_reseller_answer(request: ResellerRequest) -> None:
    """Tell whoever asked whether their company joins the reseller programme."""
    send_to(
        request.asked_by,
        "compliance/emails/reseller_answer",
        notice_class=NoticeCode.TRANSACTIONAL,
        path=reverse("compliance:programme", args=[request.customer.slug]),
        company=request.customer,
        is_approved=request.state == ResellerRequestState.APPROVED,
        reason=request.reason,
    )
