"""Read delivery reports: `manage.py bounces [-|FILE|MAILDIR|imaps://…]`, safe to repeat."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from preferences.gate.incoming import take_mail
from preferences.gate.mailboxes import UnreadableMailbox, mails_in


class Command(BaseCommand):
    """Each mail is marked as read once its reports are written down."""

    help = "Take in delivery reports and complaints from a mailbox."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One source; without it, HUB_BOUNCE_MAILBOX."""
        parser.add_argument("source", nargs="?", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read it all. Raises CommandError when the source does not open."""
        source = options["source"] or settings.HUB_BOUNCE_MAILBOX
        if not source:
            raise CommandError("Name a file, a Maildir or - ; or set HUB_BOUNCE_MAILBOX.")
        mails = noted = 0
        try:
            for raw, mark_read in mails_in(source, sys.stdin.buffer):
                noted += take_mail(raw)
                mark_read()
                mails += 1
        except UnreadableMailbox as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{mails} read, {noted} new reports")
