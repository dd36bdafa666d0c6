"""The access levels of the four manifests, derived from their inclusions."""

import pytest

from portals.models import Portal, ResourceType
from portals.selectors.levels import backbone, level_scales_of
from portals.selectors.manifest import manifest_of


def scale(portal, code):
    found = ResourceType.objects.filter(portal__slug=portal, code=code)
    return level_scales_of(found, manifest_of([found.get().portal_id]))[found.get().pk]


@pytest.mark.parametrize(
    ("portal", "code", "levels"),
    [
        ("webmail", "subscription", ["open"]),
        ("webmail", "mail_domain", ["view", "create_mailbox", "manage"]),
        ("webmail", "mailbox", ["view", "read", "use"]),
        ("ticketing", "queue", ["view", "reply", "manage"]),
        ("statistics", "usage_report", ["view", "export", "schedule"]),
        ("domains", "subscription", ["open"]),
        ("domains", "domain", ["view", "manage"]),
    ],
)
def test_levels_of_the_four_portals(db, portal, code, levels):
    assert [level.privilege.code for level in scale(portal, code).levels] == levels


def test_each_level_includes_the_one_before(db):
    manifest = manifest_of(Portal.objects.values_list("pk", flat=True))
    for one in level_scales_of(ResourceType.objects.all(), manifest).values():
        for lower, higher in zip(one.levels, one.levels[1:], strict=False):
            assert set(lower.reach) < set(higher.reach)
        assert len(one.levels) <= 3


def test_a_level_is_sensitive_if_it_includes_a_sensitive_privilege(db):
    sensitive = {
        step.privilege.code for step in scale("webmail", "mailbox").steps if step.sensitive
    }
    assert sensitive == {"read", "send", "organise", "forward", "use"}


@pytest.mark.parametrize(
    ("reaches", "levels"),
    [
        ({}, []),
        ({1: {1}}, [1]),
        ({1: {1}, 2: {2}}, [1]),  # two apart: the first, the other singly
        ({1: {1}, 2: {1, 2}, 3: {1, 3}, 4: {1, 2, 3, 4}}, [1, 4]),  # a diamond: no arbitrary side
        ({1: {1}, 2: {1, 2}, 3: {1, 2, 3}, 4: {1, 2, 3, 4}, 5: {1, 2, 3, 4, 5}}, [1, 2, 5]),
        ({1: {1}, 2: {2}, 3: {1, 2, 3}}, [3]),  # nothing they all begin with
    ],
)
def test_levels_are_chosen_from_inclusion_chains(reaches, levels):
    assert list(backbone(reaches)) == levels
