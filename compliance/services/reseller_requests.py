"""The reseller programme: a company asks to join, staff answer, and it can leave."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Customer, User
from accounts.permissions import lock_customer, lock_managed_customer, require_staff
from accounts.services.audit import record_event
from compliance.choices.programmes import ResellerRequestState
from compliance.emails import send_reseller_answer, send_reseller_asked
from compliance.models import ResellerRequest
from compliance.permissions import require_use
from compliance.registry.uses import RESELLER_ALERTS
from compliance.selectors.programmes import reseller_alerts
from preferences.models import Reseller, Topic
from preferences.services.choices import choose_topics
from preferences.services.resellers import begin_reselling, end_reselling


class ProgrammeRefused(ValidationError):
    """The company can't ask or be answered this way; the message says why."""


@transaction.atomic
def ask_to_resell(*, actor: User, customer: Customer) -> ResellerRequest:
    """Ask that a company joins the reseller programme; staff are told.

    Raises PermissionDenied for anybody but a Super User, ProgrammeRefused where it is in or waits.
    """
    customer = lock_managed_customer(actor, customer)
    if Reseller.objects.filter(customer=customer).exists():
        raise ProgrammeRefused(_("Your company is in the reseller programme."), code="in")
    if ResellerRequest.objects.filter(customer=customer, state=ResellerRequestState.OPEN).exists():
        raise ProgrammeRefused(_("Your company already asked. Wait for our answer."), code="open")
    request = ResellerRequest.objects.create(customer=customer, asked_by=actor)
    record_event(kind="reseller.asked", actor=actor, customer=customer)
    send_reseller_asked(request)
    return request


@transaction.atomic
def decide_reseller_request(
    *, actor: User, request: ResellerRequest, outcome: str, reason: str = ""
) -> ResellerRequest:
    """Approve or decline a request, and tell whoever asked. To decline needs a reason.

    Raises PermissionDenied without `compliance.change_resellerrequest`, ProgrammeRefused where it
    was answered meanwhile or the reason is missing, ResellerRefused where staff marked the company.
    """
    require_staff(actor, "compliance.change_resellerrequest")
    customer = lock_customer(request.customer)
    request = ResellerRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if request.state != ResellerRequestState.OPEN:
        raise ProgrammeRefused(_("Somebody already answered this request."), code="answered")
    state = ResellerRequestState(outcome)
    request.reason = reason.strip()
    if state == ResellerRequestState.DECLINED and not request.reason:
        raise ProgrammeRefused({"reason": _("Give the reason: the company has to learn it.")})
    request.state, request.decided_by, request.decided_at = state, actor, timezone.now()
    request.save()
    if state == ResellerRequestState.APPROVED:
        begin_reselling(customer)
        record_event(kind="reseller.joined", actor=actor, customer=customer)
    else:
        record_event(
            kind="reseller.declined", actor=actor, customer=customer, reason=request.reason
        )
    send_reseller_answer(request)
    return request


@transaction.atomic
def leave_reseller_programme(*, actor: User, customer: Customer) -> None:
    """Leave the programme: its people's subscriptions to reseller alerts end too (L63).

    Raises PermissionDenied for anybody but a Super User, ResellerRefused where it is not in.
    """
    customer = lock_managed_customer(actor, customer)
    end_reselling(customer, actor)
    record_event(kind="reseller.left", actor=actor, customer=customer)


@transaction.atomic
def choose_reseller_alerts(
    *, actor: User, customer: Customer, wants: bool, network_address: str | None = None
) -> list[Topic]:
    """Subscribe to all reseller alerts, or unsubscribe. Return the topics whose choice changed.

    Raises PermissionDenied for anybody but a Super User, UseNotBegun for a yes before this use of
    their address has begun (L18).
    """
    lock_managed_customer(actor, customer)
    if wants:
        require_use(RESELLER_ALERTS, actor)
    return choose_topics(
        actor=actor,
        topics=list(reseller_alerts(actor)),
        wants=wants,
        network_address=network_address,
    )
