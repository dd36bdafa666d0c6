"""Jobs of this app. A job only points at its message; the message's row is the truth."""

from django_tasks import task

from preferences.models import Message

# A campaign never keeps a security mail waiting.
MANDATORY_PRIORITY = 50
TOPIC_PRIORITY = 0


@task()
def deliver_message(message_pk: int) -> str:
    """Decide on one message and hand it to the transport; says how it stands then."""
    from preferences.gate.delivery import deliver

    return deliver(message_pk)


def enqueue_delivery(message: Message) -> None:
    """A job for this message, in the caller's transaction."""
    priority = TOPIC_PRIORITY if message.topic_id else MANDATORY_PRIORITY
    deliver_message.using(priority=priority).enqueue(message.pk)
