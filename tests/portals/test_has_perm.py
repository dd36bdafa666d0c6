"""`user.has_perm`, as Django code calls it."""

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser, Permission

from accounts.models import User
from portals.models import PersonGrant

VIEW = "portals.domains.domain.view"


@pytest.fixture
def domain(resource):
    return resource("domain", "alder.example")


def test_a_grant_allows_only_on_its_resource(bob, domain, resource):
    assert bob.has_perm(VIEW, domain)
    assert not bob.has_perm(VIEW, resource("domain", "birch.example"))
    assert not bob.has_perm("portals.domains.domain.transfer", domain)


def test_it_is_one_statement(bob, domain, django_assert_num_queries):
    with django_assert_num_queries(0):  # beside the prepared one, which Django does not count
        assert bob.has_perm(VIEW, domain)


def test_async_code_gets_the_same_answer(bob, emma, domain):
    assert async_to_sync(bob.ahas_perm)(VIEW, domain)
    assert not async_to_sync(emma.ahas_perm)(VIEW, domain)
    assert async_to_sync(bob.aget_all_permissions)(domain) == bob.get_all_permissions(domain)


def test_without_a_resource_the_answer_is_no(bob, alice, domain):
    """Rule 5: not even for one who holds a model permission of that name."""
    permission = Permission.objects.get(codename="domains.domain.view")
    bob.user_permissions.add(permission)
    bob.groups.create(name="a group").permissions.add(permission)
    bob = User.objects.get(pk=bob.pk)

    assert not bob.has_perm(VIEW)
    assert not async_to_sync(bob.ahas_perm)(VIEW)
    assert not alice.has_perm(VIEW)
    assert not bob.has_perm("portals.domains.domain.renew", domain)


@pytest.mark.parametrize(
    "name",
    [
        "portals.webmail.domain.view",  # another portal's
        "domains.domain.view",
        "accounts.domains.domain.view",
        "portals.domains.view",
        "portals.domains.domain.",
        "portals..domain.view",
        "portals.domains.domain.view.view",
        "domain.view",
        "",
    ],
)
def test_an_unknown_permission_is_refused(bob, domain, name):
    assert not bob.has_perm(name, domain)


def test_anonymous_and_inactive_users_are_refused(bob, domain):
    assert not AnonymousUser().has_perm(VIEW, domain)
    assert AnonymousUser().get_all_permissions(domain) == set()
    bob.is_active = False
    bob.save()

    assert not bob.has_perm(VIEW, domain)
    assert not User.objects.get(pk=bob.pk).has_perm(VIEW, domain)


def test_a_user_deactivated_after_loading_is_refused(bob, domain):
    User.objects.filter(pk=bob.pk).update(is_active=False)

    assert bob.is_active
    assert not bob.has_perm(VIEW, domain)


def test_other_and_unsaved_objects_are_refused(bob, alder, domain):
    domain.pk = None

    assert not bob.has_perm(VIEW, domain)
    assert not bob.has_perm(VIEW, alder)
    assert bob.get_all_permissions(alder) == set()


def test_all_permissions_include_the_included(bob, alice, domain):
    assert bob.get_all_permissions(domain) == {VIEW}
    assert VIEW in alice.get_all_permissions(domain)
    PersonGrant.objects.filter(user=bob, content_object=domain).delete()

    assert bob.get_all_permissions(domain) == set()


def test_the_model_permissions_of_staff_still_work(olive):
    permission = Permission.objects.get(codename="view_portal")
    olive.user_permissions.add(permission)

    assert User.objects.get(pk=olive.pk).has_perm("portals.view_portal")
