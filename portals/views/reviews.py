"""Access reviews: the rounds of a company, and one of them, part by part."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.adapters import signed_in_at
from accounts.choices import CustomerStatus
from accounts.forms import ActForm, first_error
from accounts.http import PersonRequest
from accounts.selectors import page_of, super_users_of
from accounts.views.access import managed_customer
from accounts.views.undo import offer_undo
from portals.choices import ReviewDecision
from portals.forms.reviews import PartForm
from portals.models import AccessReview
from portals.selectors.reviews import (
    MAX_LINES,
    ReviewSection,
    items_of,
    review_sections_of,
    reviews_of,
)
from portals.services.reviews import begin_review, save_decisions


@require_safe
def reviews(request: PersonRequest, customer: str) -> HttpResponse:
    """The review that is open, those that were, and beginning one."""
    company = managed_customer(request, customer)
    found = reviews_of(company)
    context = {
        "customer": company,
        "open": found.open().first(),
        "past": page_of(
            found.exclude(state="open"),
            among=found,
            order=("-pk",),
            after=request.GET.get("after", ""),
            size=20,
        ),
        "may_act": company.status == CustomerStatus.ACTIVE,
    }
    return render(request, "portals/reviews.html", context)


@require_POST
def review_begin(request: PersonRequest, customer: str) -> HttpResponse:
    """Begin one now."""
    company = managed_customer(request, customer)
    form = ActForm(request.POST)
    if form.is_valid():
        try:
            begun = begin_review(actor=request.user, customer=company)
        except ValidationError as refusal:
            messages.error(request, first_error(refusal))
            return redirect("portals:reviews", customer)
        return redirect("portals:review", customer, begun.uuid)
    messages.error(request, first_error(form))
    return redirect("portals:reviews", customer)


@require_safe
def review(request: PersonRequest, customer: str, review: UUID) -> HttpResponse:
    """Every right, by whose it is: what waits, or with `show=all` what was decided too."""
    return _page(request, _managed(request, customer, review))


def _managed(request: PersonRequest, slug: str, key: UUID) -> AccessReview:
    """A review of a customer this person runs; else 404 or 403."""
    company = managed_customer(request, slug)
    return get_object_or_404(reviews_of(company).select_related("customer"), uuid=key)


def _page(
    request: PersonRequest, found: AccessReview, refused: PartForm | None = None
) -> HttpResponse:
    company = found.customer
    show_all = request.GET.get("show") == "all" or not found.is_open
    page = page_of(
        items_of(found, undecided=not show_all),
        among=found.items.all(),
        order=("section", "pk"),
        after=request.GET.get("after", ""),
        size=MAX_LINES,
    )
    alone = not super_users_of(company).exclude(user=request.user).exists()
    may_act = company.status == CustomerStatus.ACTIVE and found.is_open
    forms = []
    for part in review_sections_of(page.rows):
        is_refused = refused is not None and refused.part.first.section == part.first.section
        forms.append(refused if is_refused else PartForm(part=part))
    context = {
        "customer": company,
        "review": found,
        "page": page,
        "parts": [_shown(request, form, alone, may_act) for form in forms if form],
        "show_all": show_all,
        "keep": "show=all" if request.GET.get("show") == "all" else "",
        "alone": alone,
        "may_act": may_act,
        "main": company.main_super_user_id,
    }
    return render(request, "portals/review.html", context)


def _shown(request: PersonRequest, form: PartForm, alone: bool, may_act: bool) -> dict[str, Any]:
    own = form.part.first.concerns(request.user)
    undecided = form.part.undecided
    return {
        "form": form,
        "first": form.part.first,
        "own": own,
        "undecided": undecided,
        "open": bool(undecided) and may_act and (alone or not own),
        "standing": any(line.is_unchanged for line in undecided),
    }


@require_POST
def review_save(request: PersonRequest, customer: str, review: UUID) -> HttpResponse:
    """Decide the lines of one person or team that were on the page."""
    found = _managed(request, customer, review)
    part = _part(found, request.POST.getlist("line"))
    if part is None:
        messages.error(request, _("Choose from the lines on this page."))
        return redirect("portals:review", customer, review)
    if part.decided_by:
        said = _("%(person)s has already reviewed this part.") % {"person": part.decided_by}
        messages.error(request, said)
        return redirect("portals:review", customer, review)
    form = PartForm(request.POST, part=part)
    if not form.is_valid():
        return _page(request, found, form)
    try:
        saved = save_decisions(
            actor=request.user,
            review=found,
            decisions=form.decisions(),
            signed_in_at=signed_in_at(request),
        )
    except ValidationError as refusal:
        if getattr(refusal, "code", "") in ("decided", "over"):
            messages.error(request, first_error(refusal))
            return redirect("portals:review", customer, review)
        form.refuse(refusal)
        return _page(request, found, form)
    counted = saved.counts
    offer_undo(
        request,
        _("%(who)s: %(kept)s kept, %(reduced)s reduced, %(removed)s removed.")
        % {
            "who": part.first.grantee_name,
            "kept": counted[ReviewDecision.KEEP],
            "reduced": counted[ReviewDecision.REDUCE],
            "removed": counted[ReviewDecision.REMOVE],
        },
        *saved.removals,
    )
    if counted[ReviewDecision.OVERTAKEN]:
        messages.warning(
            request,
            _("Changed meanwhile, and left as they are: %(count)s.")
            % {"count": counted[ReviewDecision.OVERTAKEN]},
        )
    here = reverse("portals:review", args=[customer, review])
    return redirect(f"{here}?{request.GET.urlencode()}" if request.GET else here)


def _part(found: AccessReview, values: list[str]) -> ReviewSection | None:
    """The lines a form names; None unless they are some lines of one part of this review."""
    keys = {int(one) for one in values[:MAX_LINES] if one.isdecimal() and len(one) < 19}
    parts = review_sections_of(list(items_of(found, undecided=False).filter(pk__in=keys)))
    return parts[0] if len(parts) == 1 and len(values) <= MAX_LINES else None
