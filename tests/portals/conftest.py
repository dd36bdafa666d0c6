"""Fixtures for tests of resources and grants."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from portals.models import AccessReview, Privilege, Resource
from portals.services.grants import GrantTerms, grant_privilege


@pytest.fixture
def resource(db: None) -> Callable[[str, str], Resource]:
    """Return a function that finds a resource: resource("domain", "alder.example")."""
    return lambda type_code, external_id: Resource.objects.get(
        resource_type__code=type_code, external_id=external_id
    )


@pytest.fixture
def privilege_of(db: None) -> Callable[[str], Privilege]:
    """Return a function that finds a privilege: privilege_of("domains.domain.manage_dns")."""

    def find(name: str) -> Privilege:
        portal, _, codename = name.partition(".")
        return Privilege.objects.get(portal__slug=portal, codename=codename)

    return find


@pytest.fixture
def nothing_owned(db: None) -> None:
    """Report every mailbox of the example as shared, so that grants alone give access to it."""
    Resource.objects.exclude(owner=None).update(owner=None)
    for review in AccessReview.objects.all():
        owned, _rows = review.items.filter(kind="owner").delete()
        review.total -= owned
        review.save()


@pytest.fixture
def give(resource, privilege_of) -> Callable:
    """Return a function that grants by the service: give(actor, grantee, privilege, resource)."""

    def grant(actor, grantee, name, resource, **terms):
        return grant_privilege(
            actor=actor,
            grantee=grantee,
            privilege=privilege_of(name),
            resource=resource,
            terms=GrantTerms(**terms),
            signed_in_at=timezone.now(),
        )

    return grant
