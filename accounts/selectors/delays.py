"""Acts of the desk that wait."""

from django.db.models import BigIntegerField

from accounts.models import DelayedAct, User
from accounts.selectors.composed import ComposedQuery


def delayed_acts_of(person: User) -> list[DelayedAct]:
    """Return what waits for a person, the next one first."""
    return _WAITING.rows(person=person.pk)


_WAITING = ComposedQuery(
    lambda person: (
        DelayedAct.objects.waiting()
        .filter(person=person)
        .select_related("person", "case__opened_by", "case__verified_by")
        .order_by("takes_effect_at", "pk")
    ),
    person=BigIntegerField(),
)
