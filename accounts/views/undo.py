"""Undo: offered beside the words that say what was done."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.choices import CustomerStatus
from accounts.forms import ActForm, first_error
from accounts.http import PersonRequest
from accounts.models import AuditEvent, Customer
from accounts.selectors import activity_of, removals_of, sentence_of
from accounts.services.undo import UNDO_WITHIN, undo_events, undoable_kinds
from accounts.views.access import came_from, managed_customer

MOST_AT_ONCE = 1000  # entries of one act
SHOWN = 5  # acts, and entries of each, that a page offers to undo


def offer_undo(request: PersonRequest, said: str, *events: AuditEvent | None) -> None:
    """Say what was done, with a button that undoes it where there are events to undo.

    The button's address travels as the message's extra tag (templates/components/messages.html);
    it names the event, or the first and the last of one act (an act holds its chain until it
    ends, so that its events stand together), and the service decides about them.
    """
    there = [event for event in events if event is not None]
    messages.success(request, said, extra_tags=_address(there))


def _address(events: list[AuditEvent]) -> str:
    """Where a press brings back what these entries of one act removed; empty for nothing."""
    if not events or (company := events[0].customer) is None:
        return ""
    first, last = events[0].sequence, events[-1].sequence
    if first == last:
        return reverse("accounts:undo", args=[company.slug, first])
    return reverse("accounts:undo-all", args=[company.slug, first, last])


def what_can_be_undone(request: PersonRequest, company: Customer) -> list[dict[str, Any]]:
    """What this Super User removed within the time to undo it, act by act, for a page to offer."""
    if company.status != CustomerStatus.ACTIVE:
        return []
    since = timezone.now() - UNDO_WITHIN
    acts = removals_of(request.user, company, kinds=undoable_kinds(), since=since)
    return [
        {
            "address": _address(events),
            "sentences": [sentence_of(event) for event in events[:SHOWN]],
            "more": len(events[SHOWN:]),
            "until": events[0].at + UNDO_WITHIN,
        }
        for events in acts[:SHOWN]
    ]


@require_POST
def undo(
    request: PersonRequest, customer: str, sequence: int, last: int | None = None
) -> HttpResponse:
    """Bring back what this entry of the company's trail, or all up to `last`, say was removed."""
    company = managed_customer(request, customer)
    event = get_object_or_404(activity_of(company), sequence=sequence)
    form = ActForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError(first_error(form))
        events = [event] if last is None else _one_act(company, event, last)
        left_out = undo_events(actor=request.user, events=events)
    except ValidationError as refusal:
        messages.error(request, first_error(refusal))
    else:
        messages.success(request, _("Undone: what was removed is back."))
        if left_out:
            said = _("Except for what cannot be given again: %(resources)s.")
            messages.warning(request, said % {"resources": ", ".join(left_out)})
    return redirect(came_from(request, reverse("portals:people", args=[customer])))


def _one_act(company: Customer, first: AuditEvent, last: int) -> list[AuditEvent]:
    """The first entry, and the removals by the same person from there to the last one."""
    get_object_or_404(activity_of(company), sequence=last)
    rest = activity_of(company).filter(
        sequence__gt=first.sequence,
        sequence__lte=min(last, first.sequence + MOST_AT_ONCE),
        actor=first.actor_id,
        kind__in=undoable_kinds(),
    )
    return [first, *rest.order_by("sequence")]
