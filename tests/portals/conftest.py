"""Things of the example that tests of rights play with."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from portals.models import Privilege, Resource
from portals.services.grants import GrantTerms, grant_privilege


@pytest.fixture
def resource(db: None) -> Callable[[str, str], Resource]:
    """A resource of the example by its type and id: thing("domain", "alder.example")."""
    return lambda type_code, external_id: Resource.objects.get(
        resource_type__code=type_code, external_id=external_id
    )


@pytest.fixture
def right(db: None) -> Callable[[str], Privilege]:
    """A privilege by portal.type.code: right("domains.domain.manage_dns")."""

    def find(name: str) -> Privilege:
        portal, _, codename = name.partition(".")
        return Privilege.objects.get(portal__slug=portal, codename=codename)

    return find


@pytest.fixture
def give(resource, right) -> Callable:
    """Grant through the service, freshly signed in: give(alice, holder, right name, resource)."""

    def grant(actor, grantee, name, resource, **terms):
        return grant_privilege(
            actor=actor,
            grantee=grantee,
            privilege=right(name),
            resource=resource,
            terms=GrantTerms(**terms),
            signed_in_at=timezone.now(),
        )

    return grant
