"""A real server writes its pending last uses when it stops."""

import json
import signal
import sqlite3
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from portals.api.evaluation import PATH
from tests.demo import manage, running_demo

HUB = ("HUB_ENV", "HUB_SECRET_KEY", "HUB_BASE_URL", "HUB_DATABASE_URL", "HUB_EMAIL_URL")


def uses(demo):
    """The uses of this day."""
    file = demo.environment["HUB_DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        return database.execute(
            "SELECT count(*) FROM portals_privilegeuse WHERE day >= date('now', '-1 day')"
            " AND privilege_id IN (SELECT permission_id FROM portals_privilege"
            " WHERE codename = 'domain.view')"
        ).fetchone()[0]


def send(demo, path, data, **headers):
    with urlopen(Request(f"{demo.url}{path}", data=data, headers=headers)) as response:
        return json.load(response)


def bob_uses_a_domain(demo):
    variables = {name: demo.environment[name] for name in HUB}
    credentials = json.loads(
        manage("portal", "credentials", "domains", "--json", **variables).stdout
    )
    form = {"grant_type": "client_credentials", "scope": "access:check", **credentials}
    token = send(demo, "/identity/o/api/token", urlencode(form).encode())["access_token"]
    file = demo.environment["HUB_DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        query = "SELECT sub FROM accounts_user WHERE email = 'bob@alder.example'"
        sub = database.execute(query).fetchone()[0]
    sub = "-".join((sub[:8], sub[8:12], sub[12:16], sub[16:20], sub[20:]))
    question = {
        "subject": {"type": "user", "id": sub},
        "resource": {"type": "domain", "id": "alder.example"},
        "action": {"name": "view"},
    }
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    assert send(demo, PATH, json.dumps(question).encode(), **headers)["decision"] is True


def test_a_stopped_server_writes_its_last_uses(tmp_path: Path):
    with running_demo(tmp_path) as demo:
        bob_uses_a_domain(demo)
        assert uses(demo) == 0  # not in the check's path
        demo.stop(signal.SIGTERM)
        assert uses(demo) == 1
