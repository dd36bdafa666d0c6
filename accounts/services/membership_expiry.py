"""The end of a membership: what ends with it, and the job that ends those that are due."""

from datetime import timedelta
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import emails, signals
from accounts.choices import OffboardingState
from accounts.models import AuditEvent, Membership, Offboarding, Team, User
from accounts.permissions import MembershipRefused, lock_customer, main_super_user_refusal
from accounts.selectors import super_users_of
from accounts.services.audit import record_event
from accounts.services.sessions import end_sessions
from accounts.services.teams import add_to_team

MAX_AT_ONCE = 500  # memberships in one run of the job; the others wait for the next
REMIND_BEFORE = timedelta(days=7)  # before the end

log = structlog.get_logger(__name__)


def save_membership(membership: Membership) -> None:
    """Save it, and raise MembershipRefused where the database refuses."""
    try:
        with transaction.atomic():
            membership.save()
    except IntegrityError as error:
        raise main_super_user_refusal() from error


def open_offboarding(membership: Membership) -> Offboarding | None:
    """Lock and return the open offboarding of a membership; None if there is none."""
    return Offboarding.objects.select_for_update().filter(
        membership=membership, state=OffboardingState.OPEN
    ).first()  # fmt: skip


def settle_offboarding(
    offboarding: Offboarding, state: OffboardingState, event: AuditEvent | None
) -> None:
    """Close an offboarding, for good."""
    offboarding.state, offboarding.settled_at, offboarding.event = state, timezone.now(), event
    offboarding.save(update_fields=["state", "settled_at", "event"])


def finish_membership(
    *, actor: User | None, membership: Membership, offboarding: Offboarding | None = None
) -> dict[str, Any]:
    """End a membership with all that depends on it; the caller holds the customer's lock.

    `offboarding` is the plan that ends it, which the caller settles; another open plan is
    cancelled. Returns what ended, for the caller's event: enough for an undo.
    """
    ended: dict[str, Any] = {"membership": str(membership.uuid), "role": str(membership.role)}
    open_plan = open_offboarding(membership)
    if open_plan is not None and open_plan != offboarding:
        ended["plan_cancelled"] = open_plan.leaves_at.isoformat()
        settle_offboarding(open_plan, OffboardingState.CANCELLED, None)
    answers: list[tuple[Any, Any]] = signals.membership_ending.send(
        Membership, membership=membership, actor=actor
    )
    membership.ended_at = timezone.now()
    save_membership(membership)
    teams = membership.team_memberships.select_related("team").order_by("pk")
    ended["teams"] = [{"team": row.team.name, "team_uuid": str(row.team.uuid)} for row in teams]
    teams.delete()
    answers += signals.membership_ended.send(Membership, membership=membership, actor=actor)
    for _receiver, event_data in answers:
        ended |= event_data or {}
    others = Membership.objects.present().filter(user=membership.user)
    if not others.exists() and not membership.user.is_staff:
        end_sessions(membership.user)  # before those in portals, as everywhere
    signals.access_revoked.send(User, user=membership.user)
    return ended


def end_membership(
    *, actor: User | None, membership: Membership, offboarding: Offboarding | None
) -> AuditEvent:
    """Hand over what the plan says, then end the membership; return the event.

    The caller holds the customer's lock. `actor` is None where a date ended it. What can't be
    handed over any more is skipped, and the Super Users get an email about it; it never keeps
    anybody from leaving.
    """
    reassigned: dict[str, Any] = {"reassigned": [], "skipped": [], "concerned": []}
    if offboarding is not None:
        answers: list[tuple[Any, Any]] = signals.offboarding_due.send(
            Offboarding, offboarding=offboarding
        )
        for answer in (_reassign_teams(offboarding), *(answer for _receiver, answer in answers)):
            for name, values in answer.items():
                reassigned[name] = [*reassigned.get(name, []), *values]
    ended = finish_membership(actor=actor, membership=membership, offboarding=offboarding)
    event = record_event(
        kind="membership.left",
        actor=actor,
        customer=membership.customer,
        person=membership.user,
        count=len(reassigned["reassigned"]),
        **reassigned,
        **ended,
    )
    if offboarding is not None:
        settle_offboarding(offboarding, OffboardingState.DONE, event)
    emails.send_membership_notice(kind="left", actor=actor, membership=membership)
    if reassigned["skipped"]:
        for super_user in super_users_of(membership.customer):
            emails.send_offboarding_report(
                reader=super_user.user, membership=membership, skipped=reassigned["skipped"]
            )
    return event


def _reassign_teams(offboarding: Offboarding) -> dict[str, list[Any]]:
    """Put the receivers into the leaver's teams, on behalf of whoever planned it.

    Returns `reassigned` and `skipped` in words, `concerned` with the receivers, and
    `reassigned_teams`: pairs of a team's and a membership's identity, of those who were not in the
    team before.
    """
    answer: dict[str, list[Any]] = {
        "reassigned": [], "skipped": [], "concerned": [], "reassigned_teams": [],
    }  # fmt: skip
    for row in offboarding.reassigned_teams.select_related("team", "receiver__user").order_by("pk"):
        label = f"{row.words} → {row.receiver}"
        try:
            with transaction.atomic():
                if row.team is None or not _is_in(row.team, offboarding.membership):
                    raise MembershipRefused(
                        _("This person no longer has this access. Check the page again.")
                    )
                joins = not _is_in(row.team, row.receiver)
                add_to_team(
                    actor=offboarding.planned_by,
                    team=row.team,
                    membership=row.receiver,
                    reason=offboarding.reason,
                    signed_in_at=timezone.now(),  # they signed in freshly to plan it
                    conditions_checked_at=offboarding.planned_at,
                )
        except (ValidationError, PermissionDenied):
            answer["skipped"].append(label)
        else:
            answer["reassigned"].append(label)
            answer["concerned"].append(row.receiver.user_id)
            if joins:
                pair = [str(row.team.uuid), str(row.receiver.uuid)]
                answer["reassigned_teams"].append(pair)
    return answer


def _is_in(team: Team, membership: Membership) -> bool:
    return team.team_memberships.filter(membership=membership).exists()


def end_lapsed(*, membership: Membership) -> bool:
    """End a membership whose end date has passed, and return whether it ended now.

    The caller has a transaction. Another process may have ended it meanwhile.
    """
    lock_customer(membership.customer)
    due = (
        Membership.objects.lapsed()
        .filter(pk=membership.pk)
        .select_for_update(of=("self",))
        .select_related("user", "customer")
        .first()
    )
    if due is None:
        return False
    end_membership(actor=None, membership=due, offboarding=open_offboarding(due))
    return True


def end_due_memberships() -> int:
    """End every membership whose end date has passed, each in its own transaction.

    Several workers may run this at once: each membership ends once. Returns how many ended here.
    """
    due = Membership.objects.lapsed()
    ended = 0
    for membership in due.select_related("customer").order_by("ends_at")[:MAX_AT_ONCE]:
        try:
            with transaction.atomic():
                ended += end_lapsed(membership=membership)
        except Exception:  # the others must end all the same
            log.exception("a membership that fell due failed", membership=membership.pk)
    return ended


def remind_of_membership_expiry() -> int:
    """Remind each person whose membership ends within a week, and their Super Users, once.

    Returns for how many memberships reminders were sent.
    """
    soon = Membership.objects.filter(
        ended_at=None,
        end_announced_at=None,
        ends_at__gt=timezone.now(),
        ends_at__lte=timezone.now() + REMIND_BEFORE,
    )
    reminded = 0
    for membership in soon.order_by("ends_at")[:MAX_AT_ONCE]:
        with transaction.atomic():
            reminded += _remind(membership)
    return reminded


def _remind(membership: Membership) -> bool:
    lock_customer(membership.customer)
    current = Membership.objects.select_for_update().get(pk=membership.pk)
    if current.end_announced_at or current.ended_at or current.ends_at != membership.ends_at:
        return False
    current.end_announced_at = timezone.now()
    current.save(update_fields=["end_announced_at"])
    readers = {current.user_id: current.user}
    for super_user in super_users_of(current.customer):
        readers[super_user.user_id] = super_user.user
    for reader in readers.values():
        emails.send_expiry_reminder(reader=reader, membership=current)
    return True
