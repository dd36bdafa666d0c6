"""Campaigns: staff compose, check, send and follow them."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import LOOKS, PersonRequest, email_frame, shows_emails
from accounts.permissions import require_staff
from accounts.selectors import page_of
from accounts.views.actions import run_action, submit
from preferences.choices import CampaignState
from preferences.forms.campaigns import CampaignForm, EditCampaignForm, SendForm
from preferences.gate.preview import previews_of
from preferences.models import Campaign, Candidate
from preferences.selectors.campaigns import (
    candidates_of,
    estimate_audience,
    outcomes_of,
    progress_of,
    public_campaigns,
    resolved_audience,
    results_of,
    warnings_of,
)
from preferences.services import campaigns as services
from preferences.services.test_sends import send_test

POLLED_STATES = (CampaignState.SCHEDULED, CampaignState.RUNNING)


@require_safe
def campaigns(request: PersonRequest) -> HttpResponse:
    """List the campaigns, newest first."""
    require_staff(request.user, "preferences.view_campaign")
    rows = public_campaigns().select_related("topic", "notice_class", "created_by")
    page = page_of(rows, among=rows, order=("-pk",), after=request.GET.get("after", ""), size=25)
    return render(request, "preferences/campaigns.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_new(request: PersonRequest) -> HttpResponse:
    """Compose a campaign."""
    require_staff(request.user, "preferences.add_campaign")
    form = CampaignForm(request.POST if request.method == "POST" else None, actor=request.user)
    success = submit(form, lambda: services.create_campaign(actor=request.user, **form.values()))
    if success:
        messages.success(request, _("The draft is saved. Nothing has been sent."))
        return redirect("preferences:campaign-check", success.result.pk)
    return render(request, "preferences/campaign_edit.html", {"form": form})


def _campaign(request: PersonRequest, key: int, permission: str) -> Campaign:
    """Return a campaign, for staff with this permission (else 403)."""
    require_staff(request.user, permission)
    rows = public_campaigns().select_related(
        "topic__portal", "notice_class", "portal", "created_by"
    )
    return get_object_or_404(rows, pk=key)


@require_http_methods(["GET", "HEAD", "POST"])
def campaign_edit(request: PersonRequest, campaign: int) -> HttpResponse:
    """Change a draft."""
    draft = _campaign(request, campaign, "preferences.change_campaign")
    if draft.state != CampaignState.DRAFT:
        messages.error(request, _("Only a draft can be changed."))
        return redirect("preferences:campaign", campaign)
    form = EditCampaignForm(
        request.POST if request.method == "POST" else None,
        actor=request.user,
        shown=services.draft_values(draft),
    )
    if submit(
        form,
        lambda: services.update_campaign(
            actor=request.user, campaign=draft, version=form.version_shown, **form.values()
        ),
    ):
        messages.success(request, _("The draft is saved. Nothing has been sent."))
        return redirect("preferences:campaign-check", campaign)
    return render(request, "preferences/campaign_edit.html", {"form": form, "campaign": draft})


@require_http_methods(["GET", "HEAD", "POST"])
@shows_emails
def campaign_check(request: PersonRequest, campaign: int) -> HttpResponse:
    """Show a draft before it is sent: previews, audience, warnings; posted, send it."""
    draft = _campaign(request, campaign, "preferences.view_campaign")
    if draft.state != CampaignState.DRAFT:
        return redirect("preferences:campaign", campaign)
    kind = "topic" if draft.topic_id else "notice"
    if request.method == "POST":
        require_staff(request.user, f"preferences.send_{kind}_campaign")
    estimate = estimate_audience(draft)
    form = SendForm(
        request.POST if request.method == "POST" else None,
        campaign=draft,
        recipient_count=estimate.recipients,
        shown=services.draft_values(draft),
    )
    if submit(
        form,
        lambda: services.schedule_campaign(
            actor=request.user,
            campaign=draft,
            starts_at=form.cleaned_data["starts_at"],
            version=form.version_shown,
        ),
    ):
        is_later = form.cleaned_data["starts_at"]
        messages.success(
            request, _("The message is scheduled.") if is_later else _("The message is being sent.")
        )
        return redirect("preferences:campaign", campaign)
    if form.conflict:
        draft.refresh_from_db()
    warnings = warnings_of(draft)
    context = {
        "campaign": draft,
        "form": form,
        "estimate": estimate,
        "warnings": warnings,
        "stopped": any(warning.stops for warning in warnings),
        "previews": previews_of(draft),
        "looks": LOOKS,
        "may_send": request.user.has_perm(f"preferences.send_{kind}_campaign"),
    }
    return render(request, "preferences/campaign_check.html", context)


@require_safe
def campaign_preview(request: PersonRequest, campaign: int, number: int, look: str) -> HttpResponse:
    """Show the HTML part of a preview, light or dark, for a frame on the page of the campaign."""
    previews = previews_of(_campaign(request, campaign, "preferences.view_campaign"))
    if look not in LOOKS or number >= len(previews):
        raise Http404
    return email_frame(previews[number].html, look=look)


@require_POST
def campaign_test_send(request: PersonRequest, campaign: int) -> HttpResponse:
    """Send a test to oneself."""
    tested = _campaign(request, campaign, "preferences.change_campaign")
    run_action(
        request,
        lambda: send_test(actor=request.user, campaign=tested),
        _("The test is on its way to %(address)s.") % {"address": request.user.email},
    )
    return redirect("preferences:campaign-check", campaign)


@require_safe
def campaign(request: PersonRequest, campaign: int) -> HttpResponse:
    """Show a campaign: its progress while it is being sent, then its results."""
    shown = _campaign(request, campaign, "preferences.view_campaign")
    kind = "topic" if shown.topic_id else "notice"
    context = {
        "campaign": shown,
        "progress": progress_of(shown),
        "polled": shown.state in POLLED_STATES,
        "may_send": request.user.has_perm(f"preferences.send_{kind}_campaign"),
    }
    if shown.resolved_at is not None:
        context |= {
            "results": results_of(shown),
            "decided": resolved_audience(shown),
            "outcomes": outcomes_of(shown),
        }
    template = "preferences/campaign.html"
    return render(request, f"{template}#live" if request.htmx else template, context)


DONE_MESSAGES = {
    "unschedule": gettext_lazy("The message is a draft again."),
    "pause": gettext_lazy("The message is paused. Nothing more is sent until you resume it."),
    "resume": gettext_lazy("The message is being sent again."),
    "cancel": gettext_lazy("The message is cancelled."),
}


@require_POST
def campaign_act(request: PersonRequest, campaign: int, act: str) -> HttpResponse:
    """Pause, resume, unschedule or cancel a campaign."""
    changed = _campaign(request, campaign, "preferences.view_campaign")
    service = {
        "unschedule": services.unschedule_campaign,
        "pause": services.pause_campaign,
        "resume": services.resume_campaign,
        "cancel": services.cancel_campaign,
    }[act]
    message = str(DONE_MESSAGES[act])
    run_action(request, lambda: service(actor=request.user, campaign=changed), message)
    return redirect("preferences:campaign", campaign)


@require_safe
def campaign_people(request: PersonRequest, campaign: int) -> HttpResponse:
    """List the people with a decision; `show` is `sent`, `skipped`, or empty for both."""
    listed = _campaign(request, campaign, "preferences.view_candidate")
    show = request.GET.get("show", "")
    send = {"sent": True, "skipped": False}.get(show)
    page = page_of(
        candidates_of(listed, send=send).select_related("recipient__user"),
        among=candidates_of(listed),
        order=("pk",),
        after=request.GET.get("after", ""),
    )
    context = {
        "campaign": listed,
        "page": page,
        "rows": [(candidate, _address(request, candidate)) for candidate in page],
        "show": show if send is not None else "",
        "keep": f"show={show}" if send is not None else "",
    }
    return render(request, "preferences/campaign_people.html", context)


def _address(request: PersonRequest, candidate: Candidate) -> str:
    """Return the address, masked for those who may not see recipients."""
    may_see = request.user.has_perm("preferences.view_recipient")
    return candidate.recipient.email if may_see else candidate.recipient.masked
