"""What I get by mail: the preference page, its acts, and what was said there."""

from dataclasses import asdict, dataclass, field
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
from preferences.services.choices import TopicRefused, choose_topics, resume_optional
from preferences.services.opt_out_undo import (
    UNDO_WITHIN,
    read_opt_out,
    sign_opt_out,
    stop_mail,
    undo_opt_out,
)
from preferences.services.receipts import receipt_for
from preferences.services.recipients import DeliveryRefused, choose_digest, pause_optional_mail

PAUSES = ("30", "90")
# What a page says was done, and what its undo gives back, is signed: nobody makes it up.
SAID = "preferences.said"
UNDO = "preferences.undo"
SAID_FOR = UNDO_WITHIN


@dataclass(frozen=True)
class Said:
    """What was just done on the page: to which `topics` (slugs), from which state, and for a stop
    the signed `reduction` that its undo gives back.
    """

    done: str
    topics: list[str] = field(default_factory=list)
    was: str = ""
    opt_out: str = ""

    @property
    def way_back(self) -> tuple[str, list[tuple[str, str]]] | None:
        """The address and the fields of the form that undoes it; None where nothing does."""
        acts = {
            "yes": ("choose", [("topic", slug) for slug in self.topics]),
            "paused": ("pause", [("days", "")]),
            "digest": ("digest", [("digest", self.was)] if self.was else []),
            "language": ("language", [("language", self.was)] if self.was else []),
        }
        stop = ("undo", [("opt_out", self.opt_out)] if self.opt_out else [])
        act, fields = acts.get(self.done, stop)
        return (reverse(f"preferences:{act}"), fields) if fields else None


def _answer(request: PersonRequest, said: Said) -> HttpResponse:
    """The page again, saying what was done: as a fragment for htmx, else by a redirect."""
    if not request.htmx:
        return redirect(_address_saying(request, said))
    return _page(request, "preferences/centre.html#choices", said)


def _address_saying(request: PersonRequest, said: Said) -> str:
    signed = signing.dumps([request.user.pk, asdict(said)], salt=SAID)
    return f"{reverse('preferences:centre')}?{urlencode({'said': signed})}"


def _page(
    request: PersonRequest,
    template: str,
    said: Said | None = None,
    refusal: ValidationError | None = None,
) -> HttpResponse:
    named = said.topics if said else []
    changed = choosable_topics(request.user.recipient).filter(slug__in=named) if named else []
    centre = preference_centre(request.user)
    context = {
        "centre": centre,
        "said": said,
        "changed": list(changed),
        "silent": [row for row in centre.topics if row.topic.slug in named and not row.comes],
        "refusal": first_error(refusal) if refusal else "",
        "pauses": PAUSES,
        "digests": Digest.choices,
        "languages": Language.choices,
    }
    # htmx leaves out what is not a success, and with it the reason.
    status = 409 if refusal and not request.htmx else 200
    return render(request, template, context, status=status)


def _refused(request: PersonRequest, refusal: ValidationError) -> HttpResponse:
    part = "#choices" if request.htmx else ""
    return _page(request, f"preferences/centre.html{part}", refusal=refusal)


@require_GET
def centre(request: PersonRequest) -> HttpResponse:
    """What I get by mail: topics to choose, and what stays with its reason."""
    return _page(request, "preferences/centre.html", _said(request))


def _said(request: PersonRequest) -> Said | None:
    """What the address says this person just did."""
    try:
        reader, said = signing.loads(request.GET.get("said", ""), salt=SAID, max_age=SAID_FOR)
    except signing.BadSignature:
        return None
    return Said(**said) if reader == request.user.pk else None


@require_POST
def choose(request: PersonRequest) -> HttpResponse:
    """Yes (`wants=yes`) or no to each `topic` of the form: a switch, or an undo of several."""
    wants = request.POST.get("wants") == "yes"
    reader = request.user.recipient
    try:
        topics = [find_topic(reader, slug) for slug in request.POST.getlist("topic")[:50]]
        if not topics:  # no word about nothing: a stop without a topic would be one of everything
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
        return _refused(request, error)
    return _answer(request, Said("yes", [topic.slug for topic in topics]))


@require_POST
def stop_all(request: PersonRequest) -> HttpResponse:
    """No to everything optional."""
    return _stop(request, [])


def _stop(request: PersonRequest, topics: list[Topic]) -> HttpResponse:
    opt_out = stop_mail(actor=request.user, topics=topics, network_address=network_address(request))
    kept = sign_opt_out(opt_out, UNDO) if opt_out.is_undoable else ""
    slugs = [topic.slug for topic in topics]
    return _answer(request, Said("no" if topics else "stopped", slugs, opt_out=kept))


@require_POST
def undo(request: PersonRequest) -> HttpResponse:
    """A stop of the last ten minutes taken back: exactly what it took comes again."""
    kept = read_opt_out(request.POST.get("opt_out", ""), UNDO)
    if kept is None:
        late = _("That was more than ten minutes ago: nothing was changed.")
        return _refused(request, TopicRefused(late))
    undone = undo_opt_out(
        actor=request.user, opt_out=kept, network_address=network_address(request)
    )
    if not undone:
        since = _("Something was changed since: nothing was undone.")
        return _refused(request, TopicRefused(since))
    return _answer(request, Said("undone"))


@require_POST
def resume(request: PersonRequest) -> HttpResponse:
    """The stop of everything taken back: what I had chosen before counts again."""
    resume_optional(actor=request.user, network_address=network_address(request))
    return _answer(request, Said("resumed"))


@require_POST
def pause(request: PersonRequest) -> HttpResponse:
    """Hold optional mail for so many `days`; none ends the pause."""
    days = request.POST.get("days", "")
    if days and days not in PAUSES:
        return _refused(request, DeliveryRefused(_("Choose 30 or 90 days.")))
    until = timezone.now() + timedelta(days=int(days)) if days in PAUSES else None
    pause_optional_mail(actor=request.user, until=until)
    return _answer(request, Said("paused" if until else "unpaused"))


@require_POST
def digest(request: PersonRequest) -> HttpResponse:
    """How often optional mail comes."""
    was = request.user.recipient.digest
    try:
        choose_digest(actor=request.user, digest=request.POST.get("digest", ""))
    except DeliveryRefused as error:
        return _refused(request, error)
    return _answer(request, Said("digest", was=was))


@require_POST
def language(request: PersonRequest) -> HttpResponse:
    """The language of my mail and of the hub."""
    was = request.user.language
    wanted = request.POST.get("language", "")
    try:
        person = update_profile(actor=request.user, name=request.user.name, language=wanted)
    except ValidationError as error:
        return _refused(request, error)
    address = _address_saying(request, Said("language", was=was))
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
