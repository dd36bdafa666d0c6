"""The paths, links and rules that README, CONTRIBUTING and docs/architecture.md name exist."""

import re

import pytest

from tests.demo import ROOT

DOCUMENTS = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md"]
MADE_BY_RUNNING = {"var/", ".venv/"}
APPS = "accounts|portals|preferences|compliance|hub"
FOLDERS = f"{APPS}|templates|static|tests|benchmarks|docs|locale|\\.ci"
PATH = re.compile(rf"(?:{FOLDERS}|var)/[\w./-]*|[A-Z]+\.md|LICENSE|NOTICE|Makefile|pyproject\.toml")
RULE = re.compile(r"^\| ([^|]+\.) \| `([\w/.]+)` \| `([\w.]+)` \|$", re.MULTILINE)
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def paths_in(text: str) -> set[str]:
    """The paths of this checkout that stand in code marks, in any words between them."""
    marked = re.findall(r"`([^`\n]+)`", text)
    return {word for words in marked for word in words.split() if PATH.fullmatch(word)}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_that_are_named_exist(document):
    named = paths_in((ROOT / document).read_text()) - MADE_BY_RUNNING

    assert sorted(path for path in named if not (ROOT / path).exists()) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_have_a_target(document):
    file = ROOT / document
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text())

    assert [target for target in targets if not (file.parent / target).exists()] == []


def test_ten_rules_are_listed():
    assert len(RULE.findall(ARCHITECTURE)) == 10


@pytest.mark.parametrize(("rule", "path", "name"), RULE.findall(ARCHITECTURE))
def test_a_rule_is_in_the_file_that_the_map_names(rule, path, name):
    assert name in (ROOT / path).read_text(), rule
