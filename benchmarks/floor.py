"""The floor: a bare WSGI application that runs the same statement, the best this machine can do.

It reads JSON, hashes the token, runs the prepared statement by the driver and writes JSON, without
Django and without validation. BENCHMARK_PLAN names the file with the statement, BENCHMARK_DATABASE
the database.
"""

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

plan = json.loads(Path(os.environ["BENCHMARK_PLAN"]).read_text())
database = os.environ["BENCHMARK_DATABASE"]
local = threading.local()


def on_postgresql(values: dict[str, str]) -> Any:
    """Run the statement by psycopg, prepared on the server, one connection for each thread."""
    if not hasattr(local, "connection"):
        local.connection = psycopg.connect(database, autocommit=True)
        local.connection.execute("SET plan_cache_mode TO force_generic_plan")
    values["now"] = datetime.now(UTC).isoformat()
    return local.connection.execute(plan["psycopg"], values, prepare=True).fetchone()


def on_sqlite(values: dict[str, str]) -> Any:
    """Run the statement by sqlite3, which caches statements, one connection for each thread."""
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect(database, isolation_level=None)
    values["subject"] = values["subject"].replace("-", "")
    values["now"] = str(datetime.now(UTC).replace(tzinfo=None))
    return local.connection.execute(plan["sqlite"], [values[n] for n in plan["names"]]).fetchone()


run = on_postgresql if database.startswith("postgres") else on_sqlite


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one check."""
    check = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    token = environ["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    resource_type = check["resource"]["type"]
    row = run(
        {
            "token_hash": hashlib.sha256(token.encode()).hexdigest(),
            "subject": check["subject"]["id"],
            "resource_type": resource_type,
            "external_id": check["resource"]["id"],
            "codename": f"{resource_type}.{check['action']['name']}",
        }
    )
    reason = (row[2] or "not_allowed").partition(" ")[0]
    body = json.dumps({"decision": reason != "not_allowed"}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
