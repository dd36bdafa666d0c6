"""Mail this app sends. Each names its notice class in a private header; the gate checks it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.dispatch import Signal
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts.models import AccessRequest, Customer, HandOver, Invitation, Membership, User
from accounts.selectors import staff_with, super_users_of

# The gate (preferences/gate.py) reads and strips this; a message without one is never sent.
NOTICE_CLASS_HEADER = "X-Hub-Notice-Class"
# customer, notice_class: receivers return who gets a copy of a notice about the company. It is here
# and not in signals.py, which stands above this room.
collect_copy_recipients = Signal()


def compose_notice(
    *, template: str, notice_class: str, address: str, language: str, **context: Any
) -> EmailMessage:
    """A mandatory mail to one address, in the reader's language; send it while that holds.

    `template` names `<template>_subject.txt` and `<template>_message.txt`; `notice_class` is a code
    of the closed list.
    """
    context |= {"brand": settings.HUB_BRAND_NAME, "base_url": settings.HUB_BASE_URL}
    with translation.override(language):
        subject = " ".join(render_to_string(f"{template}_subject.txt", context).split())
        body = render_to_string(f"{template}_message.txt", context).strip() + "\n"
    mail = EmailMessage(subject, body, to=[address])
    mail.extra_headers[NOTICE_CLASS_HEADER] = notice_class
    return mail


def send_notice(
    *,
    template: str,
    notice_class: str,
    address: str,
    language: str,
    copied_about: Membership | None = None,
    **context: Any,
) -> None:
    """Send one mandatory mail to one address, in the reader's language.

    With `copied_about`, whom it concerns, the contacts their company named for this class get a
    copy: never ask for one of a mail with a secret in it. The gate raises for an unknown class.
    """
    words = {"template": template, "notice_class": notice_class, **context}
    with translation.override(language):  # the gate adds its words in it
        compose_notice(address=address, language=language, **words).send()
    if copied_about is not None:
        company = copied_about.customer
        send_copies(customer=company, concerned=[copied_about], besides=[address], **words)


def send_copies(
    *,
    customer: Customer,
    concerned: Sequence[Membership | User],
    besides: Iterable[str],
    template: str,
    notice_class: str,
    **context: Any,
) -> None:
    """Send a notice about a company to whom it named for such mail, each in their language.

    Each copy says first whom it concerns: a notice speaks to its own reader. `besides` are the
    addresses the notice went to: nobody gets it twice. Nothing secret may be in it.
    """
    answers: list[tuple[Any, Any]] = collect_copy_recipients.send(
        Customer, customer=customer, notice_class=notice_class
    )
    readers = {reader.email: reader for _receiver, readers in answers for reader in readers}
    told = set(besides)
    for reader in (reader for address, reader in readers.items() if address not in told):
        to: Any = {
            "notice_class": notice_class,
            "address": reader.email,
            "language": reader.language,
        }
        send_notice(
            template="accounts/emails/copy",
            notice=compose_notice(template=template, **to, **context),
            company=customer,
            concerned=[str(one) for one in concerned] or [customer.name],
            **to,
        )


def absolute(path: str) -> str:
    """A link for a mail: always on the configured host (security.md section 2, rule 29)."""
    return f"{settings.HUB_BASE_URL}{path}"


def send_invitation(invitation: Invitation) -> None:
    """The offer itself, with the token its service just made."""
    person = User.objects.filter(email=invitation.address).first()
    send_notice(
        template="accounts/emails/invitation",
        notice_class="transactional",
        address=invitation.address,
        language=person.language if person else invitation.customer.language,
        invitation=invitation,
        link=absolute(reverse("accounts:invitation-accept", args=[invitation.token])),
    )


def send_bounce(invitation: Invitation) -> None:
    """Tell who invited someone that the mail came back."""
    reader = invitation.invited_by
    company = invitation.customer
    send_notice(
        template="accounts/emails/invitation_bounced",
        notice_class="transactional",
        address=reader.email,
        language=reader.language,
        invitation=invitation,
        reader=reader,
        company=company,
        link=absolute(
            reverse("portals:provider-customer", args=[company.slug])
            if invitation.as_main_super_user
            else reverse("portals:invitations", args=[company.slug])
        ),
    )


def send_reset_link(person: User, key: str) -> None:
    """A password reset link asked for by the support desk."""
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    send_notice(
        template="accounts/emails/reset_link",
        notice_class="security",
        address=person.email,
        language=person.language,
        person=person,
        link=absolute(path.replace("UID-KEY", key)),
    )


def send_support_receipt(
    *, kind: str, reader: User, actor: User, person: User, ticket: str, reason: str
) -> None:
    """Tell the person, and their Super User, what support did and why."""
    send_notice(
        template="accounts/emails/support_receipt",
        notice_class="security",
        address=reader.email,
        language=reader.language,
        kind=kind,
        reader=reader,
        actor=actor,
        person=person,
        ticket=ticket,
        reason=reason,
    )


def send_expiry_reminder(*, reader: User, membership: Membership) -> None:
    """Tell a person, or a Super User, that a membership ends within days."""
    person = reverse("portals:person", args=[membership.customer.slug, membership.user.sub])
    send_notice(
        template="accounts/emails/ending_reminder",
        notice_class="transactional",
        address=reader.email,
        language=reader.language,
        reader=reader,
        membership=membership,
        is_self=reader == membership.user,
        link=absolute(person),
    )


def send_offboarding_report(*, reader: User, membership: Membership, skipped: list[str]) -> None:
    """Tell a Super User what a leaver's plan could not hand on."""
    send_notice(
        template="accounts/emails/offboarding_report",
        notice_class="transactional",
        address=reader.email,
        language=reader.language,
        reader=reader,
        membership=membership,
        skipped=skipped,
        link=absolute(reverse("portals:people", args=[membership.customer.slug])),
    )


def send_invitation_report(*, reader: User, membership: Membership, left_out: list[str]) -> None:
    """Tell who invited someone what could not be given any more when they joined."""
    person = reverse("portals:person", args=[membership.customer.slug, membership.user.sub])
    send_notice(
        template="accounts/emails/invitation_report",
        notice_class="transactional",
        address=reader.email,
        language=reader.language,
        reader=reader,
        membership=membership,
        left_out=left_out,
        link=absolute(person),
    )


def send_membership_notice(*, kind: str, actor: User | None, membership: Membership) -> None:
    """Tell a person that their place in a company changed; `kind` picks the sentence."""
    person = membership.user
    send_notice(
        template="accounts/emails/membership_notice",
        notice_class="security",
        address=person.email,
        language=person.language,
        copied_about=membership,
        kind=kind,
        actor=actor,
        membership=membership,
    )


def send_hand_over(*, kind: str, hand_over: HandOver, reader: Membership) -> None:
    """Tell a Super User what became of an offer of the main role; `kind` picks the sentence."""
    company = hand_over.customer
    words: dict[str, Any] = {
        "template": "accounts/emails/hand_over",
        "notice_class": "security",
        "kind": kind,
        "hand_over": hand_over,
        "reader": reader,
        "company": company,
        "link": absolute(reverse("accounts:hand-over", args=[company.slug, hand_over.uuid])),
    }
    send_notice(address=reader.user.email, language=reader.user.language, **words)
    if kind != "accepted" or reader == hand_over.receiver:  # that one goes to every Super User
        told = {reader.user.email, *super_users_of(company).values_list("user__email", flat=True)}
        send_copies(customer=company, concerned=[reader], besides=told, **words)


def send_request(*, access_request: AccessRequest, reader: User) -> None:
    """Tell a Super User what someone asks of them."""
    _send_about(access_request, reader, "accounts/emails/request")


def send_reminder(*, access_request: AccessRequest, reader: User, word: str = "") -> None:
    """Tell a Super User that a request still waits; `word` the provider's when it sent it back."""
    _send_about(access_request, reader, "accounts/emails/request_reminder", word=word)


def send_passed(*, access_request: AccessRequest, reader: User) -> None:
    """Tell whoever asked, and the Super Users, that the provider may answer now."""
    _send_about(access_request, reader, "accounts/emails/request_passed")


def send_to_provider(*, access_request: AccessRequest) -> None:
    """Tell the provider's staff who may answer what is asked of them."""
    permission = "change_customer" if access_request.is_of_provider else "change_accessrequest"
    for reader in staff_with(permission):
        _send_about(
            access_request,
            reader,
            "accounts/emails/request_to_provider",
            staff_link=absolute(reverse("portals:provider-request", args=[access_request.uuid])),
        )


def send_answer(*, access_request: AccessRequest) -> None:
    """Tell whoever asked how it was answered; after a yes to a new address, how to change it."""
    _send_about(
        access_request,
        access_request.membership.user,
        "accounts/emails/request_answer",
        # The company's contacts read what it has from the provider too.
        copied=access_request.is_of_provider,
        address_link=absolute(reverse("account_email")),
    )


def _send_about(
    access_request: AccessRequest,
    reader: User,
    template: str,
    *,
    copied: bool = False,
    **context: str,
) -> None:
    send_notice(
        template=template,
        notice_class="transactional",
        address=reader.email,
        language=reader.language,
        copied_about=access_request.membership if copied else None,
        request=access_request,
        reader=reader,
        person=access_request.membership,
        company=access_request.customer,
        link=absolute(
            reverse("portals:request", args=[access_request.customer.slug, access_request.uuid])
        ),
        **context,
    )
