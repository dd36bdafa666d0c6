"""Run the reference portal: `python examples/portal`. Plain Django, no database.

PORTAL_BIND is where it listens; the other variables are at the top of portal.py and pages.py.
"""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

HOME, HUB = urlsplit(os.environ["PORTAL_URL"]), os.environ["HUB_URL"]
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none';"
    f" form-action 'self' {HUB}"  # to sign out, and to sign in again
)

settings.configure(
    SECRET_KEY=secrets.token_urlsafe(50),  # all it signs ends with this process, like its cache
    ALLOWED_HOSTS=[HOME.hostname, "localhost", "127.0.0.1", "[::1]"],
    ROOT_URLCONF="pages",
    MIDDLEWARE=[
        "__main__.set_headers",
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "pages.ExplainErrors",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [Path(__file__).parent / "templates"],
        }
    ],
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",  # several processes: Redis
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    },
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    SESSION_COOKIE_AGE=12 * 60 * 60,
    SESSION_COOKIE_SECURE=HOME.scheme == "https",
    CSRF_COOKIE_SECURE=HOME.scheme == "https",
    USE_TZ=True,
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["console"], "level": "ERROR"},
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "level": "CRITICAL"},  # addresses hold codes
        },
    },
)


def set_headers(get_response):
    """Keep pages out of caches, and let them load and send only where they should."""

    def middleware(request):
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        response.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def main():
    """Serve until a signal arrives."""
    django.setup()
    host, _, port = os.environ["PORTAL_BIND"].rpartition(":")
    host = host.strip("[]")
    server = ThreadedWSGIServer((host, int(port)), WSGIRequestHandler, ipv6=":" in host)
    server.set_app(WSGIHandler())
    server.serve_forever()


if __name__ == "__main__":
    main()
