"""The support desk: find a person, see whether they can sign in, help them to."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import DeskForm, SearchForm
from accounts.http import PersonRequest
from accounts.models import User
from accounts.permissions import require_staff
from accounts.selectors import (
    desk_acts_on,
    find_people,
    memberships_of,
    sentence_of,
    sign_in_status_of,
)
from accounts.services import support
from accounts.views.actions import submit

MIN_SEARCH_LENGTH = 2


@require_safe
def desk(request: PersonRequest) -> HttpResponse:
    """Find a person among all customers. Without a search nobody is listed."""
    require_staff(request.user, "accounts.use_desk")
    form = SearchForm(request.GET)
    search = form.text
    page = None
    if len(search) >= MIN_SEARCH_LENGTH:
        page = find_people(search, after=request.GET.get("after", ""))
    context = {"form": form, "search": search, "page": page}
    fragment = "#found" if request.htmx else ""
    return render(request, f"accounts/desk.html{fragment}", context)


@require_safe
def desk_person(request: PersonRequest, person: UUID) -> HttpResponse:
    """Show what the desk may know about a person, and its two buttons."""
    require_staff(request.user, "accounts.use_desk")
    return _person_page(request, get_object_or_404(User, sub=person), DeskForm())


@require_POST
def desk_reset_link(request: PersonRequest, person: UUID) -> HttpResponse:
    """Send the person a link to choose a new password."""
    return _help_person(
        request, person, support.send_reset_link, _("The link is on its way to %(person)s.")
    )


@require_POST
def desk_end_sessions(request: PersonRequest, person: UUID) -> HttpResponse:
    """Sign the person out everywhere."""
    return _help_person(
        request, person, support.end_all_sessions, _("%(person)s is signed out everywhere.")
    )


def _help_person(
    request: PersonRequest, sub: UUID, service: Callable[..., None], message: str
) -> HttpResponse:
    require_staff(request.user, "accounts.use_desk")
    person = get_object_or_404(User, sub=sub)
    form = DeskForm(request.POST)
    if submit(form, lambda: service(actor=request.user, person=person, **form.cleaned_data)):
        messages.success(request, message % {"person": person})
        return redirect("accounts:desk-person", sub)
    return _person_page(request, person, form)


def _person_page(request: PersonRequest, person: User, form: DeskForm) -> HttpResponse:
    context = {
        "person": person,
        "form": form,
        "access": sign_in_status_of(person),
        "memberships": memberships_of(person),
        "off_limits": person.is_staff or person.pk == request.user.pk,
        "entries": [(event, sentence_of(event)) for event in desk_acts_on(person)[:5]],
    }
    return render(request, "accounts/desk_person.html", context)
