"""Every variable, make target and path that README names exists."""

import re

from tests.demo import ROOT

README = (ROOT / "README.md").read_text()


def test_every_variable_is_in_the_table():
    rooms = (path.read_text() for path in (ROOT / "hub").glob("*.py"))
    read = set(re.findall(r'"(HUB_[A-Z_]+)"', "".join(rooms)))
    table = README[README.index("## Environment") : README.index("## Figures")]

    assert set(re.findall(r"`(HUB_[A-Z_]+)`", table)) == read


def test_every_target_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE)) <= targets


def test_every_path_exists():
    named = re.findall(r"`((?:[\w.]+/)+[\w.]*)`|\]\(([\w/.]+)\)", README)
    paths = {path for pair in named for path in pair if path}
    paths -= {"var/", "America/Toronto"}  # made by the demo; a time zone

    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
