"""The text and the commands of the documents, read from their files and run."""

import re
import subprocess
import sys
from pathlib import Path

from tests.demo import ROOT, Demo


def section(file: str, title: str) -> str:
    """Return the text under a heading of a document."""
    match = re.search(
        rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)",
        (ROOT / file).read_text(),
        re.MULTILINE | re.DOTALL,
    )
    assert match, f"{file} has no section “{title}”"
    return match[1]


def commands(text: str) -> list[str]:
    """Return the shell blocks of a text, in order."""
    return re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


def run_commands(script: str, demo: Demo, folder: Path) -> str:
    """Run a shell block against this demo, in a folder, and return its output."""
    script = script.replace("http://localhost:8000", demo.url)
    script = script.replace(".venv/bin/python manage.py", f"{sys.executable} {ROOT}/manage.py")
    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        cwd=folder,
        env=demo.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
