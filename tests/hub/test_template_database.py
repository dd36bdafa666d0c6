"""The kept test database: never used when incomplete or older than its sources."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection

from accounts.models import User
from tests.template_database import (
    MAX_KEPT,
    ROOT,
    Layer,
    PostgreSQLTemplates,
    SQLiteTemplates,
    Templates,
    files_of_example,
    files_of_tables,
    fingerprint,
    layers,
    prepare,
)

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[str], Templates]]:
    """Another run of the tests, by name: a test database of its own, templates shared with all."""
    runs: list[Templates] = []
    postgresql = connection.vendor == "postgresql"
    prefix = f"{connection.settings_dict['NAME']}_template"  # of this process alone

    def begin(name: str) -> Templates:
        own = connection.copy(name)
        own.settings_dict["TEST"]["NAME"] = f"{prefix}_{name}" if postgresql else None
        own.inc_thread_sharing()
        runs.append(
            PostgreSQLTemplates(own, prefix) if postgresql else SQLiteTemplates(own, tmp_path)
        )
        return runs[-1]

    yield begin
    for templates in runs:
        templates.drop()
    if postgresql:
        with connection._nodb_cursor() as cursor:
            cursor.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]
            )
            for [name] in cursor.fetchall():
                cursor.execute(f'DROP DATABASE "{name}"')


def writes(templates: Templates, kind: str, version: str, built: list[str]) -> Layer:
    """A layer that is one table with two rows, written slowly."""

    def fill() -> None:
        built.append(f"{kind} {version}")
        with templates.own.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {kind} (version varchar(9))")
            cursor.execute(f"INSERT INTO {kind} VALUES (%s)", [version])
            sleep(0.02)
            cursor.execute(f"INSERT INTO {kind} VALUES (%s)", [version])

    return Layer(kind, version, fill, lambda: version)


def rows(templates: Templates, kind: str) -> list[str]:
    with templates.own.cursor() as cursor:
        cursor.execute(f"SELECT version FROM {kind}")
        return [version for [version] in cursor.fetchall()]


def test_concurrent_runs_share_one_build_and_each_gets_a_full_copy(run):
    built: list[str] = []
    barrier = Barrier(3)

    def start(name: str) -> tuple[list[str], list[str]]:
        templates = run(name)
        wanted = [writes(templates, kind, "1", built) for kind in ("below", "above")]
        barrier.wait()
        prepare(templates, wanted)
        found = rows(templates, "below"), rows(templates, "above")
        templates.own.close()
        return found

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(start, ["first", "second", "third"]))

    assert found == [(["1", "1"], ["1", "1"])] * 3
    assert built == ["below 1", "above 1"]


def test_a_run_writes_only_into_its_copy(run):
    built: list[str] = []
    first, second = run("first"), run("second")
    prepare(first, [writes(first, "below", "1", built)])
    with first.own.cursor() as cursor:
        cursor.execute("DELETE FROM below")

    prepare(second, [writes(second, "below", "1", built)])

    assert rows(second, "below") == ["1", "1"]
    assert built == ["below 1"]


def test_a_changed_layer_is_built_on_the_kept_lower_layer(run):
    built: list[str] = []
    templates = run("first")
    for below, above in [("1", "1"), ("1", "2"), ("2", "2b"), ("1", "2")]:
        prepare(
            templates,
            [writes(templates, "below", below, built), writes(templates, "above", above, built)],
        )
        assert rows(templates, "below") == [below] * 2
        assert rows(templates, "above") == [above] * 2

    assert built == ["below 1", "above 1", "above 2", "below 2", "above 2b"]


def test_a_build_that_fails_is_not_kept(run):
    built: list[str] = []
    templates = run("first")

    def half() -> None:
        with templates.own.cursor() as cursor:
            cursor.execute("CREATE TABLE below (version varchar(9))")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        prepare(templates, [Layer("below", "1", half, lambda: "1")])
    prepare(templates, [writes(templates, "below", "1", built)])

    assert rows(templates, "below") == ["1", "1"]


def test_a_build_whose_source_changed_meanwhile_is_not_kept(run):
    built: list[str] = []
    templates = run("first")
    changed = replace(writes(templates, "below", "1", built), fingerprint_now=lambda: "2")

    prepare(templates, [changed])
    assert rows(templates, "below") == ["1", "1"]
    prepare(templates, [writes(templates, "below", "1", built)])

    assert built == ["below 1", "below 1"]


def test_a_layer_of_a_killed_run_is_not_used(run, tmp_path):
    if connection.vendor == "postgresql":
        return  # the server makes a whole database or none
    (tmp_path / "unfinished").write_bytes(b"SQLite format 3\0 and no more")
    built: list[str] = []
    templates = run("first")

    prepare(templates, [writes(templates, "below", "1", built)])

    assert rows(templates, "below") == ["1", "1"]
    assert not (tmp_path / "unfinished").exists()


def test_only_the_newest_of_each_layer_are_kept(run):
    built: list[str] = []
    templates = run("first")
    versions = [str(number) for number in range(MAX_KEPT + 2)]
    for version in versions:
        prepare(templates, [writes(templates, "below", version, built)])

    with templates.lock():
        kept = [v for v in versions if templates.has(writes(templates, "below", v, built))]
    assert kept == versions[-MAX_KEPT:]


def test_a_fingerprint_changes_with_a_file_its_name_and_with_a_fact(tmp_path):
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("a = 1")
    before = fingerprint([one], "3.11")

    assert fingerprint([one], "3.11") == before
    assert fingerprint([one], "3.12") != before
    one.write_text("a = 2")
    assert fingerprint([one], "3.11") != before
    one.write_text("a = 1")
    assert fingerprint([one.rename(other)], "3.11") != before


def test_the_fingerprints_of_tables_and_of_rows():
    tables, example = files_of_tables(), files_of_example()

    assert tables >= set(ROOT.glob("*/migrations/0*.py"))
    assert tables >= {ROOT / "hub/settings.py", ROOT / "accounts/validators.py"}
    assert example >= tables
    assert ROOT / "accounts/urls.py" not in tables
    assert example >= set(ROOT.glob("*/services/**/*.py")) | set(ROOT.glob("portals/manifests/*"))
    assert example >= set(ROOT.glob("templates/*/emails/*"))


def test_another_hour_or_setting_reloads_the_example(monkeypatch):
    with time_machine.travel("2026-03-01 23:59:59Z", tick=False):
        before = [layer.name for layer in layers()]
    with time_machine.travel("2026-03-02 00:00:00Z", tick=False):
        after = [layer.name for layer in layers()]
        monkeypatch.setenv("HUB_REQUEST_HOURS", "1")
        changed = [layer.name for layer in layers()]

    assert after[0] == before[0]
    assert len({before[1], after[1], changed[1]}) == 3


def test_a_copy_is_complete():
    call_command("migrate", check_unapplied=True, verbosity=0)
    assert User.objects.filter(email="alice@alder.example").exists()
