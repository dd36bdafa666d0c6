"""The hub's application as it is served, with the URLs of benchmarks.sign_in."""

from hub.rsgi import application  # first: it loads Django

# isort: split
from django.conf import settings

settings.ROOT_URLCONF = "benchmarks.sign_in_urls"

__all__ = ["application"]
