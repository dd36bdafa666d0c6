"""Grants inside an invitation: offered with it, and given when it is accepted."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Customer, Invitation, Membership, User
from accounts.services.audit import record_event
from portals import emails
from portals.models import OfferedGrant, PersonGrant, Privilege, Resource
from portals.permissions import require_sensitive_conditions
from portals.selectors.losses import terms_event_data
from portals.selectors.privileges import is_sensitive
from portals.services.grants import (
    GrantRefused,
    GrantTerms,
    check_privilege,
    current_resource,
    grant_event_data,
)

MAX_OFFERS = 1000  # privileges times people; each is a row and an event


def check_offer(
    *,
    actor: User,
    customer: Customer,
    privileges: Iterable[tuple[Resource, Privilege]],
    people: int,
    terms: GrantTerms,
    signed_in_at: datetime | None = None,
) -> list[tuple[Resource, Privilege]]:
    """Check that these privileges can be offered to so many people, and return each one once.

    Write nothing. Raises GrantRefused, also above MAX_OFFERS, or FreshSignInRequired as a grant
    would.
    """
    terms.check()
    offers = list(dict.fromkeys(privileges))
    if len(offers) * people > MAX_OFFERS:
        raise GrantRefused(
            _(
                "You can't give so many permissions to so many people at once. Give them "
                "to a team, or invite fewer people."
            ),
            code="too_many",
        )
    for resource, privilege in offers:
        resource = current_resource(resource)
        if resource.subscription.customer_id != customer.pk:
            raise GrantRefused(
                {
                    "privileges": _(
                        "This permission doesn't exist for this resource. Choose another."
                    )
                }
            )
        check_privilege(
            actor=actor,
            grantees=[],
            privilege=privilege,
            resource=resource,
            terms=terms,
            signed_in_at=signed_in_at,
        )
    return offers


def offer_privileges(
    *,
    actor: User,
    invitations: Sequence[Invitation],
    privileges: Iterable[tuple[Resource, Privilege]],
    terms: GrantTerms,
    signed_in_at: datetime | None = None,
) -> None:
    """Add offered grants to new invitations of one customer, in the transaction that makes them.

    A pair that is named twice is offered once. Raises like check_offer.
    """
    offers = check_offer(
        actor=actor,
        customer=invitations[0].customer,
        privileges=privileges,
        people=len(invitations),
        terms=terms,
        signed_in_at=signed_in_at,
    )
    for invitation in invitations:
        for resource, privilege in offers:
            _offer(actor, invitation, resource, privilege, terms)


def _offer(
    actor: User, invitation: Invitation, resource: Resource, privilege: Privilege, terms: GrantTerms
) -> None:
    OfferedGrant.objects.create(
        invitation=invitation, resource=resource, privilege=privilege, **asdict(terms)
    )
    record_event(
        kind="grant.offered",
        actor=actor,
        customer=invitation.customer,
        address=invitation.address,
        invitation=str(invitation.uuid),
        privilege=privilege.labels,
        codename=privilege.codename,
        resource=privilege.names_of(resource),
        resource_id=resource.pk,
        **terms_event_data(terms),
    )


def check_offers_taken_over(
    *, actor: User, invitation: Invitation, signed_in_at: datetime | None
) -> None:
    """Check that the actor could offer what an invitation offers, before they become its sender.

    An offer that has ended or whose reason is missing is skipped when the invitation is accepted,
    and refuses nothing here. Raises GrantRefused or FreshSignInRequired.
    """
    offers = OfferedGrant.objects.filter(invitation=invitation).select_related("privilege")
    for offer in offers.unexpired():
        if offer.reason.strip():
            require_sensitive_conditions(
                actor=actor,
                grantees=[],
                privilege=offer.privilege,
                reason=offer.reason,
                signed_in_at=signed_in_at,
            )


def move_offers(*, invitation: Invitation, corrected: Invitation) -> None:
    """Move the offers of an invitation to the one that replaces it, whose sender promises them.

    Each is recorded again for the new address, those whose resource is gone too: what is not given
    on acceptance is told from these events.
    """
    OfferedGrant.with_removed.filter(invitation=invitation).update(invitation=corrected)
    offered = AuditEvent.objects.filter(
        customer=invitation.customer,
        kind="grant.offered",
        at__gte=invitation.created_at,
        public__invitation=str(invitation.uuid),
    )
    named = {"address": corrected.address, "invitation": str(corrected.uuid)}
    for event in list(offered.order_by("pk")):
        record_event(
            kind="grant.offered",
            actor=corrected.invited_by,
            customer=invitation.customer,
            **{**event.data, **named},
        )


def apply_offered_grants(
    *, actor: User, invitation: Invitation, membership: Membership
) -> list[str]:
    """Turn the offered grants of an invitation into grants, in the transaction that accepts it.

    `actor` is the person who invited. An offer is skipped when it has expired, when its resource or
    privilege is gone, or when the privilege has become sensitive and the offer has no reason.
    Return the skipped offers in words.
    """
    offers = OfferedGrant.objects.filter(
        invitation=invitation, resource__subscription__customer=membership.customer_id
    ).select_related("resource", "privilege__portal")
    given = set()
    for offer in offers:
        if offer.is_expired:
            continue
        if is_sensitive(offer.privilege) and not offer.reason.strip():
            continue
        given.add((offer.resource_id, offer.privilege.codename))
        PersonGrant.objects.update_or_create(
            user=membership.user,
            permission_id=offer.privilege_id,
            content_object=offer.resource,
            defaults={
                "granted_by": actor,
                "starts_at": offer.starts_at,
                "expires_at": offer.expires_at,
                "reason": offer.reason,
            },
        )
        record_event(
            kind="grant.given",
            actor=actor,
            customer=membership.customer,
            **grant_event_data(membership, offer.privilege, offer.resource),
            **terms_event_data(offer),
        )
        if is_sensitive(offer.privilege):
            emails.tell_about_sensitive_grant(
                actor, [membership.user_id], offer.privilege, offer.resource, offer.reason
            )
    return _skipped_offers(actor, invitation, given)


def _skipped_offers(actor: User, invitation: Invitation, given: set[tuple[int, str]]) -> list[str]:
    """Return the offers that were not given, in the actor's language.

    They are read from the audit events, because an offer's row is deleted with its resource or
    privilege.
    """
    offered = AuditEvent.objects.filter(
        customer=invitation.customer,
        kind="grant.offered",
        at__gte=invitation.created_at,
        public__invitation=str(invitation.uuid),
    )
    return [
        f"“{label}” · {data['resource']}"
        for event in offered.order_by("pk")
        if (data := event.data)
        and (data["resource_id"], data["codename"]) not in given
        and (label := data["privilege"].get(actor.language) or data["privilege"]["en"])
    ]
