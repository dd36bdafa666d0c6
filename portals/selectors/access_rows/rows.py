"""One row of access: who can do what to a resource, through what, until when."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Team
from accounts.timezones import end_date
from portals.choices import Reason
from portals.models import Privilege
from portals.selectors.effective_access import Grantee
from portals.selectors.grant_changes import Grant, grants_key
from portals.selectors.grant_expiry import ENDS_SOON
from portals.selectors.manifest import Manifest
from portals.selectors.targets import Target

MAX_NAMED = 3  # permissions of one row


@dataclass
class AccessRow:
    """Grants of one person or team on one target with the same terms; or access without a grant."""

    grantee: Grantee
    target: Target
    privileges: list[Privilege]
    included: list[Privilege] = field(default_factory=list)  # by those, and not named themselves
    reason: Reason = Reason.GRANT
    grants: list[Grant] = field(default_factory=list)
    team: Team | None = None  # through which a person has it
    is_above: bool = False  # on a resource page: given on a resource above this one
    sensitive: bool = False
    is_marked: bool = False  # just changed
    given_by: str = ""  # who gave it, and when
    address: str = ""  # of the grantee's page; these three only where a page shows them
    change_address: str = ""
    remove_address: str = ""

    @property
    def grant(self) -> Grant | None:
        """One of its grants: they all have the same terms."""
        return self.grants[0] if self.grants else None

    @property
    def key(self) -> str:
        """The key of its grants in addresses."""
        return grants_key(self.grants)

    @cached_property
    def label(self) -> str:
        """The person and object of the access, for a button that would not say so."""
        return f"{self.target} – {self.grantee}"

    @property
    def is_team(self) -> bool:
        """Whether a team has it, not a person."""
        return isinstance(self.grantee, Team)

    @property
    def can_change(self) -> bool:
        """Whether it is the grantee's own, on the resource that the page shows."""
        return bool(self.grants) and self.team is None and not self.is_above

    @property
    def can(self) -> str:
        """The names of its permissions; of many, their number."""
        if len(self.privileges) > MAX_NAMED:
            return _("%(count)s permissions") % {"count": len(self.privileges)}
        return "; ".join(map(str, self.privileges))

    @property
    def ends_at(self) -> datetime | None:
        """When it ends, if it does."""
        return self.grant.expires_at if self.grant else None

    @property
    def ends_on(self) -> str:
        """The day on which it ends, in words."""
        return end_date(self.ends_at)

    @property
    def days_left(self) -> int | None:
        """In how many days it ends, where that is soon."""
        if self.ends_at is None:
            return None
        left = self.ends_at - timezone.now()
        return max(left.days, 0) if left <= ENDS_SOON else None


def rows_of_grants(
    grants: Iterable[tuple[Any, Grantee, Team | None]], manifest: Manifest
) -> list[AccessRow]:
    """Return rows of (grant, whose, through which team): one for all with equal terms."""
    rows: dict[tuple[Any, ...], AccessRow] = {}
    for grant, grantee, team in grants:
        privilege = manifest.privileges[grant.permission_id]
        key = (
            grantee,
            team,
            grant.content_object_id,
            privilege.resource_type_id,
            grant.starts_at,
            grant.expires_at,
            grant.reason,
            grant.granted_by_id,
            timezone.localdate(grant.granted_at),
        )
        if key not in rows:
            rows[key] = AccessRow(
                grantee,
                Target(grant.content_object, privilege.resource_type),
                [],
                reason=Reason.TEAM if team else Reason.GRANT,
                team=team,
            )
        rows[key].privileges.append(privilege)
        rows[key].grants.append(grant)
    return list(rows.values())


def complete(rows: Sequence[AccessRow], manifest: Manifest, marked: Collection[str]) -> None:
    """Set on each row what its privileges include, whether any is sensitive, and its mark.

    `marked` are the keys of the grants that were just changed.
    """
    included = manifest.included
    for row in rows:
        row.privileges.sort(key=lambda privilege: privilege.position)
        others = {
            other.pk: other for privilege in row.privileges for other in included[privilege.pk]
        }
        row.privileges = [
            privilege
            for privilege in row.privileges
            if not any(privilege in included[other.pk] for other in row.privileges)
        ]
        shown = {privilege.pk for privilege in row.privileges}
        row.included = [other for other in others.values() if other.pk not in shown]
        every = [*row.privileges, *others.values()]
        row.is_marked = any(grants_key([grant]) in marked for grant in row.grants)
        row.sensitive = any(privilege.sensitive for privilege in every)
    _tell_who_gave(rows)


def _tell_who_gave(rows: Iterable[AccessRow]) -> None:
    """Set on each row who gave it, and the day, without a year where that is this one.

    Many rows were given by one person on one day, and putting a day in words is dear.
    """
    this_year = timezone.localdate().year
    texts: dict[tuple[int, date], str] = {}
    for row in rows:
        if row.grant is None:
            continue
        day = timezone.localdate(row.grant.granted_at)
        key = (row.grant.granted_by_id, day)
        if key not in texts:
            style = "MONTH_DAY_FORMAT" if day.year == this_year else "DATE_FORMAT"
            words = {"who": row.grant.granted_by, "day": date_format(day, style)}
            texts[key] = _("by %(who)s, %(day)s") % words
        row.given_by = texts[key]
