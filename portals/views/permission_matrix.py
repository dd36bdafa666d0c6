"""The permission matrix on the pages of a person and a team, and removing a grant there."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.models import Customer, Membership
from accounts.views.undo import offer_undo
from portals.models import PersonGrant, TeamGrant
from portals.selectors.effective_access import Grantee
from portals.selectors.grant_changes import Draft
from portals.selectors.permission_matrix import MatrixFilter, Section, matrix_of, rows_of_resource
from portals.selectors.portal_access import portals_of, portals_without_access
from portals.selectors.resources import (
    resource_by_key,
    type_by_key,
    types_with_more_below,
)
from portals.services.grants import revoke_privilege

SHORT_GROUP = 5  # a group with at most so many rows is open from the start
MAX_OPTIONS = 200  # resources in a select; where there are more, a search narrows them
VIEWS = ("all", "held", "differences")  # filters of a matrix


def clean_search(text: str) -> str:
    """Return the text as a search; empty where it is invalid."""
    return SearchForm({"q": text}).text


def permission_matrix(
    request: PersonRequest, company: Customer, grantee: Grantee, draft: Draft, *, manages: bool
) -> dict[str, Any]:
    """Return the context of portals/_permission_matrix.html for this query string."""
    query = request.GET
    show = query.get("show", "all")
    show = show if show in VIEWS else "all"
    search = clean_search(query.get("q", ""))
    matrix_filter = MatrixFilter(
        search=search if manages else "",
        differences=manages and show == "differences",
        with_access=not manages or show == "held",
        resource_type=type_by_key(company, query.get("type", "")) if manages else None,
        after=query.get("after", ""),
    )
    sections, page = matrix_of(grantee, company, matrix_filter, draft.wants)
    _open_groups(sections, query.getlist("open"), query.getlist("shut"), bool(page or search))
    if manages and isinstance(grantee, Membership):
        _mark_missing_portal_access(sections, company, grantee)
    resource = resource_by_key(company, query.get("single")) if manages else None
    return {
        "sections": sections,
        "page": page,
        "matrix_filter": matrix_filter,
        "show": show,
        "q": search,
        "parents": types_with_more_below(company) if manages else (),
        "single": resource,
        "unfolded": resource and resource.pk,
        "single_rows": rows_of_resource(grantee, resource, draft.wants) if resource else [],
    }


def _open_groups(
    sections: list[Section], opened: list[str], closed: list[str], open_all: bool
) -> None:
    """Set which parts are open: groups with access and short ones, or what the query says."""
    for section in sections:
        section.by_default = section.is_open = True
        if section.key in closed:
            section.is_open = False
        for group in section.groups:
            is_short = len(group.rows) <= SHORT_GROUP
            group.by_default = group.is_open = open_all or is_short or group.access_count > 0
            if group.key in closed or group.key in opened:
                group.is_open = group.key in opened


def _mark_missing_portal_access(
    sections: list[Section], company: Customer, person: Membership
) -> None:
    """Set on each portal that this person cannot open the privilege that would allow it."""
    customer_portals = portals_of(company, {section.subscription.pk for section in sections})
    missing = {
        portal.root.subscription_id: portal.privilege
        for portal in portals_without_access([person], customer_portals)[person]
    }
    for section in sections:
        section.lacks = missing.get(section.subscription.pk)


def remove_grant(request: PersonRequest, grantee: Grantee, grant: PersonGrant | TeamGrant) -> None:
    """Revoke a grant, say so, and offer to undo it."""
    privilege, resource = grant.permission.privilege, grant.content_object
    event = revoke_privilege(actor=request.user, grant=grant)
    message = _("%(person)s no longer has “%(right)s” on %(resource)s.")
    words = {"person": grantee, "right": privilege, "resource": resource}
    offer_undo(request, message % words, event)
