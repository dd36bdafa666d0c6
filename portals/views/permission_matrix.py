"""What the pages of a person and of a team share: the sheet of rights, taking one."""

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

SHORT = 5  # things of a type that stay unfolded whatever is in them
CHOICES = 200  # resources a plain select still serves


def searched(text: str) -> str:
    """The beginning of a name to look for; nothing where it could not be one."""
    search = SearchForm({"q": text})
    return search.cleaned_data["q"] if search.is_valid() else ""


SHOWS = ("all", "held", "differences")  # what a sheet can be narrowed to


def permission_matrix(
    request: PersonRequest, company: Customer, grantee: Grantee, draft: Draft, *, manages: bool
) -> dict[str, Any]:
    """Return the context of portals/_permission_matrix.html, as the address asks for it."""
    asked = request.GET
    show = asked.get("show", "all")
    show = show if show in SHOWS else "all"
    search = searched(asked.get("q", ""))
    matrix_filter = MatrixFilter(
        search=search if manages else "",
        differences=manages and show == "differences",
        with_access=not manages or show == "held",
        resource_type=type_by_key(company, asked.get("type", "")) if manages else None,
        after=asked.get("after", ""),
    )
    sections, page = matrix_of(grantee, company, matrix_filter, draft.wants)
    _unfold(sections, asked.getlist("open"), asked.getlist("shut"), bool(page or search))
    if manages and isinstance(grantee, Membership):
        _mark_closed(sections, company, grantee)
    resource = resource_by_key(company, asked.get("single")) if manages else None
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


def _unfold(sections: list[Section], opened: list[str], shut: list[str], everything: bool) -> None:
    """What is open: what has something in it or is short, unless the address says otherwise."""
    for section in sections:
        section.by_default = section.is_open = True
        if section.key in shut:
            section.is_open = False
        for group in section.groups:
            short = len(group.rows) <= SHORT
            group.by_default = group.is_open = everything or short or group.access_count > 0
            if group.key in shut or group.key in opened:
                group.is_open = group.key in opened


def _mark_closed(sections: list[Section], company: Customer, person: Membership) -> None:
    """Say of each portal that this person cannot open which right would let them in."""
    customer_portals = portals_of(company, {one.subscription.pk for one in sections})
    rights = {
        one.root.subscription_id: one.privilege
        for one in portals_without_access([person], customer_portals)[person]
    }
    for section in sections:
        section.lacks = rights.get(section.subscription.pk)


def remove_grant(request: PersonRequest, grantee: Grantee, grant: PersonGrant | TeamGrant) -> None:
    """Take one grant away, say so, and offer to undo it."""
    right, resource = grant.permission.privilege, grant.content_object
    event = revoke_privilege(actor=request.user, grant=grant)
    said = _("%(person)s no longer has “%(right)s” on %(resource)s.")
    offer_undo(request, said % {"person": grantee, "right": right, "resource": resource}, event)
