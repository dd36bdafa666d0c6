"""Undo: offered beside the words that say what was done."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.forms import ActForm, first_error
from accounts.http import PersonRequest
from accounts.models import AuditEvent, Customer
from accounts.selectors import activity_of
from accounts.services.undo import undo_events, undoable_kinds
from accounts.views.rings import came_from, managed_customer

MOST_AT_ONCE = 1000  # entries of one act


def offer_undo(request: PersonRequest, said: str, *events: AuditEvent | None) -> None:
    """Say what was done, with a button that undoes it where there are events to undo.

    The button's address travels as the message's extra tag (templates/components/messages.html);
    it names the event, or the first and the last of one act (an act holds its chain until it
    ends, so that its events stand together), and the service decides about them.
    """
    address = ""
    there = [event for event in events if event is not None]
    if there and (company := there[0].customer) is not None:
        first, last = there[0].sequence, there[-1].sequence
        address = (
            reverse("accounts:undo", args=[company.slug, first])
            if first == last
            else reverse("accounts:undo-all", args=[company.slug, first, last])
        )
    messages.success(request, said, extra_tags=address)


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
        messages.success(request, _("Undone: everything is as it was."))
        if left_out:
            said = _("Except for what cannot be given again: %(things)s.")
            messages.warning(request, said % {"things": ", ".join(left_out)})
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
