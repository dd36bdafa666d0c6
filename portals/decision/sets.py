"""The same decision over sets: lists and pages."""

import re
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from accounts.models import User
from portals.decision.statement import PEOPLE_WHO_MAY, RESOURCES_ONE_MAY
from portals.models import Privilege, Resource

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _ids(sql: str, **values: Any) -> RawSQL:
    """The statement's ids, as a subquery the ORM can filter by."""
    values["now"] = timezone.now()
    parameters = [values[name] for name in _PLACEHOLDER.findall(sql)]
    return RawSQL(f"SELECT ids.id FROM ({_PLACEHOLDER.sub('%s', sql)}) ids", parameters)  # noqa: S611


def resources_one_may(user: User, privilege: Privilege) -> QuerySet[Resource]:
    """Every resource to which this person may do this."""
    return Resource.objects.filter(
        pk__in=_ids(RESOURCES_ONE_MAY, user=user.pk, privilege=privilege.pk)
    )


def people_who_may(privilege: Privilege, resource: Resource) -> QuerySet[User]:
    """Everyone who may do this to that thing."""
    return User.objects.filter(
        pk__in=_ids(PEOPLE_WHO_MAY, resource=resource.pk, privilege=privilege.pk)
    )
