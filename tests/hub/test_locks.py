"""The lock files match pyproject.toml; `make lock` resolves them again."""

import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.demo import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = PROJECT["project"]["dependencies"]
GROUPS = PROJECT["dependency-groups"]
LOCKS = {
    "requirements.lock": RUNTIME,
    "requirements-demo.lock": RUNTIME + GROUPS["demo"],
    "requirements-dev.lock": RUNTIME + GROUPS["demo"] + GROUPS["dev"],
}


def pinned(name: str) -> dict[str, str]:
    """The version of each package in a lock file."""
    lines = (ROOT / name).read_text().splitlines()
    pins = (line.split(";")[0].rstrip("\\ ") for line in lines if "==" in line.split(";")[0])
    return {
        canonicalize_name(package): version
        for package, version in (pin.split("==") for pin in pins)
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_covers_the_requirements(lock):
    pins = pinned(lock)
    requirements = [Requirement(text) for text in LOCKS[lock]]
    stale = [
        str(requirement)
        for requirement in requirements
        if (version := pins.get(canonicalize_name(requirement.name))) is None
        or not requirement.specifier.contains(version)
    ]
    assert stale == [], "run `make lock`"


def test_the_locks_pin_the_same_versions():
    runtime, demo, everything = (pinned(name) for name in LOCKS)

    assert {name: demo.get(name) for name in runtime} == runtime
    assert {name: everything.get(name) for name in demo} == demo


def test_production_installs_nothing_for_the_demo_alone():
    assert "authlib" in pinned("requirements-demo.lock")
    assert "authlib" not in pinned("requirements.lock")
