"""Match a person who comes back from a company's provider with one of its people."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails
from accounts.choices import SignInProblem
from accounts.models import (
    AuditEvent,
    CompanyIdentity,
    CompanySignIn,
    Customer,
    Invitation,
    Membership,
    User,
)
from accounts.openid.claims import verified_address
from accounts.permissions import lock_customer
from accounts.selectors import super_users_of
from accounts.selectors.company_sign_in import proven_domains, stays_bound, trusted_domains
from accounts.services.audit import record_event
from accounts.services.company_sign_in.connecting import (
    CompanySignInRefused,
    lock_company_sign_in,
)
from accounts.services.invitations.acceptance import accept_through_company
from accounts.validators import address_as_stored

CONFLICTS = (SignInProblem.OTHER_SUBJECT, SignInProblem.OTHER_PERSON)


@dataclass(frozen=True)
class Match:
    """The person who came back, or why it is nobody."""

    person: User | None = None
    problem: SignInProblem | None = None
    address: str = ""


@transaction.atomic
def match_person(
    *, actor: None, sign_in: CompanySignIn, claims: dict[str, Any], language: str
) -> Match:
    """Return the person of a provider's claims; a refusal is in the activity log.

    An invited person so accepts the invitation: nobody else gets an account. The first time, the
    provider's subject is bound to the person. From then on it is nobody else's, whatever addresses
    the provider writes.
    """
    address = verified_address(claims, sign_in.issuer)
    invitation = _invitation(sign_in, address)
    if invitation is not None:
        lock_customer(sign_in.customer)  # before the sign-in's own row, as everybody does
    own = (
        CompanySignIn.objects.in_force()
        .select_for_update(of=("self",))
        .select_related("customer")
        .filter(pk=sign_in.pk)
        .first()
    )
    if own is None:
        return Match(problem=SignInProblem.NOT_IN_FORCE, address=address)
    person, problem = _person_of(own, str(claims["sub"]), address)
    if problem == SignInProblem.NOT_MEMBER and person is None and invitation is not None:
        name = claims.get("name")
        person, problem = _join(invitation, name if isinstance(name, str) else "", language)
    if problem is not None or person is None:
        problem = problem or SignInProblem.NOT_MEMBER
        _record_refusal(own, problem, address or _claimed(claims), person)
        return Match(problem=problem, address=address)
    _bind(own, str(claims["sub"]), person)
    return Match(person=person, address=address)


@transaction.atomic
def try_provider(*, actor: User, sign_in: CompanySignIn, claims: dict[str, Any]) -> Match:
    """Note that a Super User came back from the provider as themselves: it may go in force.

    Raises PermissionDenied for anyone but a Super User; CompanySignInRefused where it was removed.
    """
    own = lock_company_sign_in(actor, sign_in.customer, timezone.now())
    if own.pk != sign_in.pk:
        raise CompanySignInRefused(_("No identity provider is connected. Connect yours first."))
    address = verified_address(claims, own.issuer)
    person, problem = _person_of(own, str(claims["sub"]), address)
    if problem is None and person != actor:
        problem = SignInProblem.OTHER_SIGN_IN
    if problem is not None:
        _record_refusal(own, problem, address or _claimed(claims), person)
        return Match(problem=problem, address=address)
    own.tried_at = timezone.now()
    own.save(update_fields=["tried_at"])
    record_event(kind="company_sign_in.tried", actor=actor, customer=own.customer)
    _bind(own, str(claims["sub"]), actor)
    return Match(person=actor, address=address)


@transaction.atomic
def unlink_person(
    *, actor: User, customer: Customer, address: str, signed_in_at: datetime | None
) -> User:
    """Forget which account of the provider is a person's, so that their next one is bound.

    Raises PermissionDenied for anyone but a Super User; FreshSignInRequired; ValidationError naming
    the field.
    """
    own = lock_company_sign_in(actor, customer, signed_in_at)
    identity = (
        own.identities.select_related("user").filter(user__email=address_as_stored(address)).first()
    )
    if identity is None:
        raise ValidationError(
            {"address": _("Nobody with this address has signed in through your identity provider.")}
        )
    identity.delete()
    record_event(
        kind="company_sign_in.unlinked",
        actor=actor,
        customer=own.customer,
        person=identity.user,
    )
    return identity.user


def _person_of(
    own: CompanySignIn, subject: str, address: str
) -> tuple[User | None, SignInProblem | None]:
    """Return the person of a subject and a verified address, and why they are refused."""
    if not address:
        return None, SignInProblem.NOT_VERIFIED
    at_address = User.objects.filter(email=address).first()
    domain = address.rpartition("@")[2]
    if domain not in proven_domains(own.customer_id):
        return at_address, SignInProblem.OTHER_DOMAIN
    identity = own.identities.select_related("user").filter(subject=subject).first()
    person = identity.user if identity else at_address
    is_trusted = domain in trusted_domains(own.customer_id)
    if person is None:
        return None, SignInProblem.NOT_MEMBER if is_trusted else SignInProblem.LAPSED_DOMAIN
    problem = _problem_of(own, person, identity, at_address)
    if problem is None and not is_trusted and not stays_bound(own, person):
        problem = SignInProblem.LAPSED_DOMAIN
    return person, problem


def _problem_of(
    own: CompanySignIn, person: User, identity: CompanyIdentity | None, at_address: User | None
) -> SignInProblem | None:
    if person.is_staff:
        return SignInProblem.STAFF
    if identity is not None and at_address is not None and at_address != person:
        return SignInProblem.OTHER_PERSON
    if identity is None and own.identities.filter(user=person).exists():
        return SignInProblem.OTHER_SUBJECT
    if not person.is_active:
        return SignInProblem.CLOSED
    if not Membership.objects.present().filter(user=person, customer=own.customer_id).exists():
        return SignInProblem.NOT_MEMBER
    return None


def _invitation(own: CompanySignIn, address: str) -> Invitation | None:
    """Return the company's invitation of an address that has no account, while it is good."""
    if not address or User.objects.filter(email=address).exists():
        return None
    waiting = Invitation.objects.acceptable().filter(customer=own.customer_id, address=address)
    return waiting.select_related("customer", "invited_by").first()


def _join(
    invitation: Invitation, name: str, language: str
) -> tuple[User | None, SignInProblem | None]:
    try:
        with transaction.atomic():
            membership = accept_through_company(
                actor=None, invitation=invitation, name=name, language=language
            )
    except ValidationError:  # withdrawn, or accepted, since a moment ago
        return None, SignInProblem.NOT_MEMBER
    return membership.user, None


def _bind(own: CompanySignIn, subject: str, person: User) -> None:
    _identity, is_new = CompanyIdentity.objects.get_or_create(
        sign_in=own, subject=subject, user=person
    )
    if is_new:
        record_event(kind="sign_in.bound", actor=person, person=person, company=own.customer.name)


def _record_refusal(
    own: CompanySignIn, problem: SignInProblem, address: str, person: User | None
) -> None:
    """Record it for the company; for the person too; and tell the Super Users of a conflict.

    The company's log names no person of another company: only what its own provider wrote.
    """
    kind, customer = "company_sign_in.refused", own.customer
    facts: dict[str, Any] = {"address": address, "problem": problem.value}
    since = timezone.now() - timedelta(days=1)
    told = AuditEvent.objects.filter(customer=customer, kind=kind, at__gt=since)
    is_told = any(
        (event.data.get("address"), event.data.get("problem")) == (address, problem.value)
        for event in told
    )
    record_event(kind=kind, actor=None, customer=customer, **facts)
    if person is not None:
        record_event(kind=kind, actor=None, person=person, company=customer.name, **facts)
    if problem in CONFLICTS and not is_told:
        for reader in super_users_of(customer):
            emails.send_company_sign_in_conflict(reader=reader, address=address, problem=problem)


def _claimed(claims: dict[str, Any]) -> str:
    """Return the address that the provider wrote without verifying it, for the log."""
    email = claims.get("email")
    return (
        "".join(sign for sign in email if sign.isprintable())[:254]
        if isinstance(email, str)
        else "—"
    )
