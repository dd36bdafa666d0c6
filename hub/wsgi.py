"""The WSGI application: Django, with a fast path ahead of it that answers checks."""

import os
import sys
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
try:
    django_application = get_wsgi_application()
except ImproperlyConfigured as error:
    sys.exit(f"The hub does not start: {error}")

from portals.api.evaluation import PATH, answer_environ

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a check directly and pass every other request to Django.

    A check needs no session, language or template, and Django's middleware would halve its rate
    (benchmarks/check.py).
    """
    if environ["PATH_INFO"] != PATH:
        return django_application(environ, start_response)
    status, headers, body = answer_environ(environ)
    start_response(_STATUS_LINES[status], [*headers, ("Content-Length", str(len(body)))])
    return [body]
