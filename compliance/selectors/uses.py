"""The people for whom a new use of their data has begun (L18)."""

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from itertools import chain
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from compliance.choices import PolicyKind
from compliance.models import Announcement, Policy, PolicyVersion
from compliance.registry.uses import USES, Use
from compliance.selectors.policies import PolicyHistory, histories
from preferences.choices import ConsentBasis, MessageState
from preferences.models import Choice, Message


def people_for(
    use: Use, people: QuerySet[User] | None = None, *, notices: list[PolicyHistory] | None = None
) -> QuerySet[User]:
    """Return the people, of all or of these, for whom a use of their data may happen now.

    The notice in force has to state the use. Its data was collected under that statement where
    the account is newer than the first version that states it; for anybody else the use begins
    with the email that announced such a version, once it was sent to them. Where the use needs
    consent, only people who gave it.
    """
    everybody = User.objects.all() if people is None else people
    histories_of = _notices() if notices is None else notices
    statements = [stated for history in histories_of if (stated := _stating(history, use))]
    if not statements:
        return everybody.none()
    conditions = [
        Q(created_at__gte=_begin(versions)) | Q(Exists(_announcements(versions)))
        for versions in statements
    ]
    allowed = everybody.filter(reduce(or_, conditions))
    if use.needs_consent:
        allowed = allowed.filter(Exists(_consents()))
    return allowed


def may_use(use: Use, person: User) -> bool:
    """Return whether a use of one person's data may happen now."""
    return people_for(use, User.objects.filter(pk=person.pk)).exists()


def is_told(use: Use, person: User) -> bool:
    """Return whether a person knows of a use, so that their consent may be asked for."""
    return use in uses_told(person, [use])


def uses_told(person: User, uses: Iterable[Use]) -> list[Use]:
    """Return those of some uses that a person knows of."""
    notices, themselves = _notices(), User.objects.filter(pk=person.pk)
    return [
        use
        for use in uses
        if people_for(
            Use(use.code, use.label, use.item, use.purpose), themselves, notices=notices
        ).exists()
    ]


def announcements_of_uses() -> QuerySet[Announcement]:
    """Return the announcements whose emails say for whom a use may happen now."""
    stated = [_stating(history, use) for history in _notices() for use in USES]
    return Announcement.objects.filter(version__in=chain.from_iterable(stated)).order_by()


def _notices() -> list[PolicyHistory]:
    return histories(Policy.objects.filter(kind=PolicyKind.NOTICE))


def _stating(history: PolicyHistory, use: Use) -> list[PolicyVersion]:
    """Return the versions up to the one in force that state a use without a break, newest first."""
    found: list[PolicyVersion] = []
    if history.in_force is None:
        return found
    for version in history.published:
        if version.number > history.in_force.number:
            continue
        stated: dict[str, Any] = version.data_snapshot.get(use.item, {})
        if use.purpose not in stated.get("purposes", ()):
            break
        found.append(version)
    return found


def _begin(versions: list[PolicyVersion]) -> datetime:
    """Return the moment from which data was collected under these versions."""
    return versions[-1].effective_at or timezone.now()


def _announcements(versions: list[PolicyVersion]) -> QuerySet[Message]:
    """Return the emails of their announcements that were sent to the person of the outer query."""
    return Message.objects.filter(
        campaign__in=Announcement.objects.filter(version__in=versions).values("campaign"),
        recipient__user=OuterRef("pk"),
        state=MessageState.SENT,
    )


def _consents() -> QuerySet[Choice]:
    return Choice.objects.filter(
        recipient__user=OuterRef("pk"),
        topic__resellers_only=True,
        wants=True,
        consent__basis=ConsentBasis.EXPRESS,
    )
