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
    "requirements-stripe.lock": RUNTIME + GROUPS["stripe"],
    "requirements-demo.lock": RUNTIME + GROUPS["demo"],
    "requirements-dev.lock": RUNTIME + GROUPS["demo"] + GROUPS["stripe"] + GROUPS["dev"],
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
    runtime, stripe, demo, everything = (pinned(name) for name in LOCKS)

    for smaller, larger in (
        (runtime, stripe), (runtime, demo), (stripe, everything), (demo, everything),
    ):  # fmt: skip
        assert {name: larger.get(name) for name in smaller} == smaller


def test_production_installs_nothing_for_the_demo_alone():
    assert "authlib" in pinned("requirements-demo.lock")
    assert "authlib" not in pinned("requirements.lock")


def test_stripe_is_installed_only_where_it_is_wanted():
    with_it = [name for name in LOCKS if "stripe" in pinned(name)]
    assert with_it == ["requirements-stripe.lock", "requirements-dev.lock"]
