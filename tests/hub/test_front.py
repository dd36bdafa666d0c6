"""The front and Django's route answer checks alike; other paths go to Django."""

import json

import pytest
from asgiref.sync import async_to_sync

from hub.front import application, bodies, pages
from hub.front.bodies import DRAIN_LIMIT, STRANGER_LIMIT, Body
from hub.front.pages import MEMORY_LIMIT, environ_of
from portals.api.evaluation import BODY_LIMIT, PATH
from tests.front import FRONT, Headers, Protocol, Scope, exchange
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
        (f"{PATH}s", 405),
        (f"{PATH}/", 404),
        (f"/x{PATH}", 404),
        ("/profile/", 302),
    ],
)
def test_every_other_path_is_djangos(db, path, status):
    assert call("front", method="GET", path=path).status == status


# --- Bodies: judged before they are read, and read within a size and a time ---

MIB = 1024 * 1024
GOOD_TOKEN = [("authorization", "Bearer good"), ("content-type", "application/json")]
CHUNKED = ("transfer-encoding", "chunked")


def post(path, *headers, chunks=(), stalls=False):
    scope = Scope("POST", path, headers=Headers([("host", "testserver"), *headers]))
    return exchange(scope, Protocol(*chunks, stalls=stalls))


def code_of(done):
    return done.status, json.loads(done.body)["error"]["code"]


def declared(size):
    return ("content-length", str(size))


@pytest.mark.parametrize(
    ("path", "headers", "refusal"),
    [
        (PATH, [declared(9)], (401, "not_authenticated")),
        (PATH, [declared(9), ("authorization", "Basic x")], (401, "invalid_token")),
        (PATH, [declared(9), GOOD_TOKEN[0]], (400, "unsupported_media_type")),
        (PATH, [declared(BODY_LIMIT + 1), *GOOD_TOKEN], (413, "too_large")),
        ("/accounts/login/", [declared(STRANGER_LIMIT + 1)], (413, "too_large")),
        ("/nothing/", [declared(10**30)], (413, "too_large")),
        ("/api/v1/resources/sync", [declared(8 * MIB + 1), GOOD_TOKEN[0]], (413, "too_large")),
        ("/", [declared(8 * MIB + 1), ("cookie", "hub_session=x")], (413, "too_large")),
    ],
)
def test_what_the_headers_rule_out_is_refused_unread(db, path, headers, refusal, monkeypatch):
    monkeypatch.setattr(bodies, "DRAIN_SECONDS", 0.01)
    read = []
    monkeypatch.setattr(Body, "_counted", lambda self, limit: read.append(limit))

    done = post(path, *headers, stalls=True)

    assert code_of(done) == refusal
    assert ("Connection", "close") in done.headers
    assert not read


@pytest.mark.parametrize("name", ["token", "introspect", "revoke"])
def test_an_oauth_endpoint_is_refused_a_body_in_its_own_shape(db, name, monkeypatch):
    """RFC 6749, 5.2: `error` is a text there."""
    monkeypatch.setattr(bodies, "DRAIN_SECONDS", 0.01)

    done = post(f"/identity/o/api/{name}", declared(STRANGER_LIMIT + 1), stalls=True)

    error = json.loads(done.body)
    assert (done.status, error["error"]) == (413, "invalid_request")
    assert error["error_description"] == f"The body takes up to {STRANGER_LIMIT} bytes."
    monkeypatch.setattr(bodies, "TOTAL_LIMIT", 1)
    done = post(f"/identity/o/api/{name}", declared(2))
    assert (done.status, json.loads(done.body)["error"]) == (503, "temporarily_unavailable")
    assert ("Retry-After", "5") in done.headers


@pytest.mark.parametrize(
    ("path", "headers", "limit"),
    [
        (PATH, GOOD_TOKEN, BODY_LIMIT),
        ("/accounts/login/", [], STRANGER_LIMIT),
        ("/provider/topics/import/", [("cookie", "a=1; hub_session=x")], 8 * MIB),
    ],
)
def test_a_body_that_does_not_say_its_length_is_counted(db, path, headers, limit):
    piece = b"x" * 32_768
    endless = [piece] * (limit // len(piece) + 2 + 2 * DRAIN_LIMIT // len(piece))

    done = post(path, CHUNKED, *headers, chunks=endless)

    assert code_of(done) == (413, "too_large")
    assert limit < done.taken <= limit + DRAIN_LIMIT + 2 * len(piece)  # then it hangs up


@pytest.mark.parametrize("path", [PATH, "/accounts/login/", "/nothing/"])
@pytest.mark.parametrize("length", [declared(500), CHUNKED])
def test_a_half_sent_body_is_given_up(db, path, length, monkeypatch):
    monkeypatch.setattr(bodies, "READ_SECONDS", 0.05)
    monkeypatch.setattr(bodies, "DRAIN_SECONDS", 0.05)

    done = post(path, length, *GOOD_TOKEN, chunks=[b"{"], stalls=True)

    assert code_of(done) == (408, "too_slow")
    assert ("Connection", "close") in done.headers
    assert Body.announced == 0


def test_bodies_together_are_limited(db, monkeypatch):
    monkeypatch.setattr(bodies, "TOTAL_LIMIT", 1000)
    monkeypatch.setattr(Body, "announced", 900)

    done = post("/accounts/login/", declared(101), chunks=[b"x" * 101])
    assert code_of(done) == (503, "busy")
    assert ("Retry-After", "5") in done.headers
    assert post("/nothing/", declared(100), chunks=[b"x" * 100]).status == 404
    assert Body.announced == 900


def test_a_whole_body_reaches_django_with_its_length(db, portals, token):
    body = b'{"customer": "alder", "type": "domain", "resources": []}'
    for length in (declared(len(body)), CHUNKED):
        done = post("/api/v1/resources/sync", length, *GOOD_TOKEN, chunks=[body[:9], body[9:]])
        assert (done.status, json.loads(done.body)["added"]) == (200, 0)
        assert ("Connection", "close") not in done.headers


def test_too_many_waiting_requests_are_asked_to_come_back(db, monkeypatch):
    monkeypatch.setattr(FRONT.pages, "waiting", pages.WAITING_LIMIT)
    done = exchange(Scope(headers=Headers([("host", "testserver")])), Protocol())
    assert code_of(done) == (503, "busy")


def test_a_fault_of_the_front_is_500(db, monkeypatch):
    def fail(*_):
        raise ValueError("a bug")

    monkeypatch.setattr(application, "limit_of", fail)
    assert post("/accounts/login/", declared(1), chunks=[b"x"]).status == 500


# --- Responses ---


class Large(pages.Pages):
    """A response of so many bytes."""

    def __init__(self, size):
        super().__init__(lambda environ, start: start("200 OK", []) or [b"x" * size])


def serve(size, pause, monkeypatch):
    done = Protocol(pause=pause)
    monkeypatch.setattr(pages, "SEND_SECONDS", 0.05)
    async_to_sync(Large(size).answer)(Scope(), done, b"")
    return len(done.body)


def test_a_large_response_waits_for_its_reader_but_not_for_ever(monkeypatch):
    assert serve(MEMORY_LIMIT, 60, monkeypatch) == MEMORY_LIMIT  # the server's, at once
    assert serve(MEMORY_LIMIT + 1, 0, monkeypatch) == MEMORY_LIMIT + 1
    assert serve(MEMORY_LIMIT + 1, 60, monkeypatch) == 0


def test_the_environment_of_a_request():
    headers = [
        ("host", "hub.example"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-for", "192.0.2.2"),
        ("x_forwarded_proto", "https"),
        ("content-type", "text/plain"),
        ("content-length", "7"),
        CHUNKED,
    ]
    scope = Scope("PUT", "/caf\u00e9", "q=\u00e9", Headers(headers), client="[2001:db8::1]:77")

    environ = environ_of(scope, b"body")

    assert environ["PATH_INFO"] == "/caf\u00c3\u00a9"
    assert environ["QUERY_STRING"] == "q=\u00c3\u00a9"
    assert environ["REMOTE_ADDR"] == "2001:db8::1"
    assert environ["HTTP_COOKIE"] == "a=1;b=2"
    assert environ["HTTP_X_FORWARDED_FOR"] == "192.0.2.1,192.0.2.2"
    assert "HTTP_X_FORWARDED_PROTO" not in environ  # an underscore passes for a hyphen
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("text/plain", "4")
    assert "HTTP_TRANSFER_ENCODING" not in environ
    assert environ["HTTP_HOST"] == "hub.example"
    assert environ_of(Scope(authority="hub.example"), b"")["HTTP_HOST"] == "hub.example"
    assert (
        environ_of(Scope(headers=Headers([("host", "a"), ("host", "b")])), b"")["HTTP_HOST"]
        == "a,b"
    )
