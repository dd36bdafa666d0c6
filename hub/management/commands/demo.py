"""`manage.py demo`: run the demo on this machine."""

from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command

from accounts.models import User
from hub.demo.portals import demo_portals, prepare_portal
from hub.demo.stack import StackFailed, StackStopped, running
from hub.example import PASSWORD, load_example, load_history
from hub.example.campaigns import load_campaigns
from hub.home.guide import NO_SERVER
from hub.progress import progress
from hub.serving import CannotListen, require_free

PORTALS = """
  Its portals open from Home, or at:
{addresses}
"""
WELCOME = """
  {brand} is open at  {url}/

  Sign in there as one of the example people with one click, or with the password {password}:
    Alice    alice@alder.example     runs Alder Dental's account: people, access, requests
    Bob      bob@alder.example       works at Alder Dental
    Nadia    nadia@dogwood.example   runs Dogwood Freight's account, with 40 people
    Dana     dana@harbour.example    provider's support desk
    Olive    olive@harbour.example   provider's operator: customers, portals
{portals}
  {email}

  Ctrl-C stops everything; the data stays in var/ (remove it to begin afresh).
"""
KEPT = "Email is kept, not sent:   {url}/demo/mail/"
NOT_SENT = "Email is not sent:         HUB_EMAIL_URL names no server ({transport})."
SENT = "Email is sent, to real addresses too, as HUB_EMAIL_URL says ({transport})."


def email_line() -> str:
    """Say whether email leaves this machine."""
    transport = settings.HUB_MAIL_TRANSPORT
    if ".filebased." in transport:
        return KEPT.format(url=settings.HUB_BASE_URL)
    if any(f".{name}." in transport for name in NO_SERVER):
        return NOT_SENT.format(transport=transport)
    return SENT.format(transport=getattr(settings, "EMAIL_HOST", "") or transport)


class Command(BaseCommand):
    """The command `demo`."""

    help = "Run the demo on a loopback address: the example provider's hub and its portals."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options that leave the portals or the history out."""
        parser.add_argument(
            "--no-portals", action="store_true", help="run the hub alone, with its job worker"
        )
        parser.add_argument(
            "--no-history",
            action="store_true",
            help="load the people as they begin, without six months of history",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare the database, then run the hub and the portals until a signal arrives.

        Raises CommandError (one line) outside demo mode, for a taken port, or if a process ends.
        """
        if not settings.DEMO:
            raise CommandError("This is the demo's command; HUB_ENV says otherwise (see .env).")
        try:
            portals = [] if options["no_portals"] else demo_portals()
            binds = [settings.HUB_BIND, *(portal.bind for portal in portals)]
            for bind in binds:
                require_free(bind)
            with suppress(StackStopped), running() as stack:
                self.prepare(history=not options["no_history"])
                environments = {portal.slug: prepare_portal(portal) for portal in portals}
                for bind in binds:
                    require_free(bind)
                with progress(
                    "Starting the hub and its portals" if portals else "Starting the hub"
                ):
                    stack.start(environments)
                    stack.wait_until_healthy()
                addresses = "\n".join(f"    {portal.url}/" for portal in portals)
                self.stdout.write(
                    WELCOME.format(
                        brand=settings.HUB_BRAND_NAME,
                        url=settings.HUB_BASE_URL,
                        password=PASSWORD,
                        email=email_line(),
                        portals=PORTALS.format(addresses=addresses) if portals else "",
                    )
                )
                self.stdout.flush()
                stack.watch()
        except (CannotListen, StackFailed) as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write("Stopped.")

    def prepare(self, *, history: bool) -> None:
        """Migrate the database and load the example into an empty one."""
        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        with progress("Preparing the database"):
            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
        if not User.objects.exists():
            with progress("Loading the example provider"):
                if history:
                    load_history()
                else:
                    load_example()
                    load_campaigns()
