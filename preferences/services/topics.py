"""Topics: staff add and change them."""

from typing import Any

from django.db import transaction

from accounts.models import AuditEvent, User
from accounts.permissions import require_staff
from accounts.services.audit import record_event
from accounts.services.versions import refuse_overwriting
from preferences.models import Topic

TOPIC_FIELDS = (
    "name_en", "name_fr", "purpose_en", "purpose_fr", "cadence_en", "cadence_fr",
    "default_on", "basis", "double_opt_in", "portal", "resellers_only", "active", "position",
)  # fmt: skip


@transaction.atomic
def create_topic(*, actor: User, slug: str, **values: Any) -> Topic:
    """Create a topic (TOPIC_FIELDS).

    Raises PermissionDenied without `preferences.add_topic`, ValidationError naming the field.
    """
    require_staff(actor, "preferences.add_topic")
    topic = Topic(slug=slug, **values)
    topic.full_clean()
    topic.save(force_insert=True)
    record_event(kind="topic.created", actor=actor, topic=topic.names)
    return topic


def topic_values(topic: Topic) -> dict[str, Any]:
    """Return the settings on a topic's form, whose version it carries; closing is a button."""
    return {name: getattr(topic, name) for name in TOPIC_FIELDS if name != "active"}


@transaction.atomic
def update_topic(*, actor: User, topic: Topic, version: str | None = None, **values: Any) -> Topic:
    """Change a topic. Its short name stays, because links contain it.

    Raises PermissionDenied without `preferences.change_topic`; ValidationError naming the field;
    ChangedMeanwhile where somebody saved since `version`.
    """
    require_staff(actor, "preferences.change_topic")
    topic = Topic.objects.select_for_update().get(pk=topic.pk)
    unknown = values.keys() - set(TOPIC_FIELDS)
    if unknown:
        raise TypeError(f"no such fields: {sorted(unknown)}")
    refuse_overwriting(
        version,
        saved=topic_values(topic),
        wanted=values,
        edits=AuditEvent.objects.filter(kind="topic.updated", public__topic=topic.names),
    )
    changed = sorted(name for name, value in values.items() if getattr(topic, name) != value)
    for name in changed:
        setattr(topic, name, values[name])
    topic.full_clean()
    if changed:
        topic.save()
        record_event(
            kind="topic.updated", actor=actor, topic=topic.names, fields=", ".join(changed)
        )
    return topic
