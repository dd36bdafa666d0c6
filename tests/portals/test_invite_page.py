"""Inviting people, pasted or from a file: check, send, and offer access."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Invitation, Membership
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.teams import create_team
from portals.models import OfferedGrant, PersonGrant, TeamGrant

DNS = "domains.domain.manage_dns"


@pytest.fixture
def page(alder):
    return reverse("portals:invite", args=[alder.slug])


def value(resource, privilege):
    return f"{resource.pk}:{privilege.pk}"


def carried(response):
    """What the page would send on: every hidden field."""
    found: dict[str, list[str]] = {}
    html = response.content.decode()
    form = html[html.index("<main") :].split("</form>")[0]
    for name, text in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(
            text.replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">")
            .replace("&#x27;", "'").replace("&amp;", "&")
        )  # fmt: skip
    found.pop("csrfmiddlewaretoken", None)
    return found


def states(response):
    return [(entry.address, entry.state.value) for entry in response.context["examined"]]


def csv(text, name="people.csv"):
    data = text if isinstance(text, bytes) else text.encode()
    return SimpleUploadedFile(name, data, content_type="text/csv")


def snapshot():
    return [
        list(model.objects.order_by("pk").values())
        for model in (Invitation, Membership, OfferedGrant, AuditEvent)
    ]


def test_many_are_checked_and_sent(as_, alice, alder, page, deliver):
    invite_person(actor=alice, customer=alder, address="ivan@alder.example")
    client, before = as_(alice), snapshot()
    pasted = (
        'Gina Côté <Gina@Alder.example>\n"Hall, Hugo" <hugo@alder.example>\nbob@alder.example,'
        " ivan@alder.example\nGINA@alder.example\nnobody\n"
    )

    checked = client.post(page, {"act": "check", "people": pasted, "role": "user"})

    rows = [
        ("gina@alder.example", "valid"),
        ("hugo@alder.example", "valid"),
        ("bob@alder.example", "already_member"),
        ("ivan@alder.example", "already_invited"),
        ("gina@alder.example", "duplicate"),
        ("", "bad"),
    ]
    assert states(checked) == rows
    assert snapshot() == before, "a dry run writes nothing"
    html = checked.content.decode()
    for words in (
        "Send 2 invitations",
        "Already a member",
        "Already invited",
        "address is not complete",
    ):
        assert words in html

    sent = client.post(page, {**carried(checked), "act": "send"})

    assert states(sent) == [(a, "sent" if s == "valid" else s) for a, s in rows]
    offer = Invitation.objects.get(address="hugo@alder.example")
    assert (offer.name, offer.role) == ("Hall, Hugo", "user")
    assert {m.to[0] for m in deliver()} >= {"gina@alder.example", "hugo@alder.example"}
    assert AuditEvent.objects.filter(kind="invitation.sent").count() >= 2

    before = snapshot()
    again = client.post(page, {**carried(checked), "act": "send"})
    assert [state for _address, state in states(again)][:2] == [
        "already_invited",
        "already_invited",
    ]
    assert snapshot() == before, "sent twice, invited once"


def test_the_second_step_checks_again(as_, alice, alder, page):
    client = as_(alice)
    checked = client.post(
        page, {"act": "check", "people": "a@alder.example b@alder.example", "role": "user"}
    )
    invite_person(actor=alice, customer=alder, address="a@alder.example")

    sent = client.post(page, {**carried(checked), "act": "send"})

    assert states(sent) == [("a@alder.example", "already_invited"), ("b@alder.example", "sent")]


def test_a_file_has_roles_phones_and_teams(as_, alice, alder, page):
    """French headings in any order; a spreadsheet's apostrophe comes off."""
    text = (
        "Équipe;Courriel;Nom;Rôle;Téléphone\r\n"
        "back  OFFICE;gina@alder.example;Gina Côté;Super utilisateur;'+1 418 555 0100\r\n"
        ";hugo@alder.example;;user;\r\n"
        "Nowhere;ivan@alder.example;;;\r\n"
        ";jo@alder.example;;Owner;\r\n"
    )
    create_team(actor=alice, customer=alder, name="Back office")
    client, before = as_(alice), snapshot()

    checked = client.post(page, {"act": "check", "file": csv(text), "role": "user"})

    assert [state for _address, state in states(checked)] == ["valid", "valid", "bad", "bad"]
    html = checked.content.decode()
    assert "No team has this name" in html
    assert "Enter User or Super User" in html
    assert snapshot() == before

    client.post(page, {**carried(checked), "act": "send"})

    gina = Invitation.objects.get(address="gina@alder.example")
    assert (gina.role, gina.work_phone, gina.team.name) == (
        "super_user", "+1 418 555 0100", "Back office",
    )  # fmt: skip
    assert Invitation.objects.get(address="hugo@alder.example").role == "user"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_files_of_spreadsheet_programs_are_accepted(encoding, as_, alice, page):
    text = "name,address\r\nGina Côté,gina@alder.example\r\n".encode(encoding)

    checked = as_(alice).post(page, {"act": "check", "file": csv(text), "role": "user"})

    assert states(checked) == [("gina@alder.example", "valid")]
    assert checked.context["examined"][0].invitee.name == "Gina Côté"


def test_unknown_columns_are_named_by_hand(as_, alice, page):
    text = "Who,Where\nGina,gina@alder.example\nHugo,hugo@alder.example\n"
    client = as_(alice)
    asked = client.post(
        page, {"act": "check", "file": csv(text), "role": "super_user", "reason": "New branch"}
    )
    assert "What do the columns contain?" in asked.content.decode()
    assert "gina@alder.example" in asked.content.decode()

    for wrong in (["", ""], ["address", "address"], ["name", ""], ["address", "x"]):
        again = client.post(page, {**carried(asked), "act": "check", "column": wrong})
        assert "What do the columns contain?" in again.content.decode(), wrong

    checked = client.post(page, {**carried(asked), "act": "check", "column": ["name", "address"]})
    assert states(checked) == [("gina@alder.example", "valid"), ("hugo@alder.example", "valid")]
    assert {entry.role for entry in checked.context["examined"]} == {"super_user"}
    assert carried(checked)["reason"] == ["New branch"]


def test_a_file_without_heading(as_, alice, page):
    asked = as_(alice).post(
        page,
        {"act": "check", "file": csv("g@alder.example,Gina\nh@alder.example\n"), "role": "user"},
    )
    checked = as_(alice).post(
        page, {**carried(asked), "act": "check", "column": ["address", "name"]}
    )
    assert states(checked) == [("g@alder.example", "valid"), ("h@alder.example", "valid")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not a CSV file"),
        (b'"address\nbroken', "quotation mark"),
        (b"address\n" + b"a@b.example\n" * 600, "too many lines"),
        (b"x" * 600_000, "too big"),
    ],
)
def test_bad_files_are_refused_with_a_reason(data, words, as_, alice, page):
    answer = as_(alice).post(page, {"act": "check", "file": csv(data), "role": "user"})

    assert words in " ".join(answer.context["form"].errors["file"])
    assert not Invitation.objects.filter(accepted_at=None).exists()


def test_too_many_people_at_once_are_refused(as_, alice, page):
    people = "\n".join(f"p{n}@alder.example" for n in range(501))

    answer = as_(alice).post(page, {"act": "check", "people": people, "role": "user"})

    assert "at most 500" in answer.context["form"].errors["people"][0]


@pytest.mark.parametrize("act", ["check", "send"])
@pytest.mark.parametrize(
    ("field", "odd"),
    [
        ("rows", "nonsense"), ("rows", "{}"), ("rows", "[[1,2,3,4,5]]"), ("rows", '[["a"],3]'),
        ("rows", '[["a","b","c","d","e","f"]]'), ("rows", "[" * 5000),
        ("table", '[["x",["a"]]]'), ("table", "[[1]]"), ("table", "[1]"), ("team", "x"),
        ("team", "00000000-0000-0000-0000-000000000000"), ("role", "owner"), ("role", ""),
        ("starts_at", "soon"), ("reason", "a\x00b"), ("reason", "x" * 501), ("is_staff", "1"),
        ("privileges", "1:2"), ("privileges", "x"), ("expires_at", "2001-01-01T00:00"),
    ],
)  # fmt: skip
def test_bad_input_invites_nobody(act, field, odd, as_, alice, page):
    client, before = as_(alice), snapshot()
    good = {"people": "new@alder.example", "rows": '[["new@alder.example"]]', "role": "user"}

    answer = client.post(page, {**good, "act": act, field: odd})

    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert snapshot() == before


@pytest.mark.parametrize("people", ["", " \n,;\n"])
def test_an_empty_list_is_refused(people, as_, alice, page):
    answer = as_(alice).post(page, {"act": "check", "people": people, "role": "user"})

    assert answer.context["form"].errors["people"]


def test_change_keeps_what_was_typed(as_, alice, page, alder):
    team = alder.teams.get()
    client = as_(alice)
    checked = client.post(
        page,
        {"act": "check", "people": "g@alder.example\nbad", "role": "super_user", "team": team.uuid},
    )
    html = client.post(page, {**carried(checked), "act": "change"}).content.decode()
    assert "g@alder.example\nbad" in html
    assert f'name="team" value="{team.uuid}" checked' in html

    checked = client.post(page, {"act": "check", "file": csv("mail\ng@x.example"), "role": "user"})
    changed = client.post(page, {**carried(checked), "act": "change"})
    assert "1 person from your file" in changed.content.decode()
    again = client.post(page, {**carried(changed), "act": "check", "role": "user"})
    assert states(again) == [("g@x.example", "valid")]


def test_the_downloaded_report_has_no_formulas(as_, alice, bob, charlie, page):
    checked = as_(alice).post(
        page,
        {"act": "check", "people": '"=1+1" <g@alder.example>\n=cmd@nowhere', "role": "user"},
    )
    there = reverse("portals:invite-report", args=["alder"])
    report = {"report": checked.context["report"]}

    answer = as_(alice).post(there, report)

    text = b"".join(answer.streaming_content).decode()
    assert answer["Content-Type"].startswith("text/csv")
    assert "'=1+1" in text
    assert "'=cmd@nowhere" in text
    assert "Can be invited" in text
    assert as_(alice).post(there, {"report": "forged"}).status_code == 400
    assert as_(bob).post(there, report).status_code == 403
    assert as_(charlie).post(there, report).status_code == 404


# --- Rights and teams inside ---


def one(**more):
    return {"act": "send", "rows": '[["gina@alder.example", "Gina Côté"]]', "role": "user", **more}


def test_offered_access_is_in_force_from_the_acceptance(
    as_, alice, page, resource, privilege_of, deliver
):
    domain = resource("domain", "alder.example")
    client = as_(alice)
    added = client.post(
        page, {"act": "add", "new_resource": f"resource:{domain.pk}", "people": "gina@alder.ex"}
    )
    assert "Change DNS records" in added.content.decode()
    assert "gina@alder.ex" in added.content.decode()
    assert not Invitation.objects.filter(address__startswith="gina").exists()

    checked = client.post(
        page,
        {
            "act": "check",
            "people": "Gina@Alder.example, hugo@alder.example",
            "role": "user",
            "resource": domain.pk,
            "privileges": value(domain, privilege_of(DNS)),
        },
    )
    assert "“Change DNS records” on alder.example" in checked.content.decode()
    client.post(page, {**carried(checked), "act": "send"})
    assert OfferedGrant.objects.filter(invitation__customer__slug="alder").count() == 2

    message = [mail for mail in deliver() if mail.to == ["gina@alder.example"]][-1]
    link = next(word for word in message.body.split() if "/invitations/" in word)
    token = link.rstrip("/").rsplit("/", 1)[1]
    gina = accept_invitation(
        actor=None, token=token, name="Gina Côté", password="a long passphrase 1"
    ).user

    assert gina.has_perm(f"portals.{DNS}", domain)
    assert not gina.has_perm("portals.domains.domain.renew", domain)


def test_an_offer_is_all_or_nothing(as_, alice, page, resource, privilege_of):
    """A resource of another company among the offers refuses the whole invitation."""
    own, foreign = resource("domain", "alder.example"), resource("domain", "birch.example")
    as_(alice).post(
        page,
        one(
            resource=[own.pk, foreign.pk],
            privileges=[value(own, privilege_of(DNS)), value(foreign, privilege_of(DNS))],
        ),
    )
    assert not Invitation.objects.filter(address="gina@alder.example").exists()


def test_a_sensitive_offer_needs_a_reason_and_a_fresh_sign_in(
    as_, alice, page, resource, privilege_of
):
    mailbox = resource("mailbox", "billing@alder.example")
    post = one(resource=mailbox.pk, privileges=value(mailbox, privilege_of("webmail.mailbox.read")))
    for act in ("check", "send"):
        refused = as_(alice).post(page, {**post, "act": act})
        assert "reason" in refused.context["form"].errors
    reasoned = {**post, "reason": "new colleague"}
    assert as_(alice).post(page, {**reasoned, "act": "check"}).context["valid"] == 1

    response = as_(alice).post(page, reasoned)

    assert reverse("account_reauthenticate") in response["Location"]
    assert not Invitation.objects.filter(address="gina@alder.example").exists()


def test_too_many_offers_are_refused(as_, alice, page, resource, privilege_of, monkeypatch):
    monkeypatch.setattr("portals.services.offered_grants.MAX_OFFERS", 1)
    domain = resource("domain", "alder.example")
    privileges = {"resource": domain.pk, "privileges": value(domain, privilege_of(DNS))}
    people = '[["a@alder.example"], ["b@alder.example"]]'

    answer = as_(alice).post(page, one(**privileges, rows=people))

    assert "so many permissions" in answer.content.decode()
    assert not Invitation.objects.filter(address="a@alder.example").exists()


def test_a_team_is_joined_at_acceptance(as_, alice, alder, page, deliver):
    team = create_team(actor=alice, customer=alder, name="Back office")
    as_(alice).post(page, one(team=team.uuid))

    message = [mail for mail in deliver() if mail.to == ["gina@alder.example"]][-1]
    token = next(w for w in message.body.split() if "/invitations/" in w).rstrip("/").split("/")[-1]
    gina = accept_invitation(actor=None, token=token, name="Gina", password="a long passphrase 1")

    assert gina.team_memberships.get().team == team
    assert AuditEvent.objects.filter(kind="team.member_added", person=gina.user).exists()


@pytest.fixture
def sensitive_team(alder, alice, resource, privilege_of):
    """The reception, which may also read a colleague's mail."""
    team = alder.teams.get()
    TeamGrant.objects.create(
        group=team.group,
        permission_id=privilege_of("webmail.mailbox.read").pk,
        content_object=resource("mailbox", "billing@alder.example"),
        granted_by=alice,
    )
    return team


def test_offering_a_sensitive_team_needs_the_same_care(
    as_, alice, page, sensitive_team, deliver, resource
):
    """Offering a team with a sensitive grant needs what offering the grant needs (B9)."""
    team = {"team": sensitive_team.uuid}
    refused = as_(alice).post(page, one(**team))
    assert "reason" in refused.context["form"].errors
    stale = as_(alice).post(page, one(**team, reason="Reads the bills"))
    assert reverse("account_reauthenticate") in stale["Location"]
    assert not Invitation.objects.filter(address="gina@alder.example").exists()

    client = as_(alice)
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": timezone.now().timestamp()}
    ]
    session["account_authentication_methods_user"] = str(alice.pk)
    session.save()
    client.post(page, one(**team, reason="Reads the bills"))
    message = [mail for mail in deliver() if mail.to == ["gina@alder.example"]][-1]
    token = next(w for w in message.body.split() if "/invitations/" in w).rstrip("/").split("/")[-1]
    gina = accept_invitation(
        actor=None, token=token, name="Gina", password="a long passphrase 1"
    ).user

    mailbox = resource("mailbox", "billing@alder.example")
    assert gina.has_perm("portals.webmail.mailbox.read", mailbox)
    assert any("billing@alder.example" in m.body for m in deliver() if m.to == [gina.email])
    assert not PersonGrant.objects.filter(user=gina, content_object=mailbox).exists()


@pytest.mark.parametrize("who", ["bob", "dana", "charlie"])
def test_others_cannot_invite(who, request, as_, page):
    client, before = as_(request.getfixturevalue(who)), snapshot()
    expected = 403 if who == "bob" else 404
    assert client.get(page).status_code == expected
    for act in ("add", "check", "send", "change", ""):
        assert client.post(page, one(act=act)).status_code == expected
    assert snapshot() == before


def test_names_in_any_script_are_accepted(as_, alice, page):
    checked = as_(alice).post(
        page, {"act": "check", "people": "王 小美 ‍🙂 <mei@alder.example>", "role": "user"}
    )
    as_(alice).post(page, {**carried(checked), "act": "send"})
    assert Invitation.objects.get(address="mei@alder.example").name == "王 小美 ‍🙂"


def test_resources_are_added_by_what_is_typed(as_, alice, page, resource):
    client = as_(alice)
    info = resource("mailbox", "info@alder.example")

    added = client.post(page, one(act="add", new_resource="INFO@"))
    assert [offer["resource"] for offer in added.context["offers"]] == [info]

    html = client.post(page, one(act="add", new_resource="alder.example")).content.decode()
    assert "Several matches for “alder.example”" in html
    assert f'type="checkbox" name="new_resource" value="resource:{info.pk}"' in html
    html = client.post(page, one(act="add", new_resource="zzz")).content.decode()
    assert "No match for “zzz”" in html
