"""The files of this checkout, for tests about the whole tree."""

from collections.abc import Iterator
from pathlib import Path

from tests.demo import ROOT

FOLDERS = (
    ".ci", ".github", "accounts", "benchmarks", "compliance", "docs", "examples", "hub", "portals",
    "preferences", "static", "templates", "tests",
)  # fmt: skip


def files(*suffixes: str) -> Iterator[Path]:
    """Yield every file of the project with one of these suffixes, in a fixed order."""
    paths = [*ROOT.iterdir(), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    yield from sorted(path for path in paths if path.is_file() and path.suffix in suffixes)
