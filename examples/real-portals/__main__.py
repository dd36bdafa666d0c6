"""Set up the hub with four real portals on this machine: `make real-portals`.

Roundcube with Dovecot, Request Tracker, AWStats and PowerDNS from Debian's packages, on private
settings in a temporary folder and on loopback addresses alone. `--check` walks a browser through
them, says what it measured, and ends with 0 or 1.
"""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # the hub

from packages import install
from place import FIRST_PORT, HOSTS, CannotStart, Place
from processes import Processes
from programs import domains, statistics, tickets, web, webmail
from provider import Provider

WELCOME = """
  The hub is open at  {hub}/
  Sign in there as one of the example people with one click: Bob and Alice of Alder Dental,
  Charlie of Birch Logistics. Then open the portals from Home, or at:
    {webmail}/      Roundcube with Dovecot
    {statistics}/   AWStats
    {ticketing}/      Request Tracker
    {domains}/      PowerDNS

  Your browser doesn't know the private authority {folder}/ca.pem: import it, or go on
  past the warning. Settings and logs are in the same folder.
  Ctrl-C stops everything and removes the folder.
"""


def main() -> int:
    """Run until Ctrl-C, or the journey to its end; return the exit code."""
    parser = argparse.ArgumentParser(prog="python examples/real-portals", description=__doc__)
    parser.add_argument("--check", action="store_true", help="walk the journey, then stop")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="save its pictures here")
    parser.add_argument("--keep", action="store_true", help="leave the folder with its logs")
    parser.add_argument("--first-port", type=int, default=FIRST_PORT, help="of nine in a row")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        return run(options)
    except CannotStart as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.")
        return 0


def run(options: argparse.Namespace) -> int:
    """Install, start, and walk the journey or wait. Raises CannotStart, KeyboardInterrupt."""
    if os.geteuid() != 0:
        raise CannotStart("Run it as root: it installs packages, and runs programs as their users.")
    seconds = install()
    say(f"Debian's packages: {f'installed in {seconds:.0f} s' if seconds else 'there already'}")
    place = Place(options.first_port)
    processes = Processes(place.folder_for("log"))
    try:
        provider = start(place, processes)
        if options.check or options.pictures:
            from journey import walk  # needs the tests' browser library

            return walk(place, provider, options.pictures)
        print(WELCOME.format(folder=place.folder, **{n: place.url(n) for n in HOSTS}))
        while True:
            processes.require_alive()
            time.sleep(0.5)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C doesn't interrupt this
        processes.stop()
        if options.keep:
            say(f"Kept: {place.folder}")
        else:
            place.remove()


def start(place: Place, processes: Processes) -> Provider:
    """Start everything; return the hub. Raises CannotStart."""
    began = time.monotonic()
    provider = Provider(place)
    provider.start(processes)
    say(f"The hub with its example: {time.monotonic() - began:.1f} s")
    for name, prepare in {
        "PowerDNS": lambda: domains.start(place, provider, processes),
        "AWStats": lambda: statistics.prepare(place, provider),
        "Roundcube with Dovecot": lambda: webmail.start(place, provider, processes),
        "Request Tracker": lambda: tickets.prepare(place, provider),
        "Apache": lambda: web.start(place, processes),
    }.items():
        began = time.monotonic()
        prepare()
        say(f"{name}: {time.monotonic() - began:.1f} s")
    statistics.report(provider)
    return provider


def say(text: str) -> None:
    """Print a line at once."""
    print(f"  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
