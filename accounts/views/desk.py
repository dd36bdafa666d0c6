"""The support desk: its home, and the page of a person with the agent's open case."""

from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.choices import SUFFICIENT_FOR, CaseOutcome, FactorType, SupportAct
from accounts.forms import SearchForm, StrictForm, first_error
from accounts.forms.desk import (
    CallerCodeForm,
    CloseCaseForm,
    CorrectInvitationForm,
    InvitationForm,
    LostFactorForm,
    NewAddressForm,
    OpenCaseForm,
    ReferenceForm,
)
from accounts.http import PersonRequest
from accounts.models import Customer, Invitation, SupportCase, User
from accounts.permissions import require_desk
from accounts.selectors import desk_acts_on, memberships_of, sentence_of, sign_in_status_of
from accounts.selectors.company_sign_in import sign_in_for_address, sign_in_of_person
from accounts.selectors.delays import delayed_acts_of
from accounts.selectors.desk_search import find_callers
from accounts.selectors.factors import factors_of
from accounts.selectors.people import current_memberships
from accounts.selectors.requests import open_requests_of_person
from accounts.selectors.support import (
    MAX_CASES,
    case_on_page,
    cases_to_do,
    desk_figures,
    former_cases_of,
    invitations_to_correct,
    invitations_to_resend,
    last_sign_ins,
    open_case_of,
)
from accounts.services import support
from accounts.signals import desk_person_shown
from accounts.views.actions import submit
from accounts.views.charts import days_chart

MIN_SEARCH_LENGTH = 2


@require_safe
def desk(request: PersonRequest) -> HttpResponse:
    """Find a person among all customers, and see the desk's work. Nobody is listed unasked."""
    require_desk(request.user, signed_in_at(request))
    form = SearchForm(request.GET)
    search = form.text
    page = None
    if len(search) >= MIN_SEARCH_LENGTH:
        page = find_callers(search, after=request.GET.get("after", ""))
    context: dict[str, Any] = {"form": form, "search": search, "page": page}
    if page is None:
        cases = cases_to_do(after=request.GET.get("after", ""))
        context["cases"] = cases
        if cases.is_first:
            figures = desk_figures()
            chart = days_chart(figures.by_day, _("Cases opened by day"), _("Cases"))
            context |= {"figures": figures, "chart": chart}
    fragment = "#found" if request.htmx else ""
    return render(request, f"accounts/desk.html{fragment}", context)


@require_safe
def desk_person(request: PersonRequest, person: UUID) -> HttpResponse:
    """Show what the desk may know about a person, and the agent's open case."""
    require_desk(request.user, signed_in_at(request))
    found = get_object_or_404(User, sub=person)
    support.record_look(actor=request.user, person=found)
    return person_page(request, found)


@require_POST
def desk_open_case(request: PersonRequest, person: UUID) -> HttpResponse:
    """Open a case, and verify its caller where they read a code."""
    require_desk(request.user, signed_in_at(request))
    found = get_object_or_404(User, sub=person)
    form = OpenCaseForm(request.POST, companies=_companies_of(found))
    success = submit(
        form,
        lambda: support.open_case(
            actor=request.user,
            person=found,
            customer=form.cleaned_data.get("customer"),
            ticket=form.cleaned_data["ticket"],
            reason=form.cleaned_data["reason"],
        ),
    )
    if success is None:
        return person_page(request, found, opening=form)
    if code := form.cleaned_data["code"]:
        check_code(request, success.result, CallerCodeForm({"code": code}))
    else:
        messages.success(request, _("The case is open. Verify the caller now."))
    return redirect("accounts:desk-person", person)


def check_code(request: PersonRequest, case: SupportCase, form: CallerCodeForm) -> None:
    """Verify the caller by a code, and say whether it was right."""
    success = submit(
        form,
        lambda: support.verify_by_code(
            actor=request.user, case=case, code=form.cleaned_data["code"]
        ),
    )
    if success and success.result:
        messages.success(request, _("The caller is verified by the code."))
    elif success:
        messages.error(request, _("The code is wrong, used or too old. Ask for a new one."))
    else:
        messages.error(request, first_error(form))


def person_page(request: PersonRequest, person: User, **bound: StrictForm) -> HttpResponse:
    """Show a person; `bound` are the forms that were refused, by name."""
    case = open_case_of(request.user, person)
    entries = desk_acts_on(person)[:10]
    delayed_acts = delayed_acts_of(person)
    context: dict[str, Any] = {
        "person": person,
        "access": sign_in_status_of(person),
        "factors": factors_of(person),
        "factor_names": [name for _key, name in _named(person)],
        "sign_ins": last_sign_ins(person),
        "own_sign_in": sign_in_for_address(person.email),
        "is_bound": sign_in_of_person(person) is not None,
        "memberships": current_memberships(person),
        "off_limits": person.is_staff or person.pk == request.user.pk,
        "entries": [(event, sentence_of(event)) for event in entries],
        "waiting": open_requests_of_person(person),
        "delayed_acts": delayed_acts,
        "waiting_kinds": {delayed.act for delayed in delayed_acts},
        "invited": Invitation.objects.open().filter(address=person.email)[:MAX_CASES],
        "panels": [
            panel for _receiver, panel in desk_person_shown.send(User, person=person) if panel
        ],
        "cases": former_cases_of(person, but=case),
    }
    if case is None:
        context["opening"] = bound.get("opening") or OpenCaseForm(companies=_companies_of(person))
    else:
        context |= _case_context(case, bound)
    return render(request, "accounts/desk_person.html", context)


def lost_factor_form(person: User, data: Any = None) -> LostFactorForm:
    """Return the form that names a lost factor, by kind and name."""
    return LostFactorForm(data, factors=_named(person))


def invitation_form(person: User, data: Any = None) -> InvitationForm:
    """Return the form that names an invitation to a person or from them."""
    return InvitationForm(data, invitations=invitations_to_resend(person))


def correction_form(case: SupportCase, data: Any = None) -> CorrectInvitationForm:
    """Return the form that names an invitation, and the address that it was meant for."""
    return CorrectInvitationForm(data, invitations=invitations_to_correct(case))


def _named(person: User) -> list[tuple[str, str]]:
    """Return a person's factors by key, each by kind and name."""
    return [(str(factor.pk), _factor_name(factor)) for factor in factors_of(person)]


def _factor_name(factor: Authenticator) -> str:
    kind, name = capfirst(str(FactorType(factor.type).label)), factor.data.get("name")
    return f"{kind} “{name}”" if name else kind


def _case_context(case: SupportCase, bound: dict[str, StrictForm]) -> dict[str, Any]:
    person = case.person
    forms: dict[str, StrictForm] = {
        "code_form": CallerCodeForm(),
        "close_form": CloseCaseForm(initial={"outcome": _likely_outcome(case)}),
        "reference_form": ReferenceForm(),
        "address_form": NewAddressForm(),
        "factor_form": lost_factor_form(person),
        "invitation_form": invitation_form(person),
        "correction_form": correction_form(case),
    }
    may = {
        act.value: case.is_verified and case.verification in SUFFICIENT_FOR[act]
        for act in SupportAct
    }
    return {
        **case_on_page(case),
        **forms,
        **bound,
        "may": may,
        "invitations": invitations_to_resend(person)[:MAX_CASES],
        "correctable": invitations_to_correct(case)
        .select_related("customer")
        .order_by("-pk")[:MAX_CASES],
    }


def _likely_outcome(case: SupportCase) -> CaseOutcome:
    return CaseOutcome.HELPED if case.verification else CaseOutcome.NOT_VERIFIED


def _companies_of(person: User) -> Any:
    return Customer.objects.filter(memberships__in=memberships_of(person)).order_by("name")
