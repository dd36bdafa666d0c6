"""Bulk actions on people: a page that says what the action means, then the action."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import StrictForm, first_error
from accounts.http import PersonRequest
from accounts.models import Customer, Invitation, Membership, TeamMembership
from accounts.selectors import people_of, sent_invitations_of
from accounts.services import bulk
from accounts.views.access import managed_customer
from accounts.views.actions import submit
from accounts.views.undo import offer_undo
from portals.forms.people import (
    PERSON_NOT_FOUND,
    BulkActionForm,
    BulkGrantForm,
    BulkRemoveForm,
    BulkTeamForm,
    PeopleForm,
)
from portals.models import PersonGrant
from portals.selectors.portal_access import portals_containing, portals_without_access
from portals.selectors.resources import by_type, resource_by_key, resources_of
from portals.services.bulk import grant_to_people
from portals.views.people_list import people_url
from portals.views.permission_matrix import MAX_OPTIONS, clean_search


@dataclass(frozen=True)
class Selection:
    """The people that were ticked, and the resource of a grant."""

    customer: Customer
    people: list[Membership]
    resource: Any  # None until it is chosen


FormFactory = Callable[[Any, Selection], StrictForm]
Service = Callable[[PersonRequest, Selection, StrictForm], list[Any]]
Message = Callable[[int], str]  # given the number of people


@require_http_methods(["GET", "HEAD", "POST"])
def people_bulk_action(request: PersonRequest, customer: str, act: str) -> HttpResponse:
    """Show what a bulk action means for the selected people; posted, carry it out.

    The query string keeps the filter of the people list, for the way back.
    """
    company = managed_customer(request, customer)
    if act not in _BULK_ACTIONS:
        raise Http404
    make_form, service, message = _BULK_ACTIONS[act]
    data = request.POST if request.method == "POST" else request.GET
    people_filter = PeopleForm(request.GET, customer=company)
    people, refusal = _selected_people(company, data.getlist("person"))
    page_query = [("after", after)] if (after := request.GET.get("after")) else []
    back = people_url(
        company,
        people_filter,
        *page_query,
        *(("person", membership.user.sub) for membership in people),
    )
    if refusal:
        messages.error(request, refusal)
        return redirect(back)
    if act == "remove" and len(people) == 1:
        return redirect("accounts:person-remove", customer, people[0].user.sub)
    selection = Selection(company, people, resource_by_key(company, data.get("resource")))
    form = None
    if request.method == "POST" and act == "grant" and selection.resource is None:
        messages.error(request, _("This resource no longer exists."))
    if act != "grant" or selection.resource is not None:
        form = make_form(request.POST if request.method == "POST" else None, selection)
    if form is not None:
        success = submit(form, partial(service, request, selection, form))
        if success:
            removed = success.result if act == "remove" else []
            offer_undo(request, message(len(people)) % {"count": len(people)}, *removed)
            return redirect(people_url(company, people_filter))
    context = {
        "customer": company,
        "act": act,
        "people": people,
        "senders": _senders(people) if act in ("suspend", "remove") else [],
        "form": form,
        "back": back,
        "kept": [*people_filter.kept(), *page_query],
        "filter_query": urlencode([*people_filter.kept(), *page_query]),
        "may_act": company.status == CustomerStatus.ACTIVE,
        **_action_context(request, act, selection),
    }
    return render(request, "portals/people_bulk_action.html", context)


def _senders(people: list[Membership]) -> list[tuple[Membership, list[Invitation]]]:
    """Return the Super Users among them with the invitations that would stop working."""
    sent = ((row, list(sent_invitations_of(row))) for row in people if row.is_super_user)
    return [(membership, invitations) for membership, invitations in sent if invitations]


def _selected_people(company: Customer, ids: list[str]) -> tuple[list[Membership], str]:
    """Return the people with these ids, by name, and the refusal where the selection is invalid.

    A former member, a stranger and an invalid id get the same refusal: it reveals nothing.
    """
    form = BulkActionForm({"person": ids})
    if not form.is_valid():
        return [], first_error(form)
    subs = form.cleaned_data["person"]
    if len(subs) > bulk.MAX_AT_ONCE:
        return [], first_error(bulk.too_many())
    people = list(people_of(company).filter(user__sub__in=subs))
    return people, "" if len(people) == len(subs) else str(PERSON_NOT_FOUND)


def _action_context(request: PersonRequest, act: str, selection: Selection) -> dict[str, Any]:
    """Return what the page of this action shows besides the names."""
    if act == "remove":
        users = [membership.user_id for membership in selection.people]
        of_company = {"content_object__subscription__customer": selection.customer}
        teams = TeamMembership.objects.filter(membership__in=selection.people)
        return {
            "rights": PersonGrant.objects.filter(user__in=users, **of_company).count(),
            "teams": teams.values("team").distinct().count(),
        }
    if act == "grant":
        find = clean_search(request.GET.get("find", ""))
        choices = list(resources_of(selection.customer, search=find)[: MAX_OPTIONS + 1])
        return {
            "resource": selection.resource,
            "find": find,
            "grouped_choices": by_type(choices[:MAX_OPTIONS]),
            "too_many": len(choices) > MAX_OPTIONS,
            "without_access": _without_portal_access(selection) if selection.resource else [],
        }
    return {}


def _without_portal_access(selection: Selection) -> list[Membership]:
    """Return the people who cannot open the portal of the resource."""
    closed = portals_without_access(
        selection.people, portals_containing(selection.customer, selection.resource)
    )
    return [membership for membership in selection.people if closed[membership]]


def _shared(request: PersonRequest, selection: Selection) -> dict[str, Any]:
    return {"actor": request.user, "customer": selection.customer, "people": selection.people}


def _suspend(request: PersonRequest, selection: Selection, form: StrictForm) -> list[Any]:
    return bulk.suspend_people(**_shared(request, selection))


def _restore(request: PersonRequest, selection: Selection, form: StrictForm) -> list[Any]:
    return bulk.restore_people(**_shared(request, selection))


def _remove(request: PersonRequest, selection: Selection, form: StrictForm) -> list[Any]:
    return bulk.remove_people(
        **_shared(request, selection),
        confirmation_name=form.cleaned_data["confirmation_name"],
        signed_in_at=signed_in_at(request),
    )


def _add_to_team(request: PersonRequest, selection: Selection, form: Any) -> list[Any]:
    return bulk.add_people_to_team(
        **_shared(request, selection),
        team=form.cleaned_data["team"],
        reason=form.cleaned_data["reason"],
        signed_in_at=signed_in_at(request),
    )


def _grant(request: PersonRequest, selection: Selection, form: Any) -> list[Any]:
    return grant_to_people(
        **_shared(request, selection),
        privilege=form.cleaned_data["privilege"],
        resource=selection.resource,
        terms=form.terms(),
        signed_in_at=signed_in_at(request),
        let_in=form.cleaned_data["let_in"],
    )


def _action_form(data: Any, selection: Selection) -> StrictForm:
    return BulkActionForm(data)


def _remove_form(data: Any, selection: Selection) -> StrictForm:
    return BulkRemoveForm(data)


def _team_form(data: Any, selection: Selection) -> StrictForm:
    return BulkTeamForm(data, customer=selection.customer)


def _grant_form(data: Any, selection: Selection) -> StrictForm:
    return BulkGrantForm(data, resource=selection.resource)


def _suspended(count: int) -> str:
    return ngettext(
        "%(count)s person is suspended and has been told.",
        "%(count)s people are suspended and have been told.",
        count,
    )


def _restored(count: int) -> str:
    return ngettext(
        "%(count)s person can work again and has been told.",
        "%(count)s people can work again and have been told.",
        count,
    )


def _removed(count: int) -> str:
    return ngettext(
        "%(count)s person no longer belongs to the company.",
        "%(count)s people no longer belong to the company.",
        count,
    )


def _added(count: int) -> str:
    return ngettext("%(count)s person is in the team.", "%(count)s people are in the team.", count)


def _granted(count: int) -> str:
    return ngettext(
        "%(count)s person has this right now.", "%(count)s people have this right now.", count
    )


_BULK_ACTIONS: dict[str, tuple[FormFactory, Service, Message]] = {
    "suspend": (_action_form, _suspend, _suspended),
    "restore": (_action_form, _restore, _restored),
    "remove": (_remove_form, _remove, _removed),
    "team": (_team_form, _add_to_team, _added),
    "grant": (_grant_form, _grant, _granted),
}
