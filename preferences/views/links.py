"""What a mail's links open without a sign-in."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.http import PersonRequest, network_address
from preferences.choices import ConsentSource
from preferences.models import Recipient
from preferences.services.choices import unsubscribe
from preferences.tokens import BadToken, read_unsubscribe_token


@csrf_exempt  # a mail program posts here: no cookie, no form of ours (RFC 8058)
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_link(request: PersonRequest, token: str) -> HttpResponse:
    """GET shows what would stop and changes nothing; POST stops it, however often it comes."""
    one_click = request.POST.get("List-Unsubscribe") == "One-Click"
    try:
        if request.method != "POST":
            recipient, topics = read_unsubscribe_token(token)
        else:
            recipient, topics = unsubscribe(
                actor=None,
                token=token,
                source=ConsentSource.ONE_CLICK if one_click else ConsentSource.MAIL_LINK,
                network_address=network_address(request),
            )
    except BadToken:
        return render(request, "preferences/unsubscribe_bad.html", status=404)
    chosen = settings.LANGUAGE_COOKIE_NAME in request.COOKIES  # the switch at the foot of the page
    with translation.override(get_language() if chosen else recipient.reads):
        return render(
            request,
            "preferences/unsubscribe.html",
            {"address": _masked(recipient), "topics": topics, "done": request.method == "POST"},
        )


def _masked(recipient: Recipient) -> str:
    """Enough of an address for its owner: a link may be forwarded."""
    local, _at, domain = recipient.email.partition("@")
    return f"{local[0]}…@{domain}"
