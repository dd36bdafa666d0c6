"""The pages of a person as the person sees them, shown to an agent of the desk: to look at only.

Nobody signs in as anybody. The request stays the agent's, with the agent's rights and cookies. A
page is rendered for the person without a request, so it has no CSRF token and no navigation; then
hub.inert leaves nothing in it that could act.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.adapters import signed_in_at
from accounts.http import PersonRequest
from accounts.models import User, Viewing
from accounts.permissions import require_desk
from hub.home import home_of
from hub.inert import inert
from preferences.views.centre import centre_context


def _centre_of(user: User) -> dict[str, Any]:
    """Return what the preference page shows, but for the history of choices: it is theirs alone."""
    context = centre_context(user)
    return {**context, "centre": replace(context["centre"], history=[])}


def _home(context: dict[str, Any]) -> str:
    return render_to_string("hub/home.html#content", context)


def _preferences(context: dict[str, Any]) -> str:
    return render_to_string("preferences/centre.html#choices", context)


# Title, the rendered content, its context.
Page = tuple[Any, Callable[[dict[str, Any]], str], Callable[[User], dict[str, Any]]]
PAGES: dict[str, Page] = {
    "home": (gettext_lazy("Home"), _home, home_of),
    "preferences": (gettext_lazy("Email preferences"), _preferences, _centre_of),
}


@require_safe
def viewing(request: PersonRequest, viewing: UUID, page: str) -> HttpResponse:
    """Show a page of the person of a viewing, to its agent, in its time."""
    require_desk(request.user, signed_in_at(request))
    rows = Viewing.objects.select_related("case__person")
    row = get_object_or_404(rows, uuid=viewing)
    if row.case.opened_by_id != request.user.pk:
        raise PermissionDenied("another agent's case")
    if page not in PAGES:
        raise Http404("no such page")
    person = row.case.person
    if not row.is_open:
        text = _("Your look at the pages of %(person)s is over.")
        messages.info(request, text % {"person": person})
        return redirect("accounts:desk-person", person.sub)
    context = {
        "viewing": row,
        "person": person,
        "page": page,
        "pages": [(name, title) for name, (title, _content, _context) in PAGES.items()],
        "title": PAGES[page][0],
        "content": page_of_person(person, page),
    }
    response = render(request, "hub/viewing.html", context)
    response["Refresh"] = str(row.seconds_left + 1)  # the page leaves with its time
    return response


def page_of_person(person: User, page: str) -> SafeString:
    """Return the content of a person's page as they see it, without anything that could act."""
    _title, content, context_of = PAGES[page]
    with translation.override(person.language), timezone.override(person.zone):
        context = {"user": person, "brand_name": settings.HUB_BRAND_NAME, **context_of(person)}
        return inert(content(context))
