"""The front and Django's route answer checks alike; other paths go to Django."""

import json

import pytest

from portals.api.evaluation import BODY_LIMIT, PATH
from tests.portals.test_evaluation import call, keep_token, portals, question, token

__all__ = ["portals", "question", "token"]  # fixtures

GOOD = {"HTTP_AUTHORIZATION": "Bearer good", "HTTP_X_REQUEST_ID": "one"}
REQUESTS = [
    GOOD,
    {},
    {"HTTP_AUTHORIZATION": "Bearer wrong"},
    {"HTTP_AUTHORIZATION": "Bearer reader"},
    {**GOOD, "method": "GET"},
    {**GOOD, "method": "OPTIONS"},
    {**GOOD, "CONTENT_TYPE": "text/plain"},
    {**GOOD, "CONTENT_LENGTH": None},
    {**GOOD, "HTTP_ACCEPT_LANGUAGE": "fr", "body": b'{"subject": {}}'},
    {**GOOD, "HTTP_COOKIE": "hub_session=x", "HTTP_ORIGIN": "https://evil.example"},
    {**GOOD, "body": b"{"},
    {**GOOD, "body": b"[]"},
    {**GOOD, "body": b"x" * (BODY_LIMIT + 1)},
    {**GOOD, "body": b'{"subject": {"type": "user", "id": "\\ud800"}}'},
    {"HTTP_AUTHORIZATION": "Bearer wrong", "body": b"{"},
    {**GOOD, "HTTP_X_REQUEST_ID": "caf\xe9"},
]


@pytest.mark.parametrize("request_", REQUESTS, ids=range(len(REQUESTS)))
def test_front_and_route_answer_alike(request_, question, portals, token):
    keep_token("reader", portals["domains"], scopes="preferences:read")
    sent = {"body": json.dumps(question).encode(), **request_}

    front, route = call("front", **sent), call("route", **sent)

    assert (front.status, front.headers, front.body) == (route.status, route.headers, route.body)


def test_front_and_route_agree_on_every_action(question, token):
    for action in ("view", "manage_dns", "renew", "transfer", "no_such"):
        question["action"]["name"] = action
        sent = {**GOOD, "body": json.dumps(question).encode()}
        assert call("front", **sent).json == call("route", **sent).json


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        (f"{PATH}s", 404),
        (f"{PATH}/", 404),
        (f"/x{PATH}", 404),
        ("/profile/", 302),
    ],
)
def test_every_other_path_is_djangos(db, path, status):
    assert call("front", method="GET", path=path).status == status
