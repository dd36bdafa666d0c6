"""Drafts and published versions: what nothing changes, and what publishing needs (L1 to L3)."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.services.versions import ChangedMeanwhile, version_of
from compliance.models import Policy, PolicyVersion
from compliance.services.policies import (
    begin_version,
    create_policy,
    draft_values,
    publish_version,
    update_version,
)
from preferences.models import Message
from tests.compliance.conftest import WORDS

REFUSED = (IntegrityError, ProtectedError)


def test_a_published_version_resists_orm_and_raw_sql_L1(published):
    version = published()
    changes = {
        "body_en": "Other", "title_fr": "Autre", "material": False, "number": 7,
        "effective_at": timezone.now() + timedelta(days=90), "published_at": None,
        "data_snapshot": {"x": {}},
    }  # fmt: skip
    for name, value in changes.items():
        with pytest.raises(IntegrityError), transaction.atomic():
            PolicyVersion.objects.filter(pk=version.pk).update(**{name: value})
    for act in (version.delete, PolicyVersion.objects.filter(pk=version.pk).delete):
        with pytest.raises(REFUSED), transaction.atomic():
            act()
    for sql in (
        "UPDATE compliance_policyversion SET body_fr = 'x' WHERE id = %s",
        "DELETE FROM compliance_policyversion WHERE id = %s",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [version.pk])
    with pytest.raises(REFUSED), transaction.atomic():
        version.policy.delete()

    assert PolicyVersion.objects.get(pk=version.pk).body_en == WORDS["body_en"]


def test_the_admin_site_only_shows_versions_L1(published, petra, as_):
    version = published()
    page = reverse("admin:compliance_policyversion_change", args=[version.pk])

    assert as_(petra).post(page, {"body_en": "x"}).status_code == 403
    delete = reverse("admin:compliance_policyversion_delete", args=[version.pk])
    assert as_(petra).post(delete, {"post": "yes"}).status_code == 403


def test_a_published_policy_keeps_its_terms_L1(published):
    policy = published().policy
    for name, value in {"slug": "x", "kind": "notice", "asked_of": "nobody"}.items():
        with pytest.raises(IntegrityError), transaction.atomic():
            Policy.objects.filter(pk=policy.pk).update(**{name: value})


def test_the_hash_is_of_both_languages(published):
    version = published()

    assert version.sha256 == version.computed_sha256("terms-of-use")
    for name in WORDS:
        other = PolicyVersion.objects.get(pk=version.pk)
        setattr(other, name, "Other")
        assert other.computed_sha256("terms-of-use") != version.sha256


@pytest.mark.parametrize("name", [*WORDS, "material", "effective_at"])
def test_nothing_is_published_incomplete_L2_L3(name, draft, petra):
    written = draft(**{name: None if name in ("material", "effective_at") else "  "})

    with pytest.raises(ValidationError) as refusal:
        publish_version(actor=petra, draft=written)

    assert set(refusal.value.error_dict) == {name}
    assert PolicyVersion.objects.get(pk=written.pk).is_draft
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.filter(pk=written.pk).update(
            **({name: ""} if name in WORDS else {}),
            published_at=timezone.now() - timedelta(days=1),
            published_by=petra,
            sha256="0" * 64,
        )


def test_material_has_no_default_L3(petra, as_):
    page = as_(petra).get(reverse("compliance:policy-new"))

    assert b'name="material"' in page.content
    assert page.content.count(b"checked") == 0
    assert PolicyVersion._meta.get_field("material").get_default() is None


def test_a_version_without_material_change_asks_and_mails_nobody_L3(published, bob, as_):
    latest = Message.objects.count()

    version = published(material=False, effective_at=timezone.now() + timedelta(seconds=1))

    assert Message.objects.count() == latest
    assert b"Terms of service" not in as_(bob).get("/profile/").content
    with pytest.raises(ValidationError):
        from compliance.services.announcements import announce_version

        announce_version(actor=version.written_by, version=version, alone_reason="x")


def test_a_day_that_is_over_is_refused(draft, petra):
    with pytest.raises(ValidationError) as refusal:
        publish_version(actor=petra, draft=draft(effective_at=timezone.now() - timedelta(hours=1)))
    assert set(refusal.value.error_dict) == {"effective_at"}


def test_a_second_version_waits_for_the_first(published, petra, draft):
    published()

    with pytest.raises(ValidationError, match="Version 1 isn't in force yet"):
        publish_version(actor=petra, draft=draft(effective_at=timezone.now() + timedelta(days=90)))


def test_the_next_draft_begins_with_the_newest_text(published, petra):
    version = published()

    begun = begin_version(actor=petra, policy=version.policy)

    assert (begun.number, begun.body_fr) == (2, WORDS["body_fr"])
    assert begun.material is None and begun.summary_en == ""
    assert begin_version(actor=petra, policy=version.policy) == begun


def test_publishing_what_nobody_saw_is_refused(draft, petra, pascal):
    written = draft()
    seen = version_of(draft_values(written))
    update_version(actor=pascal, draft=written, body_en="Other words")

    with pytest.raises(ChangedMeanwhile):
        publish_version(actor=petra, draft=written, version=seen)
    with pytest.raises(ChangedMeanwhile):
        update_version(actor=petra, draft=written, version=seen, body_en="My words")
    assert PolicyVersion.objects.get(pk=written.pk).body_en == "Other words"


def test_a_published_version_is_not_edited(published, petra):
    version = published()
    for service in (update_version, publish_version):
        with pytest.raises(ValidationError, match="is published"):
            service(actor=petra, draft=version)


@pytest.mark.parametrize("name", ["bob", "alice", "dana"])
def test_only_the_privacy_staff_write_and_publish(name, request, draft):
    person, written = request.getfixturevalue(name), draft()
    events = AuditEvent.objects.count()

    for act in (
        lambda: create_policy(actor=person, slug="x", kind="notice", asked_of="person"),
        lambda: begin_version(actor=person, policy=written.policy),
        lambda: update_version(actor=person, draft=written, body_en="x"),
        lambda: publish_version(actor=person, draft=written),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert AuditEvent.objects.count() == events


def test_policy_staff_without_the_permission_to_publish_only_write(draft, petra):
    petra.groups.clear()
    for codename in ("change_policyversion", "add_policy"):
        from django.contrib.auth.models import Permission

        petra.user_permissions.add(Permission.objects.get(codename=codename))
    written = draft()

    with pytest.raises(PermissionDenied):
        publish_version(actor=type(petra).objects.get(pk=petra.pk), draft=written)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("slug", {"slug": "feed"}),
        ("slug", {"slug": "Not a slug"}),
        ("kind", {"kind": "law"}),
        ("__all__", {"kind": "notice", "asked_of": "company"}),
    ],
)
def test_a_bad_policy_is_refused(field, values, petra):
    good = {"slug": "privacy", "kind": "agreement", "asked_of": "person"}
    with pytest.raises(ValidationError) as refusal:
        create_policy(actor=petra, **{**good, **values})
    assert set(refusal.value.error_dict) == {field}
    assert not Policy.objects.filter(slug="privacy").exists()
