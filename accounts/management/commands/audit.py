"""`manage.py audit verify|export`: verify the audit events, or export them."""

import json
import re
from argparse import ArgumentParser
from collections import defaultdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import AuditEvent, Customer
from accounts.models.audit import PROVIDER_CHAIN, chain_name
from accounts.selectors import chain_names
from accounts.selectors.event_lines import chain_lines
from accounts.services.audit import AuditBroken, verify_chain

BROKEN, MISUSED = 1, 2
CHAIN = re.compile(r"provider|customer:[0-9]{1,18}")


class Command(BaseCommand):
    """Exit code 0: all is well. 1: a chain has a fault. 2: the command was used wrongly."""

    help = "Prove the audit trail, or export it as JSON lines with its hashes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the two subcommands with their options."""
        acts = parser.add_subparsers(dest="act", required=True)
        verify = acts.add_parser("verify", help="recompute every chain")
        verify.add_argument(
            "--against",
            metavar="FILE",
            help="an earlier export, which must still be wholly there (shows a cut end)",
        )
        export = acts.add_parser("export", help="write JSON lines to standard output")
        which = export.add_mutually_exclusive_group()
        which.add_argument("--customer", metavar="SLUG", help="one customer's chain")
        which.add_argument("--provider", action="store_true", help="the provider's chain")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the subcommand."""
        if options["act"] == "verify":
            self._verify(options["against"])
        else:
            self._export(options["customer"], options["provider"])

    def _verify(self, against: str | None) -> None:
        earlier = _read_export(Path(against)) if against else {}
        total, names = 0, sorted({*chain_names(), *earlier})
        for name in names:
            try:
                length = verify_chain(name, earlier.get(name))
                if not length and name != PROVIDER_CHAIN:
                    raise AuditBroken(f"{name}: the whole chain is missing")
            except AuditBroken as fault:
                raise CommandError(str(fault), returncode=BROKEN) from None
            total += length
        self.stdout.write(f"{total} events in {len(names)} chains: every one is in its place.")
        if against:
            self.stdout.write(f"Everything in {against} is still there.")

    def _export(self, slug: str | None, provider: bool) -> None:
        events = AuditEvent.objects.order_by("chain", "sequence")
        if provider:
            events = events.filter(chain=PROVIDER_CHAIN)
        elif slug is not None:
            customer = Customer.objects.filter(slug=slug).first()
            if customer is None:
                raise CommandError(f"There is no customer {slug!r}.", returncode=MISUSED)
            events = events.filter(chain=chain_name(customer))
        for line in chain_lines(events):
            self.stdout.write(line, ending="")


def _read_export(path: Path) -> dict[str, dict[int, str]]:
    """Return chain → sequence → hash. Raises CommandError naming the first line without one."""
    earlier: dict[str, dict[int, str]] = defaultdict(dict)
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    event = json.loads(line)
                    name, sequence, digest = event["chain"], event["sequence"], event["hash"]
                    if not CHAIN.fullmatch(name) or type(sequence) is not int:
                        raise ValueError(line)
                except (ValueError, KeyError, TypeError):
                    raise CommandError(
                        f"{path}, line {number}: this is no exported event.", returncode=MISUSED
                    ) from None
                earlier[name][sequence] = digest
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}", returncode=MISUSED) from None
    return dict(earlier)
