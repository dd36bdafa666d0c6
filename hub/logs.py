"""The format of log lines: one JSON object a line, safe against forged line breaks (K5)."""

import logging
import re
import sys
from typing import Any

import structlog

# URLs that carry a token: somebody who reads the log must not be able to use them (K4).
_SECRET = re.compile(
    r"((?:invitations|confirm-email|reset(?:/|%2F)key|unsubscribe"
    r"|privacy(?:/|%2F)confirm|preferences(?:/|%2F)mail|subscribe(?:/|%2F)confirm)(?:/|%2F))[^/%\s\"']+",
    re.IGNORECASE,
)

REFUSAL_LENGTH = 300  # a Host header or a path may be thousands of characters long


def hide_secrets(logger: Any, method: str, line: str) -> str:
    """Return the finished line without the tokens of emailed links."""
    return _SECRET.sub(r"\1...", line)


def shorten_refusal(record: logging.LogRecord) -> bool:
    """Make a refused request one short line: the fault is in the request, not in the hub's code.

    So is one that found no database (503), with the reason. Django names the status of such a line.
    The traceback of any other line stays.
    """
    status = getattr(record, "status_code", 0)
    if 400 <= status < 500 or status == 503:
        message = record.getMessage()
        if status == 503 and record.exc_info:
            message = f"{message}: {record.exc_info[1]}"
        record.exc_info = record.exc_text = None
        if len(message) > REFUSAL_LENGTH:
            message = f"{message[:REFUSAL_LENGTH]}…"
        record.msg, record.args = message, None
    return True


def formatter() -> logging.Formatter:
    """Return the formatter of the console handler."""
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
            hide_secrets,  # type: ignore[list-item]
        ],
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
    )


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": "hub.logs.formatter"}},
    "filters": {"refusals": {"()": lambda: shorten_refusal}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "stream": sys.stderr,
            "formatter": "plain",
            "filters": ["refusals"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
}
