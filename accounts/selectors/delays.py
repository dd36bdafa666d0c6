"""Acts of the desk that wait."""

from django.db.models import QuerySet

from accounts.models import DelayedAct, User


def delayed_acts_of(person: User) -> QuerySet[DelayedAct]:
    """Return what waits for a person, the next one first."""
    waiting = DelayedAct.objects.waiting().filter(person=person)
    return waiting.select_related("person", "case__opened_by", "case__verified_by").order_by(
        "takes_effect_at", "pk"
    )
