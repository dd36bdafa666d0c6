"""Connecting a company's own sign-in: who may, what is proven first, and who is told."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, CompanyDomain, CompanySignIn
from accounts.openid.discovery import discover
from accounts.permissions import FreshSignInRequired
from accounts.selectors.company_sign_in import sign_in_for_address
from accounts.services import company_sign_in as services
from accounts.services import support
from accounts.services.company_sign_in import CompanySignInRefused
from accounts.services.memberships import change_role
from tests.accounts.company_provider import CLIENT_ID, ISSUER, SECRET, go
from tests.cases import verified_case

PAGE = "/c/alder/company/sign-in/"
STALE = timezone.now() - timedelta(minutes=6)


@pytest.fixture
def now():
    return timezone.now()


def connect(actor, customer, **changes):
    terms = {
        "provider": discover(ISSUER),
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "signed_in_at": timezone.now(),
        **changes,
    }
    return services.connect_provider(actor=actor, customer=customer, **terms)


# --- Who may ---


@pytest.mark.parametrize("who", ["bob", "charlie", "dana", "olive"])
def test_only_a_super_user_of_the_company_changes_anything(
    who, request, own_sign_in, alice, alder, now
):
    actor = request.getfixturevalue(who)
    domain = CompanyDomain.objects.get()
    before = AuditEvent.objects.count()
    acts = [
        lambda: connect(actor, alder),
        lambda: services.replace_client(
            actor=actor, customer=alder, client_id="x", client_secret="y", signed_in_at=now
        ),
        lambda: services.remove_provider(actor=actor, customer=alder, signed_in_at=now),
        lambda: services.start_company_sign_in(actor=actor, customer=alder, signed_in_at=now),
        lambda: services.stop_company_sign_in(actor=actor, customer=alder, signed_in_at=now),
        lambda: services.try_provider(actor=actor, sign_in=own_sign_in, claims={"sub": "x"}),
        lambda: services.unlink_person(
            actor=actor, customer=alder, address=alice.email, signed_in_at=now
        ),
        lambda: services.add_domain(actor=actor, customer=alder, domain="alder2.example"),
        lambda: services.prove_domain_by_dns(
            actor=actor, domain=domain, records=[domain.challenge]
        ),
        lambda: services.send_domain_link(actor=actor, domain=domain, mailbox="admin"),
        lambda: services.remove_domain(actor=actor, domain=domain, signed_in_at=now),
    ]
    for act in acts:
        with pytest.raises(PermissionDenied):
            act()
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("moment", [None, STALE])
def test_each_act_that_decides_who_comes_in_wants_a_fresh_sign_in(
    moment, own_sign_in, alice, alder
):
    domain = CompanyDomain.objects.get()
    acts = [
        lambda: connect(alice, alder, signed_in_at=moment),
        lambda: services.replace_client(
            actor=alice, customer=alder, client_id="x", client_secret="y", signed_in_at=moment
        ),
        lambda: services.remove_provider(actor=alice, customer=alder, signed_in_at=moment),
        lambda: services.start_company_sign_in(actor=alice, customer=alder, signed_in_at=moment),
        lambda: services.stop_company_sign_in(actor=alice, customer=alder, signed_in_at=moment),
        lambda: services.unlink_person(
            actor=alice, customer=alder, address=alice.email, signed_in_at=moment
        ),
        lambda: services.remove_domain(actor=alice, domain=domain, signed_in_at=moment),
    ]
    for act in acts:
        with pytest.raises(FreshSignInRequired):
            act()


# --- Before it goes in force ---


def test_it_goes_in_force_once_domain_trial_and_way_in_are_there(
    provider, alice, alder, now, deliver
):
    def start():
        return services.start_company_sign_in(actor=alice, customer=alder, signed_in_at=now)

    def refused(why):
        with pytest.raises(CompanySignInRefused, match=why):
            start()

    refused("No identity provider")
    own = connect(alice, alder)
    refused("Verify an email domain")
    domain = services.add_domain(actor=alice, customer=alder, domain="alder.example")
    services.prove_domain_by_dns(actor=alice, domain=domain, records=[domain.challenge])
    refused("Test it first")
    claims = {"sub": "alice-1", "email": alice.email, "email_verified": True}
    assert services.try_provider(actor=alice, sign_in=own, claims=claims).person == alice
    refused("Alice Tremblay must be able|must be able")
    Authenticator.objects.create(user=alice, type="totp", data={"secret": "x"})
    deliver().clear()

    assert start().is_in_force
    refused("already on")

    told = [message for message in deliver() if "through Alder Dental" in message.subject]
    assert {message.to[0] for message in told} == {
        "alice@alder.example",
        "bob@alder.example",
        "emma@alder.example",
    }


def test_an_app_without_a_password_is_no_way_in(connected, alice, alder, now):
    claims = {"sub": "alice-1", "email": alice.email, "email_verified": True}
    services.try_provider(actor=alice, sign_in=connected, claims=claims)
    Authenticator.objects.create(user=alice, type="totp", data={"secret": "x"})
    alice.set_unusable_password()
    alice.save()

    with pytest.raises(CompanySignInRefused, match="must be able"):
        services.start_company_sign_in(actor=alice, customer=alder, signed_in_at=now)


def test_the_trial_is_by_the_super_user_as_themselves(connected, provider, alice, fresh):
    client = fresh(alice)
    answer = client.get(f"{PAGE}try/")
    assert answer["Location"].startswith(f"{ISSUER}/authorize")
    provider.claims = {"sub": "bob-1", "email": "bob@alder.example"}
    assert provider.sign_in(client, answer["Location"]).context["problem"] == "other_sign_in"
    connected.refresh_from_db()
    assert connected.tried_at is None

    provider.claims = {"sub": "alice-1", "email": alice.email}
    answer = provider.sign_in(client, client.get(f"{PAGE}try/")["Location"])

    assert answer["Location"] == PAGE
    assert "you signed in through your identity provider" in client.get(PAGE).content.decode()
    connected.refresh_from_db()
    assert connected.tried_at is not None
    assert connected.identities.get().user == alice


def test_the_trial_says_that_the_provider_names_no_moment(connected, provider, alice, fresh):
    client = fresh(alice)
    provider.claims = {"sub": "alice-1", "email": alice.email, "auth_time": None}
    provider.sign_in(client, client.get(f"{PAGE}try/")["Location"])
    assert "auth_time" in client.get(PAGE).content.decode()


def test_another_client_is_tried_again_unless_it_is_in_force(
    connected, own_sign_in, alice, alder, now
):
    def change(secret):
        return services.replace_client(
            actor=alice, customer=alder, client_id="new", client_secret=secret, signed_in_at=now
        )

    assert change("rotated").tried_at is not None  # a secret that expires is replaced at once
    services.stop_company_sign_in(actor=alice, customer=alder, signed_in_at=now)
    change("again")
    connected.refresh_from_db()
    assert connected.tried_at is None and connected.client_id == "new"
    assert services.client_secret_of(connected) == "again"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"client_id": " "}, "client_id"),
        ({"client_id": "x" * 256}, "client_id"),
        ({"client_id": "a\u202eb"}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"client_secret": "x" * 1001}, "client_secret"),
        ({"strong_acr": ["two words"]}, "strong_acr"),
        ({"strong_acr": [str(n) for n in range(6)]}, "strong_acr"),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(changes, field, provider, alice, alder):
    with pytest.raises(ValidationError) as refusal:
        connect(alice, alder, **changes)
    assert list(refusal.value.message_dict) == [field]
    assert not CompanySignIn.objects.exists()


def test_a_company_connects_one_provider(connected, alice, alder):
    with pytest.raises(CompanySignInRefused, match="already connected"):
        connect(alice, alder)


def test_a_secret_under_a_former_key_is_sealed_anew(connected, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" + "y" * 40

    assert services.reseal_client_secrets() == 1 and services.reseal_client_secrets() == 0

    settings.SECRET_KEY_FALLBACKS = []
    connected.refresh_from_db()
    assert services.client_secret_of(connected) == SECRET


# --- Domains ---


@pytest.mark.parametrize(
    "domain",
    [
        *["gmail.com", "GMAIL.com", "outlook.com", "yahoo.ca", "localhost", "10.0.0.1"],
        *["-a.example", "a b.example", "https://a.example", "a@b@c", "", "x" * 300],
        *["harbour.example", "example."],
    ],
)
def test_a_domain_that_is_nobodys_own_or_no_domain_is_refused(domain, alice, alder):
    with pytest.raises(ValidationError) as refusal:
        services.add_domain(actor=alice, customer=alder, domain=domain)
    assert list(refusal.value.message_dict) == ["domain"]
    assert not CompanyDomain.objects.exists()


@pytest.mark.parametrize(
    ("written", "kept"),
    [("@Alder.Example", "alder.example"), ("straße.example", "xn--strae-oqa.example")],
)
def test_a_domain_is_kept_as_mail_servers_know_it(written, kept, alice, alder):
    row = services.add_domain(actor=alice, customer=alder, domain=written)
    assert row.domain == kept and row.proven_at is None


def test_a_domain_that_is_not_proven_means_nothing(own_sign_in, alice, alder):
    services.add_domain(actor=alice, customer=alder, domain="birch.example")
    assert sign_in_for_address("charlie@birch.example") is None


@pytest.mark.parametrize("records", [[], ["hub-domain-verification=0"], ["{} "], ["x{}"]])
def test_other_records_prove_nothing(records, alice, alder):
    row = services.add_domain(actor=alice, customer=alder, domain="alder.example")
    with pytest.raises(CompanySignInRefused, match="can't see the DNS record yet"):
        services.prove_domain_by_dns(
            actor=alice, domain=row, records=[text.format(row.challenge) for text in records]
        )


def test_a_domain_proven_by_one_company_is_no_other_companys(own_sign_in, charlie, birch, alice):
    with pytest.raises(ValidationError, match="Another company has verified this domain"):
        services.add_domain(actor=charlie, customer=birch, domain="alder.example")


def test_of_two_companies_that_claim_a_domain_the_first_to_prove_it_has_it(
    alice, alder, charlie, birch, now
):
    of_alder = services.add_domain(actor=alice, customer=alder, domain="group.example")
    of_birch = services.add_domain(actor=charlie, customer=birch, domain="group.example")
    services.prove_domain_by_dns(actor=charlie, domain=of_birch, records=[of_birch.challenge])

    with pytest.raises(CompanySignInRefused, match="Another company"):
        services.prove_domain_by_dns(actor=alice, domain=of_alder, records=[of_alder.challenge])
    with pytest.raises(ValidationError, match="Another company"):
        services.send_domain_link(actor=alice, domain=of_alder, mailbox="admin")
    of_alder.proven_at, of_alder.proof = now, "dns"
    with pytest.raises(IntegrityError), transaction.atomic():
        of_alder.save()

    services.remove_domain(actor=charlie, domain=of_birch, signed_in_at=now)
    services.prove_domain_by_dns(actor=alice, domain=of_alder, records=[of_alder.challenge])


def test_ones_own_domain_is_not_called_another_companys(own_sign_in, alice, alder):
    domain = CompanyDomain.objects.get()
    with pytest.raises(ValidationError) as refusal:
        services.add_domain(actor=alice, customer=alder, domain=domain.domain)
    assert not any("Another company" in text for text in refusal.value.messages)


def test_each_domain_of_a_company_is_proven_and_removed_alone(
    own_sign_in, alice, bob, alder, now, deliver
):
    first = CompanyDomain.objects.get()
    second, third = (
        services.add_domain(actor=alice, customer=alder, domain=f"{name}.example")
        for name in ("clinic", "school")
    )
    with pytest.raises(CompanySignInRefused, match="can't see the DNS record yet"):
        services.prove_domain_by_dns(actor=alice, domain=third, records=[second.challenge])
    services.prove_domain_by_dns(actor=alice, domain=second, records=[second.challenge])
    deliver().clear()
    services.remove_domain(actor=alice, domain=first, signed_in_at=now)
    told = {mail.to[0]: mail.subject for mail in deliver()}
    assert told[bob.email] == "You no longer sign in to Harbour through Alder Dental"

    left = dict(CompanyDomain.objects.values_list("domain", "proof"))
    assert left == {"clinic.example": "dns", "school.example": ""}
    assert sign_in_for_address("x@clinic.example") == own_sign_in
    assert sign_in_for_address("bob@alder.example") is None


def test_the_page_shows_nothing_of_another_company(own_sign_in, charlie, fresh):
    page = fresh(charlie).get("/c/birch/company/sign-in/").content.decode()
    assert ISSUER not in page and "alder.example" not in page


def test_a_domain_of_another_company_is_not_found(own_sign_in, charlie, fresh):
    domain = CompanyDomain.objects.get()
    for act in ("check", "email", "remove"):
        path = f"/c/birch/company/sign-in/domains/{domain.uuid}/{act}/"
        assert fresh(charlie).post(path).status_code == 404


def test_the_last_domain_stays_while_it_is_in_force(own_sign_in, alice, alder, now):
    domain = CompanyDomain.objects.get()
    with pytest.raises(CompanySignInRefused, match="last domain"):
        services.remove_domain(actor=alice, domain=domain, signed_in_at=now)
    services.stop_company_sign_in(actor=alice, customer=alder, signed_in_at=now)
    services.remove_domain(actor=alice, domain=domain, signed_in_at=now)


@pytest.fixture
def link(alice, alder, deliver):
    """Return the path of a link that was sent to postmaster@group.example."""
    row = services.add_domain(actor=alice, customer=alder, domain="group.example")
    services.send_domain_link(actor=alice, domain=row, mailbox="postmaster")
    (message,) = [message for message in deliver() if message.to == ["postmaster@group.example"]]
    assert "Alder Dental says that group.example is its email domain" in message.subject
    return "/accounts/domains/" + message.body.split("/accounts/domains/")[1].split()[0]


def test_a_link_to_the_domains_mailbox_proves_it_once_and_not_by_opening_it(link):
    client, row = Client(), CompanyDomain.objects.get()
    assert "Does group.example belong to Alder Dental?" in client.get(link).content.decode()
    client.head(link)
    row.refresh_from_db()
    assert row.proven_at is None  # as a scanner of emails opens it

    assert "Domain confirmed" in client.post(link).content.decode()
    row.refresh_from_db()
    assert row.proven_at is not None and row.proof == "email"
    assert client.get(link).status_code == client.post(link).status_code == 410


def test_an_old_or_unknown_link_proves_nothing(link):
    with time_machine.travel(timezone.now() + timedelta(days=3, seconds=1), tick=False):
        assert Client().post(link).status_code == 410
    assert Client().post("/accounts/domains/made-up/").status_code == 410
    assert CompanyDomain.objects.get().proven_at is None


def test_a_newer_link_replaces_the_older_one(link, alice):
    row = CompanyDomain.objects.get()
    with pytest.raises(CompanySignInRefused, match="Wait five minutes"):
        services.send_domain_link(actor=alice, domain=row, mailbox="admin")
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        services.send_domain_link(actor=alice, domain=row, mailbox="admin")
        assert Client().post(link).status_code == 410


@pytest.mark.parametrize("mailbox", ["alice", "", "Postmaster", "admin@evil.example,x"])
def test_a_link_goes_to_no_other_mailbox(mailbox, alice, alder):
    row = services.add_domain(actor=alice, customer=alder, domain="group.example")
    with pytest.raises(ValidationError, match="Choose one"):
        services.send_domain_link(actor=alice, domain=row, mailbox=mailbox)
    assert mail.outbox == []


# --- Support ---


def test_support_switches_it_off_with_a_receipt(own_sign_in, dana, alice, alder, deliver):
    deliver().clear()
    services.stop_as_support(actor=dana, customer=alder, ticket="T-7", reason="Entra is away.")

    own_sign_in.refresh_from_db()
    assert not own_sign_in.is_in_force
    kinds = AuditEvent.objects.filter(kind="support.company_sign_in_stopped")
    assert sorted(str(event.customer) for event in kinds) == ["Alder Dental", "None"]
    (receipt,) = [message for message in deliver() if "turned off" in message.subject]
    assert receipt.to == [alice.email] and "T-7" in receipt.body and "Entra" in receipt.body


@pytest.mark.parametrize("who", ["alice", "bob", "charlie"])
def test_nobody_else_switches_it_off_as_support(who, request, own_sign_in, alder):
    with pytest.raises(PermissionDenied):
        services.stop_as_support(
            actor=request.getfixturevalue(who), customer=alder, ticket="T", reason="R"
        )
    own_sign_in.refresh_from_db()
    assert own_sign_in.is_in_force


def test_the_desk_has_the_button_on_the_persons_page(own_sign_in, as_, dana, bob):
    client, page = as_(dana), f"/desk/{bob.sub}/"
    case = verified_case(dana, bob)
    text = client.get(page).content.decode()
    assert "Only through Alder Dental" in text
    assert "Switch off single sign-on" in text and "Send a reset link" not in text

    client.post(reverse("accounts:case-act", args=[case.uuid, "stop_sign_in"]))

    own_sign_in.refresh_from_db()
    assert not own_sign_in.is_in_force
    with pytest.raises(support.SupportRefused) as refusal:  # replayed
        support.switch_off_company_sign_in(actor=dana, case=case)
    assert refusal.value.code == "done"


# --- The page ---


def test_the_page_connects_proves_tries_and_switches_on(provider, alice, alder, fresh, monkeypatch):
    client = fresh(alice)
    page = client.get(PAGE).content.decode()
    assert "http://localhost:8000/accounts/company/alder/callback/" in page

    client.post(f"{PAGE}domains/", {"domain": "alder.example"})
    row = CompanyDomain.objects.get()
    page = client.get(PAGE).content.decode()
    assert row.challenge in page and "_hub-domain.alder.example" in page
    monkeypatch.setattr(
        "accounts.views.company_sign_in_settings.find_records", lambda _domain: [row.challenge]
    )
    client.post(f"{PAGE}domains/{row.uuid}/check/")
    answer = client.post(
        PAGE,
        {
            "issuer": f"{ISSUER}/.well-known/openid-configuration",
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "strong_acr": "gold\nplatinum",
        },
    )
    assert answer["Location"] == PAGE
    own = CompanySignIn.objects.get()
    assert own.strong_acr == ["gold", "platinum"]
    assert SECRET not in client.get(PAGE).content.decode()
    provider.claims = {"sub": "alice-1", "email": alice.email}
    provider.sign_in(client, client.get(f"{PAGE}try/")["Location"])
    Authenticator.objects.create(user=alice, type="webauthn", data={"name": "Laptop"})
    session = client.session
    session["account_authentication_methods"] += [
        {"method": "mfa", "type": "webauthn", "at": timezone.now().timestamp()}
    ]
    session.save()

    client.post(f"{PAGE}start/")

    own.refresh_from_db()
    assert own.is_in_force
    assert "acr_values=gold+platinum" in go(Client())
    client.post(f"{PAGE}stop/")
    client.post(f"{PAGE}remove/")
    assert not CompanySignIn.objects.exists()


@pytest.mark.parametrize(
    ("issuer", "why"),
    [
        ("http://login.alder.example", "not one of https"),
        ("https://user:pw@login.alder.example", "not one of https"),
        (f"{ISSUER}?x=1", "not one of https"),
        ("ftp://login.alder.example", "not one of https"),
        (f"{ISSUER}/other", "answer"),
    ],
)
def test_an_address_that_is_no_provider_is_refused_by_name(issuer, why, provider, alice, fresh):
    answer = fresh(alice).post(
        PAGE,
        {"issuer": issuer, "client_id": "x", "client_secret": "y", "strong_acr": ""},
    )
    assert answer.status_code == 200
    assert why in str(answer.context["client"].errors["issuer"])
    assert not CompanySignIn.objects.exists()


def test_no_session_keeps_a_secret_until_a_fresh_sign_in(provider, alice, as_):
    client = as_(alice)
    form = {"issuer": ISSUER, "client_id": "x", "client_secret": "TopSecret", "strong_acr": ""}

    assert client.post(PAGE, form)["Location"] == PAGE

    assert "TopSecret" not in str(dict(client.session.items()))
    assert reverse("account_reauthenticate") in client.get(PAGE).content.decode()
    assert not CompanySignIn.objects.exists()


def test_the_page_has_a_budget_of_queries(own_sign_in, alice, fresh, django_assert_max_num_queries):
    client = fresh(alice)
    client.get(PAGE)
    with django_assert_max_num_queries(14):
        client.get(PAGE)


def test_a_super_user_who_is_no_main_one_may_too(connected, alice, membership, emma, fresh):
    change_role(actor=alice, membership=membership(emma), role="super_user")
    fresh(emma).post(f"{PAGE}remove/")
    assert not CompanySignIn.objects.exists()
