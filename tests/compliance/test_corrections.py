"""Corrections: applied and read by portals, or noted beside the data (L59)."""

import pytest
from allauth.idp.oidc.models import Client
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import AuditEvent, Membership
from accounts.selectors import sentence_of
from accounts.services.people import update_profile
from accounts.services.versions import ChangedMeanwhile, version_of
from compliance.models import DataNote
from compliance.selectors.own_data_page import held_about
from compliance.services.corrections import (
    account_values,
    correct_account,
    correct_work_details,
    note_dispute,
)
from compliance.services.exports import write_own_data
from compliance.services.privacy_requests import confirm_privacy_request
from compliance.tokens import privacy_token
from portals.models import Portal, PortalSession
from portals.selectors.sign_in import identity_claims, live_person
from portals.services.credentials import issue_credentials
from tests.edits import edit


@pytest.fixture
def asked(bob):
    token = privacy_token(
        address=bob.email, kind="correction", language="en", at=timezone.now().timestamp()
    )
    return confirm_privacy_request(actor=None, token=token)


def test_a_corrected_name_is_what_portals_read_next_L59(as_, asked, bob, alder, officer):
    portal = Portal.objects.get(slug="domains")
    issue_credentials(actor=None, portal=portal)
    session = PortalSession.objects.create(
        user=bob, client=Client.objects.get(portal=portal), customer=alder, hub_session="x",
        auth_time=timezone.now(),
    )  # fmt: skip
    page = f"/provider/privacy/{asked.uuid}/correct/"
    assert "Bob Tremblay" in as_(officer).get(page).content.decode()
    edit(as_(officer), page, {"name": "Robert Tremblay", "language": "en", "time_zone": ""})
    bob.refresh_from_db()
    assert bob.name == "Robert Tremblay"
    assert Membership.objects.get(user=bob, ended_at=None).work_name == "Robert Tremblay"
    person = live_person(session)
    assert person is not None
    assert identity_claims(person, ["profile"])["name"] == "Robert Tremblay"
    event = AuditEvent.objects.filter(kind="data.corrected").latest("pk")
    assert (event.actor, event.person) == (officer, bob)
    with pytest.raises(ValidationError, match="Nothing differs"):
        correct_account(actor=officer, request=asked, name="Robert Tremblay")


def test_a_name_at_work_of_its_own_stays_L59(asked, bob, officer):
    Membership.objects.filter(user=bob).update(work_name="B. Tremblay")
    correct_account(actor=officer, request=asked, name="Robert Tremblay")
    assert Membership.objects.get(user=bob, ended_at=None).work_name == "B. Tremblay"


def test_a_refused_correction_is_noted_beside_the_data_and_in_the_copy_L59(
    as_, asked, bob, alice, officer, tmp_path
):
    page = f"/provider/privacy/{asked.uuid}/note/"
    assert as_(officer).get(page).status_code == 200
    as_(officer).post(page, {"item": "support", "text": "I never called on that day."})
    assert "I never called on that day." in as_(bob).get("/profile/data/").content.decode()
    held = {each.item.code: each.notes for each in held_about(bob)}
    assert [note.text for note in held["support"]] == ["I never called on that day."]
    assert not any(each.notes for each in held_about(alice))
    with (tmp_path / "data.zip").open("w+b") as file:
        write_own_data(bob, file, language="en")
    note_dispute(actor=officer, request=asked, item="support", text="I called a day later.")
    assert DataNote.objects.get().text == "I called a day later."


@pytest.mark.parametrize(("item", "text"), [("shoes", "x"), ("support", " ")])
def test_what_is_wrong_is_named_L59(asked, officer, item, text):
    with pytest.raises(ValidationError):
        note_dispute(actor=officer, request=asked, item=item, text=text)
    with pytest.raises(ValidationError):
        correct_account(actor=officer, request=asked, name="\u202eevil")
    assert not DataNote.objects.exists()


@pytest.mark.parametrize("name", ["alice", "dana", "bob"])
def test_only_the_privacy_group_corrects_L59(name, request, asked, as_):
    person = request.getfixturevalue(name)
    with pytest.raises(PermissionDenied):
        correct_account(actor=person, request=asked, name="X Y")
    with pytest.raises(PermissionDenied):
        note_dispute(actor=person, request=asked, item="support", text="x")
    for act in ("correct", "note"):
        assert as_(person).get(f"/provider/privacy/{asked.uuid}/{act}/").status_code == 403


def test_another_kind_of_request_corrects_nothing_L59(bob, officer, as_):
    token = privacy_token(
        address=bob.email, kind="access", language="en", at=timezone.now().timestamp()
    )
    request = confirm_privacy_request(actor=None, token=token)
    with pytest.raises(ValidationError):
        correct_account(actor=officer, request=request, name="X Y")
    for act in ("correct", "note"):
        assert as_(officer).get(f"/provider/privacy/{request.uuid}/{act}/").status_code == 404


def test_language_and_time_zone_are_corrected_with_one_event_L59(as_, asked, bob, officer):
    page = f"/provider/privacy/{asked.uuid}/correct/"
    shown = as_(officer).get(page).content.decode()
    for address in ("/profile/", "/accounts/email/", "/preferences/"):
        assert f"{address}</li>" in shown, "what people change themselves is pointed to"
    values = {"name": bob.name, "language": "fr", "time_zone": "Europe/Paris"}
    assert edit(as_(officer), page, values).status_code == 302
    bob.refresh_from_db()
    assert (bob.language, bob.time_zone) == ("fr", "Europe/Paris")
    event = AuditEvent.objects.get(kind="data.corrected")
    assert (event.actor, event.person, event.customer) == (officer, bob, None)
    assert sentence_of(event).endswith("of Bob Tremblay: language, time zone.")
    changed = {(each["field"], each["after"]) for each in event.data["differences"]}
    assert changed == {("language", "fr"), ("time_zone", "Europe/Paris")}
    assert not AuditEvent.objects.filter(kind="profile.updated", person=bob).exists()


@pytest.mark.parametrize("ended", [False, True])
def test_work_details_are_corrected_and_the_company_sees_it_L59(
    ended, as_, asked, bob, alice, alder, officer, membership
):
    place = membership(bob)
    if ended:
        Membership.objects.filter(pk=place.pk).update(ended_at=timezone.now())
    page = f"/provider/privacy/{asked.uuid}/correct/{place.uuid}/"
    assert page in as_(officer).get(f"/provider/privacy/{asked.uuid}/").content.decode()
    wanted = {"work_name": "Robert Tremblay", "work_phone": "418 555 0123"}
    assert edit(as_(officer), page, wanted).status_code == 302
    place.refresh_from_db()
    assert (place.work_name, place.work_phone) == ("Robert Tremblay", "418 555 0123")
    event = AuditEvent.objects.get(kind="data.corrected")
    assert (event.actor, event.person, event.customer) == (officer, bob, alder)
    assert "corrected the data of" in as_(alice).get("/c/alder/activity/").content.decode()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"language": "de"}, "language"),
        ({"time_zone": "Mars/North"}, "time_zone"),
        ({"name": ""}, "name"),
    ],
)
def test_a_correction_to_nonsense_names_the_field_L59(values, field, asked, bob, officer):
    with pytest.raises(ValidationError) as refusal:
        correct_account(actor=officer, request=asked, **values)
    assert set(refusal.value.error_dict) == {field}
    assert not AuditEvent.objects.filter(kind="data.corrected").exists()


def test_a_correction_overwrites_nothing_that_was_saved_meanwhile_L59(asked, bob, officer):
    version = version_of(account_values(bob))
    update_profile(actor=bob, language="fr")
    with pytest.raises(ChangedMeanwhile):
        correct_account(
            actor=officer, request=asked, version=version,
            name="Robert Tremblay", language="en", time_zone="",
        )  # fmt: skip
    bob.refresh_from_db()
    assert (bob.name, bob.language) == ("Bob Tremblay", "fr")


def test_the_work_details_of_somebody_else_stay_L59(as_, asked, alice, bob, officer, membership):
    other = membership(alice)
    with pytest.raises(PermissionDenied):
        correct_work_details(
            actor=officer, request=asked, membership=other, work_name="X Y", work_phone=""
        )
    page = f"/provider/privacy/{asked.uuid}/correct/{other.uuid}/"
    assert as_(officer).get(page).status_code == 404
    for person in (alice, bob):
        with pytest.raises(PermissionDenied):
            correct_work_details(
                actor=person, request=asked, membership=membership(bob), work_name="X Y",
                work_phone="",
            )  # fmt: skip
        page = f"/provider/privacy/{asked.uuid}/correct/{membership(bob).uuid}/"
        assert as_(person).get(page).status_code == 403
