"""The database that HUB_DATABASE_URL names, with what its engine needs."""

from typing import Any

from hub.environment import env, understood


def database(address: str) -> dict[str, Any]:
    """Django's settings of a database address. Raises ImproperlyConfigured."""
    found: dict[str, Any] = understood("HUB_DATABASE_URL", address, env.db_url_config)
    found |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    if "sqlite" in found["ENGINE"]:
        found["ENGINE"] = "hub.sqlite"  # a changed table keeps its triggers
        found["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # Else INSERT OR REPLACE deletes past the triggers that refuse it.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            " PRAGMA recursive_triggers=ON;",
        }
    else:
        # A database that is away is noticed in seconds: a check then answers 503, never yes.
        options = found.setdefault("OPTIONS", {})
        options |= {"connect_timeout": 3, "tcp_user_timeout": 5000}
        # Compiling a statement (JIT) takes longer than any of ours runs: seconds for the audience.
        options["options"] = f"{options.get('options', '')} -c jit=off".strip()
    return found
