"""The page of one team: its members and its access in every portal."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.choices import CustomerStatus
from accounts.forms import ChoosePersonForm, ChooseTeamsForm, first_error
from accounts.http import PersonRequest
from accounts.models import TeamMembership
from accounts.selectors import count_people_in
from accounts.selectors.options import PeopleOptions
from accounts.selectors.teams import members_page
from accounts.services.teams import delete_team, delete_teams
from accounts.views.access import managed_customer, managed_team
from accounts.views.actions import run_action, submit_button
from accounts.views.undo import offer_undo
from portals.models import TeamGrant
from portals.selectors.access_rows import access_of
from portals.selectors.effective_access import grants_of_team
from portals.selectors.grantees import grantee_key
from portals.views.rows import add_addresses, marked_in


@require_safe
def team(request: PersonRequest, customer: str, team: UUID) -> HttpResponse:
    """Show a team: its members, its access with the source of each grant, and changing both."""
    managed = managed_team(request, customer, team)
    company = managed.customer
    access = access_of(managed, after=request.GET.get("after", ""), marked=marked_in(request))
    add_addresses(company, access.rows)
    others = PeopleOptions(company, outside=str(managed.uuid))
    adding = ChoosePersonForm(people=others, auto_id="add_%s") if others.has_any() else None
    context = {
        "team": managed,
        "grantee_key": grantee_key(managed),
        "access": access,
        "page": access.page,
        "customer": company,
        "manages": True,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "members": members_page(managed, request.GET.get("members", "")),
        "adding": adding,
    }
    return render(request, "portals/team.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def teams_delete(request: PersonRequest, customer: str) -> HttpResponse:
    """Delete the teams that are ticked in the list, after a page that says what stops."""
    company = managed_customer(request, customer)
    data = request.POST if request.method == "POST" else request.GET
    form = ChooseTeamsForm(data, customer=company)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect("accounts:teams", customer)
    chosen = list(form.cleaned_data["team"])
    if request.method == "POST":
        success = submit_button(
            request,
            form,
            lambda: delete_teams(actor=request.user, customer=company, teams=chosen),
        )
        if success:
            count = len(success.result)
            message = ngettext(
                "%(count)s team is deleted, and the access through it has ended.",
                "%(count)s teams are deleted, and the access through them has ended.",
                count,
            )
            offer_undo(request, message % {"count": count}, *success.result)
        return redirect("accounts:teams", customer)
    context = {
        "customer": company,
        "teams": chosen,
        "people": TeamMembership.objects.filter(team__in=chosen).count(),
        "permissions": TeamGrant.objects.filter(group__team__in=chosen).count(),
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "portals/teams_delete.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def team_delete(request: PersonRequest, customer: str, team: UUID) -> HttpResponse:
    """Delete a team, after a page that says what stops."""
    managed = managed_team(request, customer, team)
    if request.method != "POST":
        context = {
            "customer": managed.customer,
            "team": managed,
            "people": count_people_in(managed),
            "privileges": grants_of_team(managed.group_id).count(),
            "may_act": managed.customer.status == CustomerStatus.ACTIVE,
        }
        return render(request, "portals/team_delete.html", context)
    deleted = run_action(
        request,
        lambda: delete_team(actor=request.user, team=managed),
        _("The team %(team)s is deleted, and the access through it has ended.") % {"team": managed},
        offer_undo,
    )
    if deleted:
        return redirect("accounts:teams", customer)
    return redirect("portals:team", customer, team)
