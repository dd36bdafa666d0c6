"""`manage.py demo`: run the demo on this machine."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command

from accounts.models import User
from hub.demo.stack import StackFailed, StackStopped, running
from hub.example import PASSWORD, load_example
from hub.example_campaigns import load_campaigns
from hub.progress import progress
from hub.serving import CannotListen, require_free

WELCOME = """
  {brand} is open at  {url}/

  Sign in there as one of the example people with one click, or with the password {password}:
    Alice    alice@alder.example     runs Alder Dental's account: people, access, requests
    Bob      bob@alder.example       works at Alder Dental
    Dana     dana@harbour.example    provider's support desk
    Olive    olive@harbour.example   provider's operator: customers, portals

  Email is kept, not sent:   {url}/demo/mail/

  Ctrl-C stops everything; the data stays in var/ (remove it to begin afresh).
"""


class Command(BaseCommand):
    """The command `demo`."""

    help = "Run the demo: the example provider, web server and job worker, on a loopback address."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare the database, then run web server and job worker until a signal arrives.

        Raises CommandError (one line) outside demo mode, for a taken port, or if a process ends.
        """
        if not settings.DEMO:
            raise CommandError("This is the demo's command; HUB_ENV says otherwise (see .env).")
        try:
            require_free(settings.HUB_BIND)
            with suppress(StackStopped), running() as stack:
                self.prepare()
                require_free(settings.HUB_BIND)
                with progress("Starting the web server and the job worker"):
                    stack.start()
                    stack.wait_until_healthy()
                self.stdout.write(
                    WELCOME.format(
                        brand=settings.HUB_BRAND_NAME, url=settings.HUB_BASE_URL, password=PASSWORD
                    )
                )
                self.stdout.flush()
                stack.watch()
        except (CannotListen, StackFailed) as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write("Stopped.")

    def prepare(self) -> None:
        """Migrate the database and load the example into an empty one."""
        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        with progress("Preparing the database"):
            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
        if not User.objects.exists():
            with progress("Loading the example provider"):
                load_example()
                load_campaigns()
