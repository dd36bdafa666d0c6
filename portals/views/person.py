"""A person's access in all portals: each permission with its source, and changing it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.choices import CustomerStatus
from accounts.forms import ChooseTeamForm
from accounts.http import PersonRequest
from accounts.models import Membership
from accounts.selectors import is_super_user, sent_invitations_of, teams_with, teams_without
from accounts.views.access import managed_membership, visible_customer
from portals.models import PersonGrant
from portals.selectors.grant_changes import Draft
from portals.views import permission_matrix
from portals.views.drafts import load_draft
from portals.views.grant_changes import pending_context


@require_safe
def person(request: PersonRequest, customer: str, person: str) -> HttpResponse:
    """Show everything a person may do in every portal, and where it comes from.

    A Super User sees everyone of the company and changes access here; others see themselves.
    """
    company = visible_customer(request, customer)
    manages = is_super_user(request.user, company)
    if not manages and str(person) != str(request.user.sub):
        raise PermissionDenied  # before the query, so that nobody learns who is a colleague
    membership = get_object_or_404(
        Membership.objects.present().select_related("user", "customer"),
        customer=company,
        user__sub=person,
    )
    draft = load_draft(request, company, membership) if manages else Draft()
    context: dict[str, Any] = {
        "customer": company,
        "membership": membership,
        "grantee": membership,
        "person": membership.user,
        "manages": manages,
        "is_main": company.main_super_user_id == membership.pk,
        "may_act": company.status == CustomerStatus.ACTIVE,
        "teams": teams_with(membership),
        **permission_matrix.permission_matrix(request, company, membership, draft, manages=manages),
    }
    if manages:
        others = teams_without(membership)
        context["joining"] = ChooseTeamForm(teams=others, auto_id="join_%s") if others else None
        context["sent_invitations"] = sent_invitations_of(membership)
        context |= pending_context(company, membership, draft)
    return render(request, "portals/person.html", context)


@require_POST
def grant_revoke(request: PersonRequest, customer: str, person: str, grant: int) -> HttpResponse:
    """Revoke a grant of the person."""
    membership = managed_membership(request, customer, person)
    person_grant = get_object_or_404(
        PersonGrant.objects.select_related("content_object__subscription__customer"),
        pk=grant,
        user=membership.user,
        content_object__subscription__customer=membership.customer,
    )
    permission_matrix.remove_grant(request, membership, person_grant)
    return redirect("portals:person", customer, person)
