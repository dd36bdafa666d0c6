"""The commands of README, read from its text and run."""

import re
import subprocess
import sys
from pathlib import Path

from tests.demo import ROOT, Demo

README = ROOT / "README.md"


def section(title: str) -> str:
    """Return the text under a heading of README."""
    match = re.search(
        rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", README.read_text(), re.MULTILINE | re.DOTALL
    )
    assert match, f"README has no section “{title}”"
    return match[1]


def commands(title: str) -> list[str]:
    """Return the shell blocks of a section, in order."""
    return re.findall(r"^ *```sh\n(.*?)^ *```$", section(title), re.MULTILINE | re.DOTALL)


def run_commands(script: str, demo: Demo, **pasted: str) -> str:
    """Run a shell block against this demo and return its output; `pasted` replaces NAME=… lines."""
    for name, value in pasted.items():
        script, times = re.subn(rf"^( *{name})=.*$", rf"\1={value}", script, flags=re.MULTILINE)
        assert times == 1, f"README has no line {name}=…"
    script = script.replace("http://127.0.0.1:8000", demo.url)
    script = script.replace(".venv/bin/python", sys.executable)
    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        cwd=Path(ROOT),
        env=demo.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
