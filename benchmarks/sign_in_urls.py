"""The hub's URLs, a view that does nothing, to compare with, and the CPU time of the process."""

import time

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from hub.urls import urlpatterns as of_hub


@login_not_required
def empty(request: HttpRequest) -> HttpResponse:
    """Answer with next to nothing."""
    return HttpResponse("true")


@login_not_required
def cpu(request: HttpRequest) -> HttpResponse:
    """Answer with the seconds of CPU that this process has used."""
    return HttpResponse(str(time.process_time()))


urlpatterns = [*of_hub, path("empty", empty), path("cpu", cpu)]
