"""Answer the three searches. In each, the entity that is searched for needs no name."""

import json
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from portals.api.authentication import live_portal_token
from portals.api.evaluation import exchange
from portals.api.evaluation.questions import SUBJECT_TYPE, parse_object, read_entity, read_object
from portals.api.search.pages import next_token, read_page
from portals.decision.pages import Rows
from portals.models import Portal
from portals.selectors import access_search

Names = dict[str, str]


class Search(NamedTuple):
    """One of the searches: where it is, what it finds, and how it names what it found."""

    path: str
    wanted: str  # the entity that is searched for; its name or id is ignored
    find: Callable[..., Rows]
    show: Callable[[str, Names], Names]


RESOURCE: Final = Search(
    path="/access/v1/search/resource",
    wanted="resource",
    find=access_search.search_resources,
    show=lambda name, names: {"type": names["resource_type"], "id": name},
)
SUBJECT: Final = Search(
    path="/access/v1/search/subject",
    wanted="subject",
    find=access_search.search_people,
    show=lambda name, _names: {"type": SUBJECT_TYPE, "id": name},
)
ACTION: Final = Search(
    path="/access/v1/search/action",
    wanted="action",
    find=access_search.search_privileges,
    show=lambda name, _names: {"name": name},
)


def search_view(search: Search) -> Callable[[HttpRequest], HttpResponse]:
    """Return Django's view of a search."""

    async def act(token: str, body: bytes) -> bytes:
        return _answer(search, token, body)

    @csrf_exempt
    @login_not_required
    def view(request: HttpRequest) -> HttpResponse:
        return exchange.response_of(exchange.answer_environ(request.META, act))

    return view


def _answer(search: Search, token: str, body: bytes) -> bytes:
    """Return the page that a search asks for. Raises Refused."""
    portal = _portal_of(token, search.path)
    request = parse_object(body)
    subject_type, names = _read_names(search, request)
    read_object(request, "context")
    search_by = [str(portal.pk), search.path, subject_type, *names.values()]
    page = read_page(request, search_by)
    rows: Rows = []
    if subject_type == SUBJECT_TYPE:
        rows = search.find(portal, page.after, page.limit + 1, **names)
    results = [search.show(name, names) for _key, name in rows[: page.limit]]
    token_of_next = ""
    if len(rows) > page.limit:
        token_of_next = next_token(page, rows[page.limit - 1][0], search_by)
    answer = {"results": results, "page": {"next_token": token_of_next}}
    return json.dumps(answer).encode()


def _portal_of(value: str, path: str) -> Portal:
    """Return the portal that asks. Raises Refused for a token that may not ask at this path."""
    token = live_portal_token(value)
    if token is None or token.client is None:
        raise exchange.invalid_token()
    exchange.require_access_check(
        path, scopes=token.get_scopes(), audience=token.get_resources() or []
    )
    portal: Portal = token.client.portal
    return portal


def _read_names(search: Search, request: dict[str, Any]) -> tuple[str, Names]:
    """Return the type of the subject, and the names that the search goes by. Raises Refused."""
    names: Names = {}
    wanted = search.wanted
    if wanted == "subject":
        [subject_type] = read_entity(request, "subject", "type")
    else:
        subject_type, names["subject"] = read_entity(request, "subject", "type", "id")
    if wanted == "resource":
        [names["resource_type"]] = read_entity(request, "resource", "type")
    else:
        names["resource_type"], names["resource_id"] = read_entity(
            request, "resource", "type", "id"
        )
    if wanted != "action":
        [names["action"]] = read_entity(request, "action", "name")
    return subject_type, names
