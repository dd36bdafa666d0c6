"""The outcome of approving a request for access: a closed portal, an empty one, or neither."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from accounts.models import AccessRequest, Customer, Membership
from accounts.selectors import Answering
from portals.models import PersonGrant, RequestedGrant, TeamGrant
from portals.selectors.accessible import resources_with_access
from portals.selectors.manifest import Manifest, manifest_of
from portals.selectors.portal_access import CustomerPortal, portals_of
from portals.selectors.requests import requested_privileges_of


@dataclass
class Outcome:
    """Portals that stay closed, or would be empty, if only this request were approved."""

    closed: list[CustomerPortal] = field(default_factory=list)
    empty: list[CustomerPortal] = field(default_factory=list)


def outcomes_of(
    customer: Customer, rows: Iterable[RequestedGrant], manifest: Manifest
) -> dict[int, Outcome]:
    """Return the key of each request → its outcome if all these rows of it are given.

    The rows come with `request__membership`, `resource` and `privilege`, and `manifest` has the
    portals of these.
    """
    rows = list(rows)
    if not rows:
        return {}
    portals = portals_of(customer, {row.resource.subscription_id for row in rows}, manifest)
    people = {row.request.membership for row in rows}
    openers = _openers(people, portals, manifest)
    outcomes: dict[int, Outcome] = {row.request_id: Outcome() for row in rows}
    for portal in portals:
        in_portal = [
            row for row in rows if row.resource.subscription_id == portal.root.subscription_id
        ]
        opening = {row.request_id for row in in_portal if row.privilege_id == portal.privilege.pk}
        inside = {row.request_id for row in in_portal if row.resource_id != portal.root.pk}
        asking = {row.request_id: row.request.membership for row in in_portal}
        for request, membership in asking.items():
            if request not in opening and (membership.user_id, portal.root.pk) not in openers:
                outcomes[request].closed.append(portal)
            if request in opening and request not in inside:
                outcomes[request].empty.append(portal)
    return outcomes


def _openers(
    people: Iterable[Membership], portals: Sequence[CustomerPortal], manifest: Manifest
) -> set[tuple[int, int]]:
    """Return the pairs of a person's and a root's key where the person can open the portal."""
    roots = [portal.root.pk for portal in portals]
    includes_open = {
        "content_object__in": roots,
        "permission__in": {
            pk for portal in portals for pk in manifest.includers(portal.privilege.pk)
        },
    }
    own = PersonGrant.objects.unexpired().filter(
        user__in=[membership.user_id for membership in people], **includes_open
    )
    of_teams = TeamGrant.objects.unexpired().filter(
        group__team__team_memberships__membership__in=people, **includes_open
    )
    by_grant = own.values_list("user", "content_object").union(
        of_teams.values_list("group__team__team_memberships__membership__user", "content_object")
    )
    by_role = {
        (membership.user_id, portal.root.pk)
        for membership in people
        for portal in portals
        if membership.is_super_user and portal.privilege.held_by_super_user
    }
    return {(user, root) for user, root in by_grant} | by_role


def without_empty(outcome: Outcome, membership: Membership) -> Outcome:
    """Return the outcome without the portals in which the person has access to a resource."""
    subscriptions = [portal.root.subscription_id for portal in outcome.empty]
    used = (
        resources_with_access(membership)
        .filter(subscription__in=subscriptions, parent__isnull=False)
        .order_by()
        .values_list("subscription", flat=True)
        .distinct()
    )
    filled = set(used) if subscriptions else set()
    empty = [portal for portal in outcome.empty if portal.root.subscription_id not in filled]
    return Outcome(outcome.closed, empty)


def answering_access(
    customer: Customer, requests: Sequence[AccessRequest]
) -> Mapping[int, Answering]:
    """Return what to know about each request for access, for the list of requests."""
    rows = requested_privileges_of(requests)
    if not rows:
        return {}
    manifest = manifest_of(row.privilege.portal_id for row in rows)
    choosing = {row.request_id for row in rows if manifest.is_sensitive(row.privilege_id)}
    return {
        key: Answering(key not in choosing, _note(outcome))
        for key, outcome in outcomes_of(customer, rows, manifest).items()
    }


def _note(outcome: Outcome) -> str:
    """Return in words that approving also lets the person in; "" where it doesn't."""
    if not outcome.closed:
        return ""
    portals = ", ".join(str(closed.portal) for closed in outcome.closed)
    return _("No access to %(portals)s yet. Approving also gives portal access.") % {
        "portals": portals
    }
