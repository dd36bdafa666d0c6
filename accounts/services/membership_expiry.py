"""The end of a membership: what it takes away, and what happens when its moment comes."""

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

MAX_AT_ONCE = 500  # what one minute's round takes on; the rest waits for the next
REMIND_BEFORE = timedelta(days=7)  # so long before the end, those concerned are reminded

log = structlog.get_logger(__name__)


def save_membership(membership: Membership) -> None:
    """Save, and turn the database's own refusal into ours."""
    try:
        with transaction.atomic():
            membership.save()
    except IntegrityError as error:
        raise main_super_user_refusal() from error


def open_offboarding(membership: Membership) -> Offboarding | None:
    """What is planned for this person, locked; None where nothing is."""
    return Offboarding.objects.select_for_update().filter(
        membership=membership, state=OffboardingState.OPEN
    ).first()  # fmt: skip


def settle_offboarding(
    offboarding: Offboarding, state: OffboardingState, event: AuditEvent | None
) -> None:
    """Close a plan, for good."""
    offboarding.state, offboarding.settled_at, offboarding.event = state, timezone.now(), event
    offboarding.save(update_fields=["state", "settled_at", "event"])


def finish_membership(
    *, actor: User | None, membership: Membership, offboarding: Offboarding | None = None
) -> dict[str, Any]:
    """What leaving does, inside the caller's transaction and under the customer's lock.

    `leaving` is the plan this comes from, which the caller settles; any other is off. Out: what
    ended, for the event of the caller: enough to bring it back by an undo.
    """
    planned = open_offboarding(membership)
    if planned is not None and planned != offboarding:
        settle_offboarding(planned, OffboardingState.CANCELLED, None)
    membership.ended_at = timezone.now()
    save_membership(membership)
    teams = membership.team_memberships.order_by("pk")
    ended: dict[str, Any] = {
        "membership_id": membership.pk,
        "teams": list(teams.values_list("team_id", flat=True)),
    }
    teams.delete()
    answers: list[tuple[Any, Any]] = signals.membership_ended.send(
        Membership, membership=membership, actor=actor
    )
    for _receiver, said in answers:
        ended |= said or {}
    signals.access_revoked.send(User, user=membership.user)
    others = Membership.objects.present().filter(user=membership.user)
    if not others.exists() and not membership.user.is_staff:
        end_sessions(membership.user)
    return ended


def end_membership(
    *, actor: User | None, membership: Membership, offboarding: Offboarding | None
) -> AuditEvent:
    """Hand on what the plan says, then end it all; in the caller's transaction, under the lock.

    `actor` is None where the moment came by itself. What cannot be handed on any more is left out
    and told to the Super Users; it never keeps anybody from leaving. Out: the one event.
    """
    said: dict[str, Any] = {"reassigned": [], "skipped": []}
    if offboarding is not None:
        answers: list[tuple[Any, Any]] = signals.offboarding_due.send(
            Offboarding, offboarding=offboarding
        )
        for answer in (_reassign_teams(offboarding), *(answer for _receiver, answer in answers)):
            for name, values in answer.items():
                said[name] = [*said.get(name, []), *values]
    ended = finish_membership(actor=actor, membership=membership, offboarding=offboarding)
    event = record_event(
        kind="membership.left",
        actor=actor,
        customer=membership.customer,
        person=membership.user,
        count=len(said["reassigned"]),
        **said,
        **ended,
    )
    if offboarding is not None:
        settle_offboarding(offboarding, OffboardingState.DONE, event)
    emails.send_membership_notice(kind="left", actor=actor, membership=membership)
    if said["skipped"]:
        for reader in super_users_of(membership.customer):
            emails.send_offboarding_report(
                reader=reader.user, membership=membership, skipped=said["skipped"]
            )
    return event


def _reassign_teams(offboarding: Offboarding) -> dict[str, list[Any]]:
    """Put those who take over into the leaver's teams, as the plan's author would.

    Out: `handed` and `skipped` in words, and `reassigned_teams`, the keys of who joined which.
    """
    answer: dict[str, list[Any]] = {"reassigned": [], "skipped": [], "reassigned_teams": []}
    for row in offboarding.reassigned_teams.select_related("team", "receiver__user").order_by("pk"):
        words = f"{row.words} → {row.receiver}"
        try:
            with transaction.atomic():
                if row.team is None or not _is_in(row.team, offboarding.membership):
                    raise MembershipRefused(_("This is not theirs any more."))
                joins = not _is_in(row.team, row.receiver)
                add_to_team(
                    actor=offboarding.planned_by,
                    team=row.team,
                    membership=row.receiver,
                    reason=offboarding.reason,
                    signed_in_at=timezone.now(),  # they had signed in freshly when they planned it
                    conditions_checked_at=offboarding.planned_at,
                )
        except (ValidationError, PermissionDenied):
            answer["skipped"].append(words)
        else:
            answer["reassigned"].append(words)
            if joins:
                answer["reassigned_teams"].append([row.team.pk, row.receiver.pk])
    return answer


def _is_in(team: Team, membership: Membership) -> bool:
    return team.team_memberships.filter(membership=membership).exists()


def end_lapsed(*, membership: Membership) -> bool:
    """End a membership whose moment has come, unless somebody was faster.

    Runs inside a transaction. True when it ended now.
    """
    lock_customer(membership.customer)
    due = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("user", "customer")
        .filter(pk=membership.pk, ended_at=None, ends_at__lte=timezone.now())
        .first()
    )
    if due is None:
        return False
    end_membership(actor=None, membership=due, offboarding=open_offboarding(due))
    return True


def end_due_memberships() -> int:
    """End every membership whose moment has come, each in its own transaction.

    Several clocks may run this at once: each membership ends once. Out: how many ended here.
    """
    due = Membership.objects.filter(ended_at=None, ends_at__lte=timezone.now())
    ended = 0
    for membership in due.select_related("customer").order_by("ends_at")[:MAX_AT_ONCE]:
        try:
            with transaction.atomic():
                ended += end_lapsed(membership=membership)
        except Exception:  # the others leave all the same
            log.exception("a membership that fell due failed", membership=membership.pk)
    return ended


def remind_of_membership_expiry() -> int:
    """Tell each person, and their Super Users, once that their time ends within a week.

    Out: how many people were told about.
    """
    soon = Membership.objects.filter(
        ended_at=None,
        end_announced_at=None,
        ends_at__gt=timezone.now(),
        ends_at__lte=timezone.now() + REMIND_BEFORE,
    )
    told = 0
    for membership in soon.order_by("ends_at")[:MAX_AT_ONCE]:
        with transaction.atomic():
            told += _remind(membership)
    return told


def _remind(membership: Membership) -> bool:
    lock_customer(membership.customer)
    fresh = Membership.objects.select_for_update().get(pk=membership.pk)
    if fresh.end_announced_at or fresh.ended_at or fresh.ends_at != membership.ends_at:
        return False
    fresh.end_announced_at = timezone.now()
    fresh.save(update_fields=["end_announced_at"])
    readers = {fresh.user_id: fresh.user}
    readers |= {one.user_id: one.user for one in super_users_of(fresh.customer)}
    for reader in readers.values():
        emails.send_expiry_reminder(reader=reader, membership=fresh)
    return True
