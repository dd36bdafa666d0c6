"""Emails about what the support desk does."""

from django.conf import settings
from django.urls import reverse

from accounts.emails.notices import Address, Reader, send_to
from accounts.models import CaseConfirmation, DelayedAct, SupportCase, User, Viewing
from accounts.tokens import delay_token


def send_reset_link(person: User, key: str) -> None:
    """Send a password reset link that the support desk asked for."""
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    send_to(
        person,
        "accounts/emails/reset_link",
        notice_class="security",
        path=path.replace("UID-KEY", key),
        person=person,
    )


def send_address_proof(person: User, address: str, key: str) -> None:
    """Send a link to a new address of a person, by which it proves itself."""
    send_to(
        Address(address, person.language),
        "accounts/emails/address_proof",
        notice_class="security",
        path=reverse("account_confirm_email", args=[key]),
        person=person,
        greeted=person,
    )


def send_caller_code(case: SupportCase, code: str, *, minutes: int) -> None:
    """Send the code that a caller reads to the desk, to the address on file."""
    send_to(
        case.person,
        "accounts/emails/caller_code",
        notice_class="security",
        agent=case.opened_by,
        code=code,
        minutes=minutes,
    )


def send_confirmation_question(*, question: CaseConfirmation, reader: User) -> None:
    """Ask a Super User whether a person of their company really calls the desk."""
    send_to(
        reader,
        "accounts/emails/confirmation_question",
        notice_class="security",
        path=reverse("accounts:case-confirmation", args=[question.uuid]),
        case=question.case,
    )


def send_support_receipt(
    *,
    act: str,
    reader: Reader,
    case: SupportCase,
    person_reads: bool,
    details: dict[str, str],
    cancel_token: str = "",
) -> None:
    """Tell the person, at one of their addresses, or their main Super User what support did."""
    cancel = reverse("accounts:address-correction", args=[cancel_token]) if cancel_token else ""
    send_to(
        reader,
        "accounts/emails/support_receipt",
        notice_class="security",
        path=cancel,
        kind=act,
        case=case,
        person=case.person,
        person_reads=person_reads,
        greeted=case.person if person_reads else reader,
        details=details,
    )


def send_desk_alarm(*, reader: User, case: SupportCase, alarm: str, by: User | None = None) -> None:
    """Tell of a caller who was an impostor, perhaps; `alarm` is what happened.

    It is "denied", "guesses", "cancelled" from an old address, "factor_kept" or "address_kept".
    """
    send_to(
        reader,
        "accounts/emails/desk_alarm",
        notice_class="security",
        case=case,
        kind=alarm,
        by=by,
        is_staff=reader.is_staff,
        path=reverse("accounts:desk-person", args=[case.person.sub]) if reader.is_staff else "",
    )


def send_desk_burst(*, reader: User, actor: User) -> None:
    """Tell an operator that an agent reached the desk's limit within an hour."""
    send_to(
        reader,
        "accounts/emails/desk_burst",
        notice_class="security",
        path=reverse("accounts:desk"),
        actor=actor,
    )


def send_case_lapsed(case: SupportCase) -> None:
    """Tell an agent that a case of theirs was closed because nothing happened in it."""
    send_to(
        case.opened_by,
        "accounts/emails/case_lapsed",
        notice_class="transactional",
        path=reverse("accounts:desk-person", args=[case.person.sub]),
        case=case,
        days=settings.HUB_SUPPORT_CASE_DAYS,
    )


def send_viewing_begun(*, viewing: Viewing, reader: Reader, person_reads: bool) -> None:
    """Tell a person, or their main Super User, that an agent looks at their pages until when."""
    case = viewing.case
    send_to(
        reader,
        "accounts/emails/viewing_begun",
        notice_class="security",
        path=reverse("accounts:history") if reader == case.person else "",
        actor=case.opened_by,
        person=case.person,
        person_reads=person_reads,
        greeted=case.person if person_reads else reader,
        until=viewing.ends_at,
        ticket=case.ticket,
        reason=case.reason,
    )


def send_delayed_act(*, delayed: DelayedAct, step: str, reader: Reader, person_reads: bool) -> None:
    """Tell of an act that waits; `step` is planned, cancelled or void.

    The person's own addresses get the link that cancels what waits.
    """
    can_cancel = step == "planned" and person_reads
    link = reverse("accounts:delayed-act-by-link", args=[delay_token(delayed)])
    send_to(
        reader,
        "accounts/emails/delayed_act",
        notice_class="security",
        path=link if can_cancel else "",
        delayed=delayed,
        step=step,
        person=delayed.person,
        agent=delayed.case.opened_by,
        person_reads=person_reads,
        greeted=delayed.person if person_reads else reader,
    )
