"""docs/portals.md: its commands, one after the other, as the author of a portal runs them."""

import json
import re
import sqlite3
import uuid

from tests.demo import ROOT, Demo
from tests.journeys.documents import commands, run_commands

TEXT = (ROOT / "docs" / "portals.md").read_text()


def sub_of(demo: Demo, address: str) -> str:
    file = demo.environment["HUB_DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT sub FROM accounts_user WHERE email = ?", [address])
        return str(uuid.UUID(rows.fetchone()[0]))


def test_the_example_manifest_is_applied_as_the_document_shows(demo, tmp_path):
    manifest, sign_in = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    [console] = re.findall(r"^```console\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "backups.toml").write_text(manifest)
    lines = console.splitlines()
    script = "\n".join(line[2:] for line in lines if line.startswith("$ "))

    said = run_commands(script, demo, tmp_path)
    assert said.splitlines() == [line for line in lines if not line.startswith("$ ")]

    (tmp_path / "backups.toml").write_text(manifest + sign_in)
    said = run_commands(script.splitlines()[0], demo, tmp_path)
    assert "backchannel_logout_uri:  → https://backups.example/back-channel-logout" in said


def test_the_commands_give_a_token_report_a_resource_and_ask(demo, tmp_path):
    script = "echo\n".join(commands(TEXT)).replace("<sub>", sub_of(demo, "bob@alder.example"))
    assert "<" not in script

    said = run_commands(script, demo, tmp_path).splitlines()

    assert (tmp_path / "credentials.json").exists()
    created, decision, found, decisions, status, email = (line for line in said if line.strip())
    assert json.loads(created)["id"] == "new.example"
    assert json.loads(decision) == {"decision": False}
    for answer in (found, decisions):
        assert answer in TEXT
    assert status == "302"
    assert json.loads(email)["decision"] is False
