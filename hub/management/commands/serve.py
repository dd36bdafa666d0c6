"""`manage.py serve`: run the web server for production."""

import os
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from hub.serving import CannotListen, require_free, web_server_command


class Command(BaseCommand):
    """The command `serve`."""

    help = "Serve the hub with granian on HUB_BIND, with HUB_WORKERS processes."

    def handle(self, *args: Any, **options: Any) -> None:
        """Replace this process by granian. Raises CommandError (one line) if the port is taken."""
        try:
            require_free(settings.HUB_BIND)
        except CannotListen as error:
            raise CommandError(str(error)) from error
        os.chdir(settings.BASE_DIR)
        command = web_server_command(settings.HUB_BIND, settings.HUB_WORKERS)
        os.execv(command[0], command)  # noqa: S606 -- our own command
