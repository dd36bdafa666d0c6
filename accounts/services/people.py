"""A person's own account: its events are in the provider's chain and their own history."""

import uuid

from django.db import transaction

from accounts.models import Membership, User
from accounts.services.audit import differences_between, record_event
from accounts.validators import search_key


@transaction.atomic
def update_profile(*, actor: User, name: str, language: str) -> User:
    """Change one's own name and language. Raises ValidationError naming the field."""
    user = User.objects.select_for_update().get(pk=actor.pk)
    values = {"name": name, "language": language}
    changed = sorted(field for field, value in values.items() if getattr(user, field) != value)
    differences = differences_between(user, values, changed)
    for field in changed:
        setattr(user, field, values[field])
    user.clean_fields()
    if changed:
        user.save(update_fields=changed)
        record_event(
            kind="profile.updated",
            actor=user,
            person=user,
            fields=", ".join(changed),
            differences=differences,
        )
    return user


@transaction.atomic
def follow_address_change(*, actor: User, previous: str) -> None:
    """Update what depends on a person's address, in the transaction that changes it.

    People lists find the person by the new address, and all their other sessions end.
    """
    Membership.objects.filter(user=actor).update(search_address=search_key(actor.email))
    actor.session_epoch = uuid.uuid4()
    actor.save(update_fields=["session_epoch"])
    record_event(
        kind="address.changed", actor=actor, person=actor, previous=previous, address=actor.email
    )
