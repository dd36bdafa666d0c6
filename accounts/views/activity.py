"""The activity log of a company and a person's own history: read, filtered, exported as a file."""

from typing import Any

from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.forms.activity import ActivityForm
from accounts.http import PersonRequest
from accounts.languages import in_readers_language
from accounts.models import AuditEvent, Customer, User
from accounts.selectors import details_of, sentence_of
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
from accounts.views.undo import undoable_actions

FORMATS = ("csv", "jsonl")
EMPTY_PAGE: Page[AuditEvent] = Page([], next_cursor="", is_first=True)


def _filter_of(company: Customer, form: ActivityForm) -> tuple[ActivityFilter | None, list[User]]:
    """Return the filter and the people whose name fits.

    The filter is None where the name fits nobody or several people, or the form is invalid.
    """
    if not form.is_valid():
        return None, []
    criteria = form.cleaned_data
    person, candidates = None, []
    if criteria["who"]:  # a name that is typed wins over a person chosen by a link
        candidates = people_named(company, criteria["who"])
        if len(candidates) != 1:
            return None, candidates
        person = candidates[0]
    elif criteria["person"]:
        person = User.objects.filter(
            sub=criteria["person"], memberships__customer=company
        ).first()  # former members too
        if person is None:
            return None, []
    activity_filter = ActivityFilter(
        person=person, resource=criteria["resource"], group=criteria["group"], **form.moments()
    )
    return activity_filter, candidates


def _query(form: ActivityForm, **overrides: Any) -> str:
    """Return the form's values as a query string, with `overrides` in place of some."""
    query = QueryDict(mutable=True)
    for name in form.fields:
        value = str(overrides.get(name, form.data.get(name, "")) or "")
        if value:
            query[name] = value
    return query.urlencode()


@require_safe
def activity(request: PersonRequest, customer: str) -> HttpResponse:
    """Show what happened in the company, newest first, in sentences."""
    company = managed_customer(request, customer)
    form = ActivityForm(request.GET)
    activity_filter, candidates = _filter_of(company, form)
    page = EMPTY_PAGE
    if activity_filter is not None:
        page = find_activity(company, activity_filter, after=request.GET.get("after", ""))
        for event in page:
            event.details = details_of(event)
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
        "resource_name": _resource_name(page, activity_filter),
        "keep": _query(form),
        "page": page,
        "entries": [(event, sentence_of(event)) for event in page],
        "undoable": undoable_actions(request, company)
        if page.is_first and not _query(form)
        else [],
    }
    return render(request, "accounts/activity.html", context)


def _resource_name(page: Page[AuditEvent], activity_filter: ActivityFilter | None) -> str:
    """Return the name that the events give the resource of the filter."""
    if activity_filter is None or activity_filter.resource is None:
        return ""
    for event in page:
        for data in [event.data, *event.data.get("grants", [])]:
            if data.get("resource_id") == activity_filter.resource and "resource" in data:
                return str(in_readers_language(data["resource"]))
    return _("a single resource")


@require_POST
def activity_export(request: PersonRequest, customer: str, form: str) -> HttpResponseBase:
    """Export every page of the list as a file. The export itself is the last event in it."""
    company = managed_customer(request, customer)
    filter_form = ActivityForm(request.GET)
    activity_filter, _candidates = _filter_of(company, filter_form)
    if form not in FORMATS or activity_filter is None:
        raise Http404
    last = record_activity_export(
        actor=request.user, customer=company, form=form, filters=_query(filter_form)
    )
    name = f"{company.slug}-activity-{timezone.localdate().isoformat()}"
    if form == "jsonl":
        return _jsonl_response(name, activity_lines(company, activity_filter, last))
    return csv_response(
        name, _heading(_("Details")), activity_rows(company, activity_filter, last, ExportLocale())
    )


@require_safe
def history(request: PersonRequest) -> HttpResponse:
    """Show people what they did and what was done for them; nobody else sees it."""
    page = find_history(request.user, after=request.GET.get("after", ""))
    context = {"page": page, "entries": [(event, sentence_of(event)) for event in page]}
    return render(request, "accounts/history.html", context)


@require_POST
def history_export(request: PersonRequest, form: str) -> HttpResponseBase:
    """Export a person's own history as a file."""
    if form not in FORMATS:
        raise Http404
    last = record_history_export(actor=request.user, form=form)
    name = f"history-{timezone.localdate().isoformat()}"
    if form == "jsonl":
        return _jsonl_response(name, history_lines(request.user, last))
    return csv_response(name, _heading(), history_rows(request.user, last, ExportLocale()))


def _heading(*details: str) -> list[str]:
    return [_("When"), _("Who"), _("Event"), *details, _("Kind"), _("Number"), _("Hash")]


def _jsonl_response(name: str, lines: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        lines,
        content_type="application/jsonl; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.jsonl"'},
    )
