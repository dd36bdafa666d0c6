"""The pages that show rows of access, and the way back to them with the changed rows marked."""

from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse

from accounts.models import Customer, Membership, Team
from portals.models import Resource
from portals.selectors.access_rows import AccessRow
from portals.selectors.grant_changes import GrantChange, existing_grants, grants_key
from portals.selectors.grantees import grantee_key

MAX_MARKED = 50  # rows; an address has its limits
MARKED = "changed"  # the grants that a page marks, in its query string
PAGES_WITH_ROWS = ("portals:person", "portals:team", "portals:resource")
Subject = Membership | Team | Resource
_SOME_UUID = UUID(int=0)  # in the place of another one, to build many addresses alike
_SOME_GRANT = "p0"
SOME_KEY = 0


def subject_url(company: Customer, subject: Subject) -> str:
    """Return the address of the page with the access of a person or team, or to a resource."""
    if isinstance(subject, Resource):
        return reverse("portals:resource", args=[company.slug, subject.pk])
    if isinstance(subject, Team):
        return reverse("portals:team", args=[company.slug, subject.uuid])
    return reverse("portals:person", args=[company.slug, subject.user.sub])


def add_addresses(company: Customer, rows: Iterable[AccessRow]) -> None:
    """Set the addresses that each row links to.

    Django takes longer to build an address than to fill in the row, so each is built once.
    """
    person = addresses("portals:person", company, _SOME_UUID)
    team = addresses("portals:team", company, _SOME_UUID)
    change = addresses("portals:access-change", company, _SOME_GRANT)
    remove = addresses("portals:access-remove", company, _SOME_GRANT)
    for row in rows:
        if isinstance(row.grantee, Team):
            row.address = team(row.grantee.uuid)
        else:
            row.address = person(row.grantee.user.sub)
        if row.can_change:
            row.change_address, row.remove_address = change(row.key), remove(row.key)


def addresses(name: str, company: Customer, some: object) -> Callable[[object], str]:
    """Return a function that builds the addresses of a page, of which `some` is an argument."""
    before, _argument, after = reverse(name, args=[company.slug, some]).rpartition(str(some))
    return lambda argument: f"{before}{argument}{after}"


def with_marks(url: str, change: GrantChange) -> str:
    """Return an address that marks what a change gave, where its page has rows of access."""
    parts = urlsplit(url)
    try:
        name = resolve(parts.path).view_name
    except Resolver404:
        return url
    if name not in PAGES_WITH_ROWS:
        return url
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != MARKED]
    grants = existing_grants(change.grantees, {row.pk for row, _privilege in change.permissions})
    keys = [
        grants_key([grant])
        for grantee in change.grantees
        for resource, privilege in change.permissions
        if (grant := grants.get((grantee_key(grantee), resource.pk), {}).get(privilege.pk))
    ]
    query += [(MARKED, key) for key in keys[:MAX_MARKED]]
    return f"{parts.path}?{urlencode(query)}" if query else parts.path


def marked_in(request: HttpRequest) -> set[str]:
    """Return the keys of the grants that this page marks."""
    return set(request.GET.getlist(MARKED))
