"""Where a mail provider tells what became of our mail."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from preferences.gate.providers import receive_events


@csrf_exempt  # a program posts here, with the secret of HUB_MAIL_WEBHOOK_SECRET
@login_not_required
@require_POST
def mail_events(request: HttpRequest, provider: str) -> HttpResponse:
    """Take a provider's events; the same may come again."""
    receive_events(request, provider)
    return HttpResponse(status=204)
