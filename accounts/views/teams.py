"""Teams: list, create, rename; add and remove members.

The page of one team shows its access, so it is in portals.
"""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import (
    ChoosePersonForm,
    ChooseTeamForm,
    JoiningForm,
    RenameForm,
    SearchForm,
    TeamForm,
)
from accounts.http import PersonRequest
from accounts.models import Membership, Team
from accounts.models.search import matching
from accounts.selectors import page_of, teams_of, with_people_counted
from accounts.selectors.options import PeopleOptions, TeamOptions
from accounts.services import teams as services
from accounts.views.access import managed_customer, managed_membership, managed_team
from accounts.views.actions import run_action, submit, submit_button
from accounts.views.undo import offer_undo


@require_http_methods(["GET", "HEAD", "POST"])
def teams(request: PersonRequest, customer: str) -> HttpResponse:
    """List the company's teams; posted, create one."""
    company = managed_customer(request, customer)
    form = TeamForm(request.POST if request.method == "POST" else None)
    search_form = SearchForm(request.GET)
    success = submit(
        form,
        lambda: services.create_team(actor=request.user, customer=company, **form.cleaned_data),
    )
    if success:
        team = success.result
        message = _("The team %(team)s is created. Now add people, then give the team access.")
        messages.success(request, message % {"team": team})
        return redirect("portals:team", customer, team.uuid)
    context = {
        "customer": company,
        "form": form,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "search_form": search_form,
        "search": search_form.text,
        "page": page_of(
            matching(with_people_counted(teams_of(company)), search_form.text, customer=company),
            among=teams_of(company),
            order=("sort_name", "pk"),
            after=request.GET.get("after", ""),
        ),
    }
    fragment = "#teams" if request.htmx else ""
    return render(request, f"accounts/teams.html{fragment}", context)


@require_http_methods(["GET", "HEAD", "POST"])
def team_rename(request: PersonRequest, customer: str, team: UUID) -> HttpResponse:
    """Give a team another name."""
    managed = managed_team(request, customer, team)
    data = request.POST if request.method == "POST" else None
    form = RenameForm(data, shown={"name": managed.name})
    if submit(
        form,
        lambda: services.rename_team(
            actor=request.user, team=managed, version=form.version_shown, **form.values()
        ),
    ):
        messages.success(request, _("Saved."))
        return redirect("portals:team", customer, team)
    context = {"customer": managed.customer, "team": managed, "form": form}
    return render(request, "accounts/team_rename.html", context)


@require_POST
def team_member_add(request: PersonRequest, customer: str, team: UUID) -> HttpResponse:
    """Add a person to the team, from the team's page."""
    managed = managed_team(request, customer, team)
    form = ChoosePersonForm(request.POST, people=PeopleOptions(managed.customer))
    _add_member(request, form, lambda: (managed, form.cleaned_data["person"]))
    return redirect("portals:team", customer, team)


@require_POST
def team_member_remove(
    request: PersonRequest, customer: str, team: UUID, person: UUID
) -> HttpResponse:
    """Remove a person from the team, from the team's page."""
    _remove_member(request, customer, team, person)
    return redirect("portals:team", customer, team)


@require_POST
def person_team_add(request: PersonRequest, customer: str, person: UUID) -> HttpResponse:
    """Add a person to a team, from the person's page."""
    membership = managed_membership(request, customer, person)
    form = ChooseTeamForm(request.POST, teams=TeamOptions(membership.customer))
    _add_member(request, form, lambda: (form.cleaned_data["team"], membership))
    return redirect("portals:person-teams", customer, person)


@require_POST
def person_team_remove(
    request: PersonRequest, customer: str, person: UUID, team: UUID
) -> HttpResponse:
    """Remove a person from a team, from the person's page."""
    _remove_member(request, customer, team, person)
    return redirect("portals:person-teams", customer, person)


def _add_member(
    request: PersonRequest, form: JoiningForm, chosen: Callable[[], tuple[Team, Membership]]
) -> None:
    """Add a person to a team; `chosen` reads both from the valid form."""

    def add() -> tuple[Team, Membership]:
        team, membership = chosen()
        services.add_to_team(
            actor=request.user,
            team=team,
            membership=membership,
            reason=form.cleaned_data["reason"],
            signed_in_at=signed_in_at(request),
        )
        return team, membership

    success = submit_button(request, form, add)
    if success:
        team, membership = success.result
        message = _("%(person)s is now in the team %(team)s.")
        messages.success(request, message % {"person": membership, "team": team})


def _remove_member(request: PersonRequest, customer: str, team: UUID, person: UUID) -> None:
    managed = managed_team(request, customer, team)
    membership = managed_membership(request, customer, person)
    run_action(
        request,
        lambda: services.remove_from_team(actor=request.user, team=managed, membership=membership),
        _("%(person)s is no longer in the team %(team)s and no longer has its access.")
        % {"person": membership, "team": managed},
        offer_undo,
    )
