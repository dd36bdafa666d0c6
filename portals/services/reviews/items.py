"""Gather the lines of a review: every role, owner and grant of a company, in bounded steps."""

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Case, OuterRef, QuerySet, Subquery, When
from django.utils import timezone

from accounts.models import Membership, Team
from accounts.search import search_key
from portals import emails
from portals.choices import OPEN_PRIVILEGE, ROOT_TYPE, ItemKind
from portals.models import (
    AccessReview,
    PersonGrant,
    PrivilegeUse,
    Resource,
    ReviewItem,
    TeamGrant,
)
from portals.models.grants import ValidityQuerySet

GRANTEES_PER_STEP = 100  # people or teams read together
LINES_PER_STEP = 2_000  # lines after which a step ends


@transaction.atomic
def gather_items(review: AccessReview) -> bool:
    """Add the next lines of a review, and return whether it has all of them.

    The Super Users are told once it has. A company of forty people needs one step. It can run twice
    at once, because it locks the review's row.
    """
    review = AccessReview.objects.select_for_update().get(pk=review.pk)
    if review.ready_at is not None or not review.is_open:
        return True
    lines = 0
    while lines < LINES_PER_STEP:
        items = _next_items(review)
        if items is None:
            review.ready_at = timezone.now()
            break
        ReviewItem.objects.bulk_create(items, batch_size=500)
        lines += len(items)
    review.total += lines
    review.save(update_fields=["gathered_to", "ready_at", "total"])
    if review.ready_at is None:
        return False
    emails.tell_about_review(review, "begun")
    return True


def _next_items(review: AccessReview) -> list[ReviewItem] | None:
    """Return the lines of the next people, then of the next teams; None after the last ones."""
    if review.gathered_to >= 0:
        people = list(
            Membership.objects.present()
            .filter(customer=review.customer_id, pk__gt=review.gathered_to)
            .select_related("user")
            .order_by("pk")[:GRANTEES_PER_STEP]
        )
        if people:
            review.gathered_to = people[-1].pk
            return _items_of_people(review, people)
    teams_done = max(0, -review.gathered_to)
    teams = list(
        Team.objects.filter(customer=review.customer_id, pk__gt=teams_done).order_by("pk")[
            :GRANTEES_PER_STEP
        ]
    )
    if not teams:
        return None
    review.gathered_to = -teams[-1].pk
    return _items_of_teams(review, teams)


def _items_of_people(review: AccessReview, people: list[Membership]) -> list[ReviewItem]:
    by_user = {membership.user_id: membership for membership in people}
    grants = PersonGrant.objects.filter(
        user__in=by_user, content_object__subscription__customer=review.customer_id
    )
    items = [_role_item(review, membership) for membership in people if membership.is_super_user]
    for grant in _with_last_use(grants, PrivilegeUse.objects.filter(user=OuterRef("user"))):
        membership = by_user[grant.user_id]
        item = _grant_item(review, grant, ItemKind.PERSON)
        item.membership = membership
        item.grantee_name, item.section = str(membership), _section_of(membership)
        items.append(item)
    return items + [_owner_item(review, resource) for resource in _owned_by(people)]


def _items_of_teams(review: AccessReview, teams: list[Team]) -> list[ReviewItem]:
    by_group = {team.group_id: team for team in teams}
    members = PrivilegeUse.objects.filter(
        user__memberships__team_memberships__team__group=OuterRef("group")
    )
    items = []
    for grant in _with_last_use(TeamGrant.objects.filter(group__in=by_group), members):
        team = by_group[grant.group_id]
        item = _grant_item(review, grant, ItemKind.TEAM)
        item.team, item.grantee_name = team, str(team)
        item.section = f"2 {search_key(team.name)} {team.pk}"
        items.append(item)
    return items


def _section_of(membership: Membership) -> str:
    return f"1 {membership.search_name} {membership.pk}"


def _role_item(review: AccessReview, membership: Membership) -> ReviewItem:
    last_login = membership.user.last_login
    return ReviewItem(
        review=review,
        kind=ItemKind.ROLE,
        section=_section_of(membership),
        membership=membership,
        grantee_name=str(membership),
        granted_at=membership.joined_at,
        last_used_on=last_login and last_login.date(),
    )


def _owned_by(people: list[Membership]) -> QuerySet[Resource]:
    """Return what these people own and have access to for that, each with its `last_used_on`."""
    uses = PrivilegeUse.objects.filter(
        user=OuterRef("owner__user"), resource=OuterRef("pk"), privilege__held_by_owner=True
    )
    return (
        Resource.objects.filter(owner__in=people, resource_type__privileges__held_by_owner=True)
        .distinct()
        .annotate(last_used_on=_latest(uses))
        .select_related("owner", "resource_type__portal")
        .order_by("owner", "resource_type__portal__slug", "resource_type", "name", "pk")
    )


def _owner_item(review: AccessReview, resource: Any) -> ReviewItem:
    """Return the line of an owner; since when they are it, only the portal knows."""
    return ReviewItem(
        review=review,
        kind=ItemKind.OWNER,
        section=_section_of(resource.owner),
        membership=resource.owner,
        grantee_name=str(resource.owner),
        portal=resource.resource_type.portal,
        resource=resource,
        resource_name=resource.name,
        last_used_on=resource.last_used_on,
    )


def _with_last_use(grants: ValidityQuerySet[Any], uses: QuerySet[PrivilegeUse]) -> QuerySet[Any]:
    """Return the unexpired grants in the order of the page, each with its `last_used_on`.

    A use counts for every grant that covers it: on the resource or one above, of the privilege or
    one that includes it. Any use in a portal counts for the privilege to open it.
    """
    covered = uses.filter(resource__ancestors__ancestor=OuterRef("content_object"))
    of_privilege = covered.filter(privilege__included_by__privilege=OuterRef("permission"))
    of_portal = When(
        permission__privilege__code=OPEN_PRIVILEGE,
        permission__privilege__resource_type__code=ROOT_TYPE,
        then=_latest(covered),
    )
    ordered: QuerySet[Any] = (
        grants.unexpired()
        .annotate(last_used_on=Case(of_portal, default=_latest(of_privilege)))
        .select_related("permission__privilege__portal", "content_object")
        .order_by(
            "permission__privilege__portal__slug",
            "content_object__resource_type",
            "content_object__name",
            "content_object",
            "permission__privilege__position",
            "pk",
        )
    )
    return ordered


def _latest(uses: QuerySet[PrivilegeUse]) -> Subquery:
    return Subquery(uses.order_by("-day").values("day")[:1])


def _grant_item(review: AccessReview, grant: Any, kind: ItemKind) -> ReviewItem:
    privilege = grant.permission.privilege
    return ReviewItem(
        review=review,
        kind=kind,
        grant_id=grant.pk,
        portal=privilege.portal,
        privilege=privilege,
        label_en=privilege.label_en,
        label_fr=privilege.label_fr,
        resource=grant.content_object,
        resource_name=grant.content_object.name,
        granted_by_id=grant.granted_by_id,
        granted_at=grant.granted_at,
        starts_at=grant.starts_at,
        expires_at=grant.expires_at,
        reason=grant.reason,
        last_used_on=grant.last_used_on,
        counted_since=_counted_since(privilege.portal.uses_since, grant.granted_at.date()),
    )


def _counted_since(uses_since: date | None, granted_on: date) -> date | None:
    return None if uses_since is None else max(uses_since, granted_on)
