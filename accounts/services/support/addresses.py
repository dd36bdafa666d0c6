"""Cancelling a change of address from the old address, within three days."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import emails
from accounts.models import AuditEvent, Membership, SupportCase, User
from accounts.selectors import staff_with
from accounts.services.audit import record_event
from accounts.services.factors import lock_factors
from accounts.services.password_resets import reset_key_of
from accounts.services.sessions import drop_unverified_addresses
from accounts.services.support.effects import delete_factors, sign_out_everywhere
from accounts.services.support.refusals import SupportRefused
from accounts.tokens import AddressCorrection


@transaction.atomic
def cancel_address_correction(*, actor: None, correction: AddressCorrection) -> User:
    """Drop a change of address that support began, or bring the old address back.

    All sessions and tokens end, because a stranger may have opened them, and the operators are
    told. A change that took effect is undone wherever the address went since; the password and the
    factors of since then go too, and the old address gets a link to choose a new password. Raises
    SupportRefused for a change that is gone or was cancelled.
    """
    case = SupportCase.objects.select_related("opened_by", "customer").get(uuid=correction.case)
    person = User.objects.select_for_update(no_key=True).get(pk=case.person_id)
    case.person = person
    waiting = EmailAddress.objects.filter(
        user=person, email=correction.address, verified=False, primary=False
    )
    changed_at = _took_effect_at(case, correction)
    if changed_at is not None and person.email != correction.previous:
        if _was_cancelled(case):
            raise SupportRefused(_("There is nothing to cancel any more."), code="gone")
        if User.objects.filter(email=correction.previous).exists():
            raise SupportRefused(_("The old address is somebody else's by now."), code="taken")
        EmailAddress.objects.filter(user=person).delete()
        EmailAddress.objects.create(
            user=person, email=correction.previous, verified=True, primary=True
        )
        person.email = correction.previous
        person.save(update_fields=["email"])
        for membership in Membership.objects.filter(user=person).select_related("user"):
            membership.save(update_fields=["search_words"])
        _take_back_keys(person, since=changed_at)
    elif not waiting.exists():
        raise SupportRefused(_("There is nothing to cancel any more."), code="gone")
    drop_unverified_addresses(person)
    sign_out_everywhere(person)
    record_event(
        kind="support.address_correction_cancelled",
        actor=None,
        person=person,
        previous=correction.previous,
        address=correction.address,
        case=str(case.uuid),
        ticket=case.ticket,
    )
    for reader in staff_with("change_customer"):
        emails.send_desk_alarm(reader=reader, case=case, alarm="cancelled")
    return person


def may_prove(person: User, address: str) -> bool:
    """Return whether a link may still give a person this address.

    The desk never changes the address of staff: not of those either who became it since.
    """
    if not person.is_staff:
        return True
    sent = AuditEvent.objects.filter(person=person, kind="support.address_correction_sent")
    return all(event.data.get("address") != address for event in sent)


def _took_effect_at(case: SupportCase, correction: AddressCorrection) -> datetime | None:
    """Return when the new address replaced the old one; None if it didn't."""
    changes = AuditEvent.objects.filter(
        person=case.person_id, kind="address.changed", at__gte=case.opened_at
    )
    return next(
        (
            event.at
            for event in changes.order_by("pk")
            if event.data.get("address") == correction.address
        ),
        None,
    )


def _was_cancelled(case: SupportCase) -> bool:
    cancelled = AuditEvent.objects.filter(
        person=case.person_id, kind="support.address_correction_cancelled"
    )
    return cancelled.filter(public__case=str(case.uuid)).exists()


def _take_back_keys(person: User, *, since: datetime) -> None:
    """Take away the password, and the factors of since then; send a link for a new password."""
    newer = {factor.pk for factor in lock_factors(person) if factor.created_at >= since}
    delete_factors(person, going=newer, by=None)
    person.set_unusable_password()
    person.save(update_fields=["password"])
    emails.send_reset_link(person, reset_key_of(person))
