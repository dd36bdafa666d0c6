"""Every error under /access/ and /api/ is JSON, and no request has an endless body."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from portals.api.evaluation import PATH
from tests.portals.test_evaluation import call

FORM = "application/x-www-form-urlencoded"
MISTAKES = [
    ("GET", "/api/", 404, "not_found"),
    ("POST", "/api/v2/resources", 404, "not_found"),
    ("DELETE", "/api/v1/resources/", 404, "not_found"),
    ("GET", f"{PATH}s/", 404, "not_found"),
    ("POST", f"{PATH}/", 404, "not_found"),
    ("GET", "/access/", 404, "not_found"),
    ("GET", PATH, 405, "method_not_allowed"),
    ("POST", "/api/v1/resources", 401, "not_authenticated"),
    ("POST", "/api/v1/docs/", 405, "method_not_allowed"),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), MISTAKES)
def test_errors_of_programs_are_json(db, method, path, status, code):
    answer = call("front", method=method, path=path)

    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json["error"]["message"]


@pytest.mark.parametrize("path", ["/api/v1/resources", "/api/nothing", "/access/nothing"])
def test_a_wrong_host_is_refused_in_json_there(db, path):
    answer = call("front", method="GET", path=path, HTTP_HOST="other.example")

    assert (answer.status, answer.json["error"]["code"]) == (400, "bad_request")


OAUTH = ["token", "introspect", "revoke", "userinfo"]


@pytest.mark.parametrize("name", OAUTH)
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"HTTP_HOST": "other.example"}, 400),
        ({"CONTENT_TYPE": "multipart/form-data", "body": b"no boundary"}, 400),
        ({"CONTENT_TYPE": FORM, "body": b"a=1&" * 1001}, 400),  # more fields than Django reads
        ({"CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(9 * 1024 * 1024)}, 413),
        ({"method": "PUT"}, 405),
    ],
    ids=["host", "multipart", "fields", "size", "method"],
)
def test_what_no_oauth_endpoint_sees_is_refused_in_its_shape(db, name, sent, status):
    """RFC 6749, 5.2: a client library reads `error`, a text."""
    answer = call("front", **{"method": "POST", "path": f"/identity/o/api/{name}", **sent})

    assert (answer.status, answer.json["error"]) == (status, "invalid_request")
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("name", OAUTH)
def test_a_fault_of_an_oauth_endpoint_is_told_in_its_shape(client, db, name, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("a bug")

    client.raise_request_exception = False
    monkeypatch.setattr("portals.oidc.endpoints.read_parameters", fail)
    monkeypatch.setattr("portals.oidc.introspection.read_parameters", fail)
    monkeypatch.setattr("portals.oidc.endpoints.live_token", fail)
    bearer = {"Authorization": "Bearer x"}

    answer = client.post(f"/identity/o/api/{name}", headers=bearer)

    assert (answer.status_code, answer.json()["error"]) == (500, "server_error")
    assert b"a bug" not in answer.content


def test_a_fault_is_json_there_and_a_page_elsewhere(db, as_, alice, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("a bug")

    client = as_(alice)
    client.raise_request_exception = False
    monkeypatch.setattr("preferences.api.choices.preference_centre", fail)
    monkeypatch.setattr("hub.home.page.launcher_of", fail)

    answer, page = client.get("/api/v1/choices/"), client.get("/")

    assert (answer.status_code, page.status_code) == (500, 500)
    assert answer.json()["error"]["code"] == "internal_server_error"
    assert b"a bug" not in answer.content
    assert int(answer["Content-Length"]) == len(answer.content)
    assert b"<h1>" in page.content


def test_pages_keep_their_own_errors(client, db):
    assert b"<h1>" in client.get("/no/such/page/").content
    assert b"<h1>" in client.get("/apis/").content


@pytest.mark.parametrize("path", ["/accounts/login/", "/provider/topics/import/", "/nothing/", "/"])
def test_a_body_above_the_limit_is_refused_before_it_is_read(db, settings, path, monkeypatch):
    """An upload without end to any address, also one that signs nobody in, fills no disk."""
    settings.BODY_LIMIT = 1000
    file = SimpleUploadedFile("list.csv", b"x" * 2000)
    monkeypatch.setattr("django.http.request.HttpRequest._load_post_and_files", None)

    answer = Client().post(path, {"file": file})

    assert answer.status_code == 413


def test_a_body_of_the_limit_is_read(client, db, settings):
    settings.BODY_LIMIT = 100
    send = {"content_type": "application/json"}
    assert client.post("/api/v1/resources/sync", b"x" * 100, **send).status_code == 401
    answer = client.post("/api/v1/resources/sync", b"x" * 101, **send)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_the_check_stands_in_the_openapi_document(client, db):
    document = client.get("/api/v1/schema/?format=json").json()
    operation = document["paths"][PATH]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    request = document["components"]["schemas"][body.rsplit("/", 1)[1]]

    assert request["required"] == ["subject", "resource", "action"]
    assert request.get("additionalProperties") is not False  # unknown fields are ignored
    assert {"200", "400", "401", "403", "413", "503"} <= set(operation["responses"])
    assert operation["security"] == [{"portal": ["access:check"]}]
    scopes = document["components"]["securitySchemes"]["portal"]["flows"]["clientCredentials"]
    assert "access:check" in scopes["scopes"]


def test_the_document_names_the_csrf_token_where_a_cookie_signs_in(client, db):
    document = client.get("/api/v1/schema/?format=json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            names = [parameter["name"] for parameter in operation.get("parameters", [])]
            wanted = {"cookieAuth": []} in operation["security"] and method != "get"
            assert ("X-CSRFToken" in names) is wanted, (method, path)


def test_a_patch_as_the_document_says_is_taken(db, bob):
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob, backend="accounts.backends.PersonBackend")
    client.get("/preferences/")
    send = {"content_type": "application/json"}
    csrf = {"X-CSRFToken": client.cookies["hub_csrf"].value}

    assert client.patch("/api/v1/delivery/", "{}", **send).status_code == 403
    assert client.patch("/api/v1/delivery/", "{}", headers=csrf, **send).status_code == 200
