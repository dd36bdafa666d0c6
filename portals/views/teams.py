"""The page of one team: its members and its access in every portal."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.selectors import page_of, people_in, people_of
from accounts.services.teams import delete_team
from accounts.views.access import managed_team
from accounts.views.actions import run_action
from accounts.views.undo import offer_undo
from portals.models import TeamGrant
from portals.selectors.effective_access import grants_of_team
from portals.views import permission_matrix
from portals.views.drafts import load_draft
from portals.views.grant_changes import pending_context

MAX_OPTIONS = 500  # people in a select; where there are more, a search narrows them


@require_safe
def team(request: PersonRequest, customer: str, team: UUID) -> HttpResponse:
    """Show a team: its members, its access with the source of each grant, and changing both."""
    managed = managed_team(request, customer, team)
    company = managed.customer
    draft = load_draft(request, company, managed)
    who = permission_matrix.clean_search(request.GET.get("who", ""))
    others = people_of(company, search=who).exclude(team_memberships__team=managed)
    people = list(others[: MAX_OPTIONS + 1])
    context = {
        "team": managed,
        "grantee": managed,
        "manages": True,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "members": page_of(
            people_in(managed),
            among=company.memberships.all(),
            order=("search_name", "pk"),
            after=request.GET.get("members", ""),
        ),
        "people": people[:MAX_OPTIONS],
        "more_people": len(people) > MAX_OPTIONS,
        "who": who,
        **permission_matrix.permission_matrix(request, company, managed, draft, manages=True),
        **pending_context(company, managed, draft),
    }
    return render(request, "portals/team.html", context)


@require_POST
def team_grant_revoke(
    request: PersonRequest, customer: str, team: UUID, grant: int
) -> HttpResponse:
    """Revoke a grant of the team."""
    managed = managed_team(request, customer, team)
    team_grant = get_object_or_404(
        TeamGrant.objects.select_related("content_object__subscription__customer"),
        pk=grant,
        group=managed.group_id,
        content_object__subscription__customer=managed.customer,
    )
    permission_matrix.remove_grant(request, managed, team_grant)
    return redirect("portals:team", customer, team)


@require_http_methods(["GET", "HEAD", "POST"])
def team_delete(request: PersonRequest, customer: str, team: UUID) -> HttpResponse:
    """Delete a team, after a page that says what stops."""
    managed = managed_team(request, customer, team)
    if request.method != "POST":
        context = {
            "customer": managed.customer,
            "team": managed,
            "people": people_in(managed).count(),
            "rights": grants_of_team(managed).count(),
            "may_act": managed.customer.status == CustomerStatus.ACTIVE,
        }
        return render(request, "portals/team_delete.html", context)
    deleted = run_action(
        request,
        lambda: delete_team(actor=request.user, team=managed),
        _("The team %(team)s is deleted, and what came through it has ended.") % {"team": managed},
        offer_undo,
    )
    if deleted:
        return redirect("accounts:teams", customer)
    return redirect("portals:team", customer, team)
