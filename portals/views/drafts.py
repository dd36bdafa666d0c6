"""Drafts of grant changes, kept in the session: one for each page that edits access."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.http import PersonRequest
from accounts.models import Customer, Membership, Team
from portals.forms.grant_changes import parse_cell, parse_key
from portals.models import Resource
from portals.selectors.effective_access import Grantee
from portals.selectors.grant_changes import Draft, grantees_by_key
from portals.selectors.permission_matrix import grantee_key
from portals.selectors.resources import resource_by_key

SESSION_KEY = "rights_drafts"
MAX_DRAFTS = 20  # the oldest is dropped
Subject = Membership | Team | Resource  # whose page the draft belongs to


def draft_key(subject: Subject) -> str:
    """Return the key of a draft in URLs, for the page of a person, a team or a resource."""
    return f"r{subject.pk}" if isinstance(subject, Resource) else grantee_key(subject)


def subject_of(company: Customer, key: str) -> Subject:
    """Return the person, team or resource of a draft; 404 where the company has no such."""
    if key.startswith("r"):
        subject: Resource | Grantee | None = resource_by_key(company, key[1:])
    else:
        subject = grantees_by_key(company, [key]).get(key)
    if subject is None:
        raise Http404
    return subject


def subject_url(company: Customer, subject: Subject) -> str:
    """Return the URL of the page that a draft belongs to."""
    if isinstance(subject, Resource):
        return reverse("portals:resource", args=[company.slug, subject.pk])
    if isinstance(subject, Team):
        return reverse("portals:team", args=[company.slug, subject.uuid])
    return reverse("portals:person", args=[company.slug, subject.user.sub])


def redirect_to_subject(
    request: PersonRequest, company: Customer, subject: Subject
) -> HttpResponse:
    """Redirect to the page of a draft, with the query string of this request."""
    query = request.GET.urlencode()
    path = subject_url(company, subject)
    return redirect(f"{path}?{query}" if query else path)


def load_draft(request: PersonRequest, company: Customer, subject: Subject) -> Draft:
    """Return the draft of this page, empty where the session has none."""
    stored = request.session.get(SESSION_KEY, {}).get(_session_name(company, subject), {})
    try:
        return Draft(
            wants={
                parse_cell(cell): {parse_key(pk): mark for pk, mark in marks.items()}
                for cell, marks in stored.get("wants", {}).items()
            },
            teams={
                (parse_key(pair[0]), parse_key(pair[1])): act
                for name, act in stored.get("teams", {}).items()
                if (pair := name.split("/"))
            },
            reason=stored.get("reason", ""),
        )
    except (AttributeError, IndexError, TypeError, ValueError):
        return Draft()  # written by another version of these pages


def save_draft(request: PersonRequest, company: Customer, subject: Subject, draft: Draft) -> None:
    """Keep the draft in the session, or remove it where it is empty."""
    drafts: dict[str, Any] = request.session.get(SESSION_KEY, {})
    drafts.pop(_session_name(company, subject), None)
    if not draft.is_empty:
        drafts[_session_name(company, subject)] = {
            "wants": {str(cell): marks for cell, marks in draft.wants.items()},
            "teams": {
                f"{membership}/{team}": act for (membership, team), act in draft.teams.items()
            },
            "reason": draft.reason,
        }
    request.session[SESSION_KEY] = dict(list(drafts.items())[-MAX_DRAFTS:])


def _session_name(company: Customer, subject: Subject) -> str:
    return f"{company.pk}:{draft_key(subject)}"
