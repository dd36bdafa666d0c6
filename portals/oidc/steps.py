"""The steps a person takes between a portal's request and its answer, kept in their session.

A request that asks for a fresh sign-in or a choice comes back by the same address. The session
remembers when it was first seen and what was chosen since, so that it asks once and never twice.
"""

import hashlib
import time
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest

from portals.oidc.requests import AuthorizationRequest

STEPS = "portals.steps"
COMPANIES = "portals.companies"
RETURN_TO = "portals.return_to"
MOST = 5  # requests under way in one browser


def began_at(request: HttpRequest, query: str) -> float | None:
    """Return when this request was first led to a sign-in, in seconds; None for never."""
    moment: float | None = _steps(request).get(_key(query), {}).get("since")
    return moment


def is_done(request: HttpRequest, query: str, step: str) -> bool:
    """Return whether the person took this step for this request."""
    done: list[str] = _steps(request).get(_key(query), {}).get("done", [])
    return step in done


def begin(request: HttpRequest, query: str, asked: AuthorizationRequest) -> None:
    """Remember that the person is led to a page from where they come back to this request."""
    steps = _steps(request)
    steps.setdefault(_key(query), {"since": time.time(), "done": []})
    request.session[STEPS] = dict(list(steps.items())[-MOST:])
    let_forms_end_at(request, asked.redirect_uri)


def let_forms_end_at(request: HttpRequest, address: str) -> None:
    """Remember that the next form's redirections may end at this address of a portal."""
    parts = urlsplit(address)
    origins = [f"{parts.scheme}://{parts.netloc}", *request.session.get(RETURN_TO, [])]
    request.session[RETURN_TO] = list(dict.fromkeys(origins))[:MOST]


def finish(request: HttpRequest, query: str, step: str) -> None:
    """Remember that the person took a step."""
    steps = _steps(request)
    steps.setdefault(_key(query), {"since": time.time(), "done": []})["done"].append(step)
    request.session[STEPS] = dict(list(steps.items())[-MOST:])


def forget(request: HttpRequest, query: str) -> None:
    """Forget the steps: the request is answered, and would ask again."""
    steps = _steps(request)
    if steps.pop(_key(query), None) is not None:
        request.session[STEPS] = steps


def chosen_company(request: HttpRequest, portal: str) -> str:
    """Return the company chosen for a portal in this session, by its short name; "" for none."""
    chosen: str = request.session.get(COMPANIES, {}).get(portal, "")
    return chosen


def choose_company(request: HttpRequest, portal: str, company: str) -> None:
    """Keep the company for which a portal is opened in this session."""
    request.session[COMPANIES] = {**request.session.get(COMPANIES, {}), portal: company}


def _steps(request: HttpRequest) -> dict[str, dict[str, Any]]:
    steps: dict[str, dict[str, Any]] = request.session.get(STEPS, {})
    return dict(steps)


def _key(query: str) -> str:
    return hashlib.sha256(query.encode()).hexdigest()[:32]
