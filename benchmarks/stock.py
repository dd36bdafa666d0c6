"""Stock: the same question as one would build it from the libraries' own parts.

A DRF view, allauth's token class, guardian's `has_perm` over the same grant rows; the middleware
of Django's start project.
"""

from typing import Any

from hub.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.stock_urls"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",  # allauth refuses to start without it
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
REST_FRAMEWORK: dict[str, Any] = {}
