"""The pages that show rows of access, and the way back to them with the changed rows marked."""

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from accounts.addresses import address_of
from accounts.models import Customer, Membership, Team
from portals.models import Resource
from portals.selectors.access_rows import AccessRow
from portals.selectors.grant_changes import GrantChange, existing_grants, grants_key
from portals.selectors.grantees import grantee_key

MAX_MARKED = 50  # rows; an address has its limits
MARKED = "changed"  # the grants that a page marks, in its query string
PAGES_WITH_ROWS = ("portals:person", "portals:team", "portals:resource")
Subject = Membership | Team | Resource


def subject_url(company: Customer, subject: Subject) -> str:
    """Return the address of the page with the access of a person or team, or to a resource."""
    if isinstance(subject, Resource):
        return address_of("portals:resource", company.slug, subject.pk)
    if isinstance(subject, Team):
        return address_of("portals:team", company.slug, subject.uuid)
    return address_of("portals:person", company.slug, subject.user.sub)


def add_addresses(company: Customer, rows: Iterable[AccessRow]) -> None:
    """Set the addresses that each row links to."""
    for row in rows:
        row.address = subject_url(company, row.grantee)
        if row.can_change:
            row.change_address = address_of("portals:access-change", company.slug, row.key)
            row.remove_address = address_of("portals:access-remove", company.slug, row.key)


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
