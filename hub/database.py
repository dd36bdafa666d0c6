"""Django's database settings for HUB_DATABASE_URL, and what the errors of its engines mean."""

import sqlite3
from typing import Any

from django.db import InterfaceError, InternalError, OperationalError

from hub.environment import env, parsed

# SQLSTATEs of PostgreSQL, or how they begin. Of class 53, not 53200 and 53400: they also say that
# one transaction took too many locks, or one query too much space, which trying again won't mend.
_AWAY_STATES = (
    "08",  # no connection
    "25006",  # read only: a standby, or the former primary after a failover
    "53000",  # no resources
    "53100",  # disk full
    "53300",  # too many connections
    "57P",  # shutting down, starting
    "58030",  # input or output failed
)
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
        config["ENGINE"] = "hub.postgresql"  # asks less often whether the server is there
        # Notice an unreachable database within seconds: a check then answers 503, never yes.
        options = config.setdefault("OPTIONS", {})
        options |= {"connect_timeout": 3, "tcp_user_timeout": 5000}
        # Compiling a statement (JIT) takes longer than running it: seconds for an audience.
        options["options"] = f"{options.get('options', '')} -c jit=off".strip()
    return config


def is_database_away(error: BaseException | None) -> bool:
    """Return whether an error says that the database can't be asked now, not that we asked wrong.

    A refused, lost or timed out connection has no SQLSTATE: the server said nothing. An error
    without a cause comes from no database's driver: it is a fault of ours.
    """
    cause = getattr(error, "__cause__", None)
    if cause is None or not isinstance(error, OperationalError | InterfaceError | InternalError):
        return False
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _AWAY_CODES
    state = getattr(cause, "sqlstate", None)
    return state.startswith(_AWAY_STATES) if state else isinstance(error, OperationalError)
