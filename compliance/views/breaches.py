"""The register of breaches: the list, one breach, its facts, risk, holds, reports and companies.

Who may not see breaches gets the answer of an address that names none (L33).
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import PersonRequest
from accounts.permissions import require_staff
from accounts.selectors import page_of
from accounts.views.actions import run_action, submit
from compliance.choices.breaches import BreachRisk
from compliance.forms.breaches import (
    AssessForm,
    EditBreachForm,
    HoldForm,
    NewBreachForm,
)
from compliance.models import Breach, Hold
from compliance.selectors.affected import outcome_counts
from compliance.selectors.breaches import breaches_for, holds_in_force, rows_of
from compliance.services import breach_files, holds
from compliance.services import breaches as services

CHANGE, RELEASE = "compliance.change_breach", "compliance.release_breach"
HOLD = "compliance.hold_breach"
CHUNK = 64 * 1024  # bytes of the evidence file


def breach_called(request: PersonRequest, reference: str, permission: str = "") -> Breach:
    """Return a breach: 404 for who may not see breaches, 403 without a further permission."""
    breach = get_object_or_404(breaches_for(request.user), reference=reference)
    if permission:
        require_staff(request.user, permission)
    return breach


def show_form(
    request: PersonRequest, form: Any, breach: Breach | None, **context: Any
) -> HttpResponse:
    """Show a form about a breach, with its `title`, `lede` and `button`."""
    return render(
        request, "compliance/breach_form.html", {"form": form, "breach": breach, **context}
    )


@require_safe
def breaches(request: PersonRequest) -> HttpResponse:
    """List the breaches, the newest first."""
    rows = breaches_for(request.user)
    if not request.user.has_perm("compliance.view_breach"):
        raise Http404
    page = page_of(rows, among=rows, order=("-pk",), after=request.GET.get("after", ""), size=25)
    return render(request, "compliance/breaches.html", {"page": page, "rows": rows_of(list(page))})


@require_http_methods(["GET", "HEAD", "POST"])
def breach_new(request: PersonRequest) -> HttpResponse:
    """Note a breach, or an exercise."""
    if not request.user.has_perm("compliance.view_breach"):
        raise Http404
    require_staff(request.user, "compliance.add_breach")
    form = NewBreachForm(request.POST if request.method == "POST" else None)
    success = submit(
        form,
        lambda: services.note_breach(
            actor=request.user, exercise=form.cleaned_data["exercise"], **form.values()
        ),
    )
    if success:
        text = _("%(reference)s is noted. Decide on the risk next.")
        messages.success(request, text % {"reference": success.result})
        return redirect("compliance:breach", success.result.reference)
    return show_form(
        request,
        form,
        None,
        title=_("New breach"),
        lede=_("The law wants a record of every breach, also where nobody is told."),
        button=_("Note breach"),
    )


@require_safe
def breach(request: PersonRequest, reference: str) -> HttpResponse:
    """Show a breach: facts, risk, people, notices, holds, reports, companies, and its end."""
    found = breach_called(request, reference)
    [row] = rows_of([found])
    now = timezone.now()
    in_force = set(holds_in_force(found, now).values_list("pk", flat=True))
    people = ("placed_by", "reviewed_by")
    context = {
        "breach": found,
        "row": row,
        "is_real": found.risk == BreachRisk.REAL,
        "counts": outcome_counts(found),
        "waves": [
            (wave, outcome_counts(found, wave) if wave.corrects and wave.released_at else None)
            for wave in found.waves.select_related(
                "written_by", "released_by", "corrects"
            ).order_by("-number")
        ],
        "holds": [
            (hold, hold.pk in in_force, hold.placed_by_id != request.user.pk)
            for hold in found.holds.select_related(*people).order_by("-pk")
        ],
        "reports": found.reports.prefetch_related("filings").order_by("pk"),
        "companies": found.customer_notices.select_related("customer", "sent_by"),
        "obstacles": services.obstacles_to_closing(found),
    }
    return render(request, "compliance/breach.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def breach_edit(request: PersonRequest, reference: str) -> HttpResponse:
    """Change the facts of a breach."""
    found = breach_called(request, reference, CHANGE)
    form = EditBreachForm(
        request.POST if request.method == "POST" else None, shown=services.breach_facts(found)
    )
    if submit(
        form,
        lambda: services.update_breach(
            actor=request.user, breach=found, version=form.version_shown, **form.values()
        ),
    ):
        messages.success(request, _("The facts are saved."))
        return redirect("compliance:breach", reference)
    return show_form(request, form, found, title=_("Facts"), button=_("Save facts"))


@require_http_methods(["GET", "HEAD", "POST"])
def breach_assess(request: PersonRequest, reference: str) -> HttpResponse:
    """Decide on the risk."""
    found = breach_called(request, reference, CHANGE)
    form = AssessForm(request.POST if request.method == "POST" else None)
    if submit(
        form,
        lambda: services.assess_breach(actor=request.user, breach=found, **form.cleaned_data),
    ):
        messages.success(request, _("The decision is recorded."))
        return redirect("compliance:breach", reference)
    return show_form(
        request,
        form,
        found,
        title=_("Risk"),
        lede=_("The first decision fixes the day on which the risk was determined."),
        button=_("Record decision"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def breach_hold(request: PersonRequest, reference: str) -> HttpResponse:
    """Place a hold for an authority."""
    found = breach_called(request, reference, HOLD)
    form = HoldForm(request.POST if request.method == "POST" else None)
    if submit(
        form, lambda: holds.place_hold(actor=request.user, breach=found, **form.cleaned_data)
    ):
        messages.success(request, _("The hold is in force. A colleague has to review it."))
        return redirect("compliance:breach", reference)
    return show_form(
        request,
        form,
        found,
        title=_("Place a hold"),
        lede=_("Nothing is sent while it is in force. Without a review it ends after 3 days."),
        button=_("Place hold"),
    )


def _hold(request: PersonRequest, reference: str, key: UUID) -> Hold:
    found = breach_called(request, reference, HOLD)
    return get_object_or_404(Hold.objects.select_related("breach"), breach=found, uuid=key)


@require_POST
def hold_review(request: PersonRequest, reference: str, hold: UUID) -> HttpResponse:
    """Confirm a hold that a colleague placed."""
    row = _hold(request, reference, hold)
    run_action(
        request,
        lambda: holds.review_hold(actor=request.user, hold=row),
        _("The hold is reviewed. It lasts until its end."),
    )
    return redirect("compliance:breach", reference)


@require_POST
def hold_end(request: PersonRequest, reference: str, hold: UUID) -> HttpResponse:
    """End a hold early."""
    row = _hold(request, reference, hold)
    run_action(
        request,
        lambda: holds.end_hold(actor=request.user, hold=row),
        _("The hold has ended. Emails that wait are sent."),
    )
    return redirect("compliance:breach", reference)


@require_POST
def breach_close(request: PersonRequest, reference: str) -> HttpResponse:
    """Close a breach."""
    found = breach_called(request, reference, RELEASE)
    run_action(
        request,
        lambda: services.close_breach(actor=request.user, breach=found),
        _("%(reference)s is closed. Its record is kept.") % {"reference": reference},
    )
    return redirect("compliance:breach", reference)


@require_POST
def breach_file(request: PersonRequest, reference: str) -> StreamingHttpResponse:
    """Send the evidence file of a breach."""
    found = breach_called(request, reference, CHANGE)
    made = breach_files.take_evidence(actor=request.user, breach=found)
    response = StreamingHttpResponse(
        iter(lambda: made.read(CHUNK), b""), content_type="application/zip"
    )
    response["Content-Disposition"] = f'attachment; filename="{found.reference}.zip"'
    return response
