"""Say what is being done, and that it goes on; needs nothing but Python, so `make` uses it too.

`python3 -m hub.progress "Installing" -- command …` runs a command quietly, and shows what it said
only when it fails.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

EVERY = 2.0  # seconds between signs of life


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Print `what …`, a dot every two seconds while the block runs, then how long it took."""
    over = threading.Event()

    def dots() -> None:
        while not over.wait(EVERY):
            print(".", end="", flush=True)

    began = time.monotonic()
    print(f"{what} ...", end="", flush=True)
    thread = threading.Thread(target=dots, daemon=True)
    thread.start()
    try:
        yield
    except BaseException:
        over.set()
        thread.join()
        print(" stopped", flush=True)
        raise
    over.set()
    thread.join()
    print(f" done ({time.monotonic() - began:.0f} s)", flush=True)


def run_quietly(what: str, command: list[str]) -> int:
    """Run a command under `progress`; its output is printed if it fails. Returns its exit code."""
    try:
        with progress(what):
            subprocess.run(  # noqa: S603 -- the Makefile's own commands
                command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
    except subprocess.CalledProcessError as failure:
        sys.stderr.write(failure.stdout.decode(errors="replace"))
        return failure.returncode
    return 0


if __name__ == "__main__":
    _program, what, _dashes, *command = sys.argv
    try:
        sys.exit(run_quietly(what, command))
    except KeyboardInterrupt:
        sys.exit(130)
