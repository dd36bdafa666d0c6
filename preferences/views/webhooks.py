"""The webhook through which a mail provider reports deliveries, bounces and complaints."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from preferences.gate.providers import receive_events


@csrf_exempt  # a program posts here, authenticated by HUB_MAIL_WEBHOOK_SECRET
@login_not_required
@require_POST
def mail_events(request: HttpRequest, provider: str) -> HttpResponse:
    """Store a provider's events; the same event may arrive several times."""
    receive_events(request, provider)
    return HttpResponse(status=204)
