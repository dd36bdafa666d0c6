"""What a person does for themselves: it goes to the provider's chain and their own history."""

from django.db import transaction

from accounts.models import User
from accounts.services.audit import record_event


@transaction.atomic
def update_profile(*, actor: User, name: str, language: str) -> User:
    """Change one's own name and language. Raises ValidationError naming the field."""
    user = User.objects.select_for_update().get(pk=actor.pk)
    values = {"name": name, "language": language}
    changed = sorted(field for field, value in values.items() if getattr(user, field) != value)
    for field in changed:
        setattr(user, field, values[field])
    user.clean_fields()
    if changed:
        user.save(update_fields=changed)
        record_event(kind="profile.updated", actor=user, person=user, fields=", ".join(changed))
    return user
