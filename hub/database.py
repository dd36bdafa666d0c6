"""Django's database settings for HUB_DATABASE_URL, with the options each engine needs."""

from typing import Any

from hub.environment import env, parsed


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
