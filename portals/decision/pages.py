"""The same decision for sets, in pages: rows in the order of a key, after the last one seen."""

from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from portals.decision.checks import stored_sub, stored_time
from portals.decision.prepared import PreparedStatement
from portals.decision.statement import PEOPLE_PAGE, PRIVILEGES_PAGE, RESOURCES_PAGE
from portals.models import Privilege, Resource

_RESOURCES = PreparedStatement("hub_resources_page", RESOURCES_PAGE)
_PEOPLE = PreparedStatement("hub_people_page", PEOPLE_PAGE)
_PRIVILEGES = PreparedStatement("hub_privileges_page", PRIVILEGES_PAGE)

_BEFORE_ALL: Final = "0"
_BEFORE_EVERYBODY: Final = "00000000-0000-0000-0000-000000000000"

Rows = list[tuple[str, str]]  # (the key, which is the `after` of the next page; the name)


def permitted_resources_page(
    user: User, privilege: Privilege, *, after: str | None, limit: int
) -> Rows:
    """Return the resources to which a person may do this, by their portal's own ids."""
    return _page(_RESOURCES, after or _BEFORE_ALL, limit, user=user, privilege=privilege)


def permitted_people_page(
    privilege: Privilege, resource: Resource, *, after: str | None, limit: int
) -> Rows:
    """Return the people who may do this to a resource, by `sub`."""
    start = stored_sub(after or _BEFORE_EVERYBODY)
    rows = _page(_PEOPLE, start, limit, privilege=privilege, resource=resource)
    subs = [str(UUID(sub)) for sub, _name in rows]
    return [(sub, sub) for sub in subs]


def permitted_privileges_page(
    user: User, resource: Resource, *, after: str | None, limit: int
) -> Rows:
    """Return the privileges that a person has on a resource, by their codes."""
    return _page(_PRIVILEGES, after or _BEFORE_ALL, limit, user=user, resource=resource)


def _page(statement: PreparedStatement, after: str, limit: int, **rows: Any) -> Rows:
    keys = {name: str(row.pk) for name, row in rows.items()}
    now = stored_time(timezone.now())
    found = statement.rows(after=after, limit=str(limit), now=now, **keys)
    return [(str(key), name) for key, name in found]
