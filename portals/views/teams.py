"""One team: who is in it, and what it may do in every portal."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.http import PersonRequest
from accounts.models import Team
from accounts.selectors import page_of, people_in, people_of
from accounts.services.teams import delete_team
from accounts.views.rings import managed_team, press
from accounts.views.undo import offer_undo
from portals.forms.grants import GrantForm
from portals.models import Resource, TeamGrant
from portals.selectors.resources import resource_by_key
from portals.selectors.rights import grants_of_team
from portals.views import holders

PEOPLE = 500  # people a plain select still serves


@require_safe
def team(request: PersonRequest, customer: str, team: UUID) -> HttpResponse:
    """Who is in a team, and where each of its rights comes from."""
    found = managed_team(request, customer, team)
    resource = resource_by_key(found.customer, request.GET.get("resource"))
    form = GrantForm(resource=resource) if resource else None
    return _render_team(request, found, resource, form)


def _render_team(
    request: PersonRequest, team: Team, resource: Resource | None, form: GrantForm | None
) -> HttpResponse:
    company = team.customer
    context = holders.grant_form(request, company, team, resource, form) | {"team": team}
    if request.htmx and request.method == "GET":
        return render(request, "portals/_give_right.html", context)
    who = holders.searched(request.GET.get("who", ""))
    people = list(people_of(company, search=who).exclude(team_memberships__team=team)[: PEOPLE + 1])
    context |= {
        "manages": True,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "sections": holders.rights_by_portal(team, company, request.GET.get("all")),
        "page": page_of(
            people_in(team),
            among=company.memberships.all(),
            order=("search_name", "pk"),
            after=request.GET.get("after", ""),
        ),
        "people": people[:PEOPLE],
        "more_people": len(people) > PEOPLE,
        "who": who,
    }
    return render(request, "portals/team.html", context)


@require_POST
def team_grant_give(request: PersonRequest, customer: str, team: UUID) -> HttpResponse:
    """Give the team one privilege on one resource."""
    found = managed_team(request, customer, team)
    resource = resource_by_key(found.customer, request.POST.get("resource"))
    if resource is None:
        messages.error(request, _("Choose what the right is about."))
        return redirect("portals:team", customer, team)
    form = GrantForm(request.POST, resource=resource)
    if holders.give(request, found, resource, form):
        return redirect("portals:team", customer, team)
    return _render_team(request, found, resource, form)


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
    holders.take(request, found, row)
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
    deleted = press(
        request,
        lambda: delete_team(actor=request.user, team=found),
        _("The team %(team)s is deleted, and what came through it has ended.") % {"team": found},
        offer_undo,
    )
    if deleted:
        return redirect("accounts:teams", customer)
    return redirect("portals:team", customer, team)
