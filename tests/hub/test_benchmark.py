"""The benchmark's three ways give the right answers; how fast is not a test's business."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection


def test_the_quick_benchmark_finds_every_answer_right():
    if connection.vendor == "postgresql":
        server = {key: settings.DATABASES["default"][key] for key in ("USER", "HOST", "PORT")}
        url = "postgres://{USER}@{HOST}:{PORT}/postgres".format(**server)
        chosen = ["--only", "PostgreSQL", "--postgresql", url]
    else:
        chosen = ["--only", "SQLite"]
    command = [sys.executable, "-m", "benchmarks.check", "--quick", "--seconds", "0.3", *chosen]

    done = subprocess.run(
        command,
        cwd=Path(settings.BASE_DIR),
        env={name: v for name, v in os.environ.items() if not name.startswith("DJANGO_")},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    for way in ("ours", "floor", "stock"):
        assert f" {way} " in done.stdout


@pytest.mark.skipif(connection.vendor != "postgresql", reason="it is about PostgreSQL")
def test_the_quick_audience_decides_like_the_statement_by_hand():
    server = {key: settings.DATABASES["default"][key] for key in ("USER", "HOST", "PORT")}
    url = "postgres://{USER}@{HOST}:{PORT}/postgres".format(**server)

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.audience", "--quick", "--postgresql", url],
        cwd=Path(settings.BASE_DIR),
        env={name: v for name, v in os.environ.items() if not name.startswith("DJANGO_")},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert "in one call" in done.stdout
