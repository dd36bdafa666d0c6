"""Pages behind the links in an email, open without a sign-in: they can only reduce mail."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from accounts.forms import first_error
from accounts.http import PersonRequest, network_address, rate_limited
from preferences.choices import ConsentSource, Digest
from preferences.models import Recipient, Topic
from preferences.selectors import MandatoryMail, centre_of, find_topic
from preferences.services.choices import unsubscribe
from preferences.services.opt_out_undo import (
    choose_digest_by_link,
    pause_by_link,
    stop_mail,
    undo_opt_out,
    unsubscribe_by_link,
)
from preferences.services.opt_outs import UNDO_WITHIN, OptOut, read_opt_out, sign_opt_out
from preferences.services.topic_signups import request_confirmation
from preferences.tokens import BadToken, page_path, read_page_token, read_unsubscribe_token

UNDO_COOKIE = "hub_mail_undo"
PAUSES = ("30", "90")


@csrf_exempt  # a mail program posts here: no cookie, no form of ours (RFC 8058)
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_link(request: PersonRequest, token: str) -> HttpResponse:
    """Show on GET what would stop, without changing anything; POST stops it, repeatedly too.

    The page then offers to undo it, in this browser.
    """
    if request.POST.get("List-Unsubscribe") == "One-Click":
        act = _unsubscribe_at_once
    elif request.method != "POST":
        act = _ask_to_unsubscribe
    elif request.POST.get("act") == "undo":
        act = csrf_protect(_undo_unsubscribing)  # it gives more mail
    else:
        act = _unsubscribe
    try:
        return act(request, token)
    except BadToken:
        return render(request, "preferences/unsubscribe_bad.html", status=404)


def _ask_to_unsubscribe(request: PersonRequest, token: str) -> HttpResponse:
    return _unsubscribe_page(request, *read_unsubscribe_token(token))


def _unsubscribe_at_once(request: PersonRequest, token: str) -> HttpResponse:
    recipient, topics = unsubscribe(
        actor=None,
        token=token,
        source=ConsentSource.ONE_CLICK,
        network_address=network_address(request),
    )
    return _unsubscribe_page(request, recipient, topics, "no")


def _unsubscribe(request: PersonRequest, token: str) -> HttpResponse:
    recipient, topics, opt_out = unsubscribe_by_link(
        actor=None, token=token, network_address=network_address(request)
    )
    response = _unsubscribe_page(request, recipient, topics, "no", can_undo=opt_out.is_undoable)
    _keep_opt_out(response, request, opt_out)
    return response


def _undo_unsubscribing(request: PersonRequest, token: str) -> HttpResponse:
    recipient, topics = read_unsubscribe_token(token)
    done, _left_out = _undo_kept(request, recipient)
    response = _unsubscribe_page(request, recipient, topics, done)
    if done != "late":
        response.delete_cookie(UNDO_COOKIE, path=request.path, samesite="Lax")
    return response


def _unsubscribe_page(
    request: PersonRequest,
    recipient: Recipient,
    topics: list[Topic],
    done: str = "",
    *,
    can_undo: bool = False,
) -> HttpResponse:
    with translation.override(_language(request, recipient)):
        return render(
            request,
            "preferences/unsubscribe.html",
            {
                "address": recipient.masked,
                "topics": topics,
                "done": done,
                "can_undo": can_undo,
                "has_account": recipient.user_id is not None,
                "page": page_path(recipient) if recipient.pk else "",
            },
        )


@csrf_exempt  # the token alone allows to reduce mail, with or without cookies (R3)
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mail(request: PersonRequest, token: str) -> HttpResponse:
    """Show a recipient's preferences from a link in an email; POST carries out one `act`."""
    try:
        recipient = read_page_token(token)
    except BadToken:
        return render(request, "preferences/unsubscribe_bad.html", status=404)
    with translation.override(_language(request, recipient)):
        if request.method != "POST":
            if request.user.is_authenticated and request.user.pk == recipient.user_id:
                return redirect("preferences:centre")
            return _page(request, recipient)
        act = _ACTS.get(request.POST.get("act", ""))
        if act is None:
            raise Http404("no such act")
        return act(request, recipient)


def _page(
    request: PersonRequest,
    recipient: Recipient,
    done: str = "",
    topics: list[Topic] | None = None,
    refusal: ValidationError | None = None,
    opt_out: OptOut | None = None,
) -> HttpResponse:
    recipient.refresh_from_db()
    centre = centre_of(recipient)
    rarer = Digest.choices[Digest.values.index(recipient.digest) + 1 :]
    context = {
        "address": recipient.masked,
        "centre": centre,
        "rarer": rarer,
        "pauses": PAUSES,
        "done": done,
        "changed": topics or [],
        "refusal": first_error(refusal) if refusal else "",
        "can_undo": bool(opt_out and opt_out.is_undoable)
        or (request.method != "POST" and _opt_out_in_cookie(request) is not None),
    }
    response = render(request, "preferences/mail.html", context, status=409 if refusal else 200)
    if opt_out is not None:
        _keep_opt_out(response, request, opt_out)
    if done in ("undone", "changed"):
        response.delete_cookie(UNDO_COOKIE, path=request.path, samesite="Lax")
    return response


def _keep_opt_out(response: HttpResponse, request: PersonRequest, opt_out: OptOut) -> None:
    """Let this browser undo an opt-out on this page, if there is anything to undo."""
    if opt_out.is_undoable:
        response.set_cookie(
            UNDO_COOKIE,
            sign_opt_out(opt_out, UNDO_COOKIE),
            max_age=UNDO_WITHIN,
            path=request.path,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )


def _opt_out_in_cookie(request: PersonRequest) -> OptOut | None:
    """Return the opt-out of this browser in the last ten minutes."""
    return read_opt_out(request.COOKIES.get(UNDO_COOKIE, ""), UNDO_COOKIE)


def _stop(request: PersonRequest, recipient: Recipient) -> HttpResponse:
    """Unsubscribe from one `topic`."""
    try:
        topics = [find_topic(recipient, request.POST.get("topic", ""))]
    except MandatoryMail as error:
        return _page(request, recipient, refusal=error)
    opt_out = stop_mail(
        actor=None, recipient=recipient, topics=topics, network_address=network_address(request)
    )
    return _page(request, recipient, "no", topics, opt_out=opt_out)


def _stop_all(request: PersonRequest, recipient: Recipient) -> HttpResponse:
    opt_out = stop_mail(
        actor=None, recipient=recipient, topics=[], network_address=network_address(request)
    )
    return _page(request, recipient, "stopped", opt_out=opt_out)


def _pause(request: PersonRequest, recipient: Recipient) -> HttpResponse:
    """Pause optional mail for `days` days."""
    days = request.POST.get("days", "")
    if days not in PAUSES:
        raise Http404("no such pause")
    until = timezone.now() + timedelta(days=int(days))
    opt_out = pause_by_link(actor=None, recipient=recipient, until=until)
    return _page(request, recipient, "paused", opt_out=opt_out)


def _digest(request: PersonRequest, recipient: Recipient) -> HttpResponse:
    """Choose a digest that comes less often."""
    try:
        opt_out = choose_digest_by_link(
            actor=None, recipient=recipient, digest=request.POST.get("digest", "")
        )
    except ValidationError as error:
        return _page(request, recipient, refusal=error)
    return _page(request, recipient, "digest", opt_out=opt_out)


def _undo_kept(request: PersonRequest, recipient: Recipient) -> tuple[str, list[Topic]]:
    """Undo this browser's opt-out. Return what came of it, and the topics chosen about since."""
    kept_opt_out = _opt_out_in_cookie(request)
    if kept_opt_out is None:
        return "late", []
    result = undo_opt_out(
        actor=None,
        recipient=recipient,
        opt_out=kept_opt_out,
        network_address=network_address(request),
    )
    return ("undone" if result else "changed"), result.left_out


def _undo(request: PersonRequest, recipient: Recipient) -> HttpResponse:
    """Undo this browser's opt-out."""
    done, left_out = _undo_kept(request, recipient)
    return _page(request, recipient, done, left_out)


def _subscribe(request: PersonRequest, recipient: Recipient) -> HttpResponse:
    """Subscribe a recipient without an account to a topic, by an email that confirms it."""
    if recipient.user is not None:
        raise Http404("people sign in")
    try:
        topic = find_topic(recipient, request.POST.get("topic", ""))
    except MandatoryMail as error:
        return _page(request, recipient, refusal=error)
    if not (topic.is_public and topic.active):
        raise Http404("not offered")
    if response := rate_limited(request, "subscribe", recipient.email):
        return response
    request_confirmation(
        actor=None, address=recipient.email, language=recipient.reads, topics=[topic]
    )
    return _page(request, recipient, "asked", [topic])


_ACTS: dict[str, Callable[[PersonRequest, Recipient], HttpResponse]] = {
    "stop": _stop,
    "stop-all": _stop_all,
    "pause": _pause,
    "digest": _digest,
    # These give more mail, so another site must not be able to post them.
    "undo": csrf_protect(_undo),
    "ask": csrf_protect(_subscribe),
}


def _language(request: PersonRequest, recipient: Recipient) -> str:
    """Return the recipient's language, or the one chosen at the foot of the page."""
    chosen = settings.LANGUAGE_COOKIE_NAME in request.COOKIES
    return (get_language() if chosen else None) or recipient.reads
