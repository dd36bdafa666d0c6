"""What I get by mail: the preference page, its acts, and what was said there."""

from datetime import timedelta
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
from preferences.services.choices import (
    TopicRefused,
    choose_topics,
    resume_optional,
    stop_all_optional,
)
from preferences.services.receipts import receipt_for
from preferences.services.recipients import DeliveryRefused, choose_digest, pause_optional_mail

PAUSES = ("30", "90")
SAID = "preferences.said"  # what a page says was done is signed: an address cannot make it up
SAID_FOR = timedelta(minutes=10)


def _answer(request: PersonRequest, done: str, topics: list[Topic], was: str = "") -> HttpResponse:
    """The page again, saying what was done: as a fragment for htmx, else by a redirect."""
    if not request.htmx:
        return redirect(_address_saying(request, done, topics, was))
    return _page(request, "preferences/centre.html#choices", done, topics, was)


def _address_saying(request: PersonRequest, done: str, topics: list[Topic], was: str = "") -> str:
    said = [request.user.pk, done, [topic.slug for topic in topics], was]
    query = urlencode({"said": signing.dumps(said, salt=SAID)})
    return f"{reverse('preferences:centre')}?{query}"


def _page(
    request: PersonRequest,
    template: str,
    done: str,
    topics: list[Topic],
    was: str = "",
    refusal: ValidationError | None = None,
) -> HttpResponse:
    context = {
        "centre": preference_centre(request.user),
        "done": done,
        "changed": topics,
        "was": was,
        "refusal": first_error(refusal) if refusal else "",
        "pauses": PAUSES,
        "digests": Digest.choices,
        "languages": Language.choices,
    }
    return render(request, template, context, status=409 if refusal else 200)


def _refused(request: PersonRequest, refusal: ValidationError) -> HttpResponse:
    return _page(request, "preferences/centre.html", "", [], refusal=refusal)


@require_GET
def centre(request: PersonRequest) -> HttpResponse:
    """What I get by mail: topics to choose, and what stays with its reason."""
    try:
        reader, done, named, was = signing.loads(
            request.GET.get("said", ""), salt=SAID, max_age=SAID_FOR
        )
    except signing.BadSignature:
        reader = None
    if reader != request.user.pk:
        return _page(request, "preferences/centre.html", "", [])
    topics = (
        [topic for topic in choosable_topics(request.user.recipient) if topic.slug in named]
        if named
        else []
    )
    return _page(request, "preferences/centre.html", done, topics, was)


@require_POST
def choose(request: PersonRequest) -> HttpResponse:
    """Yes (`wants=yes`) or no to each `topic` of the form: a switch, or an undo of several."""
    wants = request.POST.get("wants") == "yes"
    reader = request.user.recipient
    try:
        topics = [find_topic(reader, slug) for slug in request.POST.getlist("topic")[:50]]
        choose_topics(
            actor=request.user,
            topics=topics,
            wants=wants,
            source=ConsentSource.PAGE,
            network_address=network_address(request),
        )
    except (MandatoryMail, TopicRefused) as error:
        return _refused(request, error)
    return _answer(request, "yes" if wants else "no", topics)


@require_POST
def stop_all(request: PersonRequest) -> HttpResponse:
    """No to everything optional."""
    stopped_before = request.user.recipient.is_stopped
    topics = stop_all_optional(actor=request.user, network_address=network_address(request))
    # Taking this stop back must not lift an earlier one: then the topics come back by name.
    return _answer(request, "stopped", topics if stopped_before else [])


@require_POST
def resume(request: PersonRequest) -> HttpResponse:
    """The stop of everything taken back: what I had chosen before counts again."""
    resume_optional(actor=request.user, network_address=network_address(request))
    return _answer(request, "resumed", [])


@require_POST
def pause(request: PersonRequest) -> HttpResponse:
    """Hold optional mail for so many `days`; none ends the pause."""
    days = request.POST.get("days", "")
    if days and days not in PAUSES:
        return _refused(request, DeliveryRefused(_("Choose 30 or 90 days.")))
    until = timezone.now() + timedelta(days=int(days)) if days in PAUSES else None
    pause_optional_mail(actor=request.user, until=until)
    return _answer(request, "paused" if until else "unpaused", [])


@require_POST
def digest(request: PersonRequest) -> HttpResponse:
    """How often optional mail comes."""
    was = request.user.recipient.digest
    try:
        choose_digest(actor=request.user, digest=request.POST.get("digest", ""))
    except DeliveryRefused as error:
        return _refused(request, error)
    return _answer(request, "digest", [], was)


@require_POST
def language(request: PersonRequest) -> HttpResponse:
    """The language of my mail and of the hub."""
    was = request.user.language
    wanted = request.POST.get("language", "")
    try:
        person = update_profile(actor=request.user, name=request.user.name, language=wanted)
    except ValidationError as error:
        return _refused(request, error)
    address = _address_saying(request, "language", [], was)
    response: HttpResponse = redirect(address)
    if request.htmx:  # the whole page speaks another language now
        response = HttpResponse(headers={"HX-Redirect": address})
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
    """Every yes and no of mine with the words I answered."""
    said = consent_history(request.user)
    page = page_of(said, among=said, order=("-pk",), after=request.GET.get("after", ""), size=20)
    return render(request, "preferences/history.html", {"page": page})


@require_GET
def receipt(request: PersonRequest) -> HttpResponse:
    """The same as a signed file to keep (R36)."""
    response = JsonResponse(
        receipt_for(actor=request.user), json_dumps_params={"indent": 2, "ensure_ascii": False}
    )
    day = timezone.localdate().isoformat()
    response["Content-Disposition"] = f'attachment; filename="mail-receipt-{day}.json"'
    return response
