"""Last use: the day of the last allowed check, gathered beside the checks and kept now and then.

Nothing here may cost, fail or change a check: a yes leaves a mark in memory, a thread of the same
process keeps the marks about once a minute and when the process ends. What a killed process or a
database that is away loses is lost; the next use of a right says as much as the one before.
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
from portals.models import Portal, Use

logger = logging.getLogger(__name__)

MOST = 10_000  # different uses between two times of keeping; more are dropped
EVERY = 60.0  # seconds
LAST_WORD = 2.0  # seconds a process that ends waits for its uses
A_DAY = 86_400
EPOCH = date(1970, 1, 1)

# `use` is "<user> <resource> <privilege>", as the decision statement says it.
_ROWS = {
    "postgresql": "SELECT (e.value->>0)::bigint AS person, (e.value->>1)::bigint AS thing,"
    " (e.value->>2)::bigint AS privilege, (e.value->>3)::date AS day"
    " FROM jsonb_array_elements(%s::jsonb) e",
    "sqlite": "SELECT json_extract(e.value, '$[0]') AS person,"
    " json_extract(e.value, '$[1]') AS thing, json_extract(e.value, '$[2]') AS privilege,"
    " json_extract(e.value, '$[3]') AS day FROM json_each(%s) e",
}
# What has gone meanwhile is passed over; a day never goes back. In one order, so that two
# processes never wait for each other in a circle.
_KEEP = """
    INSERT INTO portals_use (user_id, resource_id, privilege_id, day)
    SELECT u.id, r.id, v.permission_id, w.day FROM ({rows}) w
    JOIN accounts_user u ON u.id = w.person
    JOIN portals_resource r ON r.id = w.thing
    JOIN portals_privilege v ON v.permission_id = w.privilege
    WHERE TRUE ORDER BY 1, 2, 3
    ON CONFLICT (user_id, resource_id, privilege_id) DO UPDATE SET day = excluded.day
    WHERE portals_use.day < excluded.day"""


class Gathering:
    """The uses one process has seen and not yet kept."""

    def __init__(self) -> None:
        self.begin_afresh()

    def begin_afresh(self) -> None:
        """Nothing seen yet: a forked process gathers its own, its parent's wait with the parent."""
        self._lock = threading.Lock()
        self._waiting: dict[str, int] = {}  # use → day, in days since 1970 (UTC)
        self._noted: dict[str, int] = {}  # likewise, kept already: spares a busy right its writes
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._failed = False

    def note(self, use: str) -> None:
        """Remember one allowed check; called within it, so it is cheap and raises nothing."""
        today = int(time() // A_DAY)
        if self._noted.get(use) == today or len(self._waiting) >= MOST:
            return
        self._noted[use] = self._waiting[use] = today
        if self._thread is None:
            self.begin()

    def begin(self) -> None:
        """Start the thread of this process, at the first use it sees."""
        with self._lock:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, name="uses", daemon=True)
        try:
            self._thread.start()
            # At the end of a process, whether it is granian's child (no atexit there) or not.
            util.Finalize(None, self.end, exitpriority=1)
        except Exception as error:
            logger.error("last uses are not kept: %s", error)

    def end(self) -> None:
        """Keep what waits, unless that takes too long: a process is never held up."""
        self._ending.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(LAST_WORD)

    def _run(self) -> None:
        while not self._ending.wait(EVERY):
            self.keep()
            connection.close()
        self.keep()
        connection.close()

    def keep(self) -> None:
        """Keep what was noted since the last time; raises nothing, says once that it fails."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            with transaction.atomic():
                if connection.vendor == "postgresql":
                    connection.cursor().execute("SET LOCAL statement_timeout = '10s'")
                keep_uses(list(waiting.items()))
            self._failed = False
        except Exception as error:
            self._noted = {}
            if not self._failed:
                logger.warning("last uses were lost: %s", error)
            self._failed = True
        if len(self._noted) > MOST:
            self._noted = {}


@transaction.atomic
def keep_uses(uses: list[tuple[str, int]]) -> None:
    """Write uses and their days (since 1970), all in one statement; a day only moves forward.

    Each is "<user> <resource> <privilege>"; one whose person, thing or privilege is gone is passed
    over. In: at least one. Raises DatabaseError.
    """
    rows = [[*map(int, use.split(" ")), str(EPOCH + timedelta(day))] for use, day in uses]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP.format(rows=_ROWS[connection.vendor]), [json.dumps(rows)])
    Portal.objects.filter(
        uses_since=None, privileges__in={int(use.split(" ")[2]) for use, _day in uses}
    ).update(uses_since=EPOCH + timedelta(min(day for _use, day in uses)))


def forget_uses_of_leaver(*, membership: Membership) -> None:
    """What somebody used in a company they leave is nobody's business any longer."""
    Use.objects.filter(
        user=membership.user_id, resource__subscription__customer=membership.customer_id
    ).delete()


_gathering = Gathering()
note_use = _gathering.note


os.register_at_fork(after_in_child=_gathering.begin_afresh)
