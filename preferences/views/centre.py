"""What I get by mail: the preference page and its acts."""

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from accounts.http import PersonRequest, network_address
from preferences.choices import ConsentSource
from preferences.models import Topic
from preferences.selectors import MandatoryMail, choosable_topics, find_topic, preference_centre
from preferences.services.choices import TopicRefused, choose_topics, stop_all_optional


def _answer(request: PersonRequest, done: str, topics: list[Topic]) -> HttpResponse:
    """The page again, saying what was done: as a fragment for htmx, else by a redirect."""
    if not request.htmx:
        query = urlencode({"done": done, "topic": [topic.slug for topic in topics]}, doseq=True)
        return redirect(f"{reverse('preferences:centre')}?{query}")
    return _page(request, "preferences/centre.html#choices", done, topics)


def _page(
    request: PersonRequest,
    template: str,
    done: str,
    topics: list[Topic],
    refusal: ValidationError | None = None,
) -> HttpResponse:
    context = {
        "centre": preference_centre(request.user),
        "done": done,
        "changed": topics,
        "refusal": refusal.messages[0] if refusal else "",
    }
    return render(request, template, context, status=409 if refusal else 200)


@require_GET
def centre(request: PersonRequest) -> HttpResponse:
    """What I get by mail: topics to choose, and what stays with its reason."""
    done = request.GET.get("done", "")
    named = set(request.GET.getlist("topic"))
    topics = [topic for topic in choosable_topics(request.user) if topic.slug in named]
    return _page(
        request,
        "preferences/centre.html",
        done if done in ("yes", "no", "stopped") else "",
        topics,
    )


@require_POST
def choose(request: PersonRequest) -> HttpResponse:
    """Yes (`wants=yes`) or no to each `topic` of the form: a switch, or an undo of several."""
    wants = request.POST.get("wants") == "yes"
    try:
        topics = [find_topic(request.user, slug) for slug in request.POST.getlist("topic")[:50]]
        choose_topics(
            actor=request.user,
            topics=topics,
            wants=wants,
            source=ConsentSource.PAGE,
            network_address=network_address(request),
        )
    except (MandatoryMail, TopicRefused) as error:
        return _page(request, "preferences/centre.html", "", [], error)
    return _answer(request, "yes" if wants else "no", topics)


@require_POST
def stop_all(request: PersonRequest) -> HttpResponse:
    """No to everything optional."""
    topics = stop_all_optional(actor=request.user, network_address=network_address(request))
    return _answer(request, "stopped", topics)
