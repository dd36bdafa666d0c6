"""Companies' own sign-in: by address, and the people that it binds."""

from collections.abc import Collection
from typing import Any

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import CharField

from accounts.models import (
    CompanyDomain,
    CompanyIdentity,
    CompanySignIn,
    Customer,
    Invitation,
    Membership,
    User,
)
from accounts.selectors.composed import ComposedQuery


def company_sign_in_of(customer: Customer) -> CompanySignIn | None:
    """Return a company's own sign-in, in force or not; None where it has none."""
    return CompanySignIn.objects.filter(customer=customer).select_related("customer").first()


def company_sign_in_is_on(customer: Customer) -> bool:
    """Return whether a company's own sign-in is in force."""
    return CompanySignIn.objects.in_force().filter(customer=customer).exists()


def sign_in_for_address(address: str) -> CompanySignIn | None:
    """Return the sign-in in force for an address, whoever has it: the domain alone decides."""
    domain = address.rpartition("@")[2]
    if not domain:
        return None
    return _FOR_DOMAIN.first(domain=domain)


_FOR_DOMAIN = ComposedQuery(
    lambda domain: (
        CompanySignIn.objects.for_domain(domain).select_related("customer").order_by("pk")[:1]
    ),
    domain=CharField(),
)


def sign_in_of_invited(invitation: Invitation) -> CompanySignIn | None:
    """Return the company's own sign-in by which somebody invited accepts; None for a password."""
    own = sign_in_for_address(invitation.address)
    if own is None or own.customer_id != invitation.customer_id:
        return None
    domain = invitation.address.rpartition("@")[2]
    return own if domain in trusted_domains(own.customer) else None


def sign_in_of_person(person: User) -> CompanySignIn | None:
    """Return the company's sign-in through which alone this person signs in; None for nobody's.

    It binds the company's own people. Somebody else with an address at its domain signs in here:
    a company takes over nobody. Staff do too, and the main Super User, who has a second factor for
    the day on which the provider is away.
    """
    own = sign_in_for_address(person.email)
    if own is None or person.is_staff:
        return None
    membership = Membership.objects.present().filter(user=person, customer=own.customer_id).first()
    if membership is None:
        return None
    is_main = own.customer.main_super_user_id == membership.pk
    if is_main and has_own_way_in(person):
        return None
    domain = person.email.rpartition("@")[2]
    return own if domain in trusted_domains(own.customer) or stays_bound(own, person) else None


def stays_bound(own: CompanySignIn, person: User) -> bool:
    """Return whether a person goes on at the provider after their domain's proof has lapsed.

    Whoever was bound before does: it may be their only way in, and a reset by email would be read
    by whoever has the domain now. But where they belong to another company too, and have a way in
    here that no email opens, a company without its proof no longer speaks for them.
    """
    if not CompanyIdentity.objects.filter(sign_in=own, user=person).exists():
        return False
    return counts_as_second_factor(person, own.customer_id) or not has_own_way_in(person)


def has_own_way_in(person: User) -> bool:
    """Return whether a person can sign in here with a second factor.

    That is a passkey, or a password with the code of an app.
    """
    types = set(Authenticator.objects.filter(user_id=person.pk).values_list("type", flat=True))
    if Authenticator.Type.WEBAUTHN in types:
        return True
    return Authenticator.Type.TOTP in types and person.has_usable_password()


def keeps_way_in_of(person: User) -> Customer | None:
    """Return the company with its own sign-in whose main Super User this person is; or None.

    They keep a way in here, for the day on which the provider is away.
    """
    main = CompanySignIn.objects.in_force().filter(customer__main_super_user__user=person)
    own = main.select_related("customer").order_by("pk").first()
    return own.customer if own else None


def sign_in_in_force(uuid: str) -> CompanySignIn | None:
    """Return the sign-in with this identity, while it is in force."""
    found = CompanySignIn.objects.in_force().filter(uuid=uuid)
    return found.select_related("customer").first()


def counts_as_second_factor(person: User, customer: int) -> bool:
    """Return whether a company's word for a second factor of this person is taken.

    Somebody who belongs to another company too proves it here: no company speaks for another.
    """
    return not Membership.objects.present().filter(user=person).exclude(customer=customer).exists()


def domains_of(customer: Customer) -> list[CompanyDomain]:
    """Return the domains that a company says are its own, proven or not, by name."""
    return list(CompanyDomain.objects.filter(customer=customer))


def proven_domains(customer: Customer | int) -> set[str]:
    """Return the domains that a company has proven, once or still."""
    proven = CompanyDomain.objects.filter(customer=customer, proven_at__isnull=False)
    return set(proven.values_list("domain", flat=True))


def trusted_domains(customer: Customer | int) -> set[str]:
    """Return the domains of which the proof has not lapsed: people there can be bound."""
    trusted = CompanyDomain.objects.filter(customer=customer, proven_at__isnull=False)
    return set(trusted.filter(lapsed_at=None).values_list("domain", flat=True))


def members_at_domains(customer: Customer, domains: Collection[str]) -> list[Membership]:
    """Return the live members of a company whose address is at one of these domains."""
    members = Membership.objects.live().filter(customer=customer, user__is_active=True)
    return [
        membership
        for membership in members.select_related("user", "customer").order_by("pk")
        if membership.user.email.rpartition("@")[2] in domains
    ]


def open_to_new_owner(customer: Customer, domain: str) -> list[User]:
    """Return the company's people at a domain into whose account its emails alone lead."""
    members = Membership.objects.present().filter(customer=customer, user__is_active=True)
    with_factor = Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)
    people = User.objects.filter(pk__in=members.values("user")).exclude(
        pk__in=with_factor.values("user")
    )
    return [person for person in people.order_by("pk") if person.email.endswith(f"@{domain}")]


def session_keys_by(own: CompanySignIn) -> dict[int, list[str]]:
    """Return the hub sessions that began at this provider: person → keys."""
    listed = dict(
        UserSession.objects.filter(user__company_identities__sign_in=own).values_list(
            "session_key", "user_id"
        )
    )
    keys: dict[int, list[str]] = {}
    for stored in Session.objects.filter(session_key__in=listed):
        records = _records(stored.get_decoded())
        if any(record.get("sign_in") == str(own.uuid) for record in records):
            keys.setdefault(listed[stored.session_key], []).append(stored.session_key)
    return keys


def company_in_session(session: dict[str, Any]) -> str:
    """Return the name of the company through whose own sign-in a session began; "" for none."""
    return next((str(record["company"]) for record in _records(session) if "company" in record), "")


def _records(session: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what allauth noted of the ways in which a session's person proved who they are."""
    records: list[dict[str, Any]] = session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
    return records
