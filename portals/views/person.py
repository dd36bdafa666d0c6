"""A person in a company: a summary, with a tab for access, teams, details and activity."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.choices import CustomerStatus
from accounts.forms import ChooseTeamForm
from accounts.http import PersonRequest
from accounts.models import Membership
from accounts.selectors import (
    sent_invitations_of,
    sentence_of,
    teams_with,
    teams_without,
)
from accounts.selectors.activity import ActivityFilter, find_activity
from accounts.selectors.options import TeamOptions
from accounts.selectors.people import find_member
from accounts.views.access import visible_customer
from portals.selectors.access_rows import access_of
from portals.selectors.grantees import grantee_key
from portals.views.rows import add_addresses, marked_in


@require_safe
def person(request: PersonRequest, customer: str, person: str) -> HttpResponse:
    """Show what a person can do in every portal, and through what."""
    membership, manages = _visible_membership(request, customer, person)
    context = _header(membership, "access", manages=manages)
    access = access_of(membership, after=request.GET.get("after", ""), marked=marked_in(request))
    add_addresses(membership.customer, access.rows)
    context |= {"access": access, "page": access.page}
    return render(request, "portals/person.html", context)


@require_safe
def person_teams(request: PersonRequest, customer: str, person: str) -> HttpResponse:
    """Show a person's teams; a Super User adds and removes them."""
    membership, manages = _visible_membership(request, customer, person)
    context = _header(membership, "teams", manages=manages)
    context["teams"] = teams_with(membership)
    if manages and teams_without(membership).exists():
        others = TeamOptions(membership.customer, without=str(membership.user.sub))
        context["joining"] = ChooseTeamForm(teams=others, auto_id="join_%s")
    return render(request, "portals/person_teams.html", context)


@require_safe
def person_details(request: PersonRequest, customer: str, person: str) -> HttpResponse:
    """Show a person's work details, role and last day, and what can be done about them."""
    membership, manages = _visible_membership(request, customer, person)
    if not manages:
        raise PermissionDenied
    context = _header(membership, "details", manages=True)
    context["sent_invitations"] = sent_invitations_of(membership)
    return render(request, "portals/person_details.html", context)


@require_safe
def person_activity(request: PersonRequest, customer: str, person: str) -> HttpResponse:
    """Show what a person did in the company, and what was done about them."""
    membership, manages = _visible_membership(request, customer, person)
    if not manages:
        raise PermissionDenied
    page = find_activity(
        membership.customer,
        ActivityFilter(person=membership.user),
        after=request.GET.get("after", ""),
    )
    context = _header(membership, "activity", manages=True) | {
        "page": page,
        "entries": [(event, sentence_of(event)) for event in page],
    }
    return render(request, "portals/person_activity.html", context)


def _visible_membership(
    request: PersonRequest, customer: str, person: str
) -> tuple[Membership, bool]:
    """Return a present member, and whether the reader manages the company.

    A Super User sees everyone of the company, others see themselves.
    """
    company = visible_customer(request, customer)
    manages: bool = company.is_managed
    if not manages and str(person) != str(request.user.sub):
        raise PermissionDenied  # before the query, so that nobody learns who is a colleague
    membership = find_member(company, person)
    if membership is None:
        raise Http404
    return membership, manages


def _header(membership: Membership, tab: str, *, manages: bool) -> dict[str, Any]:
    """Return the context of the header and the tabs (portals/_person_header.html)."""
    company = membership.customer
    return {
        "customer": company,
        "membership": membership,
        "person": membership.user,
        "grantee_key": grantee_key(membership),
        "manages": manages,
        "tab": tab,
        "is_main": company.main_super_user_id == membership.pk,
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
