"""`manage.py example`: load the example provider into an empty database."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from accounts.models import User
from hub.example import load_example, load_history


class Command(BaseCommand):
    """The command `example`, for a database other than the demo's."""

    help = "Load the example provider, its customers and people, into an empty database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the option that leaves the history out."""
        parser.add_argument(
            "--no-history",
            action="store_true",
            help="load the people as they begin, without six months of history",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load it. Raises CommandError in production or if the database has people."""
        if settings.PRODUCTION:
            raise CommandError("The example's passwords are public: never in production.")
        if User.objects.exists():
            raise CommandError("The database is not empty; nothing was loaded.")
        if options["no_history"]:
            load_example()
        else:
            load_history()
        self.stdout.write(f"Loaded {User.objects.count()} people of the example provider.")
