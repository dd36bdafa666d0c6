"""Authorisations on file: no live one, no yes (L47); no secret has a column (L48)."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.permissions import FreshSignInRequired
from accounts.services.memberships import remove_membership
from accounts.signals import periodic_tick
from compliance.models import Authorisation
from compliance.services.authorisations import (
    end_authorisation,
    ends_at,
    give_authorisation,
    propose_authorisation,
)
from compliance.services.representatives import end_representative
from portals.choices import Scope
from portals.models import Portal
from portals.services.credentials import issue_credentials, issue_portal_token
from tests import log_scene
from tests.test_wrong_actors import signed_in

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
PAGE = "/c/alder/authorisations/"
STAFF_PAGE = "/provider/customers/alder/authorisations/"


@pytest.fixture
def on_file(bob, membership):
    return log_scene.representative(membership(bob))


@pytest.fixture
def proposed(db):
    return log_scene.authorisation(until=timezone.now() + 300 * DAY)


@pytest.fixture
def given(on_file, bob, proposed):
    return log_scene.give(bob, proposed)


def is_live(row):
    return Authorisation.objects.live().filter(pk=row.pk).exists()


def give_page(row):
    return reverse("compliance:authorisation-give", args=["alder", row.uuid])


def test_staff_ask_a_representative_gives_and_both_are_told_L47(
    on_file, bob, alice, olive, deliver
):
    day = (timezone.localdate() + 90 * DAY).isoformat()
    form = {"platform": "Fotogram", "profile": "@alder", "may": ["publish", "ads"], "until": day}
    client = signed_in(olive)
    assert client.post(STAFF_PAGE, form).status_code == 200  # "ads" is none of the acts
    client.post(STAFF_PAGE, {**form, "may": ["publish", "reply"]})
    row = Authorisation.objects.get()
    assert (row.profile, row.may) == ("alder", ["publish", "reply"])
    assert not is_live(row)

    page = signed_in(bob).get(PAGE).content.decode()
    assert "Publish posts, Answer comments" in page and row.sha256 in page
    signed_in(bob).post(give_page(row), {"sha256": row.sha256})

    assert is_live(row)
    told = {mail.to[0] for mail in deliver() if "authorised Harbour" in mail.subject}
    assert told == {bob.email, alice.email}
    assert AuditEvent.objects.filter(kind="authorisation.given", actor=bob).count() == 1
    assert "1 profile" in client.get("/provider/customers/alder/").content.decode()


def test_only_a_representative_gives_with_a_fresh_sign_in_what_was_read_L47(
    on_file, bob, alice, emma, charlie, proposed, as_
):
    now = timezone.now()
    good = {"authorisation": proposed, "sha256": proposed.sha256, "signed_in_at": now}
    for person in (alice, emma, charlie, log_scene.staff()):
        with pytest.raises(PermissionDenied):
            give_authorisation(actor=person, **good)
    with pytest.raises(FreshSignInRequired):
        give_authorisation(actor=bob, **{**good, "signed_in_at": now - timedelta(minutes=6)})
    with pytest.raises(ValidationError, match="not the text"):
        give_authorisation(actor=bob, **{**good, "sha256": "0" * 64})
    assert as_(bob).post(give_page(proposed), {"sha256": proposed.sha256}).status_code == 302
    assert not is_live(proposed)
    give_authorisation(actor=bob, **good)
    with pytest.raises(ValidationError, match="answered"):
        give_authorisation(actor=bob, **good)


@pytest.mark.parametrize("how", ["date", "company", "provider", "suspended company"])
def test_it_ends_by_date_and_by_either_side_L47(how, given, bob, alice, olive, deliver):
    later = timezone.now()
    if how == "date":
        later = given.until + SECOND
    elif how == "company":
        end_authorisation(actor=alice, authorisation=given, reason="New agency.")
    elif how == "provider":
        end_authorisation(actor=olive, authorisation=given, reason="Platform closed.")
    else:
        given.customer.status = "suspended"
        given.customer.save()
    with time_machine.travel(later):
        assert not is_live(given)
        periodic_tick.send(sender=None)
        ended = [mail for mail in deliver() if "may no longer work on alder" in mail.subject]
    assert len(ended) == (0 if how == "suspended company" else 2)


@pytest.mark.parametrize("how", ["ended", "left", "expired"])
def test_with_its_giver_it_ends_after_thirty_days_to_renew_L47(
    how, given, on_file, alice, bob, membership, deliver
):
    moment = timezone.now()
    if how == "ended":
        end_representative(actor=alice, representative=on_file)
    elif how == "left":
        remove_membership(actor=alice, membership=membership(bob))
    else:
        moment = on_file.until
    with time_machine.travel(moment + timedelta(minutes=5)):
        periodic_tick.send(sender=None)
        assert is_live(given)
        expiring = [mail for mail in deliver() if "ends on" in mail.subject]
        assert alice.email in {mail.to[0] for mail in expiring}
        periodic_tick.send(sender=None)  # once
        assert len([mail for mail in deliver() if "ends on" in mail.subject]) == len(expiring)
    fresh = Authorisation.objects.select_related("given_by").get(pk=given.pk)
    assert moment + 29 * DAY < ends_at(fresh) < moment + 31 * DAY
    with time_machine.travel(ends_at(fresh) + timedelta(minutes=1)):
        assert not is_live(given)
        periodic_tick.send(sender=None)
    given.refresh_from_db()
    assert given.ending == "giver"


def test_it_expires_with_notice_thirty_days_before_L47(on_file, bob, deliver):
    until = timezone.now() + 100 * DAY
    given = log_scene.give(bob, log_scene.authorisation(until=until))
    with time_machine.travel(given.until - 31 * DAY):
        periodic_tick.send(sender=None)
        assert not [mail for mail in deliver() if "ends on" in mail.subject]
    with time_machine.travel(given.until - 29 * DAY):
        periodic_tick.send(sender=None)
        assert len([mail for mail in deliver() if "ends on" in mail.subject]) == 2


def test_a_renewal_takes_the_place_of_the_former_one_L47(given, bob):
    newer = log_scene.give(bob, log_scene.authorisation(profile="ALDER", platform="fotogram"))
    given.refresh_from_db()
    assert (given.ending, is_live(newer)) == ("company", True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Authorisation.objects.filter(pk=given.pk).update(ended_at=None, ending="")


def test_a_profile_of_another_company_is_refused(given, charlie, birch, membership):
    log_scene.representative(membership(charlie), by=charlie)
    foreign = log_scene.authorisation(slug="birch")
    with pytest.raises(ValidationError, match="can't be authorised"):
        log_scene.give(charlie, foreign)


def test_a_proposal_is_refused_by_the_company_without_email(on_file, proposed, bob, deliver):
    address = reverse("compliance:authorisation-end", args=["alder", proposed.uuid])
    before = len(deliver())
    signed_in(bob).post(address, {"reason": "We do it ourselves."})
    proposed.refresh_from_db()
    assert proposed.ending == "company" and len(deliver()) == before
    with pytest.raises(ValidationError):
        log_scene.give(bob, proposed)


def test_the_api_answers_live_for_companies_of_the_portal_L47(given, client, alice):
    portal = Portal.objects.get(slug="webmail")
    issue_credentials(actor=None, portal=portal)
    portal.refresh_from_db()
    token = issue_portal_token(
        client=portal.client, scopes=[Scope.AUTHORISATIONS_READ], resources=[]
    )

    def asked(query=""):
        address = reverse("compliance-api:authorisation-list") + query
        return client.get(address, headers={"Authorization": f"Bearer {token}"})

    [row] = asked("?customer=alder&platform=fotogram&profile=alder").json()["items"]
    assert (row["may"], row["sha256"]) == (["publish", "reply"], given.sha256)
    assert asked("?profile=other").json()["items"] == []
    assert asked("?all=1").status_code == 400
    end_authorisation(actor=alice, authorisation=given, reason="New agency.")
    assert asked().json()["items"] == []


def test_bad_input_and_strangers(on_file, proposed, olive, dana, emma, charlie, alder):
    client = signed_in(olive)
    for form in (
        {},
        {"platform": "x"},
        {"platform": "x", "profile": "y", "may": "z", "until": "1"},
    ):
        assert client.post(STAFF_PAGE, form).status_code == 200
    values = {"actor": olive, "customer": alder, "platform": "x", "profile": "y"}
    for bad in (
        {"may": []},
        {"until": timezone.now() - DAY},
        {"until": timezone.now() + 999 * DAY},
    ):
        with pytest.raises(ValidationError):
            good = {"may": ["publish"], "until": timezone.now() + DAY}
            propose_authorisation(**values, **{**good, **bad})
    with pytest.raises(ValidationError, match="reason"):
        end_authorisation(actor=olive, authorisation=proposed, reason=" ")
    for person, status in ((dana, 404), (emma, 403), (charlie, 404)):
        assert signed_in(person).get(PAGE).status_code == status
    assert signed_in(dana).get(STAFF_PAGE).status_code == 403
    for person in (dana, emma, charlie):
        with pytest.raises(PermissionDenied):
            end_authorisation(actor=person, authorisation=proposed, reason="x")


def test_no_column_could_hold_a_secret_L48():
    names = {field.name for field in Authorisation._meta.local_fields}
    assert names == {
        "id", "uuid", "customer", "platform", "profile", "may", "sha256", "proposed_by",
        "proposed_at", "given_by", "given_at", "until", "ended_at", "ended_by", "ending", "reason",
        "told_at",
    }  # fmt: skip
