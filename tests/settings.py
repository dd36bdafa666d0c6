"""The hub's settings for tests: a fast password hasher, plain static files, local memory."""

import os

os.environ.setdefault("HUB_ENV", "test")

from hub.settings import *  # noqa: F403
from hub.settings import DATABASES, PASSWORD_HASHERS

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", PASSWORD_HASHERS[1]]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
HUB_MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
ACCOUNT_RATE_LIMITS = False
if DATABASES["default"]["ENGINE"] == "hub.sqlite":  # pytest-django knows only Django's own engine
    DATABASES["default"]["TEST"] = {"NAME": ":memory:"}
