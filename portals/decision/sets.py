"""The same decision for sets, as querysets for lists and pages."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from accounts.models import User
from accounts.selectors.composed import Blank
from portals.decision.checks import stored_time
from portals.decision.prepared import PLACEHOLDER
from portals.decision.statement import PERMITTED_PEOPLE, PERMITTED_PRIVILEGES, PERMITTED_RESOURCES
from portals.models import Privilege, Resource


def bound(sql: str, template: str, output_field: Any = None, **keys: int | Blank) -> RawSQL:
    """Return a text of the decision for the ORM, about these keys now, in place of `{}`.

    In a ComposedQuery they are blanks, and `now` is one of them: the blank of a `stored_time`.
    """
    values = {"now": stored_time(timezone.now()), **keys}
    parameters = [values[name] for name in PLACEHOLDER.findall(sql)]
    text = template.format(PLACEHOLDER.sub("%s", sql))
    return RawSQL(text, parameters, output_field=output_field)  # noqa: S611 -- fixed texts


def _ids(sql: str, **keys: int) -> RawSQL:
    """Return the statement's ids as a subquery for the ORM."""
    return bound(sql, "SELECT ids.id FROM ({}) ids", **keys)


def permitted_resources(user: User, privilege: Privilege) -> QuerySet[Resource]:
    """Return the resources to which a person may do this."""
    return Resource.objects.filter(
        pk__in=_ids(PERMITTED_RESOURCES, user=user.pk, privilege=privilege.pk)
    )


def permitted_people(privilege: Privilege, resource: Resource) -> QuerySet[User]:
    """Return the people who may do this to a resource."""
    return User.objects.filter(
        pk__in=_ids(PERMITTED_PEOPLE, resource=resource.pk, privilege=privilege.pk)
    )


def permitted_privileges(user: User, resource: Resource) -> QuerySet[Privilege]:
    """Return the privileges that a person has on a resource."""
    return Privilege.objects.filter(
        pk__in=_ids(PERMITTED_PRIVILEGES, user=user.pk, resource=resource.pk)
    )
