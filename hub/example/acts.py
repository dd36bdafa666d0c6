"""Acts of the example's people, by the hub's own services, at the moment of the clock."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import AccessRequest, Customer, Invitation, Membership, Team, User
from accounts.services.audit import record_event
from accounts.services.customers import create_customer
from accounts.services.invitations import (
    accept_invitation,
    invite_main_super_user,
    invite_person,
)
from hub.example.passwords import PASSWORD
from portals.models import Portal, Privilege, Resource
from portals.services.grants import GrantTerms, grant_privilege
from portals.services.manifests import apply_manifest, read_manifest
from portals.services.requests import request_access
from portals.services.resources import Report, sync_resources
from portals.services.subscriptions import subscribe_customer

MANIFESTS = settings.BASE_DIR / "portals" / "manifests"


class Access(NamedTuple):
    """A permission on a resource, by their names."""

    portal: str
    privilege: str
    resource: str  # the portal's id of it


def person(address: str) -> User:
    """Return the person with this address."""
    return User.objects.get(email=address)


def member(address: str) -> Membership:
    """Return the membership of the person with this address."""
    return Membership.objects.select_related("customer", "user").get(
        user__email=address, ended_at=None
    )


def company(slug: str) -> Customer:
    """Return a customer."""
    return Customer.objects.get(slug=slug)


def privilege_of(access: Access) -> Privilege:
    """Return the privilege that an access names."""
    return Privilege.objects.select_related("portal", "resource_type").get(
        portal__slug=access.portal, codename=access.privilege
    )


def resource_of(customer: Customer, access: Access) -> Resource:
    """Return the resource of an access: the subscription itself for the company's name."""
    return Resource.objects.select_related("subscription__customer", "resource_type").get(
        subscription__customer=customer,
        subscription__portal__slug=access.portal,
        resource_type__code=access.privilege.partition(".")[0],
        external_id=access.resource,
    )


def hire(first: str, name: str, *groups: str) -> User:
    """Create somebody of the provider's staff."""
    user = User.objects.create_user(f"{first}@harbour.example", PASSWORD, name=name, is_staff=True)
    user.groups.add(*Group.objects.filter(name__in=groups))
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


def apply_manifests() -> None:
    """Add the four portals."""
    for slug in ("domains", "statistics", "ticketing", "webmail"):
        apply_manifest(actor=None, manifest=read_manifest(MANIFESTS / f"{slug}.toml"))


def found_company(actor: User, slug: str, name: str, portals: Sequence[str]) -> None:
    """Create a customer with its subscriptions."""
    customer = create_customer(actor=actor, slug=slug, name=name)
    for portal in portals:
        subscribe_customer(actor=actor, customer=customer, portal=Portal.objects.get(slug=portal))


def report(slug: str, portal: str, type_code: str, reports: list[Report]) -> None:
    """Let a portal report resources of a company."""
    actor = Portal.objects.get(slug=portal)
    sync_resources(actor=actor, customer=slug, type_code=type_code, reports=reports)


def report_owners(slug: str, domain: str, names: Sequence[str]) -> None:
    """Let the webmail portal report the owner of each mailbox; the others are shared."""
    people = set(
        User.objects.filter(
            memberships__customer__slug=slug, memberships__ended_at=None
        ).values_list("email", flat=True)
    )
    addresses = [f"{name}@{domain}" for name in names]
    owned = [
        Report(address, address, ("mail_domain", domain), address)
        for address in addresses
        if address in people
    ]
    report(slug, "webmail", "mailbox", owned)


def invite_main(actor: User, slug: str, first: str, name: str) -> Invitation:
    """Invite the main Super User of a company."""
    return invite_main_super_user(
        actor=actor, customer=company(slug), address=f"{first}@{slug}.example", name=name
    )


def invite(by: str, first: str, name: str) -> Invitation:
    """Let a Super User invite a colleague."""
    customer = member(by).customer
    return invite_person(
        actor=person(by), customer=customer, address=f"{first}@{customer.slug}.example", name=name
    )


def accept(invitation: Invitation) -> None:
    """Accept an invitation, which creates the account, and sign in."""
    joined = accept_invitation(
        actor=None, token=invitation.token, name=invitation.name, password=PASSWORD
    )
    sign_in(joined.user)


def sign_in(user: User) -> None:
    """Note that somebody signs in now, as signing in on the page does."""
    user.last_login = timezone.now()
    user.save(update_fields=["last_login"])
    record_event(kind="sign_in.done", actor=user, person=user)


def give(
    by: str,
    to: Membership | Team,
    access: Access,
    reason: str = "",
    ends: datetime | None = None,
) -> None:
    """Let a Super User give access to a colleague or a team."""
    grant_privilege(
        actor=person(by),
        grantee=to,
        privilege=privilege_of(access),
        resource=resource_of(to.customer, access),
        terms=GrantTerms(expires_at=ends, reason=reason),
        signed_in_at=timezone.now(),
    )


def ask(address: str, access: Access, text: str, ends: datetime | None = None) -> AccessRequest:
    """Let somebody ask their Super Users for access."""
    customer = member(address).customer
    resource = resource_of(customer, access)
    return request_access(
        actor=person(address),
        customer=customer,
        text=text,
        privileges=[(resource, privilege_of(access))],
        expires_at=ends,
        linked_resource=resource,
    )
