"""Subscribing to topics without an account: a form here, a confirmation by email."""

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

from accounts.http import PersonRequest, network_address, rate_limited
from preferences.forms.receipts import ReceiptForm
from preferences.forms.topic_signup import SubscribeForm
from preferences.models import Topic
from preferences.selectors import centre_of, find_recipient
from preferences.services import topic_signups
from preferences.services.receipts import ReceiptRefused, has_newer_records, verify_receipt
from preferences.tokens import BadToken, read_confirmation_token


def _sender() -> str:
    """Return who asks for consent and how to reach them: express consent names the sender (R20)."""
    details = (settings.HUB_BRAND_NAME, settings.HUB_BRAND_ADDRESS, settings.HUB_BASE_URL)
    return ", ".join(filter(None, details))


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: PersonRequest) -> HttpResponse:
    """Offer every topic that is open to anyone."""
    if request.user.is_authenticated and request.method != "POST":
        return redirect("preferences:centre")
    return _subscribe(request, Topic.objects.for_anyone())


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe_to(request: PersonRequest, topic: str) -> HttpResponse:
    """Offer one topic, for links to it."""
    topics = Topic.objects.for_anyone().filter(slug=topic)
    get_object_or_404(topics)
    return _subscribe(request, topics)


def _subscribe(request: PersonRequest, topics: QuerySet[Topic]) -> HttpResponse:
    form = SubscribeForm(
        request.POST if request.method == "POST" else None,
        topics=topics,
        initial={"language": (get_language() or "en")[:2]},
    )
    if form.is_valid():
        signup = form.cleaned_data
        if response := rate_limited(request, "subscribe", signup["address"]):
            return response
        topic_signups.subscribe(actor=None, network_address=network_address(request), **signup)
        context = {
            "address": signup["address"],
            "all_confirm": all(topic.double_opt_in for topic in signup["topics"]),
        }
        return render(request, "preferences/subscribe_asked.html", context)
    context = {
        "form": form,
        "sender": _sender(),
        "all_confirm": all(topic.double_opt_in for topic in topics),
    }
    return render(request, "preferences/subscribe.html", context)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: PersonRequest, token: str) -> HttpResponse:
    """Show on GET what would be confirmed, without changing anything; POST confirms it."""
    try:
        signup = read_confirmation_token(token)
        confirmed = None
        if request.method == "POST":
            confirmed = topic_signups.confirm_signup(
                actor=None, token=token, network_address=network_address(request)
            )
    except BadToken:
        return render(request, "preferences/confirm_bad.html", status=404)
    recipient = find_recipient(signup.address) if confirmed else None
    context = {
        "signup": signup,
        "confirmed": confirmed,
        "centre": centre_of(recipient) if recipient else None,
        "is_person": topic_signups.is_person(signup.address),
        "sender": _sender(),
    }
    with translation.override(signup.language):
        response = render(request, "preferences/confirm.html", context)
    response["Referrer-Policy"] = "strict-origin"  # the address holds the token
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def receipt_verify(request: PersonRequest) -> HttpResponse:
    """Check whether a receipt is genuine, when it was issued, and whether it is still current."""
    is_post = request.method == "POST"
    form = ReceiptForm(request.POST if is_post else None, request.FILES if is_post else None)
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
