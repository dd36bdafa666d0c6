"""Read delivery reports: `manage.py bounces [-|FILE|MAILDIR|imaps://…]`, safe to repeat."""

import sys
from argparse import ArgumentParser
from collections import Counter
from typing import Any

import structlog
from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError

from preferences.gate.bounce_parsing import read_reports, take_mail
from preferences.gate.mailboxes import Mark, UnreadableMailbox, mails_in

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    """Each mail is marked once its reports are written down."""

    help = "Take in delivery reports and complaints from a mailbox."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One source; without it, HUB_BOUNCE_MAILBOX."""
        parser.add_argument("source", nargs="?", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read it all.

        Raises CommandError when the source does not open, or when mails were kept aside.
        """
        source = options["source"] or settings.HUB_BOUNCE_MAILBOX
        if not source:
            raise CommandError("Name a file, a Maildir or - ; or set HUB_BOUNCE_MAILBOX.")
        found: Counter[Mark] = Counter()
        noted = 0
        try:
            for raw, leave_mark in mails_in(source, sys.stdin.buffer):
                new, mark = _take(raw)
                leave_mark(mark)
                noted += new
                found[mark] += 1
        except UnreadableMailbox as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{found.total()} read, {noted} new reports")
        if found[Mark.UNDIGESTED]:
            raise CommandError(f"{found[Mark.UNDIGESTED]} could not be digested: see the log")


def _take(raw: bytes) -> tuple[int, Mark]:
    """How many reports of a mail were new, and what to leave on it.

    A mail that makes us fail is kept aside and never stops the next one; a database that is away is
    not the mail's fault, and raises.
    """
    try:
        new = take_mail(raw)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("a mail that came back could not be digested")
        return 0, Mark.UNDIGESTED
    return new, Mark.REPORT if read_reports(raw) else Mark.OTHER
