"""The resources on which a person has a privilege, in a statement that PostgreSQL soon plans."""

from collections.abc import Collection
from functools import cache
from typing import Any

from django.db.models import BigIntegerField, CharField, Q, QuerySet, Window
from django.db.models.expressions import RawSQL
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.models import Membership
from accounts.selectors.composed import ComposedQuery, Given, any_of, in_raw_sql, numbered
from portals.decision.checks import stored_time
from portals.models import Privilege, Resource

# Django's own joins for this take PostgreSQL 100 ms to plan.
_BY_GRANT = """
    SELECT a.resource_id FROM {table} g
    JOIN portals_resourceancestor a ON a.ancestor_id = g.content_object_id
    JOIN portals_resource r ON r.id = a.resource_id
    JOIN portals_privilegeinclusion i ON i.privilege_id = g.permission_id
    JOIN portals_privilege v ON v.permission_id = i.included_id
        AND v.resource_type_id = r.resource_type_id
    WHERE {grantee} AND (g.expires_at IS NULL OR g.expires_at > %s)"""
_BY_PERSON = _BY_GRANT.format(table="portals_persongrant", grantee="g.user_id = %s")
_BY_TEAM = _BY_GRANT.format(
    table="portals_teamgrant",
    grantee="""g.group_id IN (
        SELECT t.group_id FROM accounts_team t
        JOIN accounts_teammembership tm ON tm.team_id = t.id WHERE tm.membership_id = %s)""",
)


def resources_with_access(membership: Membership) -> QuerySet[Resource]:
    """Return the resources on which a person has a privilege of the resource's own type.

    It can come from a grant or the role, or from being the owner. A privilege on a resource above
    that does not reach down (`open` on the portal) does not count: it lets nobody see every domain.
    """
    return _with_access(**_values(membership), is_super_user=membership.is_super_user)


def _values(membership: Membership) -> dict[str, Any]:
    """Return what tells whose access it is, by keys, and the stored form of the time."""
    return {
        "user": membership.user_id,
        "membership": membership.pk,
        "customer": membership.customer_id,
        "now": stored_time(timezone.now()),
    }


def _with_access(
    *, user: Any, membership: Any, customer: Any, now: Any, is_super_user: bool
) -> QuerySet[Resource]:
    """Return the query of `resources_with_access`, for values or their placeholders."""
    by_grant = Q(pk__in=RawSQL(_BY_PERSON, [in_raw_sql(user), in_raw_sql(now)]))  # noqa: S611 -- a fixed text
    by_grant |= Q(pk__in=RawSQL(_BY_TEAM, [in_raw_sql(membership), in_raw_sql(now)]))  # noqa: S611 -- a fixed text
    by_grant |= Q(owner=membership) & Q(
        resource_type__in=Privilege.objects.filter(held_by_owner=True).values("resource_type_id")
    )
    if is_super_user:
        by_grant |= Q(
            resource_type__in=Privilege.objects.filter(held_by_super_user=True).values(
                "resource_type_id"
            )
        )
    return (
        Resource.objects.filter(by_grant, subscription__customer=customer)
        .select_related("resource_type__portal", "parent")
        .order_by("resource_type_id", "name", "pk")
    )


def first_accessible(
    membership: Membership, subscriptions: Collection[int], most: int
) -> list[Resource]:
    """Return the first `most` resources with access in each subscription, but not its root."""
    keys = numbered("subscription", subscriptions)
    if not keys:
        return []
    query = _first_accessible(len(keys), membership.is_super_user, most)
    return query.rows(**keys, **_values(membership))


@cache
def _first_accessible(
    subscriptions: int, is_super_user: bool, most: int
) -> ComposedQuery[Resource]:
    """Return the query of `first_accessible` in so many subscriptions."""
    keys = list(numbered("subscription", range(subscriptions)))

    def accessible(**given: Given) -> QuerySet[Any]:
        in_portals = any_of("subscription", [given.pop(key) for key in keys])
        found = _with_access(**given, is_super_user=is_super_user)
        place = Window(
            RowNumber(),
            partition_by="subscription_id",
            order_by=["resource_type_id", "name", "pk"],
        )
        below_roots = found.filter(in_portals, parent__isnull=False)
        return below_roots.annotate(place=place).filter(place__lte=most)

    return ComposedQuery(
        accessible,
        **{key: BigIntegerField() for key in keys},
        user=BigIntegerField(),
        membership=BigIntegerField(),
        customer=BigIntegerField(),
        now=CharField(),
    )
