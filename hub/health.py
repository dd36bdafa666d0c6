"""Health checks for load balancers and `make demo`."""

import logging
from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_tasks_db.models import DBTaskResult

from accounts.triggers import trigger_differences
from hub.cache import IN_THE_DATABASE, RedisOrDatabase

logger = logging.getLogger(__name__)


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer that this process runs; nothing else is checked."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if database, migrations, triggers, job queue and cache are in order, else 503.

    While Redis is away, the hub is ready with the database in its place: 200, but `degraded`.
    """
    parts = {name: _state(check) for name, check in _CHECKS.items()}
    states = set(parts.values())
    status = next((s for s in ("unavailable", "degraded") if s in states), "ok")
    return JsonResponse(
        {"status": status, "parts": parts}, status=503 if status == "unavailable" else 200
    )


def _state(check: Callable[[], bool | str]) -> str:
    try:
        state = check()
    except DatabaseError as error:
        logger.warning("not ready: %s", error)
        state = False
    return state if isinstance(state, str) else "ok" if state else "unavailable"


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _migrations() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _rules() -> bool:
    """Return whether the installed triggers equal those of this code (one query, 2 ms)."""
    differences = trigger_differences(connection)
    if not differences or _is_ahead():
        return True
    more = f"; and {len(differences) - 10} more" if len(differences) > 10 else ""
    logger.warning("not ready: %s", "; ".join(differences[:10]) + more)
    return False


def _is_ahead() -> bool:
    """Return whether a later version migrated last; this one goes on working during a roll-out."""
    last = MigrationRecorder(connection).migration_qs.order_by("-pk").first()
    known = MigrationLoader(None).disk_migrations
    return last is not None and (last.app, last.name) not in known


def _jobs() -> bool:
    DBTaskResult.objects.exists()
    return True


def _cache() -> bool | str:
    """Return whether limits and marks can be kept: in the database, and in Redis if it is used."""
    caches[IN_THE_DATABASE if IN_THE_DATABASE in caches else "default"].get("readyz")
    chosen = caches["default"]
    return not isinstance(chosen, RedisOrDatabase) or chosen.answers() or "degraded"


_CHECKS: dict[str, Callable[[], bool | str]] = {
    "database": _database,
    "migrations": _migrations,
    "rules": _rules,
    "jobs": _jobs,
    "cache": _cache,
}
