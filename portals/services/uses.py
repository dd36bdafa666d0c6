"""The last day each privilege was used: collected in memory during checks, saved once a minute.

Nothing here may cost, fail or change a check. An allowed check leaves a mark in memory. A thread of
the same process saves the marks about once a minute, and when the process ends. Marks are lost when
the process is killed or the database is away: the next use says as much.
"""

import json
import logging
import os
import threading
from datetime import date, timedelta
from multiprocessing import util
from time import time

from django.db import connection, transaction

from accounts.models import Membership
from portals.models import Portal, PrivilegeUse

logger = logging.getLogger(__name__)

MAX_PENDING = 10_000  # different uses between two saves; more are dropped
SAVE_INTERVAL = 60.0  # seconds
SHUTDOWN_TIMEOUT = 2.0  # seconds a process that ends waits for its uses to be saved
SECONDS_PER_DAY = 86_400
EPOCH = date(1970, 1, 1)

# The array of [user, resource, privilege, day] as rows.
_ROWS = {
    "postgresql": "SELECT (e.value->>0)::bigint AS person, (e.value->>1)::bigint AS resource,"
    " (e.value->>2)::bigint AS privilege, (e.value->>3)::date AS day"
    " FROM jsonb_array_elements(%s::jsonb) e",
    "sqlite": "SELECT json_extract(e.value, '$[0]') AS person,"
    " json_extract(e.value, '$[1]') AS resource, json_extract(e.value, '$[2]') AS privilege,"
    " json_extract(e.value, '$[3]') AS day FROM json_each(%s) e",
}
# Rows whose person, resource or privilege was deleted meanwhile are skipped, and a day never moves
# back. All processes write in the same order, so that no two wait for each other in a circle.
_UPSERT = """
    INSERT INTO portals_privilegeuse (user_id, resource_id, privilege_id, day)
    SELECT u.id, r.id, v.permission_id, w.day FROM ({rows}) w
    JOIN accounts_user u ON u.id = w.person
    JOIN portals_resource r ON r.id = w.resource
    JOIN portals_privilege v ON v.permission_id = w.privilege
    WHERE TRUE ORDER BY 1, 2, 3
    ON CONFLICT (user_id, resource_id, privilege_id) DO UPDATE SET day = excluded.day
    WHERE portals_privilegeuse.day < excluded.day"""


class UseRecorder:
    """The uses that one process has seen and not yet saved."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, for a forked process: its parent saves what was pending."""
        self._lock = threading.Lock()
        self._pending: dict[str, int] = {}  # use → day, in days since 1970 (UTC)
        self._saved_today: dict[str, int] = {}  # the same; a frequent use is written once a day
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._failed = False

    def record(self, use: str) -> None:
        """Remember one allowed check. A check calls this, so it is cheap and raises nothing.

        `use` is "<user> <resource> <privilege>", as the decision statement returns it.
        """
        today = int(time() // SECONDS_PER_DAY)
        if self._saved_today.get(use) == today or len(self._pending) >= MAX_PENDING:
            return
        self._saved_today[use] = self._pending[use] = today
        if self._thread is None:
            self.start()

    def start(self) -> None:
        """Start the thread of this process, at the first use it sees."""
        with self._lock:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, name="uses", daemon=True)
        try:
            self._thread.start()
            # Runs at the end of any process; granian's children don't call atexit.
            util.Finalize(None, self.stop, exitpriority=1)
        except Exception as error:
            logger.error("last uses are not kept: %s", error)

    def stop(self) -> None:
        """Save what is pending, unless that takes longer than SHUTDOWN_TIMEOUT."""
        self._stopping.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(SHUTDOWN_TIMEOUT)

    def _run(self) -> None:
        while not self._stopping.wait(SAVE_INTERVAL):
            self.save()
            connection.close()
        self.save()
        connection.close()

    def save(self) -> None:
        """Save the uses recorded since the last time. Raise nothing, and log a failure once."""
        pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            with transaction.atomic():
                if connection.vendor == "postgresql":
                    connection.cursor().execute("SET LOCAL statement_timeout = '10s'")
                save_uses(list(pending.items()))
            self._failed = False
        except Exception as error:
            self._saved_today = {}
            if not self._failed:
                logger.warning("last uses were lost: %s", error)
            self._failed = True
        if len(self._saved_today) > MAX_PENDING:
            self._saved_today = {}


@transaction.atomic
def save_uses(uses: list[tuple[str, int]]) -> None:
    """Save at least one use, each with its day since 1970, in one statement.

    A use is "<user> <resource> <privilege>". It is skipped where one of them was deleted, and its
    day only moves forward. Raises DatabaseError.
    """
    rows = [[*map(int, use.split(" ")), str(EPOCH + timedelta(day))] for use, day in uses]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT.format(rows=_ROWS[connection.vendor]), [json.dumps(rows)])
    Portal.objects.filter(
        uses_since=None, privileges__in={int(use.split(" ")[2]) for use, _day in uses}
    ).update(uses_since=EPOCH + timedelta(min(day for _use, day in uses)))


def forget_uses_of_leaver(*, membership: Membership) -> None:
    """Delete the uses of a person in a company they leave."""
    PrivilegeUse.objects.filter(
        user=membership.user_id, resource__subscription__customer=membership.customer_id
    ).delete()


_recorder = UseRecorder()
record_use = _recorder.record


os.register_at_fork(after_in_child=_recorder.reset)
