"""The alarm about missed legal deadlines: one email a day, and each deadline once."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.selectors import staff_with
from compliance.emails import send_overdue
from compliance.models import DueAlarm
from compliance.selectors.due import Due, all_overdue, due_sources


@transaction.atomic
def alarm_of_overdue() -> int:
    """Tell the staff who may see them about deadlines that were missed. Return how many.

    Called at each periodic tick. Safe to run twice at once: only who wrote the row of a deadline
    sends its email. Nothing more is sent on a day that had an email, in the provider's time zone.
    """
    zone = timezone.get_default_timezone()
    today = timezone.localtime(timezone=zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if DueAlarm.objects.filter(at__gte=today).exists():
        return 0
    told, emails = 0, dict[User, list[Due]]()
    for row in (row for source in due_sources() for row in all_overdue(source)):
        app, codename = row.source.permission.split(".")
        readers = list(staff_with(codename, app=app).order_by("pk"))
        if readers and _is_new(row):  # where nobody may see it, it waits for somebody who does
            told += 1
            for reader in readers:
                emails.setdefault(reader, []).append(row)
    for reader, rows in emails.items():
        send_overdue(reader=reader, rows=rows)
    return told


def _is_new(row: Due) -> bool:
    """Write the alarm of a deadline, and return whether it is the first."""
    _alarm, is_new = DueAlarm.objects.get_or_create(
        source=row.source.code, key=row.clock.key, due_at=row.clock.due_at
    )
    return is_new
