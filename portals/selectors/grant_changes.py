"""A change of access, from the form that describes it to the service that makes it."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any

from django.db.models import BigIntegerField, DateTimeField, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.languages import with_one_stop
from accounts.models import Customer, Membership, Team
from accounts.selectors.composed import ComposedQuery, Given, any_of, numbered
from accounts.timezones import end_date
from portals.models import PersonGrant, Privilege, Resource, TeamGrant
from portals.models.grants import unexpired
from portals.selectors.effective_access import Grantee
from portals.selectors.grantees import grantee_key
from portals.selectors.manifest import Manifest, manifest_of
from portals.selectors.targets import Target

Grant = PersonGrant | TeamGrant
MAX_IN_ROW = 100  # grants of one row
_GRANT_KEY = re.compile(r"[pt][0-9]{1,18}")
MAX_NAMED = 2  # people or resources that a sentence names; the others are counted


@dataclass(frozen=True)
class GrantChange:
    """A change of grants: the people, permissions and resources, the end and the reason.

    `replaces` are the grants of the row that *Change* was pressed on; what is not among the
    permissions any more ends. `shown` is then the fingerprint of what the page showed.
    """

    grantees: tuple[Grantee, ...]
    targets: tuple[Target, ...]
    privileges: tuple[Privilege, ...]
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    reason: str = ""
    portal_access: bool = True  # let those into the portal who cannot open it
    replaces: tuple[Grant, ...] = ()
    shown: str = ""
    manifest: Manifest | None = None  # of its portals, where it was read already

    @cached_property
    def permissions(self) -> list[tuple[Resource, Privilege]]:
        """Each privilege with each resource that it is about."""
        return [
            (target.resource, privilege)
            for target in self.targets
            for privilege in self.privileges
            if privilege.resource_type_id == target.resource_type.pk
        ]

    @property
    def declared(self) -> Manifest:
        """The declarations of the portals of its permissions."""
        return self.manifest or manifest_of(privilege.portal_id for privilege in self.privileges)


def grants_by_key(customer: Customer, key: str) -> tuple[Grant, ...]:
    """Return the grants of one row, which a page names `p12-p15` or `t7`; none if any is gone.

    They are one person's or team's, on one resource, of permissions of one type.
    """
    keys = key.split("-")
    if not all(_GRANT_KEY.fullmatch(part) for part in keys) or len(keys) > MAX_IN_ROW:
        return ()
    wanted = [int(part[1:]) for part in keys if part[0] == key[0]]
    query = _grants_of_row(key[0], len(wanted))
    grants: tuple[Grant, ...] = tuple(
        query.rows(customer=customer.pk, now=timezone.now(), **numbered("grant", wanted))
    )
    rows = {
        (
            grant.group_id if isinstance(grant, TeamGrant) else grant.user_id,
            grant.content_object_id,
            grant.permission.privilege.resource_type_id,
        )
        for grant in grants
    }
    return grants if len(grants) == len(set(keys)) and len(rows) == 1 else ()


@cache
def _grants_of_row(letter: str, number: int) -> ComposedQuery[Any]:
    """Return the query of so many grants of teams ("t") or people ("p")."""
    model: Any = TeamGrant if letter == "t" else PersonGrant

    def grants(customer: Given, now: Given, **keys: Given) -> QuerySet[Any]:
        found: QuerySet[Any] = (
            model._default_manager.filter(unexpired(now), any_of("pk", keys.values()))
            .filter(content_object__subscription__customer=customer)
            .select_related(
                "group__team" if letter == "t" else "user",
                "permission__privilege__portal",
                "permission__privilege__resource_type__portal",
                "content_object__subscription__customer",
                "content_object__resource_type__portal",
            )
            .order_by("pk")
        )
        return found

    keys = numbered("grant", [BigIntegerField()] * number)
    return ComposedQuery(grants, customer=BigIntegerField(), now=DateTimeField(), **keys)


def grants_key(grants: Iterable[Grant]) -> str:
    """Return the key of a row of grants in addresses."""
    return "-".join(f"{'t' if isinstance(grant, TeamGrant) else 'p'}{grant.pk}" for grant in grants)


def grantee_of(grant: Grant) -> Grantee:
    """Return whose grant it is."""
    if isinstance(grant, TeamGrant):
        team: Team = grant.group.team
        return team
    return Membership.objects.select_related("user", "customer").get(
        user=grant.user_id,
        customer=grant.content_object.subscription.customer_id,
        ended_at=None,
    )


def target_of(grant: Grant) -> Target:
    """Return what a grant is about."""
    return Target(grant.content_object, grant.permission.privilege.resource_type)


def fingerprint(grantee: Grantee, resource: Resource) -> str:
    """Return what identifies the grants of a person or team on one resource.

    Changing a grant replaces its row, so the keys of the rows say whether one was changed.
    """
    grants = existing_grants([grantee], [resource.pk]).get((grantee_key(grantee), resource.pk), {})
    return "-".join(str(pk) for pk in sorted(grant.pk for grant in grants.values()))


def existing_grants(
    grantees: Iterable[Grantee], resources: Collection[int]
) -> dict[tuple[str, int], dict[int, Grant]]:
    """Return (grantee, resource) → privilege → the grant, expired or not."""
    grants: dict[tuple[str, int], dict[int, Grant]] = {}
    people = {grantee.user_id: grantee for grantee in grantees if isinstance(grantee, Membership)}
    teams = {grantee.group_id: grantee for grantee in grantees if isinstance(grantee, Team)}
    if people:
        for grant in PersonGrant.objects.filter(user__in=people, content_object__in=resources):
            key = (grantee_key(people[grant.user_id]), grant.content_object_id)
            grants.setdefault(key, {})[grant.permission_id] = grant
    if teams:
        for team_grant in TeamGrant.objects.filter(group__in=teams, content_object__in=resources):
            key = (grantee_key(teams[team_grant.group_id]), team_grant.content_object_id)
            grants.setdefault(key, {})[team_grant.permission_id] = team_grant
    return grants


def longer_grants(change: GrantChange) -> list[Grantee]:
    """Return who has one of these permissions for longer already; giving does not shorten it."""
    grants = existing_grants(change.grantees, {row.pk for row, _privilege in change.permissions})
    return [
        grantee
        for grantee in change.grantees
        if any(
            (grant := grants.get((grantee_key(grantee), resource.pk), {}).get(privilege.pk))
            and not grant.is_expired
            and change.expires_at is not None
            and (grant.expires_at is None or grant.expires_at > change.expires_at)
            for resource, privilege in change.permissions
        )
    ]


def sentence_of_change(change: GrantChange, *, done: bool) -> str:
    """Return what somebody can do after a change; while it is being chosen, will be able to do."""
    words = {
        "who": names_of(change.grantees),
        "phrase": _phrases(change),
        "start": date_format(timezone.localtime(change.starts_at), "DATE_FORMAT")
        if change.starts_at
        else "",
        "end": end_date(change.expires_at),
    }
    count = len(change.grantees)
    starts_later = change.starts_at is not None and change.starts_at > timezone.now()
    if starts_later and change.expires_at:
        text = ngettext(
            "%(who)s will be able to %(phrase)s from %(start)s until %(end)s.",
            "%(who)s will be able to %(phrase)s from %(start)s until %(end)s.",
            count,
        )
    elif starts_later:
        text = ngettext(
            "%(who)s will be able to %(phrase)s from %(start)s.",
            "%(who)s will be able to %(phrase)s from %(start)s.",
            count,
        )
    elif change.expires_at and done:
        text = ngettext(
            "%(who)s can %(phrase)s until %(end)s.", "%(who)s can %(phrase)s until %(end)s.", count
        )
    elif change.expires_at:
        text = ngettext(
            "%(who)s will be able to %(phrase)s until %(end)s.",
            "%(who)s will be able to %(phrase)s until %(end)s.",
            count,
        )
    elif done:
        text = ngettext("%(who)s can %(phrase)s.", "%(who)s can %(phrase)s.", count)
    else:
        text = ngettext(
            "%(who)s will be able to %(phrase)s.", "%(who)s will be able to %(phrase)s.", count
        )
    return with_one_stop(capfirst(text % words))


def names_of(grantees: Collection[Grantee]) -> str:
    """Return the names of people and teams, of many the first ones and how many more."""
    names = [
        _("everyone in the team %(team)s") % {"team": grantee}
        if isinstance(grantee, Team)
        else str(grantee)
        for grantee in grantees
    ]
    return _counted(names)


def _counted(names: list[str]) -> str:
    shown = names if len(names) <= MAX_NAMED else names[:1]
    rest = len(names) - len(shown)
    if rest:
        text = ngettext("%(first)s and %(count)s other", "%(first)s and %(count)s others", rest)
        return text % {"first": shown[0], "count": rest}
    if len(shown) == MAX_NAMED:
        return _("%(first)s and %(second)s") % {"first": shown[0], "second": shown[1]}
    return "".join(shown)


def _phrases(change: GrantChange) -> str:
    """Return what the permissions let somebody do; one that another includes is left out."""
    included = change.declared.included
    telling = [
        privilege
        for privilege in change.privileges
        if not any(
            privilege.pk in {other.pk for other in included[including.pk]}
            for including in change.privileges
        )
    ]
    phrases = []
    for privilege in telling:
        targets = [
            target
            for target in change.targets
            if target.resource_type.pk == privilege.resource_type_id
        ]
        if targets:
            phrases.append(_phrase(privilege, targets))
    if len(phrases) > MAX_NAMED:
        text = ngettext(
            "%(first)s, and use %(count)s more permission",
            "%(first)s, and use %(count)s more permissions",
            len(phrases) - 1,
        )
        return text % {"first": phrases[0], "count": len(phrases) - 1}
    return _counted(phrases)


def _phrase(privilege: Privilege, targets: list[Target]) -> str:
    if any(target.covers_all for target in targets):
        # The phrases of a manifest are made for names: “modifier le DNS du domaine …”.
        return _("use “%(privilege)s” on %(resource)s") % {
            "privilege": privilege,
            "resource": _counted([str(target) for target in targets]),
        }
    return privilege.phrase(_counted([str(target) for target in targets]))
