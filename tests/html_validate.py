"""html-validate, which the Makefile installs by npm."""

import subprocess
from pathlib import Path

import pytest

from tests.demo import ROOT

PROGRAM = ROOT / ".venv/html-validate/node_modules/.bin/html-validate"
CONFIGURATION = ROOT / "tests/html-validate.json"


def html_faults(folder: Path) -> str:
    """Return what is wrong with the HTML files of a folder, a fault a line."""
    if not PROGRAM.exists():
        pytest.skip("html-validate comes by npm alone")
    found = folder / "faults.txt"  # Node cuts a long output off when it ends
    command = [PROGRAM, "--config", CONFIGURATION, "--formatter", f"text={found}", folder]
    done = subprocess.run(command, capture_output=True, text=True)
    assert found.exists(), done.stderr
    return found.read_text()
