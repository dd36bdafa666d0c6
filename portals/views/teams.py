"""One team: who is in it, and what it may do in every portal."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.selectors import page_of, people_in, people_of
from accounts.services.teams import delete_team
from accounts.views.access import managed_team, run_action
from accounts.views.undo import offer_undo
from portals.models import TeamGrant
from portals.selectors.effective_access import grants_of_team
from portals.views import permission_matrix
from portals.views.drafts import load_draft
from portals.views.grant_changes import pending_context

PEOPLE = 500  # people a plain select still serves


@require_safe
def team(request: PersonRequest, customer: str, team: UUID) -> HttpResponse:
    """Who is in a team; what it may do, where each right comes from, and changing it."""
    found = managed_team(request, customer, team)
    company = found.customer
    draft = load_draft(request, company, found)
    who = permission_matrix.searched(request.GET.get("who", ""))
    people = list(
        people_of(company, search=who).exclude(team_memberships__team=found)[: PEOPLE + 1]
    )
    context = {
        "team": found,
        "grantee": found,
        "manages": True,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "inside": page_of(
            people_in(found),
            among=company.memberships.all(),
            order=("search_name", "pk"),
            after=request.GET.get("inside", ""),
        ),
        "people": people[:PEOPLE],
        "more_people": len(people) > PEOPLE,
        "who": who,
        **permission_matrix.permission_matrix(request, company, found, draft, manages=True),
        **pending_context(company, found, draft),
    }
    return render(request, "portals/team.html", context)


@require_POST
def team_grant_revoke(
    request: PersonRequest, customer: str, team: UUID, grant: int
) -> HttpResponse:
    """Take one grant away from the team."""
    found = managed_team(request, customer, team)
    row = get_object_or_404(
        TeamGrant.objects.select_related("content_object__subscription__customer"),
        pk=grant,
        group=found.group_id,
        content_object__subscription__customer=found.customer,
    )
    permission_matrix.remove_grant(request, found, row)
    return redirect("portals:team", customer, team)


@require_http_methods(["GET", "HEAD", "POST"])
def team_delete(request: PersonRequest, customer: str, team: UUID) -> HttpResponse:
    """End a team, after a page that says what stops."""
    found = managed_team(request, customer, team)
    if request.method != "POST":
        context = {
            "customer": found.customer,
            "team": found,
            "people": people_in(found).count(),
            "rights": grants_of_team(found).count(),
            "may_act": found.customer.status == CustomerStatus.ACTIVE,
        }
        return render(request, "portals/team_delete.html", context)
    deleted = run_action(
        request,
        lambda: delete_team(actor=request.user, team=found),
        _("The team %(team)s is deleted, and what came through it has ended.") % {"team": found},
        offer_undo,
    )
    if deleted:
        return redirect("accounts:teams", customer)
    return redirect("portals:team", customer, team)
