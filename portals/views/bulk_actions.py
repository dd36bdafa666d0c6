"""Bulk actions on people: a page that says what the action means, then the action."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
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
    BulkRemoveForm,
    BulkTeamForm,
    PeopleForm,
)
from portals.models import PersonGrant
from portals.selectors.grantees import grantee_key
from portals.views.people_list import people_url

GIVE_ACCESS = "give-access"  # goes on to the form, with the ticked people


@dataclass(frozen=True)
class Selection:
    """The people that were ticked."""

    customer: Customer
    people: list[Membership]


FormFactory = Callable[[Any, Selection], StrictForm]
Service = Callable[[PersonRequest, Selection, StrictForm], list[Any]]
Message = Callable[[int], str]  # given the number of people


@require_http_methods(["GET", "HEAD", "POST"])
def people_bulk_action(request: PersonRequest, customer: str, act: str) -> HttpResponse:
    """Show what a bulk action means for the selected people; posted, carry it out.

    The query string keeps the filter of the people list, for the way back.
    """
    company = managed_customer(request, customer)
    if act not in (*_BULK_ACTIONS, GIVE_ACCESS):
        raise Http404
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
    if act == GIVE_ACCESS:
        chosen = [("to", grantee_key(membership)) for membership in people]
        url = reverse("portals:give-access", args=[customer])
        return redirect(f"{url}?{urlencode([*chosen, ('next', back)])}")
    make_form, service, message = _BULK_ACTIONS[act]
    selection = Selection(company, people)
    form = make_form(request.POST if request.method == "POST" else None, selection)
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
        **_action_context(act, selection),
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


def _action_context(act: str, selection: Selection) -> dict[str, Any]:
    """Return what the page of this action shows besides the names."""
    if act == "remove":
        users = [membership.user_id for membership in selection.people]
        of_company = {"content_object__subscription__customer": selection.customer}
        teams = TeamMembership.objects.filter(membership__in=selection.people)
        return {
            "privileges": PersonGrant.objects.filter(user__in=users, **of_company).count(),
            "teams": teams.values("team").distinct().count(),
        }
    return {}


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


def _action_form(data: Any, selection: Selection) -> StrictForm:
    return BulkActionForm(data)


def _remove_form(data: Any, selection: Selection) -> StrictForm:
    return BulkRemoveForm(data)


def _team_form(data: Any, selection: Selection) -> StrictForm:
    return BulkTeamForm(data, customer=selection.customer)


def _suspended(count: int) -> str:
    return ngettext(
        "%(count)s person can no longer use any portal of the company. We told them by email.",
        ("%(count)s people can no longer use any portal of the company. We told them by email."),
        count,
    )


def _restored(count: int) -> str:
    return ngettext(
        "%(count)s person can use the company's portals again. We told them by email.",
        ("%(count)s people can use the company's portals again. We told them by email."),
        count,
    )


def _removed(count: int) -> str:
    return ngettext(
        "%(count)s person no longer belongs to the company.",
        "%(count)s people no longer belong to the company.",
        count,
    )


def _added(count: int) -> str:
    return ngettext(
        "%(count)s person is now in the team.", "%(count)s people are now in the team.", count
    )


_BULK_ACTIONS: dict[str, tuple[FormFactory, Service, Message]] = {
    "suspend": (_action_form, _suspend, _suspended),
    "restore": (_action_form, _restore, _restored),
    "remove": (_remove_form, _remove, _removed),
    "team": (_team_form, _add_to_team, _added),
}
