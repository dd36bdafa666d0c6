"""Teams: listed, created, renamed; people put in and taken out.

The page of one team shows what it may do, so it is in portals.
"""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import ChoosePersonForm, ChooseTeamForm, TeamForm, first_error
from accounts.http import PersonRequest
from accounts.models import Membership, Team
from accounts.selectors import page_of, people_of, teams_of, with_people_counted
from accounts.services import teams as services
from accounts.views.access import managed_customer, managed_membership, managed_team, run_action
from accounts.views.undo import offer_undo


@require_http_methods(["GET", "HEAD", "POST"])
def teams(request: PersonRequest, customer: str) -> HttpResponse:
    """The company's teams, and a form that makes one."""
    company = managed_customer(request, customer)
    form = TeamForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = services.create_team(actor=request.user, customer=company, **form.cleaned_data)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request,
                _("The team %(team)s is there. Add people, then give it rights.") % {"team": made},
            )
            return redirect("portals:team", customer, made.uuid)
    context = {
        "customer": company,
        "form": form,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "page": page_of(
            with_people_counted(teams_of(company)),
            among=teams_of(company),
            order=("sort_name", "pk"),
            after=request.GET.get("after", ""),
        ),
    }
    return render(request, "accounts/teams.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def team_rename(request: PersonRequest, customer: str, team: UUID) -> HttpResponse:
    """Another name for the same team."""
    found = managed_team(request, customer, team)
    posted = request.POST if request.method == "POST" else None
    form = TeamForm(posted, initial={"name": found.name})
    if form.is_valid():
        try:
            services.rename_team(actor=request.user, team=found, **form.cleaned_data)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("portals:team", customer, team)
    context = {"customer": found.customer, "team": found, "form": form}
    return render(request, "accounts/team_rename.html", context)


@require_POST
def team_member_add(request: PersonRequest, customer: str, team: UUID) -> HttpResponse:
    """Put a person into the team, from the team's page."""
    found = managed_team(request, customer, team)
    form = ChoosePersonForm(request.POST)
    if form.is_valid():
        people = people_of(found.customer)
        membership = get_object_or_404(people, user__sub=form.cleaned_data["person"])
        _put_in(request, found, membership, form.cleaned_data["reason"])
    else:
        messages.error(request, first_error(form))
    return redirect("portals:team", customer, team)


@require_POST
def team_member_remove(
    request: PersonRequest, customer: str, team: UUID, person: UUID
) -> HttpResponse:
    """Take a person out of the team, from the team's page."""
    _take_out(request, customer, team, person)
    return redirect("portals:team", customer, team)


@require_POST
def person_team_add(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Put a person into a team, from the person's page."""
    membership = managed_membership(request, customer, person)
    form = ChooseTeamForm(request.POST, teams=teams_of(membership.customer))
    if form.is_valid():
        _put_in(request, form.cleaned_data["team"], membership, form.cleaned_data["reason"])
    else:
        messages.error(request, first_error(form))
    return redirect("portals:person", customer, person)


@require_POST
def person_team_remove(
    request: PersonRequest, customer: str, person: UUID, team: UUID
) -> HttpResponse:
    """Take a person out of a team, from the person's page."""
    _take_out(request, customer, team, person)
    return redirect("portals:person", customer, person)


def _put_in(request: PersonRequest, team: Team, membership: Membership, reason: str) -> None:
    try:
        services.add_to_team(
            actor=request.user,
            team=team,
            membership=membership,
            reason=reason,
            signed_in_at=signed_in_at(request),
        )
    except ValidationError as refusal:
        messages.error(request, first_error(refusal))
    else:
        said = _("%(person)s is in the team %(team)s.")
        messages.success(request, said % {"person": membership, "team": team})


def _take_out(request: PersonRequest, customer: str, team: UUID, person: UUID) -> None:
    found = managed_team(request, customer, team)
    membership = managed_membership(request, customer, person)
    run_action(
        request,
        lambda: services.remove_from_team(actor=request.user, team=found, membership=membership),
        _("%(person)s is no longer in the team %(team)s, and has lost what came through it.")
        % {"person": membership, "team": found},
        offer_undo,
    )
