"""Read delivery reports: `manage.py bounces [-|FILE|MAILDIR|imaps://…]`, safe to repeat."""

import sys
from argparse import ArgumentParser
from collections import Counter
from typing import Any

import structlog
from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError

from preferences.gate.bounce_parsing import read_reports, record_reports
from preferences.gate.mailboxes import Mark, UnreadableMailbox, unread_mails

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    """`manage.py bounces`: an email is marked once its reports are recorded."""

    help = "Take in delivery reports and complaints from a mailbox."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the source; without it, HUB_BOUNCE_MAILBOX is read."""
        parser.add_argument("source", nargs="?", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the source to its end.

        Raises CommandError when it does not open, or when an email could not be processed.
        """
        source = options["source"] or settings.HUB_BOUNCE_MAILBOX
        if not source:
            raise CommandError("Name a file, a Maildir or - ; or set HUB_BOUNCE_MAILBOX.")
        marks: Counter[Mark] = Counter()
        recorded = 0
        try:
            for raw, leave_mark in unread_mails(source, sys.stdin.buffer):
                new, mark = _record(raw)
                leave_mark(mark)
                recorded += new
                marks[mark] += 1
        except UnreadableMailbox as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{marks.total()} read, {recorded} new reports")
        if marks[Mark.FAILED]:
            raise CommandError(f"{marks[Mark.FAILED]} could not be digested: see the log")


def _record(raw: bytes) -> tuple[int, Mark]:
    """Record the reports of an email. Return how many were new, and the mark for the email.

    An email that makes us fail is marked and does not stop the next one. A database that is away is
    not the email's fault, so that error is raised.
    """
    try:
        new = record_reports(raw)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("a mail that came back could not be digested")
        return 0, Mark.FAILED
    return new, Mark.REPORT if read_reports(raw) else Mark.OTHER
