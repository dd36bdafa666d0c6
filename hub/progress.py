"""Progress lines for long steps; needs nothing but Python, so that `make` can use it.

`python3 -m hub.progress "Installing" -- command …` runs a command and shows its output only if it
fails.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

DOT_INTERVAL = 2.0  # seconds


@contextmanager
def progress(title: str) -> Iterator[None]:
    """Print the title, a dot every two seconds while the block runs, then the time it took."""
    finished = threading.Event()

    def dots() -> None:
        while not finished.wait(DOT_INTERVAL):
            print(".", end="", flush=True)

    began = time.monotonic()
    print(f"{title} ...", end="", flush=True)
    thread = threading.Thread(target=dots, daemon=True)
    thread.start()
    try:
        yield
    except BaseException:
        finished.set()
        thread.join()
        print(" stopped", flush=True)
        raise
    finished.set()
    thread.join()
    print(f" done ({time.monotonic() - began:.0f} s)", flush=True)


def run_quietly(title: str, command: list[str]) -> int:
    """Run a command under `progress`, print its output if it fails, and return its exit code."""
    try:
        with progress(title):
            subprocess.run(  # noqa: S603 -- the Makefile's own commands
                command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
    except subprocess.CalledProcessError as failure:
        sys.stderr.write(failure.stdout.decode(errors="replace"))
        return failure.returncode
    return 0


if __name__ == "__main__":
    _program, title, _dashes, *command = sys.argv
    try:
        sys.exit(run_quietly(title, command))
    except KeyboardInterrupt:
        sys.exit(130)
