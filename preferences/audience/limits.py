"""The people whom a topic for resellers may reach, as an upper app limits it.

A yes is not enough where the law wants people to be told of a use of their data first: the upper
app knows who was told.
"""

from collections.abc import Callable

from django.db.models import QuerySet

from accounts.models import User

_limits: list[Callable[[], QuerySet[User]]] = []


def limit_reseller_topics(people: Callable[[], QuerySet[User]]) -> None:
    """Register a function that returns the people whom topics for resellers may reach now."""
    if people not in _limits:
        _limits.append(people)


def within_limits() -> QuerySet[User]:
    """Return the people whom topics for resellers may reach now; everybody without a limit."""
    allowed = User.objects.order_by()
    for people in _limits:
        allowed = allowed.filter(pk__in=people().order_by().values("pk"))
    return allowed
