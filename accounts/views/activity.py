"""A company's trail: narrowed down, read in sentences, taken away as a file."""

from typing import Any

from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.forms.activity import ActivityForm
from accounts.http import PersonRequest
from accounts.models import AuditEvent, Customer, User
from accounts.selectors import sentence_of
from accounts.selectors.activity import (
    ActivityFilter,
    ExportLocale,
    activity_lines,
    activity_rows,
    find_activity,
    find_history,
    history_lines,
    history_rows,
    people_named,
)
from accounts.selectors.paging import Page
from accounts.services.exports import record_activity_export, record_history_export
from accounts.spreadsheets import csv_response
from accounts.views.access import managed_customer
from accounts.views.undo import what_can_be_undone

FORMATS = ("csv", "jsonl")
NOTHING: Page[AuditEvent] = Page([], next_cursor="", is_first=True)


def _asked(company: Customer, form: ActivityForm) -> tuple[ActivityFilter | None, list[User]]:
    """What the form asks for; None where its name fits nobody or several, who are the second."""
    if not form.is_valid():
        return None, []
    wanted = form.cleaned_data
    person, found = None, []
    if wanted["who"]:  # a name that is typed counts before who was chosen by a link
        found = people_named(company, wanted["who"])
        if len(found) != 1:
            return None, found
        person = found[0]
    elif wanted["person"]:
        person = User.objects.filter(
            sub=wanted["person"], memberships__customer=company
        ).first()  # whoever belongs or belonged here
        if person is None:
            return None, []
    activity_filter = ActivityFilter(
        person=person, resource=wanted["resource"], group=wanted["group"], **form.moments()
    )
    return activity_filter, found


def _query(form: ActivityForm, **instead: Any) -> str:
    """What is asked for, ready for an address."""
    query = QueryDict(mutable=True)
    for name in form.fields:
        value = str(instead.get(name, form.data.get(name, "")) or "")
        if value:
            query[name] = value
    return query.urlencode()


@require_safe
def activity(request: PersonRequest, customer: str) -> HttpResponse:
    """What happened in the company, newest first, in sentences."""
    company = managed_customer(request, customer)
    form = ActivityForm(request.GET)
    activity_filter, candidates = _asked(company, form)
    after = request.GET.get("after", "")
    page = (
        NOTHING if activity_filter is None else find_activity(company, activity_filter, after=after)
    )
    offered = candidates if activity_filter is None else []
    chosen = activity_filter.person if activity_filter else None
    names = company.memberships.names_at_work(chosen, *offered)
    context = {
        "customer": company,
        "form": form,
        "activity_filter": activity_filter,
        "person": names.get(chosen.pk) if chosen else None,
        "candidates": [
            (names[person.pk], person.email, _query(form, person=person.sub, who=None))
            for person in offered
        ],
        "about": _about(page, activity_filter),
        "keep": _query(form),
        "page": page,
        "entries": [(event, sentence_of(event)) for event in page],
        "undoable": what_can_be_undone(request, company)
        if page.is_first and not _query(form)
        else [],
    }
    return render(request, "accounts/activity.html", context)


def _about(page: Page[AuditEvent], activity_filter: ActivityFilter | None) -> str:
    """The thing the page is narrowed to, as the trail calls it."""
    if activity_filter is None or activity_filter.resource is None:
        return ""
    for event in page:
        for told in [event.data, *event.data.get("grants", [])]:
            if told.get("resource_id") == activity_filter.resource and "resource" in told:
                return str(told["resource"])
    return _("one thing")


@require_POST
def activity_export(request: PersonRequest, customer: str, form: str) -> HttpResponseBase:
    """The same as a file, all pages of it; that it was taken is the file's last event."""
    company = managed_customer(request, customer)
    chosen = ActivityForm(request.GET)
    activity_filter, _candidates = _asked(company, chosen)
    if form not in FORMATS or activity_filter is None:
        raise Http404
    last = record_activity_export(
        actor=request.user, customer=company, form=form, filters=_query(chosen)
    )
    name = f"{company.slug}-activity-{timezone.localdate().isoformat()}"
    if form == "jsonl":
        return _lines(name, activity_lines(company, activity_filter, last))
    return csv_response(
        name, _heading(), activity_rows(company, activity_filter, last, ExportLocale())
    )


@require_safe
def history(request: PersonRequest) -> HttpResponse:
    """What a person did and what was done for them; only they see it."""
    page = find_history(request.user, after=request.GET.get("after", ""))
    context = {"page": page, "entries": [(event, sentence_of(event)) for event in page]}
    return render(request, "accounts/history.html", context)


@require_POST
def history_export(request: PersonRequest, form: str) -> HttpResponseBase:
    """One's own history as a file."""
    if form not in FORMATS:
        raise Http404
    last = record_history_export(actor=request.user, form=form)
    name = f"history-{timezone.localdate().isoformat()}"
    if form == "jsonl":
        return _lines(name, history_lines(request.user, last))
    return csv_response(name, _heading(), history_rows(request.user, last, ExportLocale()))


def _heading() -> list[str]:
    return [_("When"), _("Who"), _("What"), _("Kind"), _("Number"), _("Hash")]


def _lines(name: str, lines: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        lines,
        content_type="application/jsonl; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.jsonl"'},
    )
