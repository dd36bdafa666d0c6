"""/admin/: permitted staff read; nobody writes there."""

import pytest

from preferences.models import Message

MODELS = ["noticeclass", "choice", "consentrecord", "message", "deliverydecision", "topic"]


@pytest.mark.parametrize("model", MODELS)
def test_only_permitted_staff_read_the_back_office(as_, alice, dana, olive, model):
    path = f"/admin/preferences/{model}/"
    assert as_(olive).get(path).status_code == 200
    assert as_(dana).get(path).status_code == 403
    assert as_(alice).get(path).status_code in (302, 403)
    assert as_(None).get(path).status_code == 302


def test_the_back_office_uses_the_ordinary_sign_in(as_, alice, db):
    response = as_(None).get("/admin/login/?next=/admin/")
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")
    assert as_(alice).get("/admin/login/").status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_nobody_adds_rows_in_the_back_office(as_, olive, model):
    assert as_(olive).get(f"/admin/preferences/{model}/add/").status_code == 403


def test_a_message_shows_no_content(as_, olive, bob, send_legal):
    send_legal(bob, body="a-secret-link")
    text = as_(olive).get(f"/admin/preferences/message/{Message.objects.get().pk}/change/").text
    assert bob.email in text
    assert "a-secret-link" not in text
    assert "sealed" not in text.lower()


def test_a_topic_is_shown_and_edited_elsewhere(as_, olive, newsletter):
    """One form edits topics, and it carries a version (preferences:topic-edit)."""
    client = as_(olive)
    path = f"/admin/preferences/topic/{newsletter.pk}/"
    shown = client.get(f"{path}change/").text
    assert newsletter.purpose_en in shown
    assert 'name="_save"' not in shown
    for act in ("change", "delete"):
        answer = client.post(f"{path}{act}/", {"cadence_en": "Twice a year", "post": "yes"})
        assert answer.status_code == 403
    before = newsletter.cadence_en
    newsletter.refresh_from_db()
    assert newsletter.cadence_en == before
