"""The preference page of a signed-in person: topics, pause, digest, language, history."""

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.choices import Language
from accounts.forms import first_error
from accounts.http import PersonRequest, network_address
from accounts.models import User
from accounts.selectors import page_of
from accounts.services.people import update_profile
from preferences.choices import ConsentSource, Digest
from preferences.models import Topic
from preferences.selectors import (
    MandatoryMail,
    choosable_topics,
    consent_history,
    find_topic,
    preference_centre,
)
from preferences.services.choices import TopicRefused, choose_topics, resume_optional
from preferences.services.opt_out_undo import stop_mail, undo_opt_out
from preferences.services.opt_outs import UNDO_WITHIN, read_opt_out, sign_opt_out
from preferences.services.receipts import receipt_for
from preferences.services.recipients import DeliveryRefused, choose_digest, pause_optional_mail

PAUSES = ("30", "90")
# The confirmation in the query string and the opt-out for its undo are signed against forgery.
CONFIRMATION_SALT = "preferences.confirmation"
UNDO_SALT = "preferences.undo"
CONFIRMATION_MAX_AGE = UNDO_WITHIN


@dataclass(frozen=True)
class Confirmation:
    """The confirmation of the last act on the page.

    `topics` has the slugs concerned, `was` the former value, `opt_out` the signed opt-out that an
    undo restores.
    """

    done: str
    topics: list[str] = field(default_factory=list)
    was: str = ""
    opt_out: str = ""

    @property
    def undo_form(self) -> tuple[str, list[tuple[str, str]]] | None:
        """Return URL and fields of the form that undoes it; None where nothing does."""
        acts = {
            "yes": ("choose", [("topic", slug) for slug in self.topics]),
            "paused": ("pause", [("days", "")]),
            "digest": ("digest", [("digest", self.was)] if self.was else []),
            "language": ("language", [("language", self.was)] if self.was else []),
        }
        stop = ("undo", [("opt_out", self.opt_out)] if self.opt_out else [])
        act, fields = acts.get(self.done, stop)
        return (reverse(f"preferences:{act}"), fields) if fields else None


def _confirm(request: PersonRequest, confirmation: Confirmation) -> HttpResponse:
    """Return the page with a confirmation: a fragment for htmx, else a redirect."""
    if not request.htmx:
        return redirect(_confirmation_url(request, confirmation))
    return _page(request, "preferences/centre.html#choices", confirmation)


def _confirmation_url(request: PersonRequest, confirmation: Confirmation) -> str:
    signed = signing.dumps([request.user.pk, asdict(confirmation)], salt=CONFIRMATION_SALT)
    return f"{reverse('preferences:centre')}?{urlencode({'confirmation': signed})}"


def _page(
    request: PersonRequest,
    template: str,
    confirmation: Confirmation | None = None,
    refusal: ValidationError | None = None,
) -> HttpResponse:
    context = centre_context(request.user, confirmation, refusal)
    # htmx ignores error responses, so the reason would not be shown.
    status = 409 if refusal and not request.htmx else 200
    return render(request, template, context, status=status)


def centre_context(
    user: User,
    confirmation: Confirmation | None = None,
    refusal: ValidationError | None = None,
) -> dict[str, Any]:
    """Return what the page shows of a person; no token is in it without a confirmation."""
    slugs = confirmation.topics if confirmation else []
    changed = choosable_topics(user.recipient).filter(slug__in=slugs) if slugs else []
    centre = preference_centre(user)
    return {
        "centre": centre,
        "confirmation": confirmation,
        "changed": list(changed),
        "silent": [row for row in centre.topics if row.topic.slug in slugs and not row.comes],
        "refusal": first_error(refusal) if refusal else "",
        "pauses": PAUSES,
        "digests": Digest.choices,
        "languages": Language.choices,
    }


def _refuse(request: PersonRequest, refusal: ValidationError) -> HttpResponse:
    fragment = "#choices" if request.htmx else ""
    return _page(request, f"preferences/centre.html{fragment}", refusal=refusal)


@require_GET
def centre(request: PersonRequest) -> HttpResponse:
    """Show the topics to choose from, and the required notices with their reasons."""
    return _page(request, "preferences/centre.html", _confirmation_in_query(request))


def _confirmation_in_query(request: PersonRequest) -> Confirmation | None:
    """Return the confirmation signed for this person in the query string."""
    try:
        person, confirmation = signing.loads(
            request.GET.get("confirmation", ""),
            salt=CONFIRMATION_SALT,
            max_age=CONFIRMATION_MAX_AGE,
        )
    except signing.BadSignature:
        return None
    return Confirmation(**confirmation) if person == request.user.pk else None


@require_POST
def choose(request: PersonRequest) -> HttpResponse:
    """Subscribe (`wants=yes`) to each `topic` of the form or unsubscribe from it."""
    wants = request.POST.get("wants") == "yes"
    recipient = request.user.recipient
    try:
        topics = [find_topic(recipient, slug) for slug in request.POST.getlist("topic")[:50]]
        if not topics:  # an opt-out without a topic would be one of everything
            return redirect("preferences:centre")
        if not wants:
            return _stop(request, topics)
        choose_topics(
            actor=request.user,
            topics=topics,
            wants=True,
            source=ConsentSource.PAGE,
            network_address=network_address(request),
        )
    except (MandatoryMail, TopicRefused) as error:
        return _refuse(request, error)
    return _confirm(request, Confirmation("yes", [topic.slug for topic in topics]))


@require_POST
def stop_all(request: PersonRequest) -> HttpResponse:
    """Unsubscribe from all optional mail."""
    return _stop(request, [])


def _stop(request: PersonRequest, topics: list[Topic]) -> HttpResponse:
    opt_out = stop_mail(actor=request.user, topics=topics, network_address=network_address(request))
    signed = sign_opt_out(opt_out, UNDO_SALT) if opt_out.is_undoable else ""
    slugs = [topic.slug for topic in topics]
    confirmation = Confirmation("no" if topics else "stopped", slugs, opt_out=signed)
    return _confirm(request, confirmation)


@require_POST
def undo(request: PersonRequest) -> HttpResponse:
    """Undo an opt-out of the last ten minutes, and restore exactly what it stopped."""
    opt_out = read_opt_out(request.POST.get("opt_out", ""), UNDO_SALT)
    if opt_out is None:
        too_late = _("Nothing was undone: Undo works for ten minutes.")
        return _refuse(request, TopicRefused(too_late))
    undone = undo_opt_out(
        actor=request.user, opt_out=opt_out, network_address=network_address(request)
    )
    if not undone:
        has_changed = _("Nothing was undone, because your preferences changed since then.")
        return _refuse(request, TopicRefused(has_changed))
    left_out = [topic.slug for topic in undone.left_out]
    return _confirm(request, Confirmation("undone", left_out))


@require_POST
def resume(request: PersonRequest) -> HttpResponse:
    """Undo the opt-out from everything; the earlier choices apply again."""
    resume_optional(actor=request.user, network_address=network_address(request))
    return _confirm(request, Confirmation("resumed"))


@require_POST
def pause(request: PersonRequest) -> HttpResponse:
    """Pause optional mail for `days` days; without days, end the pause."""
    days = request.POST.get("days", "")
    if days and days not in PAUSES:
        return _refuse(request, DeliveryRefused(_("Choose 30 or 90 days.")))
    until = timezone.now() + timedelta(days=int(days)) if days in PAUSES else None
    pause_optional_mail(actor=request.user, until=until)
    return _confirm(request, Confirmation("paused" if until else "unpaused"))


@require_POST
def digest(request: PersonRequest) -> HttpResponse:
    """Choose how often optional mail comes."""
    was = request.user.recipient.digest
    try:
        choose_digest(actor=request.user, digest=request.POST.get("digest", ""))
    except DeliveryRefused as error:
        return _refuse(request, error)
    return _confirm(request, Confirmation("digest", was=was))


@require_POST
def language(request: PersonRequest) -> HttpResponse:
    """Choose the language of the hub and of email."""
    was = request.user.language
    chosen = request.POST.get("language", "")
    try:
        person = update_profile(actor=request.user, language=chosen)
    except ValidationError as error:
        return _refuse(request, error)
    url = _confirmation_url(request, Confirmation("language", was=was))
    response: HttpResponse = redirect(url)
    if request.htmx:  # the language of the whole page changes, not only of the fragment
        response = HttpResponse(headers={"HX-Redirect": url})
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        person.language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


@require_GET
def history(request: PersonRequest) -> HttpResponse:
    """List a person's own consent records, with the wording they answered."""
    records = consent_history(request.user)
    page = page_of(
        records, among=records, order=("-pk",), after=request.GET.get("after", ""), size=20
    )
    return render(request, "preferences/history.html", {"page": page})


@require_GET
def receipt(request: PersonRequest) -> HttpResponse:
    """Download the person's consent records as a signed receipt (R36)."""
    response = JsonResponse(
        receipt_for(actor=request.user), json_dumps_params={"indent": 2, "ensure_ascii": False}
    )
    day = timezone.localdate().isoformat()
    response["Content-Disposition"] = f'attachment; filename="mail-receipt-{day}.json"'
    return response
