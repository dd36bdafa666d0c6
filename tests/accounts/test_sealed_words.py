"""Personal words of the activity log are sealed, and erased with a key (L57)."""

import csv
import io
import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts.choices import EVENT_SENTENCES
from accounts.encryption import WordCipher, key_name
from accounts.models import AuditEvent, SubjectKey, User
from accounts.models.audit import chain_name
from accounts.models.subjects import PURPOSE
from accounts.selectors import details_of, sentence_of
from accounts.selectors.activity import ActivityFilter, find_activity, people_named
from accounts.selectors.event_details import EVENT_DETAILS, EVENT_IDENTITIES
from accounts.selectors.events import placeholders_of, undeclared_words
from accounts.services.audit import record_event, verify_chain
from accounts.services.invitations import accept_invitation, correct_invitation, invite_person
from accounts.services.memberships import remove_membership, update_work_details
from accounts.services.people import update_profile
from accounts.services.subject_keys import ErasureRefused, erase_words, reseal_subject_keys
from accounts.services.teams import add_to_team, create_team
from accounts.services.undo import undo_event
from tests.portals.test_activity_facts import SAMPLES

EVENT_TABLES = ("auditevent", "auditeventperson", "auditeventresource", "auditchain")
REASON = "Bobby from the harbour choir moves away"


def dump(*more: str) -> str:
    """All that the database holds of the activity log, and of more tables, as text."""
    rows = []
    with connection.cursor() as cursor:
        for table in (*EVENT_TABLES, *more):
            cursor.execute(f"SELECT * FROM accounts_{table}")
            rows += [str(value) for row in cursor.fetchall() for value in row]
    # Random text of keys and seals may hold any short word by chance.
    return re.sub(r"[\w+/=-]{40,}", "", "\n".join(rows)).lower()


@pytest.fixture
def privacy(olive) -> User:
    """Return a member of staff who may erase."""
    olive.user_permissions.add(Permission.objects.get(codename="delete_subjectkey"))
    return User.objects.get(pk=olive.pk)


@pytest.fixture
def leave(alice, bob, dana, membership, alder):
    """Bob does and undergoes all sorts of acts; then he leaves, and his account ends."""
    update_profile(actor=bob, name="Bob Tremblay-Roy")
    place = membership(bob)
    update_work_details(
        actor=alice, membership=place, work_name="Bob Tremblay", work_phone="555-0199"
    )
    team = create_team(actor=alice, customer=alder, name="Night shift")
    add_to_team(
        actor=alice, team=team, membership=place, reason=REASON, signed_in_at=timezone.now()
    )
    with transaction.atomic():
        record_event(kind="customer.suspended", actor=bob, customer=alder, concerned=[bob.pk],
                     reason=REASON)  # fmt: skip
        record_event(kind="address.changed", actor=bob, person=bob, address=bob.email,
                     previous="bobby@old.example")  # fmt: skip
        record_event(kind="grant.revoked", actor=alice, customer=alder, person=bob,
                     grantee="Bob Tremblay", resource=bob.email, privilege={"en": "Read"},
                     reason=REASON)  # fmt: skip
        record_event(kind="invitation.sent", actor=alice, customer=alder, role="user",
                     address="Bobby@old.example")  # fmt: skip
        record_event(kind="support.limits_lifted", actor=dana, person=bob, case="x",
                     ticket="T-1", reason=REASON)  # fmt: skip
    remove_membership(actor=alice, membership=place)
    User.objects.filter(pk=bob.pk).update(is_active=False, suspended_at=timezone.now())
    bob.refresh_from_db()
    return bob


BOBS_WORDS = ("bob ", "tremblay", "bob@", "bobby", "555-0199", "harbour choir")


def test_nothing_personal_is_in_the_clear_and_everything_is_readable_L57(leave, alder):
    written = dump()

    assert not [word for word in BOBS_WORDS if word in written]
    log = "\n".join(
        "\n".join(
            [sentence_of(event), *(line for _label, lines in details_of(event) for line in lines)]
        )
        for event in AuditEvent.objects.all()
    ).lower()
    assert not [word for word in BOBS_WORDS if word not in log]


def test_without_the_key_the_words_are_gone_and_the_chain_holds_L57(
    leave, privacy, alder, as_, alice, dana, tmp_path
):
    export = tmp_path / "export.jsonl"
    call_command("audit", "export", stdout=(out := StringIO()))
    export.write_text(out.getvalue())
    assert "Bob Tremblay" in out.getvalue()

    event = erase_words(actor=privacy, person=leave)

    assert not [word for word in BOBS_WORDS if word in dump("subjectkey")]
    assert verify_chain(chain_name(alder)) > 10
    verify_chain("provider")
    call_command("audit", "verify", "--against", str(export), stdout=StringIO())
    assert event.data.keys() == {"subject_keys"}
    assert event.person is None

    call_command("audit", "export", stdout=(out := StringIO()))
    assert not [word for word in BOBS_WORDS if word in out.getvalue().lower()]
    assert any(None in json.loads(line).get("words", []) for line in out.getvalue().splitlines())

    page = as_(alice).get(reverse("accounts:activity", args=["alder"]))
    assert page.status_code == 200
    text = page.content.decode()
    assert "Alice Martin removed a former member from the company." in text
    assert not [word for word in BOBS_WORDS if word in text.lower()]
    address = reverse("accounts:activity-export", args=["alder", "csv"])
    rows = list(csv.reader(io.StringIO(as_(alice).post(address).getvalue().decode("utf-8-sig"))))
    assert any("a former member" in row[2] for row in rows)
    assert any(row[1] == "a former member" for row in rows)
    assert not any("tremblay" in str(row).lower() or "choir" in str(row) for row in rows)


def test_every_event_can_be_shown_without_its_words_L57(leave, privacy, alder):
    """Sentences and details of all events, in both languages, and nothing raises."""
    everybody = list(User.objects.all())
    User.objects.update(is_active=False)
    User.objects.filter(pk=privacy.pk).update(is_active=True)
    for person in everybody:
        if person != privacy:
            erase_words(actor=privacy, person=person)
    for language, former, address in (
        ("en", "a former member", "a deleted address"),
        ("fr", "un ancien membre", "une adresse supprimée"),
    ):
        with translation.override(language):
            said = "\n".join(
                f"{sentence_of(event)} {event.actor_name} {details_of(event)}"
                for event in AuditEvent.objects.all()
            )
        assert "Tremblay" not in said
        if language == "en" or former in said:  # the catalogue may come later
            assert former in said
            assert address in said


def test_the_own_history_and_the_desk_say_a_former_member_L57(leave, privacy, as_, dana):
    erase_words(actor=privacy, person=leave)
    User.objects.filter(pk=leave.pk).update(is_active=True, suspended_at=None)
    desk = as_(dana).get(reverse("accounts:desk-person", args=[leave.sub]))
    own = as_(leave).get(reverse("accounts:history"))

    assert desk.status_code == own.status_code == 200
    assert "choir" not in desk.content.decode()
    assert "lifted the sign-in limits of a former member" in desk.content.decode()
    assert "a former member" in own.content.decode()
    for form in ("csv", "jsonl"):
        text = as_(leave).post(reverse("accounts:history-export", args=[form])).getvalue().decode()
        assert "choir" not in text
        assert form == "csv" or None in [
            json.loads(line)["actor_name"] for line in text.splitlines()
        ]


def test_the_log_of_somebody_is_found_without_their_words_L57(leave, privacy, alder):
    before = {event.pk for event in find_activity(alder, ActivityFilter(person=leave), size=200)}
    erase_words(actor=privacy, person=leave)
    after = {event.pk for event in find_activity(alder, ActivityFilter(person=leave), size=200)}

    assert before == after != set()
    assert people_named(alder, "Tremblay") == [leave]  # until the membership is blanked too


def test_an_undo_finds_what_it_needs_without_the_words(alice, bob, alder, membership, privacy):
    event = remove_membership(actor=alice, membership=membership(bob))
    User.objects.filter(pk=bob.pk).update(is_active=False, suspended_at=timezone.now())
    erase_words(actor=privacy, person=bob)
    User.objects.filter(pk=bob.pk).update(is_active=True, suspended_at=None)

    undo_event(actor=alice, event=AuditEvent.objects.get(pk=event.pk))

    assert membership(bob)


def test_only_who_may_erase_does_L57(leave, olive, dana, alice):
    for actor in (alice, dana, olive):
        with pytest.raises(PermissionDenied):
            erase_words(actor=actor, person=leave)
    assert SubjectKey.objects.filter(user=leave).exists()


def test_the_words_about_an_account_in_use_stay_L57(privacy, emma):
    with transaction.atomic():
        record_event(kind="sign_in.done", actor=emma, person=emma)
    for who in ({"person": emma}, {"address": emma.email}):
        with pytest.raises(ErasureRefused, match="in use"):
            erase_words(actor=privacy, **who)
    key = SubjectKey.objects.get(user=emma)
    with pytest.raises(DatabaseError), transaction.atomic():
        key.delete()


def test_erasing_again_does_nothing(leave, privacy):
    assert erase_words(actor=privacy, person=leave) is not None
    assert erase_words(actor=privacy, person=leave) is None
    assert erase_words(actor=privacy) is None


def test_an_address_without_an_account_is_erased_L57(alice, alder, privacy, emma):
    invite_person(actor=alice, customer=alder, address="lou@alder.example", name="Lou")
    event = AuditEvent.objects.filter(kind="invitation.sent").latest("pk")
    assert "lou@alder.example" in sentence_of(event)

    erase_words(actor=privacy, address="lou@alder.example")

    event = AuditEvent.objects.get(pk=event.pk)
    assert "invited a deleted address as" in sentence_of(event)
    assert "lou@" not in dump("subjectkey")
    assert verify_chain(chain_name(alder))


def test_an_invited_address_becomes_a_person_and_is_erased_with_them_L57(join, privacy):
    gina = join("gina")
    User.objects.filter(pk=gina.pk).update(is_active=False, suspended_at=timezone.now())

    erase_words(actor=privacy, person=gina)

    assert "gina" not in dump("subjectkey")


@pytest.mark.parametrize("kind", sorted(EVENT_SENTENCES))
def test_every_fact_is_declared_as_personal_words_or_not(kind):
    """Each placeholder, detail and identity of each kind of event."""
    names = placeholders_of(str(EVENT_SENTENCES[kind])) - {"actor"}
    data = dict.fromkeys(names, "x") | dict.fromkeys(EVENT_IDENTITIES, "x")
    data |= {name: SAMPLES.get(name, ["x"])[0] for name in EVENT_DETAILS if name not in data}
    if "previous" not in names:
        del data["previous"]  # it is somebody's in some kinds, and declared for each

    assert undeclared_words(kind, data) == []
    assert undeclared_words(kind, data | {"new": [{"fact": "x"}]}) == ["new.fact"]


def test_a_word_that_nobody_declared_is_sealed(alice, bob, alder, monkeypatch):
    from django.db.models.signals import post_save

    receivers, post_save.receivers = post_save.receivers, []
    try:
        with transaction.atomic():
            event = record_event(kind="team.created", actor=alice, customer=alder, person=bob,
                                 team="T", surprise="Bobby")  # fmt: skip
    finally:
        post_save.receivers = receivers
    assert "bobby" not in dump()
    assert AuditEvent.objects.get(pk=event.pk).data["surprise"] == "Bobby"


def test_words_are_sealed_under_the_key_of_whom_they_are_about_L57(alice, bob, emma, alder):
    with transaction.atomic():
        event = record_event(
            kind="team.member_added", team="T", actor=alice, customer=alder, person=bob,
            reason=REASON, concerned=[emma.pk],
        )  # fmt: skip

    keys = {str(key.pk): key.user for key in SubjectKey.objects.select_related("user")}
    by_person = {
        keys[part[0]]: words for part, words in zip(event.sealed, event.parts, strict=True)
    }
    assert by_person[alice][:-1] == ["Alice Martin"]
    assert set(by_person[bob][:-1]) == {"Bob Tremblay", REASON}
    assert by_person[emma][:-1] == ["Emma Roy"]
    assert len(event.sealed) == 3


def test_no_word_of_the_example_is_about_nobody(db):
    assert not SubjectKey.objects.filter(address="").exists()


def test_a_page_opens_its_events_with_one_query_L57(alice, alder):
    people = User.objects.bulk_create(
        User(email=f"p{n}@crowd.example", name=f"Person {n}") for n in range(40)
    )
    with transaction.atomic():
        for person in people:
            record_event(kind="membership.suspended", actor=alice, customer=alder, person=person)
    events = list(AuditEvent.objects.filter(customer=alder).order_by("-pk")[:40])

    with CaptureQueriesContext(connection) as queries:
        said = [(sentence_of(event), details_of(event)) for event in events]

    assert len(queries) == 1
    assert len({sentence for sentence, _details in said}) == 40
    with CaptureQueriesContext(connection) as queries:
        assert events[0].parts
    assert len(queries) == 0


def test_thousands_concerned_cost_a_few_queries(alice, alder):
    people = User.objects.bulk_create(
        User(email=f"p{n}@crowd.example", name=f"Person {n}") for n in range(1500)
    )
    keys = [person.pk for person in people]
    counts = []
    for _time in range(2):  # the first makes the keys
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            event = record_event(
                kind="team.deleted", actor=alice, customer=alder, team="T", people=0, privileges=0,
                concerned=keys,
            )  # fmt: skip
        counts.append(len(queries))

    assert counts[1] < 30
    assert len(AuditEvent.objects.get(pk=event.pk).data["concerned"]) == 1500
    assert SubjectKey.objects.filter(user__in=keys).count() == 1500


def test_an_event_fetches_its_keys_with_one_query(alice, bob, alder):
    def write():
        with transaction.atomic():
            record_event(kind="membership.suspended", actor=alice, customer=alder, person=bob)

    write()
    with CaptureQueriesContext(connection) as queries:
        write()
    assert len([query for query in queries if "subjectkey" in query["sql"]]) == 1


def test_keys_move_to_a_new_secret_key_and_the_former_goes(settings, alice, alder):
    event = AuditEvent.objects.filter(customer=alder, actor=alice).latest("pk")
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new secret key" * 4, [former]
    assert AuditEvent.objects.get(pk=event.pk).actor_name == "Alice Martin"

    assert reseal_subject_keys() == SubjectKey.objects.count() > 0
    assert reseal_subject_keys() == 0

    settings.SECRET_KEY_FALLBACKS = []
    assert AuditEvent.objects.get(pk=event.pk).actor_name == "Alice Martin"
    names = {key.sealed_key.partition(":")[0] for key in SubjectKey.objects.all()}
    assert names == {key_name(PURPOSE)}


def test_without_the_secret_key_acts_go_on_and_words_come_back_with_it(settings, alice, alder):
    event = AuditEvent.objects.filter(customer=alder, actor=alice).latest("pk")
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another secret key" * 4, []
    with transaction.atomic():
        new = record_event(kind="sign_in.done", actor=alice, person=alice)
    assert AuditEvent.objects.get(pk=new.pk).actor_name == "Alice Martin"
    assert str(AuditEvent.objects.get(pk=event.pk).actor_name) == "a former member"

    settings.SECRET_KEY_FALLBACKS = [former]

    for each in (event, new):
        assert AuditEvent.objects.get(pk=each.pk).actor_name == "Alice Martin"


def test_the_same_words_are_sealed_differently_each_time():
    cipher = WordCipher(WordCipher.make_key())
    first, second = cipher.seal(["Bob"]), cipher.seal(["Bob"])
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert cipher.open(first[0])[:-1] == ["Bob"]


def test_events_in_the_clear_stay_readable_and_verify(alder):
    """An event from before words were sealed has no sealed part, and hashes as it did."""
    event = AuditEvent(
        chain="customer:1", sequence=1, at=timezone.now() - timedelta(1), kind="team.created",
        actor_name="Bob", data={"team": "T"}, previous_hash="0" * 64,
    )  # fmt: skip
    assert event.content().keys() == {
        "chain", "sequence", "at", "kind", "actor", "actor_name", "person", "data", "previous_hash",
    }  # fmt: skip
    assert event.actor_name == event.content()["actor_name"] == "Bob"
    assert event.data == event.content()["data"] == {"team": "T"}


def test_a_mistyped_address_of_an_invitation_goes_with_the_person_L57(alice, alder, privacy):
    """Neither event of the wrong address is about a person: it leads on by the right one."""
    invitation = invite_person(actor=alice, customer=alder, address="zachary.smiht@alder.example")
    corrected = correct_invitation(
        actor=alice, invitation=invitation, address="zachary.smith@alder.example"
    )
    zachary = accept_invitation(
        actor=None, token=corrected.token, name="Zachary", password="three short words"
    ).user
    User.objects.filter(pk=zachary.pk).update(is_active=False)

    erase_words(actor=privacy, person=User.objects.get(pk=zachary.pk))

    words = str([event.data for event in AuditEvent.objects.filter(kind__startswith="invitation.")])
    assert "zachary" not in words.lower()
