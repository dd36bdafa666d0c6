"""The first page of somebody's access, by statements that are composed once in a process."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db.models import BigIntegerField, DateTimeField, Field, Q, QuerySet
from django.utils import timezone

from accounts.models import Team
from accounts.selectors.composed import ComposedQuery, Given, any_of, numbered
from accounts.selectors.paging import Part, first_page_rows
from portals.models import Resource, TeamGrant
from portals.selectors.effective_access import (
    Grantee,
    grants_of_team,
    grants_through_teams,
    own_grants,
)

PAGE_SIZE = 100  # resources; what is given on whole portals is on the first page
ORDER = ("resource_type_id", "name", "pk")
_FIELDS: dict[bool, dict[str, Field[Any, Any]]] = {  # whether it is a team → the values to give
    True: {"group": BigIntegerField(), "now": DateTimeField()},
    False: {
        "user": BigIntegerField(),
        "customer": BigIntegerField(),
        "membership": BigIntegerField(),
        "now": DateTimeField(),
    },
}


def first_resources_of(grantee: Grantee, subscriptions: Sequence[int]) -> list[Resource]:
    """Return the resources on the first page of a person or team, and one more if there is one.

    They own them or have a grant on them, in these subscriptions (keys).
    """
    if not subscriptions:
        return []
    keys = numbered("subscription", subscriptions)
    query = _first_resources(isinstance(grantee, Team), len(keys))
    return query.rows(**keys, **_values(grantee))


def all_grants_of(grantee: Grantee) -> list[list[Any]]:
    """Return the unexpired grants of a team; or those of a person, then those of their teams."""
    values = _values(grantee)
    return [query.rows(**values) for query in _GRANTS[isinstance(grantee, Team)]]


def parts_of(grants: Sequence[QuerySet[Any]], owner: int | Given | None) -> list[Part]:
    """Return the conditions of the resources that these grants are on, or that somebody owns."""
    parts = [Part(Q(pk__in=of_kind.values("content_object_id"))) for of_kind in grants]
    return parts if owner is None else [*parts, Part(Q(owner=owner))]


def with_names(grants: QuerySet[Any]) -> QuerySet[Any]:
    """Add who gave each grant, and its team."""
    team = ["group__team"] if grants.model is TeamGrant else []
    return grants.select_related("granted_by", *team).order_by("pk")


def _values(grantee: Grantee) -> dict[str, Any]:
    now = timezone.now()
    if isinstance(grantee, Team):
        return {"group": grantee.group_id, "now": now}
    return {
        "user": grantee.user_id,
        "customer": grantee.customer_id,
        "membership": grantee.pk,
        "now": now,
    }


def _grants(is_team: bool, given: dict[str, Given]) -> list[QuerySet[Any]]:
    now = given["now"]
    if is_team:
        return [grants_of_team(given["group"], now)]
    return [
        own_grants(given["user"], given["customer"], now),
        grants_through_teams(given["membership"], now),
    ]


@cache
def _first_resources(is_team: bool, subscriptions: int) -> ComposedQuery[Resource]:
    """Return the query of `first_resources_of` in so many subscriptions."""

    def resources(**given: Given) -> QuerySet[Resource]:
        keys = [given[name] for name in numbered("subscription", range(subscriptions))]
        return first_page_rows(
            Resource.objects.filter(any_of("subscription", keys), parent__isnull=False),
            order=ORDER,
            size=PAGE_SIZE,
            parts=parts_of(_grants(is_team, given), given.get("membership")),
        )

    keys = numbered("subscription", [BigIntegerField()] * subscriptions)
    return ComposedQuery(resources, **keys, **_FIELDS[is_team])


def _grants_query(is_team: bool, number: int) -> ComposedQuery[Any]:
    return ComposedQuery(
        lambda **given: with_names(_grants(is_team, given)[number]), **_FIELDS[is_team]
    )


_GRANTS = {
    True: [_grants_query(True, 0)],
    False: [_grants_query(False, 0), _grants_query(False, 1)],
}
