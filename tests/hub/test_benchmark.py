"""The benchmarks get correct answers; their speed is not tested."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from tests.conftest import LAYERS
from tests.template_database import FOLDER

pytestmark = pytest.mark.usefixtures("django_db_setup")  # it keeps the template


def server() -> str:
    values = {key: settings.DATABASES["default"][key] for key in ("USER", "HOST", "PORT")}
    return "postgres://{USER}@{HOST}:{PORT}/postgres".format(**values)


def run_benchmark(*arguments: str) -> str:
    if connection.vendor == "postgresql":
        chosen = ["--only", "PostgreSQL", "--postgresql", server()]
    else:
        chosen = ["--only", "SQLite"]
    return run(*arguments, *chosen)


def templates() -> dict[str, str]:
    """The kept databases, for a benchmark to copy instead of migrating; none that was not kept."""
    found = {}
    for name, layer in zip(("BENCHMARK_MIGRATED", "BENCHMARK_EXAMPLE"), LAYERS, strict=True):
        if connection.vendor == "sqlite":
            file = FOLDER / f"{layer.name}.sqlite3"
            kept = str(file) if file.exists() else ""
        else:
            kept = f"test_template_{layer.name}"
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            with psycopg.connect(server()) as maintenance:
                kept = kept if maintenance.execute(query, [kept]).fetchone() else ""
        if kept:
            found[name] = kept
    return found


def run(*arguments: str) -> str:
    environment = {name: v for name, v in os.environ.items() if not name.startswith("DJANGO_")}
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=Path(settings.BASE_DIR),
        env={**environment, **templates()},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_quick_benchmark_finds_every_answer_right():
    said = run_benchmark("benchmarks.check", "--quick", "--seconds", "0.3")

    for way in ("ours", "floor", "stock"):
        assert f" {way} " in said


def test_the_quick_benchmark_gets_every_list_of_people():
    said = run_benchmark("benchmarks.people", "--quick")

    for page in ("first page", "search by name", "may open a portal", "longest away first"):
        assert f" {page} " in said


def test_the_measure_of_bounces_counts_what_is_read_right_and_wrong(tmp_path):
    """Under names that it judges: a hard report, a full mailbox, and one that says the opposite."""
    report = "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n<bob@x.example>:\n{said}\n"
    for name, said in {
        "qmail_04": "550 5.1.1 no such user",
        "qmail_02": "552 5.2.2 mailbox full",
        "qmail_06": "552 5.2.2 mailbox full",
    }.items():
        (tmp_path / f"{name}.txt").write_text(report.format(said=said))
    assert "3 of 3 right (100%); 0 of 2 that" in run("benchmarks.bounces", str(tmp_path))
    (tmp_path / "qmail_06.txt").write_text(report.format(said="550 5.1.1 no such user"))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bounces", "--list", str(tmp_path)],
        cwd=Path(settings.BASE_DIR), capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 1
    assert "qmail_06.txt: soft, read as hard" in done.stdout
