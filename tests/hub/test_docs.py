"""The commands and links in the documents work."""

import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.urls import resolve, reverse

from accounts.models import User

DOCS = Path(settings.BASE_DIR) / "docs"


def test_the_first_operator_is_made_as_the_document_says(db, as_):
    [snippet] = re.findall(r"```python\n(.*?)```", (DOCS / "operators.md").read_text(), re.DOTALL)
    exec(snippet, {})
    operator = User.objects.get(email="you@provider.example")

    assert as_(operator).get(reverse("accounts:provider")).status_code == 200
    assert as_(operator).get(reverse("accounts:desk")).status_code == 200


def test_an_export_verifies_the_trail_later(db, tmp_path):
    out = StringIO()
    call_command("audit", "export", stdout=out)
    export = tmp_path / "trail.jsonl"
    export.write_text(out.getvalue())
    said = StringIO()
    call_command("audit", "verify", "--against", str(export), stdout=said)

    assert "is still there" in said.getvalue()


@pytest.mark.parametrize("document", ["operators.md", "portals.md", "checks.md"])
def test_commands_in_documents_exist(document):
    from django.core.management import get_commands

    text = (DOCS / document).read_text()
    for command in re.findall(r"manage\.py ([a-z_]+)", text):
        assert command in get_commands(), command


def test_the_settings_of_programs_name_endpoints_that_exist():
    text = (DOCS / "portals.md").read_text()
    named = set(re.findall(r"hub\.example(/[\w./-]+)", text))

    assert {reverse(f"idp:oidc:{name}") for name in ("authorization", "token", "userinfo")} < named
    for path in named:
        resolve(path)


def test_the_walk_through_the_reference_portal_names_what_is_there():
    text = (DOCS / "portals.md").read_text()
    walk = text[text.index("### The reference portal") : text.index("### Settings of programs")]
    folder = Path(settings.BASE_DIR) / "examples" / "portal"
    code = "".join(file.read_text() for file in folder.glob("*.py"))

    steps = re.findall(r"^\d\. \*\*`(\w+)", walk, re.MULTILINE)
    assert len(steps) == 11
    for name in steps:
        assert re.search(rf"^(def {name}\(|class {name}:|{name} = )", code, re.MULTILINE), name
    read = set(re.findall(r'environ\["(\w+)"\]', code))
    assert set(re.findall(r"`((?:PORTAL|HUB)_[A-Z_]+)`", walk)) == read


def test_the_guide_shows_the_reference_portal_as_it_runs():
    """Long enough to be true, short enough to be read: some sixty lines of code."""
    text = (DOCS / "portals.md").read_text()
    [shown] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    file = Path(settings.BASE_DIR) / "examples" / "portal" / "portal.py"
    lines = re.sub(r'""".*?"""', "", shown, flags=re.DOTALL).splitlines()

    assert shown == file.read_text()
    assert sum(bool(line.strip()) for line in lines) <= 70


def test_links_between_documents_have_a_target():
    for document in DOCS.glob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), (document.name, target)


def test_anyone_can_verify_an_activity_export_offline(as_, alice, bob, tmp_path):
    [snippet] = re.findall(r"```python\n(.*?)```", (DOCS / "activity.md").read_text(), re.DOTALL)
    address = reverse("accounts:activity-export", args=["alder", "jsonl"])
    file = tmp_path / "activity.jsonl"

    def check(text: str) -> int:
        file.write_text(text)
        return subprocess.run([sys.executable, "-c", snippet, file], capture_output=True).returncode

    whole = as_(alice).post(address).getvalue().decode()
    some = as_(alice).post(f"{address}?person={bob.sub}").getvalue().decode()
    assert check(whole) == check(some) == 0
    assert check(some.replace("Bob", "Rob")) == 1
    assert check("".join(whole.splitlines(keepends=True)[:2] + whole.splitlines(True)[3:])) == 1
    file.write_text(some)
    call_command("audit", "verify", "--against", str(file), stdout=StringIO())
