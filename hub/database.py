"""Django's database settings for HUB_DATABASE_URL, and what the errors of its engines mean."""

import sqlite3
from typing import Any

from django.db import InterfaceError, OperationalError

from hub.environment import env, parsed

# SQLSTATE classes of PostgreSQL: no connection, no room (too many connections), shutting down.
_AWAY_STATES = ("08", "53", "57P")
_AWAY_CODES = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
)


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for a database URL. Raises ImproperlyConfigured."""
    config: dict[str, Any] = parsed("HUB_DATABASE_URL", url, env.db_url_config)
    config |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    if "sqlite" in config["ENGINE"]:
        config["ENGINE"] = "hub.sqlite"  # keeps the triggers of a table that a migration changes
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # Without recursive triggers, INSERT OR REPLACE deletes rows that triggers protect.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            " PRAGMA recursive_triggers=ON;",
        }
    else:
        # Notice an unreachable database within seconds: a check then answers 503, never yes.
        options = config.setdefault("OPTIONS", {})
        options |= {"connect_timeout": 3, "tcp_user_timeout": 5000}
        # Compiling a statement (JIT) takes longer than running it: seconds for an audience.
        options["options"] = f"{options.get('options', '')} -c jit=off".strip()
    return config


def is_database_away(error: BaseException | None) -> bool:
    """Return whether an error says that the database can't be asked now, not that we asked wrong.

    A refused, lost or timed out connection has no SQLSTATE: the server said nothing.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _AWAY_CODES
    state = getattr(cause, "sqlstate", None)
    return state.startswith(_AWAY_STATES) if state else isinstance(error, OperationalError)
