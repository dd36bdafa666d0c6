"""Health checks for load balancers and `make demo`."""

import logging
from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_tasks_db.models import DBTaskResult

from accounts.triggers import trigger_differences

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
    """Answer 200 if database, migrations, triggers and job queue are in order, else 503."""
    parts = {name: _state(check) for name, check in _CHECKS.items()}
    ready = set(parts.values()) == {"ok"}
    return JsonResponse(
        {"status": "ok" if ready else "unavailable", "parts": parts}, status=200 if ready else 503
    )


def _state(check: Callable[[], bool]) -> str:
    try:
        return "ok" if check() else "unavailable"
    except DatabaseError as error:
        logger.warning("not ready: %s", error)
        return "unavailable"


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


_CHECKS = {"database": _database, "migrations": _migrations, "rules": _rules, "jobs": _jobs}
