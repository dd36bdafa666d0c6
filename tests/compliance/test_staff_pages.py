"""The provider's pages of policies, from the first draft to who has not answered."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services.versions import version_of
from compliance.models import Announcement, Policy, PolicyVersion
from compliance.services.policies import draft_values
from tests.acts import POLICY

LIST = "/provider/policies/"


def test_from_a_draft_to_an_announced_version(petra, pascal, as_, deliver):
    writer, releaser = as_(petra), as_(pascal)
    new = {"slug": "use", "kind": "agreement", "asked_of": "person", **POLICY}
    page = writer.post(f"{LIST}new/", new).url
    assert page == f"{LIST}use/1/"
    draft = PolicyVersion.objects.get(policy__slug="use")
    assert b"Publish version" in writer.get(page).content

    final = {"final": "on", "version": version_of(draft_values(draft))}
    shown = writer.post(page, final, follow=True).content.decode()
    assert "It is not announced yet" in shown and "Why you announce it alone" in shown
    shown = releaser.get(page).content.decode()
    assert "Announce version" in shown and "Why you announce it alone" not in shown
    assert "Why with less notice" not in shown
    shown = releaser.post(page, follow=True).content.decode()
    assert "Version 1 is announced." in shown and "people have not answered" in shown
    assert Announcement.objects.get().announced_by == pascal


def test_publishing_needs_the_box_that_the_text_is_final(draft, petra, as_):
    written = draft()
    page = f"{LIST}terms-of-use/1/"
    as_(petra).post(page, {"version": version_of(draft_values(written))})
    assert PolicyVersion.objects.get(pk=written.pk).is_draft


def test_an_unfinished_draft_says_what_is_missing(petra, as_):
    client = as_(petra)
    client.post(f"{LIST}new/", {"slug": "use", "kind": "notice", "asked_of": "person"})
    page = client.get(f"{LIST}use/1/").content
    assert b"Missing before you can publish" in page
    assert Policy.objects.get(slug="use").versions.get().material is None


def test_a_day_begins_in_the_zone_of_the_provider(petra, as_, settings):
    petra.time_zone = "Asia/Tokyo"
    petra.save()
    as_(petra).post(
        f"{LIST}new/",
        {"slug": "use", "kind": "notice", "asked_of": "person", "effective_on": "2030-07-01"},
    )
    moment = PolicyVersion.objects.get(policy__slug="use").effective_at
    assert (
        timezone.localtime(moment, timezone.get_default_timezone())
        .isoformat()
        .startswith("2030-07-01T00:00:00")
    )


def test_who_has_not_answered_is_listed(in_force, petra, bob, alice, as_, answer):
    version = in_force()
    answer(bob, version)
    page = as_(petra).get(f"{LIST}terms-of-use/1/unanswered/").content.decode()
    assert "Alice Martin" in page and "Bob Tremblay" not in page


def test_an_early_version_asks_for_its_reason(published, pascal, as_):
    published(effective_at=timezone.now() + timedelta(days=3))
    page = f"{LIST}terms-of-use/1/"
    client = as_(pascal)
    assert b"Why with less notice, in English" in client.get(page).content
    refused = client.post(page, {"early_reason_en": "The law.", "early_reason_fr": ""})
    assert refused.status_code == 200 and b"less than 30 days" in refused.content
    assert not Announcement.objects.exists()


def test_steps_that_are_over_are_refused(in_force, petra, as_):
    in_force()
    shown = as_(petra).post(f"{LIST}terms-of-use/1/", {"final": "on"}, follow=True)
    assert b"This step is already done." in shown.content
    shown = as_(petra).get(f"{LIST}terms-of-use/1/edit/", follow=True)
    assert b"Only a draft can be changed." in shown.content


def test_a_version_is_withdrawn_on_its_page(announced, pascal, as_):
    announced()
    page = f"{LIST}terms-of-use/1/withdraw/"
    assert b"This field is required" in as_(pascal).post(page, {"reason_en": "x"}).content
    as_(pascal).post(page, {"reason_en": "A slip.", "reason_fr": "Un lapsus."})
    assert PolicyVersion.objects.get(policy__slug="terms-of-use").withdrawn_by == pascal


@pytest.mark.parametrize("page", ["", "terms-of-use/", "terms-of-use/1/", "new/"])
def test_the_pages_have_a_budget_of_queries(page, in_force, petra, as_, settings):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    in_force()
    client = as_(petra)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(f"{LIST}{page}").status_code == 200
    assert len(asked) <= 14, [query["sql"][:90] for query in asked]
