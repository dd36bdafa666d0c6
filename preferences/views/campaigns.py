"""Mail to many, as staff compose, check, send and watch it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.selectors import page_of
from accounts.views.access import run_action
from preferences.choices import CampaignState
from preferences.forms.campaigns import CampaignForm, SendForm
from preferences.gate.preview import previews_of
from preferences.models import Campaign, Candidate
from preferences.selectors.campaigns import (
    candidates_of,
    estimate_audience,
    outcomes_of,
    progress_of,
    resolved_audience,
    warnings_of,
)
from preferences.services import campaigns as services
from preferences.services.test_sends import send_test

POLLED = (CampaignState.SCHEDULED, CampaignState.RUNNING)


@require_safe
def campaigns(request: PersonRequest) -> HttpResponse:
    """Every mail to many, newest first."""
    require_staff(request.user, "preferences.view_campaign")
    found = Campaign.objects.select_related("topic", "notice_class", "created_by")
    page = page_of(found, among=found, order=("-pk",), after=request.GET.get("after", ""), size=25)
    return render(request, "preferences/campaigns.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_new(request: PersonRequest) -> HttpResponse:
    """Compose one."""
    require_staff(request.user, "preferences.add_campaign")
    form = CampaignForm(request.POST if request.method == "POST" else None, actor=request.user)
    if form.is_valid():
        try:
            created = services.create_campaign(actor=request.user, **form.values())
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The draft is saved. Nothing has been sent."))
            return redirect("preferences:campaign-check", created.pk)
    return render(request, "preferences/campaign_edit.html", {"form": form})


def _campaign(request: PersonRequest, key: int, permission: str) -> Campaign:
    """Any campaign, for staff with this permission (else 403)."""
    require_staff(request.user, permission)
    found = Campaign.objects.select_related("topic__portal", "notice_class", "portal", "created_by")
    return get_object_or_404(found, pk=key)


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_edit(request: PersonRequest, campaign: int) -> HttpResponse:
    """Change a draft."""
    found = _campaign(request, campaign, "preferences.change_campaign")
    if found.state != CampaignState.DRAFT:
        messages.error(request, _("Only a draft can be changed."))
        return redirect("preferences:campaign", campaign)
    form = CampaignForm(
        request.POST if request.method == "POST" else None,
        actor=request.user,
        initial=CampaignForm.initial_of(found),
    )
    if form.is_valid():
        try:
            services.update_campaign(actor=request.user, campaign=found, **form.values())
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The draft is saved. Nothing has been sent."))
            return redirect("preferences:campaign-check", campaign)
    return render(request, "preferences/campaign_edit.html", {"form": form, "campaign": found})


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_check(request: PersonRequest, campaign: int) -> HttpResponse:
    """Before it leaves: what each gets, how many and why, what to look at; and the sending."""
    found = _campaign(request, campaign, "preferences.view_campaign")
    if found.state != CampaignState.DRAFT:
        return redirect("preferences:campaign", campaign)
    kind = "topic" if found.topic_id else "notice"
    if request.method == "POST":
        require_staff(request.user, f"preferences.send_{kind}_campaign")
    counted = estimate_audience(found)
    form = SendForm(
        request.POST if request.method == "POST" else None,
        campaign=found,
        readers=counted.recipients,
    )
    if form.is_valid():
        try:
            services.schedule_campaign(
                actor=request.user, campaign=found, starts_at=form.cleaned_data["starts_at"]
            )
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _said(form.cleaned_data["starts_at"]))
            return redirect("preferences:campaign", campaign)
    warnings = warnings_of(found)
    context = {
        "campaign": found,
        "form": form,
        "counted": counted,
        "warnings": warnings,
        "stopped": any(warning.stops for warning in warnings),
        "previews": previews_of(found),
        "may_send": request.user.has_perm(f"preferences.send_{kind}_campaign"),
    }
    return render(request, "preferences/campaign_check.html", context)


def _said(starts_at: Any) -> str:
    return _("It is scheduled.") if starts_at else _("It is on its way.")


@require_POST
def campaign_test_send(request: PersonRequest, campaign: int) -> HttpResponse:
    """Send it to oneself."""
    found = _campaign(request, campaign, "preferences.change_campaign")
    run_action(
        request,
        lambda: send_test(actor=request.user, campaign=found),
        _("The trial is on its way to %(address)s.") % {"address": request.user.email},
    )
    return redirect("preferences:campaign-check", campaign)


@require_safe
def campaign(request: PersonRequest, campaign: int) -> HttpResponse:
    """How one stands: its progress while it is sent, then what came of it and why."""
    found = _campaign(request, campaign, "preferences.view_campaign")
    kind = "topic" if found.topic_id else "notice"
    context = {
        "campaign": found,
        "progress": progress_of(found),
        "polled": found.state in POLLED,
        "may_send": request.user.has_perm(f"preferences.send_{kind}_campaign"),
    }
    if request.htmx:
        return render(request, "preferences/campaign.html#progress", context)
    context |= {"decided": resolved_audience(found), "outcomes": outcomes_of(found)}
    return render(request, "preferences/campaign.html", context)


DONE = {
    "unschedule": gettext_lazy("It is a draft again."),
    "pause": gettext_lazy("It is held. Nothing more leaves until you go on."),
    "resume": gettext_lazy("It is being sent again."),
    "cancel": gettext_lazy("It is cancelled for good."),
}


@require_POST
def campaign_act(request: PersonRequest, campaign: int, act: str) -> HttpResponse:
    """Hold it, go on, take it back, or end it."""
    found = _campaign(request, campaign, "preferences.view_campaign")
    service = {
        "unschedule": services.unschedule_campaign,
        "pause": services.pause_campaign,
        "resume": services.resume_campaign,
        "cancel": services.cancel_campaign,
    }[act]
    run_action(request, lambda: service(actor=request.user, campaign=found), str(DONE[act]))
    return redirect("preferences:campaign", campaign)


@require_safe
def campaign_people(request: PersonRequest, campaign: int) -> HttpResponse:
    """Everyone a decision was written about; `show` narrows it to those who get it, or do not."""
    found = _campaign(request, campaign, "preferences.view_candidate")
    show = request.GET.get("show", "")
    send = {"sent": True, "skipped": False}.get(show)
    page = page_of(
        candidates_of(found, send=send).select_related("recipient__user"),
        among=candidates_of(found),
        order=("pk",),
        after=request.GET.get("after", ""),
    )
    context = {
        "campaign": found,
        "page": page,
        "rows": [(one, _address(request, one)) for one in page],
        "show": show if send is not None else "",
        "keep": f"show={show}" if send is not None else "",
    }
    return render(request, "preferences/campaign_people.html", context)


def _address(request: PersonRequest, candidate: Candidate) -> str:
    """Whole for those who may see readers, else masked."""
    whole = request.user.has_perm("preferences.view_recipient")
    return candidate.recipient.email if whole else candidate.recipient.masked
