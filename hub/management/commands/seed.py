"""manage.py seed: bulk data, to see how the hub behaves when it is full."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hub.seeding import DoesNotFit, Sizes, seed


class Command(BaseCommand):
    """Fill the database with made-up customers, people, resources and grants."""

    help = (
        "Fill the database with made-up customers, people, resources and grants, on top of what"
        " is there, over the portals known. For trials and benchmarks; refused in production."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How much of each."""
        parser.add_argument("--grants", type=int, required=True, help="how many grants")
        parser.add_argument("--people", type=int, help="how many people (default: grants / 50)")
        parser.add_argument("--resources", type=int, help="how many things (default: grants / 10)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, all or nothing."""
        if settings.PRODUCTION:
            raise CommandError("Made-up data has no place in production: refused.")
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
