"""Mail for people without an account: asked for here, confirmed at the address."""

from contextlib import suppress
from datetime import datetime

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import PersonRequest, network_address, too_many
from preferences.forms.receipts import ReceiptForm
from preferences.forms.topic_signup import SubscribeForm
from preferences.models import Topic
from preferences.selectors import centre_of, find_recipient
from preferences.services.receipts import ReceiptRefused, has_newer_records, verify_receipt
from preferences.services.topic_signups import confirm_signup, is_person
from preferences.services.topic_signups import subscribe as take_up
from preferences.tokens import BadToken, read_confirmation_token


def _sender() -> str:
    """Who asks, and how to reach them: an express yes is given to somebody (R20)."""
    known = (settings.HUB_BRAND_NAME, settings.HUB_BRAND_ADDRESS, settings.HUB_BASE_URL)
    return ", ".join(filter(None, known))


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: PersonRequest) -> HttpResponse:
    """Every topic that is for anyone."""
    if request.user.is_authenticated and request.method != "POST":
        return redirect("preferences:centre")
    return _subscribe(request, Topic.objects.for_anyone())


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe_to(request: PersonRequest, topic: str) -> HttpResponse:
    """One of them, to link to."""
    offered = Topic.objects.for_anyone().filter(slug=topic)
    get_object_or_404(offered)
    return _subscribe(request, offered)


def _subscribe(request: PersonRequest, offered: QuerySet[Topic]) -> HttpResponse:
    form = SubscribeForm(
        request.POST if request.method == "POST" else None,
        topics=offered,
        initial={"language": (get_language() or "en")[:2]},
    )
    if form.is_valid():
        asked = form.cleaned_data
        if refusal := too_many(request, "subscribe", asked["address"]):
            return refusal
        take_up(actor=None, network_address=network_address(request), **asked)
        waits = all(topic.double_opt_in for topic in asked["topics"])
        context = {"address": asked["address"], "all_confirm": waits}
        return render(request, "preferences/subscribe_asked.html", context)
    waits = all(topic.double_opt_in for topic in offered)
    context = {"form": form, "sender": _sender(), "all_confirm": waits}
    return render(request, "preferences/subscribe.html", context)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: PersonRequest, token: str) -> HttpResponse:
    """GET shows what would be confirmed and changes nothing; POST confirms, however often."""
    try:
        signup = read_confirmation_token(token)
        confirmed = None
        if request.method == "POST":
            confirmed = confirm_signup(
                actor=None, token=token, network_address=network_address(request)
            )
    except BadToken:
        return render(request, "preferences/confirm_bad.html", status=404)
    reader = find_recipient(signup.address) if confirmed else None
    context = {
        "signup": signup,
        "confirmed": confirmed,
        "centre": centre_of(reader) if reader else None,
        "is_person": is_person(signup.address),
        "sender": _sender(),
    }
    with translation.override(signup.language):
        response = render(request, "preferences/confirm.html", context)
    response["Referrer-Policy"] = "strict-origin"  # the address holds the token
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def receipt_verify(request: PersonRequest) -> HttpResponse:
    """Whether a receipt is ours, of when, and says what the evidence says."""
    post = request.method == "POST"
    form = ReceiptForm(request.POST if post else None, request.FILES if post else None)
    context = {"form": form, "checked": False, "content": None}
    if form.is_valid():
        context["checked"] = True
        with suppress(ReceiptRefused):
            content = verify_receipt(form.cleaned_data["receipt"])
            context["content"] = content
            context["issued_at"] = datetime.fromisoformat(content["issued_at"])
            if request.user.is_authenticated:
                context["said_since"] = has_newer_records(actor=request.user, content=content)
    return render(request, "preferences/receipt_verify.html", context)
