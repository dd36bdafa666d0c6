"""The version is written in pyproject.toml only."""

import re

from django.urls import reverse

from hub.version import version
from tests.demo import ROOT
from tests.tree import files


def test_the_version_is_in_one_place():
    pattern = re.compile(rf"\b{re.escape(version())}\b")
    grantees = [path.name for path in files(".py", ".toml") if pattern.search(path.read_text())]

    assert re.fullmatch(r"\d+\.\d+\.\d+", version())
    assert grantees == ["pyproject.toml"]


def test_the_api_schema_has_the_version(as_, alice):
    schema = as_(alice).get(reverse("api-schema"), headers={"accept": "application/json"}).json()

    assert schema["info"]["version"] == version()


def test_the_changelog_has_the_version_or_an_unreleased_section():
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] == "Unreleased"
    assert version() in headings or headings == ["Unreleased"]
