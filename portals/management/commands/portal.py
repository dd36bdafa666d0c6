"""manage.py portal: apply a portal's manifest, or issue its credentials."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portals.models import Portal
from portals.services.credentials import issue_credentials
from portals.services.manifests import (
    ManifestRefused,
    RemovalRefused,
    apply_manifest,
    read_manifest,
)


class Command(BaseCommand):
    """Apply a portal's manifest, or give the portal its credentials."""

    help = "Apply a portal's manifest, or give the portal fresh credentials."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the two actions with their arguments."""
        actions = parser.add_subparsers(dest="action", required=True)
        apply = actions.add_parser("apply", help="make the portal what its manifest declares")
        apply.add_argument("file", type=Path, help="portals/manifests/<slug>.toml")
        apply.add_argument(
            "--yes", action="store_true", help="remove what the manifest no longer declares"
        )
        credentials = actions.add_parser(
            "credentials", help="print a fresh client id and secret; the former ones end"
        )
        credentials.add_argument("slug")
        credentials.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the chosen action."""
        if options["action"] == "apply":
            self._apply(options["file"], agreed=options["yes"])
        else:
            self._credentials(options["slug"], as_json=options["as_json"])

    def _apply(self, file: Path, *, agreed: bool) -> None:
        try:
            changes = apply_manifest(actor=None, manifest=read_manifest(file), remove=agreed)
        except ManifestRefused as error:
            raise CommandError(error.messages[0]) from error
        except RemovalRefused as refused:
            for line in refused.changes + refused.removals:
                self.stdout.write(f"would change  {line}")
            raise CommandError(
                "Nothing was changed: this would remove what people may hold."
                " Say --yes to go ahead."
            ) from refused
        for line in changes:
            self.stdout.write(line)
        if not changes:
            self.stdout.write(f"{file.stem}: nothing to change")

    def _credentials(self, slug: str, *, as_json: bool) -> None:
        portal = Portal.objects.filter(slug=slug).first()
        if portal is None:
            existing = ", ".join(Portal.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no portal {slug}. Known portals: {existing}.")
        issued = issue_credentials(actor=None, portal=portal)
        if settings.DEMO:
            self.stderr.write(
                f"If the demo runs {portal.label_en}, it still has the former credentials:"
                " nobody can open it until the demo starts again."
            )
        if as_json:
            self.stdout.write(json.dumps(issued._asdict()))
            return
        self.stdout.write(f"client id      {issued.client_id}")
        self.stdout.write(f"client secret  {issued.client_secret}")
        self.stdout.write("The secret is shown this once. Former credentials no longer work.")
