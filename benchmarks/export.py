"""Make the file of a person with a long history: `python -m benchmarks.export` (a minute).

It fills a database of its own with the example and so many entries and emails of one person, makes
the file as the job does, and prints the seconds, the size, and the peak memory of that. A second
run without the rows shows what the process itself takes.
"""

import argparse
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

EVENTS = 10_000
MIB = 1024 * 1024


def fill(count: int) -> None:
    """Create the example, and entries and emails of its Alice."""
    from django.core.management import call_command
    from django.db import transaction
    from django.utils import timezone

    from accounts.models import User
    from accounts.services.audit import record_event
    from preferences.models import Message

    call_command("migrate", verbosity=0)
    call_command("example", verbosity=0, stdout=io.StringIO())
    alice = User.objects.get(email="alice@alder.example")
    with transaction.atomic():
        for _number in range(count):
            record_event(kind="sign_in.done", actor=alice, person=alice)
    now = timezone.now()
    Message.objects.bulk_create(
        (
            Message(
                recipient=alice.recipient,
                address=alice.email,
                notice_class_id="security",
                subject=f"Notice {number}",
                message_id=f"<{number}@hub.example>",
                sealed_content=b"sealed",
                due_at=now,
            )
            for number in range(count)
        ),
        batch_size=1000,
    )


def measure() -> None:
    """Make the file in this process, and print its figures."""
    from accounts.models import User
    from compliance.services.exports import write_own_data

    alice = User.objects.get(email="alice@alder.example")
    before, began = _peak(), time.perf_counter()
    with tempfile.TemporaryFile() as content:
        write_own_data(alice, content, language="en")
        spent = time.perf_counter() - began
        with zipfile.ZipFile(content) as archive:
            read = sum(member.file_size for member in archive.infolist())
        written = content.seek(0, os.SEEK_END)
    print(
        f"{spent:.1f} s; {written / MIB:.2f} MiB of {read / MIB:.1f} MiB; peak memory"
        f" {_peak() / MIB:.0f} MiB, {(_peak() - before) / MIB:.0f} MiB more than before"
    )


def _peak() -> int:
    """Return the most memory that this process has held, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def main() -> int:
    """Fill a database and measure in a new process, without rows and with them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--step", choices=["fill", "measure"], help="(internal)")
    options = parser.parse_args()
    if options.step:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
        import django

        django.setup()
        fill(options.events) if options.step == "fill" else measure()
        return 0
    for events in (0, options.events):
        with tempfile.TemporaryDirectory(prefix="hub-benchmark-") as folder:
            database = f"sqlite:///{Path(folder)}/export.sqlite3"
            environment = {**os.environ, "HUB_ENV": "test", "HUB_DATABASE_URL": database}
            print(f"{events:>7,} entries and emails: ", end="", flush=True)
            for step in ("fill", "measure"):
                ours = ["benchmarks.export", "--step", step, "--events", str(events)]
                subprocess.run([sys.executable, "-m", *ours], env=environment, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
