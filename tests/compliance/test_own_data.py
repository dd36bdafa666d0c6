"""A person's own data: the page, the file that a job makes, its download and its end (L51)."""

import hashlib
import io
import json
import re
import zipfile
from datetime import timedelta

import jsonschema
import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Customer, User
from accounts.permissions import FreshSignInRequired
from accounts.services.audit import record_event
from accounts.services.invitations import accept_invitation, invite_person
from accounts.signals import periodic_tick
from compliance.encryption import SealBroken, new_key, open_chunk, open_key, seal_chunk
from compliance.models import Download, SealedChunk, SealedFile
from compliance.registry import ITEMS
from compliance.selectors.own_data import model_of, rows_of
from compliance.selectors.records import Readable
from compliance.services import exports, sealed_files
from compliance.services.exports import ask_for_own_data, make_own_data, write_own_data
from compliance.services.sealed_files import content_of, delete_expired_files, record_download
from tests.acts import Scene
from tests.test_wrong_actors import signed_in

PAGE = "/profile/data/"


def ask(person) -> SealedFile:
    return ask_for_own_data(actor=person, signed_in_at=timezone.now())


def made(person, deliver) -> SealedFile:
    file = ask(person)
    deliver()
    return SealedFile.objects.get(pk=file.pk)


def archive_of(person, language="en") -> zipfile.ZipFile:
    content = io.BytesIO()
    write_own_data(person, content, language=language)
    return zipfile.ZipFile(content)


def data_of(person, language="en") -> dict:
    return json.loads(archive_of(person, language).read("data.json"))


@pytest.fixture
def busy(db) -> User:
    """Alder's Super User, in a company with one of everything."""
    return Scene(Customer.objects.get(slug="alder")).super_user


def test_a_person_asks_is_told_by_email_and_downloads_what_was_made_L51(alice, deliver):
    client = signed_in(alice)
    page = client.post(reverse("compliance:own-data-ask"), follow=True)
    assert "We are making your file." in page.content.decode()

    [mail] = deliver()
    assert mail.to == [alice.email]
    assert mail.subject == "Your data from Harbour is ready to download"
    assert f"{settings.HUB_BASE_URL}{PAGE}" in mail.body
    file = SealedFile.objects.get(person=alice)
    assert str(file.uuid) not in mail.body  # the page, not the file
    address = reverse("compliance:own-data-download", args=[file.uuid])
    assert address in client.get(PAGE).content.decode()

    answer = client.post(address, headers={"User-Agent": "Test browser"})

    content = answer.getvalue()
    assert answer["Content-Disposition"].endswith('.zip"')
    assert int(answer["Content-Length"]) == len(content) == file.size
    assert hashlib.sha256(content).hexdigest() == file.sha256
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert names == ["data.schema.json", "style.css", "data.json", "index.html"]
    [download] = Download.objects.all()
    assert (download.person, download.browser) == (alice, "Test browser")
    kinds = AuditEvent.objects.filter(person=alice, kind__startswith="own_data.").order_by("pk")
    assert [event.kind for event in kinds] == [
        "own_data.asked", "own_data.made", "own_data.downloaded",
    ]  # fmt: skip
    assert "Downloaded 1 time." in client.get(PAGE).content.decode()


def test_the_file_follows_its_schema_in_both_languages_L51(busy):
    for language in ("en", "fr"):
        archive = archive_of(busy, language)
        data, schema = (
            json.loads(archive.read(name)) for name in ("data.json", "data.schema.json")
        )
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(data, schema)
        assert archive.read("index.html").startswith(
            b"<!doctype html>\n<html lang=" + b'"%s"' % (language.encode())
        )
        assert data["person"] == {"id": str(busy.sub), "email": busy.email, "name": busy.name}
    data["items"]["account"]["records"]["accounts.User"][0]["shoe_size"] = 43
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema)


def test_every_item_and_every_row_about_the_person_is_in_the_file_L51(busy):
    data = data_of(busy)

    assert list(data["items"]) == [item.code for item in ITEMS]
    for item in ITEMS:
        for table in item.tables:
            if item.not_exported or not table.exported or table.model == "accounts.AuditEvent":
                continue
            rows = data["items"][item.code]["records"][table.model]
            keys = [str(key) for key in rows_of(table, busy).values_list("pk", flat=True)]
            key_name = model_of(table)._meta.pk.name
            assert [str(row[key_name]) for row in rows] == keys, table.model
    events = data["items"]["activity_log"]["records"]["accounts.AuditEvent"]
    own = AuditEvent.objects.filter(actor=busy) | AuditEvent.objects.filter(person=busy)
    assert len(events) >= own.filter(customer=None).distinct().count() > 0


def test_no_secret_is_in_the_file_L51(busy, deliver):
    """Whatever the database holds in a field that is hidden."""
    busy.set_password("three unrelated words")
    busy.save()
    deliver()
    archive = archive_of(busy)
    text = (archive.read("data.json") + archive.read("index.html")).decode()
    seen = 0
    for item in ITEMS:
        for table in item.tables:
            for name in table.names("hidden"):
                for value in model_of(table)._base_manager.values_list(name, flat=True):
                    if isinstance(value, str) and len(value) > 8:
                        seen += 1
                        assert value not in text, (table.model, name)
    assert seen > 10
    assert "data" not in {name for name in text.split('"') if name.startswith("otpauth")}


def test_of_others_the_file_holds_only_names_at_work_L51(busy):
    archive = archive_of(busy)
    text = archive.read("data.json").decode() + archive.read("index.html").decode()
    others = User.objects.exclude(pk=busy.pk)

    assert busy.email in text
    assert [other.email for other in others if other.email in text] == []
    assert "gina@alder.example" not in text  # whom she invited
    invited = data_of(busy)["items"]["invitations"]["acts"]["accounts.Invitation"]
    assert invited
    assert all("address" not in row and "work_phone" not in row for row in invited)
    assert "Alice Martin gave Bob Tremblay" in text  # a colleague's name at work


def test_the_page_says_how_much_is_held_and_shows_short_values_L51(as_, bob):
    page = as_(bob).get(PAGE).content.decode()

    for item in ITEMS:
        assert str(item.label) in page or str(item.label).replace("'", "&#x27;") in page
    assert "bob@alder.example" in page
    assert bob.password not in page
    assert "alice@alder.example" not in page


def test_the_page_costs_a_fixed_number_of_queries(as_, bob, alice, django_assert_max_num_queries):
    for person in (bob, alice):
        client = as_(person)
        client.get(PAGE)
        with django_assert_max_num_queries(18):
            assert client.get(PAGE).status_code == 200


def test_once_a_day_in_the_provider_zone_L51(bob):
    with time_machine.travel("2026-11-30T04:00Z", tick=False):  # 11 pm in Toronto
        ask(bob)
        with pytest.raises(ValidationError, match="tomorrow"):
            ask(bob)
    with time_machine.travel("2026-11-30T05:00Z", tick=False):  # midnight
        ask(bob)

    assert SealedFile.objects.count() == 2


def test_the_database_keeps_one_a_day_too_L51(bob):
    ask(bob)
    row = SealedFile.objects.get()
    row.pk, row.uuid = None, "0b9d2c34-8d3f-4d65-9c0e-4f8d5a1b7c22"

    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_a_second_press_says_so_and_makes_nothing_L51(bob):
    client = signed_in(bob)
    client.post(reverse("compliance:own-data-ask"))

    page = client.post(reverse("compliance:own-data-ask"), follow=True).content.decode()

    assert "You can ask again tomorrow." in page
    assert SealedFile.objects.count() == 1


def test_asking_and_downloading_want_a_fresh_sign_in_L51(as_, bob, deliver):
    stale = timezone.now() - timedelta(hours=1)
    for at in (None, stale):
        with pytest.raises(FreshSignInRequired):
            ask_for_own_data(actor=bob, signed_in_at=at)
    file = made(bob, deliver)
    with pytest.raises(FreshSignInRequired):
        record_download(actor=bob, file=file, signed_in_at=stale)
    address = reverse("compliance:own-data-download", args=[file.uuid])
    answer = as_(bob).post(address)
    assert "reauthenticate" in answer["Location"]
    assert not Download.objects.exists()


def test_a_closed_account_asks_for_nothing_here_L51(bob):
    bob.is_active = False
    with pytest.raises(PermissionDenied):
        ask(bob)


def test_nobody_else_downloads_the_file_L51(alice, bob, olive, dana, deliver):
    file = made(bob, deliver)
    for person in (alice, olive, dana):
        with pytest.raises(PermissionDenied):
            record_download(actor=person, file=file, signed_in_at=timezone.now())
        address = reverse("compliance:own-data-download", args=[file.uuid])
        assert signed_in(person).post(address).status_code == 404
        with pytest.raises(IntegrityError), transaction.atomic():
            Download.objects.create(file=file, person=person)
    assert not Download.objects.exists()


def test_the_database_refuses_a_download_of_a_file_that_is_not_ready_L51(bob):
    file = ask(bob)
    with pytest.raises(IntegrityError), transaction.atomic():
        Download.objects.create(file=file, person=bob)


@pytest.mark.parametrize(
    "change", [{"sealed_key": None}, {"size": None}, {"sha256": ""}, {"expires_at": None}], ids=str
)
def test_the_database_keeps_a_ready_file_whole_L51(bob, deliver, change):
    file = made(bob, deliver)
    with pytest.raises(IntegrityError), transaction.atomic():
        SealedFile.objects.filter(pk=file.pk).update(**change)


def test_the_content_is_encrypted_at_rest_L51(bob, deliver):
    file = made(bob, deliver)
    stored = b"".join(bytes(chunk.content) for chunk in file.chunks.all())

    assert b"data.json" not in stored
    assert bytes(file.sealed_key) not in stored
    content = b"".join(content_of(file, open_key(file.sealed_key)))
    assert hashlib.sha256(content).hexdigest() == file.sha256


def test_a_changed_moved_or_cut_piece_is_refused_L51():
    key, sealed_key = new_key()
    assert open_key(sealed_key) == key
    piece = seal_chunk(key, 3, b"words", is_last=False)
    assert open_chunk(key, 3, piece, is_last=False) == b"words"
    for other in (
        (key, 4, piece, False),
        (key, 3, piece, True),
        (key, 3, piece[:-1] + b"x", False),
        (new_key()[0], 3, piece, False),
    ):
        with pytest.raises(SealBroken):
            open_chunk(*other[:3], is_last=other[3])


def test_a_file_of_several_pieces_comes_back_whole_L51(bob, monkeypatch):
    monkeypatch.setattr(sealed_files, "CHUNK", 10)
    file = ask(bob)
    content = bytes(range(35))
    with transaction.atomic():
        sealed_files.seal_content(file=file, content=io.BytesIO(content))

    assert file.chunks.count() == 4
    assert b"".join(content_of(file, open_key(file.sealed_key))) == content


def test_an_expired_file_is_gone_after_the_next_tick_L51(bob, deliver):
    file = made(bob, deliver)
    assert file.expires_at - file.ready_at == timedelta(days=7)
    with time_machine.travel(file.expires_at - timedelta(seconds=1), tick=False):
        periodic_tick.send(sender=None)
        assert SealedChunk.objects.filter(file=file).exists()
    with time_machine.travel(file.expires_at, tick=False):
        with pytest.raises(PermissionDenied):
            record_download(actor=bob, file=file, signed_in_at=timezone.now())
        periodic_tick.send(sender=None)

    file.refresh_from_db()
    assert (file.state, file.sealed_key) == ("gone", None)
    assert not SealedChunk.objects.exists()
    address = reverse("compliance:own-data-download", args=[file.uuid])
    answer = signed_in(bob).post(address, follow=True)
    assert "This file is no longer there." in answer.content.decode()


def test_a_download_that_began_in_time_finishes_L51(bob, deliver):
    file = made(bob, deliver)
    with time_machine.travel(file.expires_at - timedelta(seconds=1), tick=False):
        record_download(actor=bob, file=file, signed_in_at=timezone.now())
    with time_machine.travel(file.expires_at + timedelta(minutes=1), tick=False):
        assert delete_expired_files() == 0
    with time_machine.travel(file.expires_at + timedelta(minutes=10), tick=False):
        assert delete_expired_files() == 1


def test_a_job_that_runs_twice_makes_one_file_and_one_email_L51(bob, deliver):
    file = made(bob, deliver)

    assert make_own_data(actor=None, file=file.uuid) is False
    assert len(deliver()) == 1


def test_a_file_that_fails_is_not_the_one_of_the_day_L51(bob, monkeypatch):
    file = ask(bob)
    with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
        patch.setattr(exports, "write_own_data", _disk_is_full)
        make_own_data(actor=None, file=file.uuid)
    file.refresh_from_db()
    assert file.state == "failed"

    again = ask(bob)

    assert make_own_data(actor=None, file=again.uuid) is True


def _disk_is_full(*_args, **_more):
    raise OSError("the disk is full")


def test_the_readable_page_loads_and_runs_nothing_L51(busy):
    html = archive_of(busy).read("index.html").decode()

    assert not re.search(r"<script|src=|https?://(?!localhost)", html)
    assert '<link rel="stylesheet" href="style.css">' in html
    for item in ITEMS:
        assert f'<section id="{item.code}">' in html
    assert apps.get_model("accounts.User")


def test_who_has_an_address_now_gets_nothing_of_who_had_it_before_L51(alice, alder, deliver):
    """Sam is invited, joins and moves to another address; Samantha gets the old one."""

    def join(address, name):
        invitation = invite_person(actor=alice, customer=alder, address=address, name=name)
        return accept_invitation(
            actor=None, token=invitation.token, name=name, password="three short words"
        ).user

    sam = join("sam@alder.example", "Samuel First")
    deliver()
    User.objects.filter(pk=sam.pk).update(email="sam2@alder.example")
    EmailAddress.objects.filter(user=sam).update(email="sam2@alder.example")
    samantha = join("sam@alder.example", "Samantha Second")
    deliver()

    text = json.dumps(data_of(samantha))
    assert "Samantha Second" in text
    assert "Samuel" not in text
    assert "Samuel First" in json.dumps(data_of(User.objects.get(pk=sam.pk)))
    assert "Samuel" not in signed_in(samantha).get(PAGE).content.decode()


def test_a_persons_own_addresses_stay_in_their_data_L51(bob):
    EmailAddress.objects.create(user=bob, email="second@home.example", verified=False)
    record(bob, kind="address.changed", previous="o'bob@old.example", address=bob.email)
    readable = Readable(bob)
    own = f"'{bob.email}', second@home.example and o'bob@old.example"

    assert readable.without_addresses(own) == own
    assert readable.without_addresses("emma@alder.example") == "(address of somebody else)"


def record(person, **event):
    with transaction.atomic():
        record_event(actor=person, person=person, **event)
