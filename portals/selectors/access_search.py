"""The searches of the access API: pages of what the decision allows on a portal's own resources.

A portal names people, privileges and resources as in a check; what it names wrong finds nothing.
Each function returns up to `limit` rows (key, name) after a key, in the order of the keys.
"""

from accounts.models import User
from portals.decision import (
    permitted_people_page,
    permitted_privileges_page,
    permitted_resources_page,
)
from portals.decision.checks import SUB
from portals.decision.pages import Rows
from portals.models import Portal, Privilege, Resource


def search_resources(
    portal: Portal, after: str | None, limit: int, *, subject: str, resource_type: str, action: str
) -> Rows:
    """Return the portal's resources of a type to which a person may do this."""
    person = _person(subject)
    privilege = _privilege(portal, resource_type, action)
    if person is None or privilege is None:
        return []
    return permitted_resources_page(person, privilege, after=after, limit=limit)


def search_people(
    portal: Portal,
    after: str | None,
    limit: int,
    *,
    resource_type: str,
    resource_id: str,
    action: str,
) -> Rows:
    """Return the people who may do this to a resource of the portal."""
    privilege = _privilege(portal, resource_type, action)
    resource = _resource(portal, resource_type, resource_id)
    if privilege is None or resource is None:
        return []
    return permitted_people_page(privilege, resource, after=after, limit=limit)


def search_privileges(
    portal: Portal,
    after: str | None,
    limit: int,
    *,
    subject: str,
    resource_type: str,
    resource_id: str,
) -> Rows:
    """Return the privileges that a person has on a resource of the portal."""
    person = _person(subject)
    resource = _resource(portal, resource_type, resource_id)
    if person is None or resource is None:
        return []
    return permitted_privileges_page(person, resource, after=after, limit=limit)


def _person(sub: str) -> User | None:
    """Return the person with this `sub`, which has one spelling."""
    return User.objects.filter(sub=sub).first() if SUB.fullmatch(sub) else None


def _privilege(portal: Portal, resource_type: str, code: str) -> Privilege | None:
    return Privilege.objects.filter(
        portal=portal, resource_type__code=resource_type, code=code
    ).first()


def _resource(portal: Portal, resource_type: str, external_id: str) -> Resource | None:
    return Resource.objects.filter(
        resource_type__portal=portal, resource_type__code=resource_type, external_id=external_id
    ).first()
