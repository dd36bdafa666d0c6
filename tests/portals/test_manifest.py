"""The declarations of portals, read at once."""

import pytest

from portals.models import Portal, Privilege, PrivilegeInclusion, ResourceType
from portals.selectors.manifest import manifest_of
from portals.selectors.privileges import sensitive_among, types_at_or_below
from portals.selectors.roots import open_privileges


@pytest.fixture
def manifest(db):
    return manifest_of(Portal.objects.values_list("pk", flat=True))


def test_a_manifest_takes_two_queries(db, django_assert_num_queries):
    portals = list(Portal.objects.values_list("pk", flat=True))
    with django_assert_num_queries(2):
        manifest = manifest_of(portals)
        for privilege in manifest.privileges.values():
            assert str(privilege.portal) and str(privilege.resource_type.portal)


def test_a_manifest_agrees_with_the_tables(manifest):
    assert list(manifest.types) == list(ResourceType.objects.values_list("pk", flat=True))
    assert list(manifest.privileges) == list(Privilege.objects.values_list("pk", flat=True))
    for pk in manifest.privileges:
        included = PrivilegeInclusion.objects.filter(privilege=pk).values_list(
            "included", flat=True
        )
        including = PrivilegeInclusion.objects.filter(included=pk).values_list(
            "privilege", flat=True
        )
        assert {row.pk for row in manifest.included[pk]} == set(included) - {pk}
        assert manifest.includers(pk) == set(including)


def test_a_manifest_agrees_with_the_selectors(manifest):
    every = list(Privilege.objects.all())
    sensitive = {pk for pk in manifest.privileges if manifest.is_sensitive(pk)}
    assert sensitive == sensitive_among(every)
    assert set(manifest.opening) == set(open_privileges())
    for resource_type in ResourceType.objects.all():
        types = manifest.at_or_below(resource_type)
        assert types == set(types_at_or_below(resource_type))
        about = PrivilegeInclusion.objects.filter(included__resource_type__in=types)
        assert manifest.about(types) == set(about.values_list("privilege", flat=True))


def test_a_manifest_has_only_the_portals_asked_for(db):
    [portal, *_others] = Portal.objects.all()
    manifest = manifest_of([portal.pk])
    assert {row.portal_id for row in manifest.types.values()} == {portal.pk}
    assert {row.portal_id for row in manifest.privileges.values()} == {portal.pk}
