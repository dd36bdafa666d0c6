"""The floor: what this machine can do at all. A bare WSGI app runs the very same statement.

No Django, no checks of the input: read JSON, hash the token, run the prepared statement by the
driver, write JSON. BENCHMARK_PLAN names the file with the statement, BENCHMARK_DATABASE the
database.
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
mine = threading.local()


def on_postgresql(values: dict[str, str]) -> Any:
    """Through psycopg's cursor, prepared on the server, one connection for each thread."""
    if not hasattr(mine, "connection"):
        mine.connection = psycopg.connect(database, autocommit=True)
        mine.connection.execute("SET plan_cache_mode TO force_generic_plan")
    values["now"] = datetime.now(UTC).isoformat()
    return mine.connection.execute(plan["psycopg"], values, prepare=True).fetchone()


def on_sqlite(values: dict[str, str]) -> Any:
    """Through sqlite3, which keeps its prepared statements; one connection for each thread."""
    if not hasattr(mine, "connection"):
        mine.connection = sqlite3.connect(database, isolation_level=None)
    values["subject"] = values["subject"].replace("-", "")
    values["now"] = str(datetime.now(UTC).replace(tzinfo=None))
    return mine.connection.execute(plan["sqlite"], [values[n] for n in plan["names"]]).fetchone()


run = on_postgresql if database.startswith("postgres") else on_sqlite


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer one check."""
    asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    token = environ["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    resource_type = asked["resource"]["type"]
    row = run(
        {
            "token_hash": hashlib.sha256(token.encode()).hexdigest(),
            "subject": asked["subject"]["id"],
            "resource_type": resource_type,
            "external_id": asked["resource"]["id"],
            "codename": f"{resource_type}.{asked['action']['name']}",
        }
    )
    reason = (row[2] or "not_allowed").partition(" ")[0]
    body = json.dumps({"decision": reason != "not_allowed", "context": {"reason": reason}}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
