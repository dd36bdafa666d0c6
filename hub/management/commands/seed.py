"""`manage.py seed`: fill the database with made-up data."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hub.seeding import DoesNotFit, Sizes, seed


class Command(BaseCommand):
    """The command `seed`."""

    help = (
        "Fill the database with made-up customers, people, resources and grants, beside the"
        " existing ones, for every known portal. For trials and benchmarks; refused in production."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the sizes."""
        parser.add_argument("--grants", type=int, required=True, help="number of grants")
        parser.add_argument("--people", type=int, help="people (default: grants / 50)")
        parser.add_argument("--resources", type=int, help="resources (default: grants / 10)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the data, all or nothing. Raises CommandError."""
        if settings.PRODUCTION:
            raise CommandError("Made-up data is never loaded in production.")
        grants = options["grants"]
        sizes = Sizes(
            grants=grants,
            people=options["people"] or max(20, grants // 50),
            resources=options["resources"] or max(100, grants // 10),
        )
        try:
            seed(sizes)
        except DoesNotFit as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Added {sizes.grants:,} grants, {sizes.people:,} people,"
            f" {sizes.resources:,} resources in {sizes.customers:,} customers."
        )
