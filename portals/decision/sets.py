"""The same decision over sets: lists and pages."""

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from accounts.models import User
from portals.decision.checks import stored_time
from portals.decision.prepared import PLACEHOLDER
from portals.decision.statement import PEOPLE_WHO_MAY, PRIVILEGES_ONE_HAS, RESOURCES_ONE_MAY
from portals.models import Privilege, Resource


def _ids(sql: str, **keys: int) -> RawSQL:
    """The statement's ids, as a subquery the ORM can filter by."""
    values = {**keys, "now": stored_time(timezone.now())}
    parameters = [values[name] for name in PLACEHOLDER.findall(sql)]
    return RawSQL(f"SELECT ids.id FROM ({PLACEHOLDER.sub('%s', sql)}) ids", parameters)  # noqa: S608, S611 -- fixed texts


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


def privileges_one_has(user: User, resource: Resource) -> QuerySet[Privilege]:
    """Everything this person may do to that thing."""
    return Privilege.objects.filter(
        pk__in=_ids(PRIVILEGES_ONE_HAS, user=user.pk, resource=resource.pk)
    )
