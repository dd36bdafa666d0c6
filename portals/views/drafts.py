"""Where gathered changes wait: in the session, one draft for each page of rights."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.http import PersonRequest
from accounts.models import Customer, Membership, Team
from portals.forms.grant_changes import cell_of, number
from portals.models import Resource
from portals.selectors.effective_access import Grantee
from portals.selectors.grant_changes import Draft, grantees_by_key
from portals.selectors.permission_matrix import grantee_key
from portals.selectors.resources import resource_by_key

SESSION_KEY = "rights_drafts"
MOST_DRAFTS = 20  # the oldest is forgotten
Subject = Membership | Team | Resource  # whose page the changes are gathered on


def draft_key(subject: Subject) -> str:
    """The draft of a person's, a team's or a thing's page, as addresses name it."""
    return f"r{subject.pk}" if isinstance(subject, Resource) else grantee_key(subject)


def subject_of(company: Customer, key: str) -> Subject:
    """The page a draft belongs to; 404 for anything that is not this company's."""
    if key.startswith("r"):
        found: Resource | Grantee | None = resource_by_key(company, key[1:])
    else:
        found = grantees_by_key(company, [key]).get(key)
    if found is None:
        raise Http404
    return found


def page_of_subject(company: Customer, subject: Subject) -> str:
    """The address of that page."""
    if isinstance(subject, Resource):
        return reverse("portals:resource", args=[company.slug, subject.pk])
    if isinstance(subject, Team):
        return reverse("portals:team", args=[company.slug, subject.uuid])
    return reverse("portals:person", args=[company.slug, subject.user.sub])


def back_to(request: PersonRequest, company: Customer, subject: Subject) -> HttpResponse:
    """To the page the changes came from, as it was unfolded and searched."""
    query = request.GET.urlencode()
    path = page_of_subject(company, subject)
    return redirect(f"{path}?{query}" if query else path)


def load_draft(request: PersonRequest, company: Customer, subject: Subject) -> Draft:
    """What was gathered on this page in this session so far."""
    kept = request.session.get(SESSION_KEY, {}).get(_name(company, subject), {})
    try:
        return Draft(
            wants={
                cell_of(cell): {number(pk): mark for pk, mark in wanted.items()}
                for cell, wanted in kept.get("wants", {}).items()
            },
            teams={
                (number(pair[0]), number(pair[1])): act
                for name, act in kept.get("teams", {}).items()
                if (pair := name.split("/"))
            },
            reason=kept.get("reason", ""),
        )
    except (AttributeError, IndexError, TypeError, ValueError):
        return Draft()  # written by another version of these pages


def save_draft(request: PersonRequest, company: Customer, subject: Subject, draft: Draft) -> None:
    """Keep it, or forget it when nothing is in it."""
    drafts: dict[str, Any] = request.session.get(SESSION_KEY, {})
    drafts.pop(_name(company, subject), None)
    if not draft.is_empty:
        drafts[_name(company, subject)] = {
            "wants": {str(cell): wanted for cell, wanted in draft.wants.items()},
            "teams": {f"{one}/{team}": act for (one, team), act in draft.teams.items()},
            "reason": draft.reason,
        }
    request.session[SESSION_KEY] = dict(list(drafts.items())[-MOST_DRAFTS:])


def _name(company: Customer, subject: Subject) -> str:
    return f"{company.pk}:{draft_key(subject)}"
