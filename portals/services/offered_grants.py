"""Grants inside an invitation: offered with it, given when it is accepted."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, Customer, Invitation, Membership, User
from accounts.services.audit import record_event
from portals import emails
from portals.models import OfferedGrant, PersonGrant, Privilege, Resource
from portals.selectors.privileges import is_sensitive
from portals.services.grants import (
    GrantRefused,
    GrantTerms,
    check_privilege,
    current_resource,
    grant_event_data,
    terms_event_data,
)

MOST_OFFERS = 1000  # rights times people; each is a row and an event


def check_offer(
    *,
    actor: User,
    customer: Customer,
    rights: Iterable[tuple[Resource, Privilege]],
    people: int,
    terms: GrantTerms,
    signed_in_at: datetime | None = None,
) -> list[tuple[Resource, Privilege]]:
    """Whether these rights may stand in the invitations of so many people; writes nothing.

    Out: each right once. Raises GrantRefused, also above MOST_OFFERS, or FreshSignInRequired as a
    grant would.
    """
    terms.check()
    wanted = list(dict.fromkeys(rights))
    if len(wanted) * people > MOST_OFFERS:
        raise GrantRefused(
            _(
                "These are too many rights for so many people. Give the rights to a team and put"
                " the people into it, or invite fewer at once."
            ),
            code="too_many",
        )
    for resource, privilege in wanted:
        resource = current_resource(resource)
        if resource.subscription.customer_id != customer.pk:
            raise GrantRefused({"rights": _("This right does not exist for this thing.")})
        check_privilege(
            actor=actor,
            grantees=[],
            privilege=privilege,
            resource=resource,
            terms=terms,
            signed_in_at=signed_in_at,
        )
    return wanted


def offer_privileges(
    *,
    actor: User,
    invitations: Sequence[Invitation],
    rights: Iterable[tuple[Resource, Privilege]],
    terms: GrantTerms,
    signed_in_at: datetime | None = None,
) -> None:
    """Put the first grants inside invitations of one customer, in the transaction that makes them.

    Naming one twice is naming it once. Raises like check_offer.
    """
    wanted = check_offer(
        actor=actor,
        customer=invitations[0].customer,
        rights=rights,
        people=len(invitations),
        terms=terms,
        signed_in_at=signed_in_at,
    )
    for invitation in invitations:
        for resource, privilege in wanted:
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
        privilege=privilege.labels,
        codename=privilege.codename,
        resource=str(resource),
        resource_id=resource.pk,
        **terms_event_data(terms),
    )


def apply_offered_grants(
    *, actor: User, invitation: Invitation, membership: Membership
) -> list[str]:
    """Turn what an invitation offered into grants, in the transaction that accepts it.

    `actor` is who invited. What has run out meanwhile, no longer exists, or has become sensitive
    and was offered without a reason, is left out. Out: that, in words.
    """
    offers = OfferedGrant.objects.filter(
        invitation=invitation, resource__subscription__customer=membership.customer_id
    ).select_related("resource", "privilege__portal")
    given = set()
    for offer in offers:
        if offer.expires_at is not None and offer.expires_at <= timezone.now():
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
    return _left_out(actor, invitation, given)


def _left_out(actor: User, invitation: Invitation, given: set[tuple[int, str]]) -> list[str]:
    """What the trail says was offered and is not given, in words for whoever offered it.

    The offer's own row goes with its thing or its right; the event stays.
    """
    offered = AuditEvent.objects.filter(
        customer=invitation.customer,
        kind="grant.offered",
        at__gte=invitation.created_at,
        data__address=invitation.address,
    )
    return [
        f"“{label}” · {told['resource']}"
        for told in offered.order_by("pk").values_list("data", flat=True)
        if (told["resource_id"], told["codename"]) not in given
        and (label := told["privilege"].get(actor.language) or told["privilege"]["en"])
    ]
