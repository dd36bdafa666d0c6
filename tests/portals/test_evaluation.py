"""POST /access/v1/evaluation, through the front and through Django."""

import hashlib
import io
import json
import threading
from datetime import timedelta

import pytest
import time_machine
from allauth.idp.oidc.models import Client, Token
from django.db import connection, connections
from django.utils import timezone

from hub.wsgi import application
from portals.api.evaluation import BODY_LIMIT, PATH
from portals.models import PersonGrant, Portal, Resource
from portals.services.credentials import issue_credentials
from portals.services.manifests import apply_manifest, read_manifest
from portals.services.resources import Report, put_resource
from tests.front import connections_stay, front_application

WAYS_IN = {"front": front_application, "route": application}
OURS = ["Content-Type", "Cache-Control", "WWW-Authenticate", "Allow", "Retry-After", "X-Request-ID"]


class Response:
    """What came back."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __eq__(self, other):
        return (self.status, self.headers, self.body) == (other.status, other.headers, other.body)


def call(way_in, *, method="POST", path=PATH, body=b"", **environ):
    """One request through a whole WSGI application."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        **environ,
    }
    environ = {name: value for name, value in environ.items() if value is not None}
    heard = {}

    def start_response(status, headers, exc_info=None):
        heard.update(status=int(status.split()[0]), headers=dict(headers))

    with connections_stay():
        chunks = WAYS_IN[way_in](environ, start_response)
        content = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
    headers = {name: value for name, value in heard["headers"].items() if name in OURS}
    return Response(heard["status"], headers, content)


def keep_token(value, portal, **fields):
    """A token of this portal, by its value."""
    fields = {
        "type": Token.Type.ACCESS_TOKEN,
        "scopes": "access:check",
        "expires_at": timezone.now() + timedelta(hours=1),
        **fields,
    }
    digest = hashlib.sha256(value.encode()).hexdigest()
    return Token.objects.create(hash=digest, client=portal.client, **fields)


@pytest.fixture
def portals(db):
    """The portals by slug, each with credentials."""
    found = {portal.slug: portal for portal in Portal.objects.all()}
    for portal in found.values():
        issue_credentials(actor=None, portal=portal)
        portal.refresh_from_db()
    return found


@pytest.fixture
def token(portals):
    """A live token of the domains portal, with every scope."""
    keep_token("good", portals["domains"], scopes="access:check\nresources:write")
    return "good"


@pytest.fixture
def question(bob):
    """Bob may see alder.example."""
    return {
        "subject": {"type": "user", "id": str(bob.sub)},
        "resource": {"type": "domain", "id": "alder.example"},
        "action": {"name": "view"},
    }


@pytest.fixture(params=list(WAYS_IN))
def ask(request, token):
    """Ask a question by one way in; bytes are sent as they are."""

    def send(body, *, token=token, **environ):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if token is not None:
            environ.setdefault("HTTP_AUTHORIZATION", f"Bearer {token}")
        return call(request.param, body=body, **environ)

    return send


EXPLAIN = {"context": {"explain": True}}


def test_an_answer_is_the_decision_alone(ask, question):
    """Harnesses compare strictly: openid/authzen, certification 2.2.1 and 2.2.2."""
    assert ask(question).body == b'{"decision": true}'
    question["action"]["name"] = "transfer"
    assert ask(question).body == b'{"decision": false}'


@pytest.mark.parametrize("value", [False, None, 1, "true", {}])
def test_only_true_asks_for_the_reason(ask, question, value):
    assert ask({**question, "context": {"explain": value}}).json == {"decision": True}


def test_a_portal_whose_manifest_asks_always_gets_the_reason(ask, question):
    Portal.objects.filter(slug="domains").update(explain=True)

    assert ask(question).json == {"decision": True, "context": {"reason": "grant"}}
    question["subject"]["type"] = "service"
    assert ask(question).json == {"decision": False, "context": {"reason": "not_allowed"}}

    Portal.objects.filter(slug="domains").update(explain=False)
    Portal.objects.exclude(slug="domains").update(explain=True)
    assert ask(question).json == {"decision": False}


def test_an_allowed_check_with_its_reason(ask, question):
    response = ask({**question, **EXPLAIN})

    assert response.status == 200
    assert response.json == {"decision": True, "context": {"reason": "grant"}}
    assert response.headers == {"Content-Type": "application/json", "Cache-Control": "no-store"}


def test_a_super_user_is_allowed_by_role_and_a_team_member_by_team(
    ask, question, alice, emma, portals
):
    by_role = {**question, "subject": {"type": "user", "id": str(alice.sub)}}
    keep_token("mail", portals["webmail"])
    by_team = {
        "subject": {"type": "user", "id": str(emma.sub)},
        "resource": {"type": "mailbox", "id": "info@alder.example"},
        "action": {"name": "read"},
    }

    assert ask({**by_role, **EXPLAIN}).json == {"decision": True, "context": {"reason": "role"}}
    assert ask({**by_team, **EXPLAIN}, token="mail").json == {
        "decision": True,
        "context": {"reason": "team"},
    }


def test_context_and_properties_are_accepted_and_ignored(ask, question):
    question["context"] = {"time": "2026-11-22T12:00:00Z", "deep": [{"as": ["you", {"like": 1}]}]}
    for entity in ("subject", "resource", "action"):
        question[entity]["properties"] = {"super_user": True}

    assert ask(question).json["decision"] is True
    question["action"]["name"] = "transfer"
    assert ask(question).json["decision"] is False


UNKNOWN_FIELDS = [
    {"foo": "bar", "futureField": {"nested": True}},
    {"evaluations": []},
    {"options": {"evaluations_semantic": "execute_all"}},
    {"\ud800": 1},
]


@pytest.mark.parametrize("more", UNKNOWN_FIELDS, ids=range(len(UNKNOWN_FIELDS)))
def test_unknown_fields_are_ignored(ask, question, more):
    """AuthZEN 1.0: receivers MUST ignore them (openid/authzen, certification 2.2.9)."""
    assert ask({**question, **more}).body == b'{"decision": true}'
    for entity in ("subject", "resource", "action"):
        assert ask({**question, entity: {**question[entity], **more}}).json["decision"] is True
    question["action"]["name"] = "transfer"
    assert ask({**question, **more, "super_user": True}).json["decision"] is False


def test_portals_name_their_types_and_actions_as_they_like(
    ask, give, alice, bob, membership, tmp_path
):
    """openid/authzen, the todo and gateway scenarios ask for `can_create_todo` and `GET`."""
    names = ["GET", "can_create_todo", "Lire & tout, 100%", "todo:read", "a.b", "x" * 100]
    privileges = "".join(
        f"[types.'{kind}'.privileges.'{name}']\nlabel = {{ en = 'x', fr = 'x' }}\n"
        for kind in ("Route", "tâche {id}", "y" * 100)
        for name in names
    )
    types = "".join(
        f"[types.'{kind}']\nlabel = {{ en = 'x', fr = 'x' }}\n"
        for kind in ("Route", "tâche {id}", "y" * 100)
    )
    file = tmp_path / "domains.toml"
    file.write_text(
        "kind = 'other'\nname = { en = 'Domains', fr = 'Domaines' }\n"
        f"home_url = 'https://domains.example/'\n{types}{privileges}"
    )
    apply_manifest(actor=None, manifest=read_manifest(file), remove=True)
    portal = Portal.objects.get(slug="domains")
    for kind in ("Route", "tâche {id}", "y" * 100):
        put_resource(
            actor=portal,
            customer="alder",
            type_code=kind,
            report=Report("/users/{id}", "Users", None),
        )
        route = Resource.objects.get(resource_type__code=kind)
        give(alice, membership(bob), f"domains.{kind}.GET", route)
        give(alice, membership(bob), f"domains.{kind}.{names[-1]}", route)
        for name in names:
            body = {
                "subject": {"type": "user", "id": str(bob.sub)},
                "resource": {"type": kind, "id": "/users/{id}"},
                "action": {"name": name},
            }
            assert ask(body).json == {"decision": name in (names[0], names[-1])}, name


def test_a_revoked_grant_is_refused_at_the_next_check(ask, question, bob):
    assert ask(question).json["decision"] is True

    PersonGrant.objects.filter(user=bob).delete()

    assert ask(question).json == {"decision": False}


def test_start_and_end_are_exact_to_the_second(
    ask, question, give, alice, bob, membership, resource
):
    start = timezone.now() + timedelta(minutes=5)
    end = start + timedelta(minutes=5)
    domain = resource("domain", "alder.example")
    give(alice, membership(bob), "domains.domain.renew", domain, starts_at=start, expires_at=end)
    question["action"]["name"] = "renew"
    second = timedelta(seconds=1)
    cases = ((start - second, False), (start, True), (end - second, True), (end, False))
    for moment, expected in cases:
        with time_machine.travel(moment, tick=False):
            assert ask(question).json["decision"] is expected


UNKNOWN = [
    ("subject", "id", "b3b7c4a0-0000-4000-8000-000000000000"),
    ("subject", "id", "bob@alder.example"),
    ("subject", "id", "‏שלום".replace("‏", "")),
    ("subject", "id", "' OR 1=1 --"),
    ("subject", "type", "service"),
    ("subject", "type", "User"),
    ("resource", "id", "no-such.example"),
    ("resource", "id", "ALDER.example"),
    ("resource", "id", "birch.example"),
    ("resource", "id", "bob@alder.example"),
    ("resource", "id", "x" * 255),
    ("resource", "type", "mailbox"),
    ("resource", "type", "Domain"),
    ("resource", "type", "domain.view"),
    ("resource", "type", "🧁"),
    ("action", "name", "no_such"),
    ("action", "name", "domain.view"),
    ("action", "name", "VIEW"),
    ("action", "name", "%"),
]


@pytest.mark.parametrize(("entity", "key", "value"), UNKNOWN)
def test_unknown_names_are_answered_no(ask, question, entity, key, value):
    question[entity][key] = value

    response = ask({**question, **EXPLAIN})

    assert (response.status, response.json) == (
        200,
        {"decision": False, "context": {"reason": "not_allowed"}},
    )


def test_a_subject_is_known_by_one_spelling(ask, question, bob):
    for spelling in (str(bob.sub).upper(), bob.sub.hex, f"{{{bob.sub}}}", f"urn:uuid:{bob.sub}"):
        question["subject"]["id"] = spelling
        assert ask(question).json["decision"] is False


def test_a_portal_asks_about_its_own_resources_only(ask, question, portals):
    """E7, and the same id existing in both portals."""
    keep_token("statistics", portals["statistics"])
    assert ask(question, token="statistics").json["decision"] is False


def test_a_person_who_never_used_the_portal_is_answered_no(ask, question, dana):
    question["subject"]["id"] = str(dana.sub)
    assert ask(question).json["decision"] is False


# --- The caller's token ---


def test_no_token_is_challenged_without_an_error(ask, question):
    response = ask(question, token=None)

    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="hub"'
    assert response.json["error"]["code"] == "not_authenticated"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer good good",
        "Bearer good, Bearer good",
        "Basic Z29vZDpnb29k",
        "good",
        "Bearer \x00good",
        "Bearer goodé",
        f"Bearer {'x' * 5000}",
        "Bearer ' OR 1=1 --",
    ],
)
def test_a_wrong_token_is_refused(ask, question, header):
    response = ask(question, HTTP_AUTHORIZATION=header)

    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith(
        'Bearer realm="hub", error="invalid_token"'
    )
    assert response.json["error"]["code"] == "invalid_token"


def test_the_scheme_is_read_in_any_case(ask, question):
    assert ask(question, HTTP_AUTHORIZATION="bearer good").status == 200


def _expired(portals, bob):
    keep_token("bad", portals["domains"], expires_at=timezone.now() - timedelta(seconds=1))


def _persons(portals, bob):
    keep_token("bad", portals["domains"], user=bob, scopes="openid\naccess:check")


def _refresh(portals, bob):
    keep_token("bad", portals["domains"], type=Token.Type.REFRESH_TOKEN)


def _client_without_portal(portals, bob):
    portals["domains"].client = Client.objects.create(name="Something else")
    keep_token("bad", portals["domains"])


def _rotated(portals, bob):
    keep_token("bad", portals["domains"])
    issue_credentials(actor=None, portal=portals["domains"])


def _for_elsewhere(portals, bob):
    keep_token("bad", portals["domains"], data={"resources": ["https://elsewhere.example/api"]})


@pytest.mark.parametrize(
    "kind", [_expired, _persons, _refresh, _client_without_portal, _rotated, _for_elsewhere]
)
def test_only_live_portal_tokens_are_accepted(ask, question, portals, bob, kind):
    kind(portals, bob)

    response = ask(question, token="bad")

    assert response.status == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_a_token_for_this_endpoint_is_accepted(ask, question, portals, settings):
    keep_token("narrow", portals["domains"], data={"resources": [settings.HUB_BASE_URL + PATH]})
    assert ask(question, token="narrow").status == 200


def test_an_id_token_is_refused(ask, question):
    """E6: a signed statement about a person opens nothing."""
    id_token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJib2IifQ.c2lnbmF0dXJl"
    assert ask(question, token=id_token).status == 401


def test_a_token_without_the_scope_is_forbidden(ask, question, portals):
    keep_token("writer", portals["domains"], scopes="resources:write\naccess:checks")

    response = ask(question, token="writer")

    assert response.status == 403
    assert response.headers["WWW-Authenticate"] == (
        'Bearer realm="hub", error="insufficient_scope", scope="access:check"'
    )
    assert response.json["error"]["code"] == "insufficient_scope"


def test_a_token_from_client_credentials_works(client, ask, question):
    portal = Portal.objects.get(slug="domains")
    issued = issue_credentials(actor=None, portal=portal)
    answer = client.post(
        "/identity/o/api/token",
        {
            "grant_type": "client_credentials",
            "client_id": issued.client_id,
            "client_secret": issued.client_secret,
            "scope": "access:check",
        },
    )

    assert ask(question, token=answer.json()["access_token"]).json["decision"] is True


# --- Bodies ---


def _without(entity, key=None):
    def change(question):
        del (question[entity] if key else question)[key or entity]

    return change


def _with(entity, key, value):
    def change(question):
        (question[entity] if entity else question)[key] = value

    return change


MALFORMED = {
    "subject": [_without("subject"), _with("", "subject", "bob"), _with("", "subject", None)],
    "resource": [_without("resource"), _with("", "resource", [])],
    "action": [_without("action"), _with("", "action", 7)],
    "subject.type": [_without("subject", "type"), _with("subject", "type", 1)],
    "subject.id": [
        _without("subject", "id"),
        _with("subject", "id", None),
        _with("subject", "id", ""),
        _with("subject", "id", 10**30),
        _with("subject", "id", "x" * 256),
        _with("subject", "id", "bo\0b"),
        _with("subject", "id", "\ud800"),
    ],
    "resource.type": [_with("resource", "type", ["domain"]), _with("resource", "type", "a\nb")],
    "resource.id": [
        _without("resource", "id"),
        _with("resource", "id", True),
        _with("resource", "id", "alder\u202e.example"),
        _with("resource", "id", "a\x1bb"),
    ],
    "action.name": [_with("action", "name", {}), _with("action", "name", "x" * 10_000)],
    "subject.properties": [_with("subject", "properties", "none")],
    "action.properties": [_with("action", "properties", None)],
    "context": [_with("", "context", []), _with("", "context", None)],
}


@pytest.mark.parametrize(
    ("field", "change"),
    [(field, change) for field, changes in MALFORMED.items() for change in changes],
)
def test_a_malformed_body_is_refused_by_the_field(ask, question, field, change):
    change(question)

    response = ask(question)

    assert response.status == 400
    assert response.json["error"]["code"] == "invalid"
    assert list(response.json["error"]["fields"]) == [field]


NOT_JSON = [
    b"",
    b"{",
    b"null and void",
    b"\xff\xfe{\x00}\x00",
    b'\xef\xbb\xbf{"subject": 1}',
    b'{"subject": "\xff"}',
    b"{'subject': 1}",
    b'{"subject": NaN}',
    b'{"context": {"n": -Infinity}}',
    b'{"context": {"n": ' + b"9" * 5000 + b"}}",
    b'{"context": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    b'{"context": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
]


@pytest.mark.parametrize("body", NOT_JSON, ids=range(len(NOT_JSON)))
def test_a_body_that_is_not_json_is_refused(ask, body):
    response = ask(body)

    assert response.status == 400
    assert response.json == {
        "error": {"code": "parse_error", "message": "The body is not valid JSON."}
    }


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"1", b"null", b"true"])
def test_json_that_is_not_an_object_is_refused(ask, body):
    assert ask(body).json["error"]["message"] == "The body must be a JSON object."


@pytest.mark.parametrize(
    ("twice", "name"),
    [
        (b'{"action": {"name": "view"}, "action": {"name": "renew"}}', "action"),
        (b'{"action": {"name": "view", "name": "renew"}}', "name"),
    ],
)
def test_a_repeated_json_name_is_refused(ask, twice, name):
    response = ask(twice)

    assert response.status == 400
    assert list(response.json["error"]["fields"]) == [name]


def test_a_bad_token_is_reported_before_a_bad_body(ask):
    assert ask(b"{", token="wrong").status == 401


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 10_000_000])
def test_a_body_too_large_is_refused(ask, question, size):
    question["context"] = {"filling": "x" * size}
    assert ask(question).status == 413


def test_a_body_of_the_largest_size_is_answered(ask, question):
    question["context"] = {"filling": ""}
    question["context"]["filling"] = "x" * (BODY_LIMIT - len(json.dumps(question)))

    assert ask(question).json["decision"] is True


@pytest.mark.parametrize("length", ["", "-1", "x", "1e3", "٣", None])
def test_a_body_without_content_length_is_empty(ask, question, length):
    assert ask(question, CONTENT_LENGTH=length).status == 400


# --- The rest of HTTP ---


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(ask, question, method):
    response = ask(question, method=method)

    assert response.status == 405
    assert response.headers["Allow"] == "POST"
    assert response.json["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "content_type",
    ["", None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"],
)
def test_other_content_types_are_refused(ask, question, content_type):
    """openid/authzen, certification 2.4.3."""
    response = ask(question, CONTENT_TYPE=content_type)

    assert response.status == 400
    assert response.json["error"]["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/json ;q=1"]
)
def test_only_the_json_content_type_is_accepted(ask, question, content_type):
    assert ask(question, CONTENT_TYPE=content_type).status == 200


@pytest.mark.parametrize("token", ["good", "wrong", None])
def test_the_request_id_is_returned(ask, question, token):
    response = ask(question, token=token, HTTP_X_REQUEST_ID="bfe9eb29-ab87 (1)")
    assert response.headers["X-Request-ID"] == "bfe9eb29-ab87 (1)"


@pytest.mark.parametrize("request_id", ["x" * 256, "caf\xe9", "a\nb"])
def test_an_invalid_request_id_is_refused(ask, question, request_id):
    response = ask(question, HTTP_X_REQUEST_ID=request_id)

    assert response.status == 400
    assert list(response.json["error"]["fields"]) == ["X-Request-ID"]


def test_session_cookies_are_ignored(as_, bob, question):
    response = as_(bob).post(PATH, json.dumps(question), content_type="application/json")
    assert response.status_code == 401


# --- Faults ---


def in_own_connection(work, **changes):
    """Run in a thread, whose connection is its own, with other connection settings."""
    results = []

    def run():
        mine = connections["default"]
        mine.settings_dict = {**mine.settings_dict, **changes}
        try:
            results.append(work())
        finally:
            mine.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return results[0]


def nowhere():
    """Connection settings under which there is no database."""
    if connection.vendor == "postgresql":
        return {"PORT": "1"}
    return {"NAME": "/nonexistent/hub.sqlite3"}


def test_without_a_database_the_answer_is_503_and_never_yes(ask, question, caplog):
    """L64; and the operator's log says why."""
    response = in_own_connection(lambda: ask(question), **nowhere())

    assert response.status == 503
    assert "decision" not in response.json
    assert response.json["error"]["code"] == "unavailable"
    assert response.headers["Retry-After"] == "1"
    assert "a check found no database" in caplog.text


def test_an_internal_error_is_500_and_never_yes(ask, question, monkeypatch):
    def fail(**_):
        raise RuntimeError("a bug")

    monkeypatch.setattr("portals.api.evaluation.answers.answer_check", fail)

    response = ask(question)

    assert response.status == 500
    assert response.json == {
        "error": {"code": "internal", "message": "The hub failed. Treat this as a no."}
    }
