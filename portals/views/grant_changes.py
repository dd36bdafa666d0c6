"""Changes of rights: gathered on a page, reviewed once, made all at once."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import first_error
from accounts.http import PersonRequest
from accounts.models import AuditEvent, Customer
from accounts.views.access import managed_customer
from accounts.views.undo import offer_undo
from portals.forms.grant_changes import DraftForm, ReviewForm
from portals.selectors.grant_changes import Draft, GrantChange, changes_in, privileges_given_in
from portals.selectors.portal_access import missing_portal_grants
from portals.services.grant_changes import MAX_CHANGES, apply_changes
from portals.views.drafts import (
    Subject,
    back_to,
    draft_key,
    load_draft,
    page_of_subject,
    save_draft,
    subject_of,
)


def pending_context(company: Customer, subject: Subject, draft: Draft) -> dict[str, Any]:
    """What the bar says: `changes`, how many are given and taken, and where it leads."""
    plan = [] if draft.is_empty else changes_in(company, draft)
    return {
        "customer": company,
        "draft": draft_key(subject),
        "changes": len(plan),
        "given": sum(one.act in ("give", "again", "join") for one in plan),
        "taken": sum(one.act in ("take", "leave") for one in plan),
    }


@require_POST
def changes(request: PersonRequest, customer: str, draft: str) -> HttpResponse:
    """Gather what was chosen on a page; nothing is given or taken yet."""
    company = managed_customer(request, customer)
    subject = subject_of(company, draft)
    form = DraftForm(request.POST)
    found = load_draft(request, company, subject)
    if form.is_valid():
        form.add_to(found, privileges_given_in(company, form.unfolded()))
        if found.size <= 2 * MAX_CHANGES:
            save_draft(request, company, subject, found)
        else:
            found = load_draft(request, company, subject)
            messages.error(request, _("That is too much for one review. Make these changes first."))
    else:
        messages.error(request, first_error(form))
    if request.htmx:
        context = pending_context(company, subject, found) | {
            "marks": [(cell, cell in found.wants) for cell in form.levelled()]
        }
        return render(request, "portals/_pending.html", context)
    if "review" in request.POST and form.is_valid():
        return redirect("portals:changes-review", customer, draft)
    return back_to(request, company, subject)


@require_POST
def changes_discard(request: PersonRequest, customer: str, draft: str) -> HttpResponse:
    """Forget what was gathered on a page."""
    company = managed_customer(request, customer)
    subject = subject_of(company, draft)
    save_draft(request, company, subject, Draft())
    return back_to(request, company, subject)


@require_http_methods(["GET", "HEAD", "POST"])
def changes_review(request: PersonRequest, customer: str, draft: str) -> HttpResponse:
    """What will be given and taken, in sentences; then all of it, or nothing."""
    company = managed_customer(request, customer)
    subject = subject_of(company, draft)
    found = load_draft(request, company, subject)
    if request.method != "POST":
        return _review(
            request, company, subject, found, ReviewForm(initial={"reason": found.reason})
        )
    form = ReviewForm(request.POST)
    if form.is_valid():
        try:
            wanted = form.changes(company)
            taken = apply_changes(
                actor=request.user,
                customer=company,
                changes=wanted,
                signed_in_at=signed_in_at(request),
            )
        except ValidationError as refusal:
            form.refuse(refusal)
        else:
            save_draft(request, company, subject, Draft())
            _say(request, len(wanted), taken)
            return redirect(page_of_subject(company, subject))
    return _review(request, company, subject, found, form)


def _say(request: PersonRequest, made: int, taken: list[AuditEvent]) -> None:
    """What was done; what was taken comes back at one press, what was given stays."""
    said = ngettext("%(count)s change is made.", "%(count)s changes are made.", made)
    if len(taken) == made:
        offer_undo(request, said % {"count": made}, *taken)
        return
    messages.success(request, said % {"count": made})
    if taken:
        said = ngettext(
            "%(count)s removal among them can be undone.",
            "%(count)s removals among them can be undone.",
            len(taken),
        )
        offer_undo(request, said % {"count": len(taken)}, *taken)


def _review(
    request: PersonRequest, company: Customer, subject: Subject, draft: Draft, form: ReviewForm
) -> HttpResponse:
    plan = changes_in(company, draft)
    context = pending_context(company, subject, draft) | {
        "subject": subject,
        "back": page_of_subject(company, subject),
        "plan": plan,
        "form": form,
        "customer_portals": missing_portal_grants(company, plan),
        "ticked": request.POST.getlist("change"),
        "sensitive": any(_wants_reason(one) for one in plan),
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "portals/changes_review.html", context)


def _wants_reason(one: GrantChange) -> bool:
    return one.sensitive and one.act in ("give", "again", "join")
