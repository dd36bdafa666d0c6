"""The provider's pages of topics and notice classes."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.views.actions import run_action, submit
from preferences.choices import FOUNDING_CLASSES
from preferences.forms.topics import EditTopicForm, NewTopicForm
from preferences.models import NoticeClass, Topic
from preferences.selectors.audiences import answers_by_month, audience_of, subscriber_counts
from preferences.services.notice_classes import activate_notice_class
from preferences.services.topics import create_topic, topic_values, update_topic
from preferences.views.charts import answers_chart, audience_chart


@require_safe
def topics(request: PersonRequest) -> HttpResponse:
    """List the topics."""
    require_staff(request.user, "preferences.view_topic")
    rows = list(Topic.objects.select_related("portal"))
    counts = subscriber_counts()
    context = {"topics": [(row, counts.get(row.pk, 0)) for row in rows]}
    return render(request, "preferences/topics.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def topic_new(request: PersonRequest) -> HttpResponse:
    """Create a topic."""
    require_staff(request.user, "preferences.add_topic")
    initial = {"basis": "express", "double_opt_in": True}
    form = NewTopicForm(request.POST if request.method == "POST" else None, initial=initial)
    success = submit(form, lambda: create_topic(actor=request.user, **form.cleaned_data))
    if success:
        created = success.result
        messages.success(request, _("“%(topic)s” is created.") % {"topic": created})
        return redirect("preferences:topic", created.slug)
    return render(request, "preferences/topic_edit.html", {"form": form})


@require_safe
def topic(request: PersonRequest, slug: str) -> HttpResponse:
    """Show a topic: its audience, why others do not get it, and the answers by month."""
    shown = _topic(request, slug, "preferences.view_topic")
    months, audience = answers_by_month(shown), audience_of(shown)
    names = {"topic": shown.name}
    context = {
        "topic": shown,
        "audience": audience,
        "audience_chart": audience_chart(
            audience, _("Recipients of “%(topic)s” by reason") % names
        ),
        "months": months,
        "chart": answers_chart(
            months,
            _(
                "People who subscribed to and unsubscribed from “%(topic)s” in the last twelve"
                " months"
            )
            % names,
        ),
        "campaigns": shown.campaigns.order_by("-pk")[:5],
    }
    return render(request, "preferences/topic.html", context)


def _topic(request: PersonRequest, slug: str, permission: str) -> Topic:
    """Return a topic, for staff with this permission (else 403)."""
    require_staff(request.user, permission)
    return get_object_or_404(Topic.objects.select_related("portal"), slug=slug)


@require_http_methods(["GET", "HEAD", "POST"])
def topic_edit(request: PersonRequest, slug: str) -> HttpResponse:
    """Change a topic; its short name stays."""
    edited = _topic(request, slug, "preferences.change_topic")
    data = request.POST if request.method == "POST" else None
    form = EditTopicForm(data, shown=topic_values(edited))
    if submit(
        form,
        lambda: update_topic(
            actor=request.user, topic=edited, version=form.version_shown, **form.values()
        ),
    ):
        messages.success(request, _("“%(topic)s” is saved.") % {"topic": edited})
        return redirect("preferences:topic", slug)
    return render(request, "preferences/topic_edit.html", {"form": form, "topic": edited})


@require_POST
def topic_active(request: PersonRequest, slug: str, active: bool) -> HttpResponse:
    """Close a topic, or reopen it; people's choices are kept."""
    changed = _topic(request, slug, "preferences.change_topic")
    done = _("“%(topic)s” is open again.") if active else _("“%(topic)s” is closed.")
    run_action(
        request,
        lambda: update_topic(actor=request.user, topic=changed, active=active),
        done % {"topic": changed},
    )
    return redirect("preferences:topic", slug)


@require_safe
def notice_classes(request: PersonRequest) -> HttpResponse:
    """List the notice classes: why each is mandatory, and whether it is in use."""
    require_staff(request.user, "preferences.view_noticeclass")
    classes = NoticeClass.objects.prefetch_related("activations__staff")
    rows = [_class_row(request, notice_class) for notice_class in classes]
    return render(request, "preferences/classes.html", {"rows": rows})


def _class_row(request: PersonRequest, notice_class: NoticeClass) -> dict[str, Any]:
    activations = list(notice_class.activations.all())
    is_founding = notice_class.code in FOUNDING_CLASSES
    is_active = is_founding or len(activations) >= 2
    has_activated = request.user.pk in [activation.staff_id for activation in activations]
    return {
        "class": notice_class,
        "activations": activations,
        "is_founding": is_founding,
        "is_active": is_active,
        "may_activate": not is_active and not has_activated,
    }


@require_POST
def notice_class_activate(request: PersonRequest, code: str) -> HttpResponse:
    """Record one staff member's approval of a class that was added in code."""
    require_staff(request.user, "preferences.add_activation")
    notice_class = get_object_or_404(NoticeClass, code=code)
    run_action(
        request,
        lambda: activate_notice_class(actor=request.user, notice_class=notice_class),
        _("You approved “%(class)s”.") % {"class": notice_class},
    )
    return redirect("preferences:notice-classes")
