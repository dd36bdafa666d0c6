"""Referrals: a Super User names a contact, who gets one email, ever, and answers it."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.emails import absolute
from accounts.models import Customer, User
from accounts.permissions import lock_managed_customer, require_staff
from accounts.services.audit import record_event
from compliance.choices.programmes import ReferralState
from compliance.emails import send_interested
from compliance.models import Referral
from compliance.permissions import require_use
from compliance.registry.uses import REFERRALS
from compliance.selectors.privacy_requests import is_known
from compliance.selectors.programmes import MADE, referrals_made
from compliance.services.erasures import begin_erasure
from compliance.tokens import BadToken, read_referral_token, referral_path
from preferences.choices import ConsentSource, TopicBasis
from preferences.models import ConsentRecord, Message, Recipient
from preferences.models.consent import address_hash, address_hashes
from preferences.services.choices import choose_topics
from preferences.services.referrals import (
    ever_refused,
    recipient_of,
    referral_topic,
    send_referral,
)

KEPT_FOR = timedelta(days=30)  # name and address of a contact
MOST = 20  # referrals of a company within that time


class ReferralRefused(ValidationError):
    """The contact can't be referred, or answered already; the message says why."""


@transaction.atomic
def refer_contact(
    *,
    actor: User,
    customer: Customer,
    name: str,
    address: str,
    language: str,
    relation: str,
    confirmed: bool,
) -> None:
    """Refer a contact to us: they get one email that names the actor in full.

    Nothing returned or refused tells whether the address is known here, was referred before or
    refuses email: then no email is sent (L62). Raises PermissionDenied for anybody but a Super
    User; UseNotBegun; ReferralRefused without the confirmed relation, without our postal address,
    and after MOST referrals of the company within a month.
    """
    customer = lock_managed_customer(actor, customer)
    require_use(REFERRALS, actor)
    if not confirmed:
        raise ReferralRefused({"confirmed": _("Confirm that you know this person.")})
    if not settings.HUB_BRAND_ADDRESS:
        raise ReferralRefused(_("Referrals are closed at the moment."), code="no_address")
    # Rows would tell who was referred before: then no row is added.
    recent = referrals_made(customer).filter(at__gt=timezone.now() - KEPT_FOR)
    if recent.count() >= MOST:
        raise ReferralRefused(
            _("Your company referred %(most)s people within a month. Wait some days.")
            % {"most": MOST},
            code="limit",
        )
    may_write = not is_known(address) and not ever_refused(address)
    if not Referral.objects.filter(address_hash__in=address_hashes(address)).exists():
        referral, is_new = Referral.objects.get_or_create(
            address_hash=address_hash(address),
            defaults={
                "customer": customer,
                "referrer": actor,
                "contact_name": name,
                "address": address,
                "language": language,
                "relation": relation,
                "confirmed": confirmed,
                "state": ReferralState.ASKED if may_write else ReferralState.LAPSED,
            },
        )
        if is_new and may_write:
            _send(referral)
    record_event(kind=MADE, actor=actor, customer=customer)


def _send(referral: Referral) -> None:
    with translation.override(referral.language):  # of the text that the consent record keeps
        send_referral(
            actor=referral.referrer,
            address=referral.address,
            language=referral.language,
            template="compliance/emails/referral",
            name=referral.contact_name,
            referrer=referral.referrer.name,
            company=referral.customer,
            link=absolute(referral_path(referral)),
        )


@transaction.atomic
def answer_referral(
    *, actor: None, token: str, interested: bool, may_tell: bool = False
) -> Referral:
    """Record what a contact answered to the email; a no also unsubscribes the address.

    Staff are told of a yes. Doing the same again changes nothing. Raises BadToken, also once the
    contact is blanked, and ReferralRefused for another answer after the first.
    """
    referral = read_referral_token(token)
    referral = Referral.objects.select_for_update(of=("self",)).get(pk=referral.pk)
    if referral.blanked_at is not None:
        raise BadToken
    state = ReferralState.INTERESTED if interested else ReferralState.DECLINED
    if referral.state == state:
        return referral
    if referral.state != ReferralState.ASKED:
        raise ReferralRefused(_("You already answered. Write to us to change it."), code="answered")
    referral.state, referral.answered_at = state, timezone.now()
    referral.may_tell = interested and may_tell
    referral.save()
    if interested:
        send_interested(referral)
    else:
        with translation.override(referral.language):
            choose_topics(
                actor=None,
                topics=[referral_topic()],
                wants=False,
                source=ConsentSource.MAIL_LINK,
                recipient=recipient_of(referral.address),
            )
    record_event(kind=f"referral.{state.value}", actor=None)
    return referral


@transaction.atomic
def mark_referral_joined(*, actor: User, referral: Referral) -> Referral:
    """Record that an interested contact became a customer.

    The company that referred them counts it only where the contact allowed it. Raises
    PermissionDenied without `compliance.change_referral`, ReferralRefused for anybody else.
    """
    require_staff(actor, "compliance.change_referral")
    referral = Referral.objects.select_for_update(of=("self",)).get(pk=referral.pk)
    if referral.state != ReferralState.INTERESTED or referral.joined_at is not None:
        raise ReferralRefused(_("Only an interested contact can join, and once."), code="state")
    referral.joined_at = timezone.now()
    referral.save()
    record_event(kind="referral.joined", actor=actor)
    return referral


@transaction.atomic
def blank_old_referrals() -> int:
    """Remove name and address of contacts after thirty days; the hash stays. Return how many.

    Called at each periodic tick. Whoever did not answer can't any more. An address that we know
    from the referral alone is erased everywhere.
    """
    old = Referral.objects.filter(blanked_at=None, created_at__lte=timezone.now() - KEPT_FOR)
    old = old.select_for_update()
    for address in _known_from_referrals_alone(old.values_list("address", flat=True)):
        begin_erasure(person=None, addresses=[address])
    old.filter(state=ReferralState.ASKED).update(state=ReferralState.LAPSED)
    return old.update(contact_name="", address="", blanked_at=timezone.now())


def _known_from_referrals_alone(addresses: Iterable[str]) -> list[str]:
    """Return the addresses without an account, other email or a subscription."""
    topic = Q(topic__basis=TopicBasis.REFERRAL)
    recipients = Recipient.objects.filter(user=None, followed_by=None, address__in=list(addresses))
    for model in (Message, ConsentRecord):
        others = model._base_manager.filter(~topic, recipient=OuterRef("pk"))
        recipients = recipients.exclude(Exists(others))
    return [recipient.address for recipient in recipients if recipient.address]
