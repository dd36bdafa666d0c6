"""What is done to several people at once: a page that says what it means, then the act."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import StrictForm, first_error
from accounts.http import PersonRequest
from accounts.models import Customer, Membership, TeamMembership
from accounts.selectors import people_of
from accounts.services import bulk
from accounts.views.access import managed_customer
from accounts.views.undo import offer_undo
from portals.forms.people import (
    SOMEBODY_GONE,
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
from portals.views.people_list import people_address
from portals.views.permission_matrix import CHOICES, searched


@dataclass(frozen=True)
class Selection:
    """Those ticked, and what the act is about."""

    customer: Customer
    people: list[Membership]
    resource: Any  # the thing a right is about, once it is chosen


Form = Callable[[Any, Selection], StrictForm]
Do = Callable[[PersonRequest, Selection, StrictForm], list[Any]]


@require_http_methods(["GET", "HEAD", "POST"])
def people_bulk_action(request: PersonRequest, customer: str, act: str) -> HttpResponse:
    """Say what the act means for those selected in the list; posted, do it.

    The address keeps what the list was narrowed to, for the way back.
    """
    company = managed_customer(request, customer)
    if act not in _ACTS:
        raise Http404
    make_form, do, said = _ACTS[act]
    given = request.POST if request.method == "POST" else request.GET
    people_filter = PeopleForm(request.GET, customer=company)
    people, why_not = _those_selected(company, given.getlist("person"))
    place = [("after", after)] if (after := request.GET.get("after")) else []
    back = people_address(
        company, people_filter, *place, *(("person", one.user.sub) for one in people)
    )
    if why_not:
        messages.error(request, why_not)
        return redirect(back)
    if act == "remove" and len(people) == 1:
        return redirect("accounts:person-remove", customer, people[0].user.sub)
    selected = Selection(company, people, resource_by_key(company, given.get("resource")))
    form = None
    if request.method == "POST" and act == "grant" and selected.resource is None:
        messages.error(request, _("This resource no longer exists."))
    if act != "grant" or selected.resource is not None:
        form = make_form(request.POST if request.method == "POST" else None, selected)
    if form is not None and form.is_valid():
        try:
            done = do(request, selected, form)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            removed = done if act == "remove" else []
            offer_undo(request, said(len(people)) % {"count": len(people)}, *removed)
            return redirect(people_address(company, people_filter))
    context = {
        "customer": company,
        "act": act,
        "people": people,
        "form": form,
        "back": back,
        "kept": [*people_filter.kept(), *place],
        "people_filter": urlencode([*people_filter.kept(), *place]),
        "may_act": company.status == CustomerStatus.ACTIVE,
        **_about(request, act, selected),
    }
    return render(request, "portals/people_bulk_action.html", context)


def _those_selected(company: Customer, ids: list[str]) -> tuple[list[Membership], str]:
    """The people of these ids, by name; and why nothing can be done to them, if so.

    Gone meanwhile, never anybody of this company, no id at all: the same sentence for each.
    """
    selection = BulkActionForm({"person": ids})
    if not selection.is_valid():
        return [], first_error(selection)
    wanted = selection.cleaned_data["person"]
    if len(wanted) > bulk.MOST_AT_ONCE:
        return [], first_error(bulk.too_many())
    people = list(people_of(company).filter(user__sub__in=wanted))
    return people, "" if len(people) == len(wanted) else str(SOMEBODY_GONE)


def _about(request: PersonRequest, act: str, selected: Selection) -> dict[str, Any]:
    """What the page of this act shows beside the names."""
    if act == "remove":
        users = [one.user_id for one in selected.people]
        of_company = {"content_object__subscription__customer": selected.customer}
        teams = TeamMembership.objects.filter(membership__in=selected.people)
        return {
            "rights": PersonGrant.objects.filter(user__in=users, **of_company).count(),
            "teams": teams.values("team").distinct().count(),
        }
    if act == "grant":
        find = searched(request.GET.get("find", ""))
        choices = list(resources_of(selected.customer, search=find)[: CHOICES + 1])
        return {
            "resource": selected.resource,
            "find": find,
            "grouped_choices": by_type(choices[:CHOICES]),
            "too_many": len(choices) > CHOICES,
            "outside": _shut_out(selected) if selected.resource is not None else [],
        }
    return {}


def _shut_out(selected: Selection) -> list[Membership]:
    """Those who cannot open the portal this thing is in."""
    closed = portals_without_access(
        selected.people, portals_containing(selected.customer, selected.resource)
    )
    return [one for one in selected.people if closed[one]]


def _shared(request: PersonRequest, selected: Selection) -> dict[str, Any]:
    return {"actor": request.user, "customer": selected.customer, "people": selected.people}


def _suspend(request: PersonRequest, selected: Selection, form: StrictForm) -> list[Any]:
    return bulk.suspend_people(**_shared(request, selected))


def _restore(request: PersonRequest, selected: Selection, form: StrictForm) -> list[Any]:
    return bulk.restore_people(**_shared(request, selected))


def _remove(request: PersonRequest, selected: Selection, form: StrictForm) -> list[Any]:
    return bulk.remove_people(
        **_shared(request, selected),
        confirmation_name=form.cleaned_data["confirmation_name"],
        signed_in_at=signed_in_at(request),
    )


def _add_to_team(request: PersonRequest, selected: Selection, form: Any) -> list[Any]:
    return bulk.add_people_to_team(
        **_shared(request, selected),
        team=form.cleaned_data["team"],
        reason=form.cleaned_data["reason"],
        signed_in_at=signed_in_at(request),
    )


def _grant(request: PersonRequest, selected: Selection, form: Any) -> list[Any]:
    return grant_to_people(
        **_shared(request, selected),
        privilege=form.cleaned_data["privilege"],
        resource=selected.resource,
        terms=form.terms(),
        signed_in_at=signed_in_at(request),
        let_in=form.cleaned_data["let_in"],
    )


def _plain(data: Any, selected: Selection) -> StrictForm:
    return BulkActionForm(data)


def _with_name(data: Any, selected: Selection) -> StrictForm:
    return BulkRemoveForm(data)


def _with_team(data: Any, selected: Selection) -> StrictForm:
    return BulkTeamForm(data, customer=selected.customer)


def _with_right(data: Any, selected: Selection) -> StrictForm:
    return BulkGrantForm(data, resource=selected.resource)


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


def _given(count: int) -> str:
    return ngettext(
        "%(count)s person has this right now.", "%(count)s people have this right now.", count
    )


_ACTS: dict[str, tuple[Form, Do, Callable[[int], str]]] = {
    "suspend": (_plain, _suspend, _suspended),
    "restore": (_plain, _restore, _restored),
    "remove": (_with_name, _remove, _removed),
    "team": (_with_team, _add_to_team, _added),
    "grant": (_with_right, _grant, _given),
}
