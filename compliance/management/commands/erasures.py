"""`manage.py erasures export|replay`: erase again what a restored backup brought back."""

import json
import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from compliance.selectors.erasures import erasure_lines
from compliance.services.replays import replay_erasure

SUBJECT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
HASH = re.compile(r"[0-9a-f]{64}")
WAITING, UNREADABLE = 1, 2


class Command(BaseCommand):
    """Exit code 0: all is erased, or on hold. 1: somebody hands over first. 2: no such file."""

    help = "Export the erasures as JSON lines, or erase again after an older backup was restored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the two subcommands."""
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("export", help="write one line for each erasure to standard output")
        replay = acts.add_parser("replay", help="erase again everybody in an export")
        replay.add_argument("file", metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the subcommand."""
        if options["act"] == "export":
            for line in erasure_lines():
                self.stdout.write(json.dumps(line))
            return
        lines = _read(Path(options["file"]))
        begun, waiting = 0, []
        for line in lines:
            try:
                begun += replay_erasure(actor=None, **line)
            except ValidationError:
                waiting.append(line["person"])
        self.stdout.write(f"{len(lines)} erasures read; {begun} had to be erased again.")
        if waiting:
            raise CommandError(
                "These people are main Super Users in the backup. Let them hand over, then run"
                f" this again: {', '.join(waiting)}",
                returncode=WAITING,
            )


def _read(path: Path) -> list[dict[str, str]]:
    """Return the lines of an export: all of them, or none where one is wrong."""
    lines = []
    try:
        for number, text in enumerate(path.read_text().splitlines(), 1):
            line = json.loads(text)
            person, hashed = line["person"], line["address_hash"]
            if (person and not SUBJECT.fullmatch(person)) or not HASH.fullmatch(hashed):
                raise ValueError(f"line {number} names nobody")
            lines.append({"person": person, "address_hash": hashed})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path}: {error}", returncode=UNREADABLE) from None
    return lines
