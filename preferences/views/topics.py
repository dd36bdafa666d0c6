"""Optional mail as staff keep it: topics, who gets them, and the closed list beside them."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.views.access import run_action
from preferences.choices import FOUNDING_CLASSES
from preferences.forms.topics import NewTopicForm, TopicForm
from preferences.models import NoticeClass, Topic
from preferences.selectors.audiences import answers_by_month, audience_of
from preferences.services.notice_classes import activate_notice_class
from preferences.services.topics import create_topic, update_topic
from preferences.views.charts import chart_of


@require_safe
def topics(request: PersonRequest) -> HttpResponse:
    """Every topic there is."""
    require_staff(request.user, "preferences.view_topic")
    found = Topic.objects.select_related("portal")
    return render(request, "preferences/topics.html", {"topics": found})


@require_http_methods(["GET", "HEAD", "POST"])
def topic_new(request: PersonRequest) -> HttpResponse:
    """A new topic."""
    require_staff(request.user, "preferences.add_topic")
    initial = {"basis": "express", "double_opt_in": True}
    form = NewTopicForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            created = create_topic(actor=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("“%(topic)s” is created.") % {"topic": created})
            return redirect("preferences:topic", created.slug)
    return render(request, "preferences/topic_edit.html", {"form": form})


@require_safe
def topic(request: PersonRequest, slug: str) -> HttpResponse:
    """One topic: who gets it now, why the others do not, and how that came about."""
    found = _topic(request, slug, "preferences.view_topic")
    months = answers_by_month(found)
    context = {
        "topic": found,
        "audience": audience_of(found),
        "months": months,
        "chart": chart_of(months),
        "campaigns": found.campaigns.order_by("-pk")[:5],
    }
    return render(request, "preferences/topic.html", context)


def _topic(request: PersonRequest, slug: str, permission: str) -> Topic:
    """Any topic, for staff with this permission (else 403)."""
    require_staff(request.user, permission)
    return get_object_or_404(Topic.objects.select_related("portal"), slug=slug)


@require_http_methods(["GET", "HEAD", "POST"])
def topic_edit(request: PersonRequest, slug: str) -> HttpResponse:
    """Change a topic; its short name stays."""
    found = _topic(request, slug, "preferences.change_topic")
    initial = {name: getattr(found, name) for name in TopicForm.base_fields}
    form = TopicForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            update_topic(actor=request.user, topic=found, **form.cleaned_data)
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("“%(topic)s” is saved.") % {"topic": found})
            return redirect("preferences:topic", slug)
    return render(request, "preferences/topic_edit.html", {"form": form, "topic": found})


@require_POST
def topic_active(request: PersonRequest, slug: str, active: bool) -> HttpResponse:
    """Close a topic, or open it again; what people chose is kept."""
    found = _topic(request, slug, "preferences.change_topic")
    done = _("“%(topic)s” is open again.") if active else _("“%(topic)s” is closed.")
    run_action(
        request,
        lambda: update_topic(actor=request.user, topic=found, active=active),
        done % {"topic": found},
    )
    return redirect("preferences:topic", slug)


@require_safe
def classes(request: PersonRequest) -> HttpResponse:
    """The closed list of mandatory mail: why each is mandatory, and whether it is in use."""
    require_staff(request.user, "preferences.view_noticeclass")
    found = NoticeClass.objects.prefetch_related("activations__staff")
    return render(
        request,
        "preferences/classes.html",
        {"rows": [_class_row(request, one) for one in found]},
    )


def _class_row(request: PersonRequest, notice_class: NoticeClass) -> dict[str, Any]:
    yeses = list(notice_class.activations.all())
    is_founding = notice_class.code in FOUNDING_CLASSES
    is_active = is_founding or len(yeses) >= 2
    return {
        "class": notice_class,
        "yeses": yeses,
        "is_founding": is_founding,
        "is_active": is_active,
        "waits_for_me": not is_active and request.user.pk not in [one.staff_id for one in yeses],
    }


@require_POST
def class_activate(request: PersonRequest, code: str) -> HttpResponse:
    """One staff member's yes to a class that was added in code."""
    require_staff(request.user, "preferences.add_activation")
    found = get_object_or_404(NoticeClass, code=code)
    run_action(
        request,
        lambda: activate_notice_class(actor=request.user, notice_class=found),
        _("Your yes to “%(class)s” is written down.") % {"class": found},
    )
    return redirect("preferences:classes")
