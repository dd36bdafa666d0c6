"""/admin/: permitted staff manage topics and read the rest; nobody writes evidence there."""

import pytest

from accounts.models import AuditEvent
from preferences.models import Message, Topic

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


@pytest.mark.parametrize("model", [m for m in MODELS if m != "topic"])
def test_nobody_adds_rows_in_the_back_office(as_, olive, model):
    assert as_(olive).get(f"/admin/preferences/{model}/add/").status_code == 403


def test_a_message_shows_no_content(as_, olive, bob, send_legal):
    send_legal(bob, body="a-secret-link")
    text = as_(olive).get(f"/admin/preferences/message/{Message.objects.get().pk}/change/").text
    assert bob.email in text
    assert "a-secret-link" not in text
    assert "sealed" not in text.lower()


def test_a_topic_is_changed_by_the_service_and_never_deleted(as_, olive, newsletter):
    client = as_(olive)
    path = f"/admin/preferences/topic/{newsletter.pk}/"
    data = {
        f.name: getattr(newsletter, f.name)
        for f in Topic._meta.fields
        if f.name not in ("id", "slug", "portal")
    }
    response = client.post(f"{path}change/", data | {"cadence_en": "Twice a year", "slug": "x"})
    assert response.status_code == 302
    newsletter.refresh_from_db()
    assert (newsletter.slug, newsletter.cadence_en) == ("newsletter", "Twice a year")
    event = AuditEvent.objects.get(kind="topic.updated")
    assert (event.actor, event.data["fields"]) == (olive, "cadence_en")

    assert client.post(f"{path}delete/", {"post": "yes"}).status_code == 403
    data = {f"{f}_{x}": "New" for f in ("name", "purpose", "cadence") for x in ("en", "fr")}
    data |= {"slug": "fresh", "position": 9, "active": "on", "basis": "express"}
    assert client.post("/admin/preferences/topic/add/", data).status_code == 302
    assert AuditEvent.objects.filter(kind="topic.created", actor=olive).count() == 6


def test_bad_topic_is_refused_with_a_named_field(as_, olive):
    data = {f"{f}_{x}": "New" for f in ("name", "purpose", "cadence") for x in ("en", "fr")}
    data |= {"slug": "legal", "position": 9, "name_en": "A\u202eB"}
    response = as_(olive).post("/admin/preferences/topic/add/", data)
    assert response.status_code == 200
    assert "U+202E" in response.text
    assert not Topic.objects.filter(slug="legal").exists()
