"""What the pages of a person and of a team share: rights by portal, giving one, taking one."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.adapters import signed_in_at
from accounts.forms import SearchForm
from accounts.http import PersonRequest
from accounts.models import Customer
from accounts.views.undo import offer_undo
from portals.forms.grants import GrantForm
from portals.models import PersonGrant, Resource, TeamGrant
from portals.selectors.plans import Draft
from portals.selectors.resources import (
    by_type,
    resource_by_key,
    resources_of,
    subscriptions_of,
    type_by_key,
    types_with_more_below,
)
from portals.selectors.rights import Holder, explain, reachable_resources
from portals.selectors.sheets import Choice, Section, rows_of_one, sheet_of
from portals.services.grants import grant_privilege, revoke_privilege

SHOWN = 25  # resources per portal before "show all"
SHORT = 5  # things of a type that stay unfolded whatever is in them
CHOICES = 200  # resources a plain select still serves


def searched(text: str) -> str:
    """The beginning of a name to look for; nothing where it could not be one."""
    search = SearchForm({"q": text})
    return search.cleaned_data["q"] if search.is_valid() else ""


def rights_by_portal(
    holder: Holder, customer: Customer, show_all: str | None
) -> list[dict[str, Any]]:
    """One section for each portal, with what this person or team holds there."""
    sections: dict[int, dict[str, Any]] = {}
    shown: list[Resource] = []
    for subscription in subscriptions_of(customer):
        limit = None if show_all == subscription.portal.slug else SHOWN + 1
        found = list(reachable_resources(holder, subscription)[:limit])
        more = limit is not None and len(found) > SHOWN
        shown += found[:SHOWN] if more else found
        sections[subscription.pk] = {
            "portal": subscription.portal,
            "subscription": subscription,
            "rows": [],
            "more": more,
        }
    for row in explain(holder, shown):
        if row.held or row.passed_down:
            sections[row.resource.subscription_id]["rows"].append(row)
    return list(sections.values())


SHOWS = ("all", "held", "differences")  # what a sheet can be narrowed to


def sheet(
    request: PersonRequest, company: Customer, holder: Holder, draft: Draft, *, manages: bool
) -> dict[str, Any]:
    """The context of portals/_sheet.html: rows of things, as the address asks for them."""
    asked = request.GET
    show = asked.get("show", "all")
    show = show if show in SHOWS else "all"
    search = searched(asked.get("q", ""))
    choice = Choice(
        search=search if manages else "",
        differences=manages and show == "differences",
        held=not manages or show == "held",
        resource_type=type_by_key(company, asked.get("type", "")) if manages else None,
        after=asked.get("after", ""),
    )
    sections, page = sheet_of(holder, company, choice, draft.wants)
    _unfold(sections, asked.getlist("open"), asked.getlist("shut"), bool(page or search))
    thing = resource_by_key(company, asked.get("single")) if manages else None
    return {
        "sections": sections,
        "page": page,
        "choice": choice,
        "show": show,
        "q": search,
        "parents": types_with_more_below(company) if manages else (),
        "single": thing,
        "unfolded": thing and thing.pk,
        "single_rows": rows_of_one(holder, thing, draft.wants) if thing else [],
    }


def _unfold(sections: list[Section], opened: list[str], shut: list[str], everything: bool) -> None:
    """What is open: what has something in it or is short, unless the address says otherwise."""
    for section in sections:
        section.by_default = section.is_open = True
        if section.key in shut:
            section.is_open = False
        for group in section.groups:
            short = len(group.rows) <= SHORT
            group.by_default = group.is_open = everything or short or group.held > 0
            if group.key in shut or group.key in opened:
                group.is_open = group.key in opened


def grant_form(
    request: PersonRequest,
    customer: Customer,
    holder: Holder,
    resource: Resource | None,
    form: GrantForm | None,
) -> dict[str, Any]:
    """The context of portals/_give_right.html: choose a thing, then the right."""
    find = searched(request.GET.get("find", ""))
    choices = list(resources_of(customer, search=find)[: CHOICES + 1])
    return {
        "customer": customer,
        "holder": holder,
        "resource": resource,
        "form": form,
        "find": find,
        "grouped_choices": by_type(choices[:CHOICES]),
        "too_many": len(choices) > CHOICES,
    }


def give(request: PersonRequest, holder: Holder, resource: Resource, form: GrantForm) -> bool:
    """Give what the form says and say so; False when the form now says why not."""
    if not form.is_valid():
        return False
    privilege = form.cleaned_data["privilege"]
    try:
        grant_privilege(
            actor=request.user,
            holder=holder,
            privilege=privilege,
            resource=resource,
            terms=form.terms(),
            signed_in_at=signed_in_at(request),
        )
    except ValidationError as error:
        form.refuse(error)
        return False
    said = _("%(person)s now has “%(right)s” on %(thing)s.")
    messages.success(request, said % {"person": holder, "right": privilege, "thing": resource})
    return True


def take(request: PersonRequest, holder: Holder, grant: PersonGrant | TeamGrant) -> None:
    """Take one grant away, say so, and offer to undo it."""
    right, thing = grant.permission.privilege, grant.content_object
    event = revoke_privilege(actor=request.user, grant=grant)
    said = _("%(person)s no longer has “%(right)s” on %(thing)s.")
    offer_undo(request, said % {"person": holder, "right": right, "thing": thing}, event)
