"""`manage.py serve`: the web server, as production runs it."""

import os
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from hub.serving import CannotListen, require_free, web_server_command


class Command(BaseCommand):
    """Becomes granian, listening on HUB_BIND with HUB_WORKERS processes."""

    help = "Serve the hub with granian on HUB_BIND, with HUB_WORKERS processes."

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError (one line) where something listens already."""
        try:
            require_free(settings.HUB_BIND)
        except CannotListen as refusal:
            raise CommandError(str(refusal)) from refusal
        os.chdir(settings.BASE_DIR)
        command = web_server_command(settings.HUB_BIND, settings.HUB_WORKERS)
        os.execv(command[0], command)  # noqa: S606 -- our own command
