"""A person's own account: its events are in the provider's chain and their own history."""

import uuid
from typing import Any

from django.db import transaction

from accounts.models import AuditEvent, Membership, User
from accounts.services.audit import differences_between, record_event
from accounts.services.versions import refuse_overwriting

CORRECTED = "data.corrected"  # the event of a correction by the provider's staff


def profile_values(user: User) -> dict[str, Any]:
    """Return what a person can change of their profile, whose version its form carries."""
    return {
        "name": user.name,
        "language": user.language,
        "time_zone": user.time_zone,
        "search_shortcut": user.search_shortcut,
    }


@transaction.atomic
def update_profile(*, actor: User, version: str | None = None, **values: Any) -> User:
    """Change what a person can change of their own profile (profile_values).

    Raises ValidationError naming the field; ChangedMeanwhile where it was saved since `version`, in
    another tab.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    refuse_overwriting(
        version,
        saved=profile_values(user),
        wanted=values,
        edits=AuditEvent.objects.filter(person=user, kind__in=["profile.updated", CORRECTED]),
    )
    changes = save_profile(user, values)
    if changes:
        record_event(kind="profile.updated", actor=user, person=user, **changes)
    return user


def save_profile(user: User, values: dict[str, Any]) -> dict[str, Any]:
    """Save what differs from the profile of a locked row. Return what an event says of it.

    It is called inside the caller's transaction. Raises ValidationError naming the field.
    """
    unknown = values.keys() - profile_values(user).keys()
    if unknown:
        raise TypeError(f"no such fields: {sorted(unknown)}")
    changed = sorted(field for field, value in values.items() if getattr(user, field) != value)
    differences = differences_between(user, values, changed)
    for field in changed:
        setattr(user, field, values[field])
    user.clean_fields()
    if not changed:
        return {}
    user.save(update_fields=changed)
    return {"fields": ", ".join(changed), "differences": differences}


@transaction.atomic
def follow_address_change(*, actor: User, previous: str) -> None:
    """Update what depends on a person's address, in the transaction that changes it.

    People lists find the person by the new address, and all their other sessions end.
    """
    for membership in Membership.objects.filter(user=actor).select_related("user"):
        membership.save(update_fields=["search_words"])
    actor.session_epoch = uuid.uuid4()
    actor.save(update_fields=["session_epoch"])
    record_event(
        kind="address.changed", actor=actor, person=actor, previous=previous, address=actor.email
    )


@transaction.atomic
def record_failed_sign_in(*, actor: None, address: str) -> bool:
    """Record a refused sign-in in the history of whoever has this address. Return whether one has.

    It runs as a job, so that a known address is answered no later than an unknown one.
    """
    person = User.objects.filter(email=address).first()
    if person is not None:
        record_event(kind="sign_in.failed", actor=actor, person=person)
    return person is not None
