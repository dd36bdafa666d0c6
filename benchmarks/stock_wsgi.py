"""The WSGI application of *stock*."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.stock"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
