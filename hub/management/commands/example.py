"""`manage.py example`: the example provider in an empty database."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from accounts.models import User
from hub.example import load_example


class Command(BaseCommand):
    """For trying things out on another database than the demo's."""

    help = "Load the example provider, its customers and people, into an empty database."

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError in production, or where people exist already."""
        if settings.PRODUCTION:
            raise CommandError("The example's passwords are public: never in production.")
        if User.objects.exists():
            raise CommandError("The database is not empty; nothing was loaded.")
        load_example()
        self.stdout.write(f"Loaded {User.objects.count()} people of the example provider.")
