"""manage.py signing_key: list, add or retire the keys with which the hub signs."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portals.models import SigningKey
from portals.services.signing_keys import add_signing_key, retire_signing_key


class Command(BaseCommand):
    """List, add or retire signing keys."""

    help = "List the keys with which the hub signs, add the next one, or retire one that leaked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the three actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="the keys, oldest first")
        actions.add_parser("add", help="make a key; it is published now and signs in two hours")
        retire = actions.add_parser("retire", help="refuse at once what a key has signed")
        retire.add_argument("kid")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the chosen action."""
        if options["action"] == "list":
            for key in SigningKey.objects.all():
                self.stdout.write(f"{key.kid}  {_state(key)}")
            return
        try:
            if options["action"] == "add":
                key = add_signing_key(actor=None)
            else:
                key = retire_signing_key(actor=None, kid=options["kid"])
        except ValidationError as refusal:
            raise CommandError(refusal.messages[0]) from refusal
        self.stdout.write(f"{key.kid}  {_state(key)}")


def _state(key: SigningKey) -> str:
    now = timezone.now()
    if key.expires_at is not None and key.expires_at <= now:
        return f"retired since {key.expires_at.isoformat(timespec='minutes')}"
    if key.not_before > now:
        return f"published, signs from {key.not_before.isoformat(timespec='minutes')}"
    return "in use"
