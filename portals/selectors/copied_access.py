"""The changes that copying a colleague's access would make."""

from dataclasses import dataclass, field
from hashlib import sha256

from accounts.models import Membership, Team
from accounts.selectors import teams_with
from portals.models import PersonGrant
from portals.selectors.effective_access import grants_of
from portals.selectors.manifest import manifest_of
from portals.selectors.resources import subscriptions_of


@dataclass
class CopyPlan:
    """The changes that make a person's own access like a colleague's."""

    given: list[PersonGrant] = field(default_factory=list)  # the colleague's
    removed: list[PersonGrant] = field(default_factory=list)
    joined: list[Team] = field(default_factory=list)
    left: list[Team] = field(default_factory=list)
    sensitive: set[int] = field(default_factory=set)  # the privileges that need a reason

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.given or self.removed or self.joined or self.left)

    def given_with(self, reason: str) -> list[PersonGrant]:
        """Return the grants to give; without a reason, those that are not sensitive."""
        return [grant for grant in self.given if reason or not self.needs_reason(grant)]

    def needs_reason(self, grant: PersonGrant) -> bool:
        """Return whether a grant is sensitive."""
        return grant.permission_id in self.sensitive

    @property
    def fingerprint(self) -> str:
        """The plan's identity: changing a grant replaces its row, so keys say it all."""
        parts = [
            [row.pk for row in rows] for rows in (self.given, self.removed, self.joined, self.left)
        ]
        return sha256(repr(parts).encode()).hexdigest()


def copy_plan(
    membership: Membership, colleague: Membership, *, equal: bool, with_teams: bool
) -> CopyPlan:
    """Return what copying a colleague's own grants, and teams, would change.

    A permission is not given where one that the person has, or gets, includes it. `equal` also
    removes what the colleague does not have, and takes over the colleague's terms.
    """
    source, own = _own_grants(colleague), _own_grants(membership)
    theirs = {(grant.content_object_id, grant.permission_id): grant for grant in source}
    mine = {(grant.content_object_id, grant.permission_id): grant for grant in own}
    manifest = manifest_of(grant.permission.privilege.portal_id for grant in [*source, *own])
    plan = CopyPlan(
        sensitive={
            grant.permission_id for grant in source if manifest.is_sensitive(grant.permission_id)
        }
    )
    if equal:
        plan.removed = [grant for key, grant in mine.items() if key not in theirs]
    removed = {grant.pk for grant in plan.removed}
    kept = [grant for grant in own if grant.pk not in removed]
    for key, grant in theirs.items():
        if key in mine:
            if equal and _terms(mine[key]) != _terms(grant):
                plan.given.append(grant)
        elif not any(
            other.content_object_id == grant.content_object_id
            and grant.permission.privilege in manifest.included[other.permission_id]
            for other in kept
        ):
            plan.given.append(grant)
    if with_teams:
        own_teams, source_teams = list(teams_with(membership)), list(teams_with(colleague))
        plan.joined = [team for team in source_teams if team not in own_teams]
        if equal:
            plan.left = [team for team in own_teams if team not in source_teams]
    return plan


def _terms(grant: PersonGrant) -> tuple[object, object]:
    """Return the dates of a grant; a start that has passed makes no difference."""
    return (grant.starts_at if grant.begins_later else None, grant.expires_at)


def _own_grants(membership: Membership) -> list[PersonGrant]:
    own, *_of_teams = grants_of(membership)
    live = subscriptions_of(membership.customer)
    return list(
        own.filter(content_object__subscription__in=live)
        .select_related(
            "permission__privilege__portal",
            "permission__privilege__resource_type__portal",
            "content_object__resource_type__portal",
            "content_object__subscription__customer",
        )
        .order_by("pk")
    )
