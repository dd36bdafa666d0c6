"""People of a company with its own sign-in: they sign in there, and nowhere else."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import SignInProblem
from accounts.models import AuditEvent, CompanyIdentity, Invitation, Membership, User
from accounts.openid.claims import proves_second_factor, verified_address
from accounts.openid.id_tokens import signed_in_there_at
from accounts.selectors.company_sign_in import has_own_way_in, sign_in_of_person
from accounts.services import company_sign_in as services
from accounts.services.hand_overs import HandOverRefused
from accounts.services.invitations import InvitationRefused, accept_invitation, invite_person
from accounts.services.memberships import remove_membership, suspend_membership
from accounts.services.second_factor import demand_second_factor
from accounts.services.support import SupportRefused, send_reset_link
from hub.example import PASSWORD
from portals.oidc.methods import acr_of, sign_in_of
from tests.accounts.company_provider import confirm, go
from tests.accounts.test_factors import sign_in
from tests.cases import verified_case

ASK, LOGIN = "/accounts/company/", "/accounts/login/"


def write(address, password="", client=None, **more):
    """Send the sign-in form; return the browser and the answer."""
    client = client or Client()
    form = {"login": address, "password": password, **more}
    return client, client.post(LOGIN, form)


def come_in(provider, client=None, **claims):
    """Go to the company and come back from it with these claims; return browser and answer."""
    client = client or Client()
    provider.claims = claims
    return client, provider.sign_in(client, go(client))


def is_in(client):
    return client.get("/profile/").status_code == 200


def problem_of(answer):
    assert answer.status_code == 403, (answer.status_code, answer.content[:2000])
    return answer.context["problem"]


@pytest.fixture
def _no_factor(alice):
    Authenticator.objects.filter(user=alice).delete()


# --- The sign-in page: the domain alone decides ---


@pytest.mark.parametrize(
    "address", ["bob@alder.example", "nobody@alder.example", "BOB@Alder.Example"]
)
@pytest.mark.parametrize("password", ["", "wrong", PASSWORD])
def test_whoever_writes_an_address_of_the_domain_is_led_to_the_company(
    address, password, own_sign_in
):
    client, answer = write(address, password)

    assert answer["Location"] == ASK and not is_in(client)
    page = client.get(ASK)
    assert (
        "Members of Alder Dental with an address at alder.example sign in at Alder Dental."
        in page.content.decode()
    )
    assert 'href="/accounts/company/alder/go/"' in page.content.decode()
    assert ('http-equiv="refresh"' in page.content.decode()) is (password == "")


def test_the_answer_to_a_right_password_is_that_to_a_wrong_one(own_sign_in):
    pages = [
        re.search("<main.*</main>", client.get(ASK).content.decode(), re.DOTALL)[0]
        for client, _answer in (
            write("bob@alder.example", PASSWORD),
            write("bob@alder.example", "wrong"),
            write("nobody@alder.example", "wrong"),
        )
    ]
    assert pages[0] == pages[1] == pages[2]


def test_an_address_alone_needs_its_password_elsewhere(own_sign_in, charlie):
    _client, answer = write(charlie.email)

    assert answer.status_code == 200
    assert answer.context["form"].errors == {"password": ["This field is required."]}
    assert is_in(sign_in(charlie)[0])


def test_a_connection_that_is_not_in_force_changes_nothing(connected, bob):
    assert is_in(sign_in(bob)[0])
    assert write(bob.email)[1].status_code == 200
    assert Client().get("/accounts/company/alder/go/").status_code == 403


def test_it_costs_one_query_at_the_sign_in_and_none_on_its_page(
    bob, django_assert_num_queries, django_assert_max_num_queries
):
    client = Client()
    with django_assert_num_queries(0):
        client.get(LOGIN)
    with django_assert_max_num_queries(2):  # the company of the domain; the job of the failure
        client.post(LOGIN, {"login": "nobody@birch.example"})


def test_the_page_that_was_wanted_and_the_address_go_along(own_sign_in, provider):
    client, _answer = write("bob@alder.example", next="/preferences/?from=email")

    way = go(client)
    assert "login_hint=bob%40alder.example" in way
    answer = provider.sign_in(client, way)

    assert answer["Location"] == "/preferences/?from=email"


@pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere_afterwards(page, own_sign_in, provider):
    client = Client()
    answer = provider.sign_in(client, go(client, next=page))
    assert answer["Location"] == "/"

    client, _answer = write("bob@alder.example", next=page)
    assert provider.sign_in(client, go(client))["Location"] == "/"


def test_another_site_leads_nobody_into_an_account_without_asking(own_sign_in):
    """Login cross-site request forgery: the account could be the other site's."""
    client = Client()
    path = "/accounts/company/alder/go/"
    for site in ("cross-site", "same-site"):
        answer = client.get(path, {"next": "/preferences/"}, headers={"Sec-Fetch-Site": site})
        assert answer["Location"] == ASK
    page = client.get(ASK).content.decode()
    assert "Members of Alder Dental sign in at Alder Dental." in page
    assert 'http-equiv="refresh"' not in page
    for site in ("same-origin", "none"):
        answer = client.get(path, headers={"Sec-Fetch-Site": site})
        assert answer["Location"].startswith("https://login.alder.example/authorize")


# --- Never by password here ---


def test_an_emailed_code_is_answered_by_the_domain_and_not_sent(own_sign_in, deliver):
    for address in ("bob@alder.example", "nobody@alder.example"):
        client = Client()
        answer = client.post("/accounts/login/code/", {"email": address})
        assert answer["Location"] == ASK
        assert "Continue to Alder Dental" in client.get(ASK).content.decode()
    assert not [mail for mail in deliver() if "code" in mail.subject.lower()]


def test_a_password_reset_is_answered_by_the_domain_and_not_sent(own_sign_in, deliver):
    deliver().clear()
    for address in ("bob@alder.example", "nobody@alder.example"):
        answer = Client().post("/accounts/password/reset/", {"email": address})
        assert answer["Location"] == ASK
    assert deliver() == []


def test_the_profile_offers_no_password_then(own_sign_in, provider, bob):
    client, _answer = come_in(provider)
    page = client.get("/profile/").content.decode()
    assert "Through Alder Dental" in page and "Change password" not in page


def test_support_sends_no_reset_link_to_somebody_without_a_password_here(own_sign_in, dana, bob):
    with pytest.raises(SupportRefused, match="signs in through Alder Dental"):
        send_reset_link(actor=dana, case=verified_case(dana, bob))


def test_a_person_of_the_domain_who_is_not_of_the_company_keeps_the_password(
    own_sign_in, provider, bob, alice, membership, birch, charlie
):
    invitation = invite_person(
        actor=charlie, customer=birch, address=bob.email, name="Bob", role="user"
    )
    accept_invitation(actor=bob, token=invitation.token)
    assert sign_in_of_person(bob) == own_sign_in  # in both companies: the domain's rule

    of_alder = Membership.objects.get(user=bob, customer__slug="alder", ended_at=None)
    remove_membership(actor=alice, membership=of_alder)

    assert is_in(sign_in(bob)[0])  # a company takes over nobody
    client, answer = come_in(provider)
    assert problem_of(answer) == SignInProblem.NOT_MEMBER and not is_in(client)


def test_the_main_super_user_keeps_a_way_in_with_a_second_factor(own_sign_in, alice, deliver):
    assert has_own_way_in(alice) and sign_in_of_person(alice) is None

    client, answer = sign_in(alice)
    assert answer["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)
    Client().post("/accounts/password/reset/", {"email": alice.email})
    assert any("password" in mail.subject.lower() for mail in deliver())


def test_without_a_second_factor_the_main_super_user_has_no_way_in(own_sign_in, _no_factor, alice):
    client, answer = sign_in(alice)

    assert answer["Location"] == ASK and not is_in(client)


def test_the_main_super_user_cannot_remove_the_last_second_factor(own_sign_in, alice, fresh):
    client = fresh(alice)
    confirm(client, alice, "mfa", type="webauthn")
    passkey = Authenticator.objects.get(user=alice)

    client.post(reverse("mfa_remove_webauthn", args=[passkey.pk]))

    assert Authenticator.objects.filter(pk=passkey.pk).exists()


def test_the_role_goes_to_nobody_without_a_way_in(
    own_sign_in, alice, join, alder, membership, hand_over
):
    services.stop_company_sign_in(actor=alice, customer=alder, signed_in_at=timezone.now())
    gina = join("gina", role="super_user")
    services.start_company_sign_in(actor=alice, customer=alder, signed_in_at=timezone.now())

    with pytest.raises(HandOverRefused, match="Set up a passkey"):
        hand_over(alice, membership(gina))


# --- Who comes in ---


def test_a_member_comes_in_and_is_known_by_the_subject(own_sign_in, provider, bob):
    client, answer = come_in(provider)

    assert answer["Location"] == "/" and is_in(client)
    identity = CompanyIdentity.objects.get(user=bob)
    assert (identity.sign_in, identity.subject) == (own_sign_in, "bob-1")
    assert AuditEvent.objects.filter(kind="sign_in.bound", person=bob, customer=None).count() == 1

    come_in(provider)
    assert AuditEvent.objects.filter(kind="sign_in.bound", person=bob).count() == 1


def test_a_suspended_member_comes_in_as_they_would_by_password(
    own_sign_in, provider, alice, bob, membership
):
    suspend_membership(actor=alice, membership=membership(bob))
    assert is_in(come_in(provider)[0])


@pytest.mark.parametrize("verified", [None, False, "false", "yes", 1, "True"])
def test_an_address_that_the_provider_has_not_verified_is_nobody(verified, own_sign_in, provider):
    client, answer = come_in(provider, email_verified=verified)

    assert problem_of(answer) == SignInProblem.NOT_VERIFIED and not is_in(client)
    assert not CompanyIdentity.objects.filter(subject="bob-1").exists()


def test_a_company_signs_in_nobody_of_another_company(own_sign_in, provider, charlie, alder):
    client, answer = come_in(provider, email=charlie.email)

    assert problem_of(answer) == SignInProblem.OTHER_DOMAIN and not is_in(client)
    for event in (
        AuditEvent.objects.get(kind="company_sign_in.refused", customer=alder),
        AuditEvent.objects.get(kind="company_sign_in.refused", customer=None, person=charlie),
    ):
        assert event.data["address"] == charlie.email
        assert event.data["problem"] == SignInProblem.OTHER_DOMAIN


def test_a_subdomain_or_a_look_alike_is_another_domain(own_sign_in, provider):
    for address in (
        "bob@mail.alder.example",
        "bob@alder.example.evil.example",
        "bob@аlder.example",
        "bob@alder.example@evil.example",
    ):
        _client, answer = come_in(provider, email=address)
        assert problem_of(answer) in (SignInProblem.OTHER_DOMAIN, SignInProblem.NOT_VERIFIED)


def test_staff_never_come_in_through_a_company(own_sign_in, provider, dana, bob):
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    client, answer = come_in(provider)

    assert problem_of(answer) == SignInProblem.STAFF and not is_in(client)
    assert not CompanyIdentity.objects.filter(user=bob).exists()


def test_a_closed_account_stays_closed(own_sign_in, provider, bob):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert problem_of(come_in(provider)[1]) == SignInProblem.CLOSED


def test_an_address_without_account_or_invitation_gets_no_account(own_sign_in, provider):
    people = User.objects.count()
    _client, answer = come_in(provider, sub="x", email="zoe@alder.example")

    assert problem_of(answer) == SignInProblem.NOT_MEMBER
    assert User.objects.count() == people


def test_a_reused_address_with_another_subject_is_refused_and_told(
    own_sign_in, provider, deliver, bob
):
    come_in(provider)
    deliver().clear()

    for _twice in range(2):
        client, answer = come_in(provider, sub="bob-2")
        assert problem_of(answer) == SignInProblem.OTHER_SUBJECT and not is_in(client)

    told = [mail for mail in deliver() if "refused" in mail.subject]
    assert [mail.to for mail in told] == [["alice@alder.example"]]  # once a day
    assert "unlink the old account" in told[0].body


def test_once_unlinked_the_next_account_of_the_person_is_bound(
    own_sign_in, provider, alice, alder, bob
):
    come_in(provider)
    services.unlink_person(
        actor=alice, customer=alder, address=bob.email, signed_in_at=timezone.now()
    )

    assert is_in(come_in(provider, sub="bob-2")[0])
    assert problem_of(come_in(provider)[1]) == SignInProblem.OTHER_SUBJECT


def test_a_later_change_of_address_makes_nobody_somebody_else(own_sign_in, provider, emma):
    come_in(provider)

    client, answer = come_in(provider, email=emma.email)

    assert problem_of(answer) == SignInProblem.OTHER_PERSON and not is_in(client)


def test_a_new_address_of_the_same_account_is_the_same_person(own_sign_in, provider, bob):
    come_in(provider)

    client, answer = come_in(provider, email="robert@alder.example")

    assert answer["Location"] == "/"
    page = client.get("/profile/").content.decode()
    assert "Alder Dental knows you as robert@alder.example." in page
    bob.refresh_from_db()
    assert bob.email == "bob@alder.example"


# --- Invitations ---


@pytest.fixture
def invited(own_sign_in, alice, alder) -> Invitation:
    return invite_person(
        actor=alice, customer=alder, address="zoe@alder.example", name="Zoe Roy", role="user"
    )


def test_an_invited_person_accepts_by_coming_through_the_company(invited, provider):
    page = Client().get(reverse("accounts:invitation-accept", args=[invited.token]))
    assert "/accounts/company/alder/go/" in page.content.decode()
    assert 'name="password"' not in page.content.decode()

    client, answer = come_in(provider, sub="zoe-1", email="zoe@alder.example", name="Zoé Roy")

    assert answer["Location"] == "/" and is_in(client)
    zoe = User.objects.get(email="zoe@alder.example")
    assert zoe.name == "Zoe Roy" and not zoe.has_usable_password()
    assert Membership.objects.live().filter(user=zoe, customer__slug="alder").exists()
    invited.refresh_from_db()
    assert invited.accepted_by == zoe


def test_nobody_accepts_another_persons_invitation(invited, provider):
    client, answer = come_in(provider, sub="yuri-1", email="yuri@alder.example")

    assert problem_of(answer) == SignInProblem.NOT_MEMBER and not is_in(client)
    assert not User.objects.filter(email__in=["yuri@alder.example", invited.address]).exists()
    invited.refresh_from_db()
    assert invited.accepted_at is None


@pytest.mark.parametrize(
    ("invited_as", "said", "name"),
    [
        ("Zoe Roy", "Zoé", "Zoe Roy"),
        ("", "Zoé Roy", "Zoé Roy"),
        ("", "see https://evil.example", "zoe"),
        ("", "", "zoe"),
        ("", "x" * 400, "zoe"),
        ("", ["Zoé"], "zoe"),
    ],
)
def test_the_account_has_the_name_of_the_invitation_else_the_providers(
    invited_as, said, name, own_sign_in, provider, alice, alder
):
    invite_person(actor=alice, customer=alder, address="zoe@alder.example", name=invited_as)
    come_in(provider, sub="zoe-1", email="zoe@alder.example", name=said)
    assert User.objects.get(email="zoe@alder.example").name == name


def test_an_invited_person_chooses_no_password_here(invited):
    with pytest.raises(InvitationRefused, match="Sign in through Alder Dental"):
        accept_invitation(actor=None, token=invited.token, name="Zoe", password=PASSWORD)
    answer = Client().post(
        reverse("accounts:invitation-accept", args=[invited.token]),
        {"name": "Zoe", "password": PASSWORD},
    )
    assert answer.status_code == 403
    assert not User.objects.filter(email="zoe@alder.example").exists()


@pytest.mark.parametrize("end", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}])
def test_an_invitation_that_ended_lets_nobody_in(end, invited, provider):
    Invitation.objects.filter(pk=invited.pk).update(**end)
    _client, answer = come_in(provider, sub="zoe-1", email="zoe@alder.example")
    assert problem_of(answer) == SignInProblem.NOT_MEMBER


def test_an_invitation_of_another_company_is_not_accepted(own_sign_in, provider, charlie, birch):
    invite_person(
        actor=charlie, customer=birch, address="zoe@alder.example", name="Zoe", role="user"
    )
    _client, answer = come_in(provider, sub="zoe-1", email="zoe@alder.example")
    assert problem_of(answer) == SignInProblem.NOT_MEMBER
    assert not User.objects.filter(email="zoe@alder.example").exists()


def test_whoever_has_an_account_accepts_with_it_first(own_sign_in, provider, alice, alder, frank):
    """Else a company could take a person over: it decides who has which address at its domain."""
    User.objects.filter(pk=frank.pk).update(email="frank@alder.example")
    invite_person(
        actor=alice, customer=alder, address="frank@alder.example", name="Frank", role="user"
    )
    _client, answer = come_in(provider, sub="frank-1", email="frank@alder.example")
    assert problem_of(answer) == SignInProblem.NOT_MEMBER


# --- The second factor ---


@pytest.mark.parametrize(
    ("claims", "is_proven"),
    [
        ({"amr": ["pwd"]}, False),
        ({"amr": ["mfa"]}, True),
        ({"amr": ["pwd", "otp"]}, True),
        ({"amr": ["pwd", "hwk"]}, True),
        ({"amr": ["otp"]}, False),
        ({"amr": "mfa"}, False),
        ({"amr": [["mfa"]]}, False),
        ({"acr": "https://refeds.org/profile/mfa"}, True),
        ({"acr": "gold"}, True),
        ({"acr": "silver"}, False),
        ({"acr": ["gold"]}, False),
        ({}, False),
    ],
)
def test_amr_and_acr_prove_a_second_factor(claims, is_proven):
    assert proves_second_factor(claims, ["gold"]) is is_proven


def demand(alice, alder):
    today = timezone.localtime(timezone=alder.zone)
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    demand_second_factor(actor=alice, customer=alder, since=midnight)


def test_a_second_factor_seen_there_meets_the_companys_demand(
    own_sign_in, provider, alice, alder, bob
):
    demand(alice, alder)

    client, _answer = come_in(provider)
    assert client.get("/profile/")["Location"] == reverse("mfa_index")

    client, _answer = come_in(provider, amr=["pwd", "otp"])
    assert is_in(client)


def test_whoever_has_one_here_is_asked_for_it_unless_it_was_seen_there(own_sign_in, provider, bob):
    Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Phone"})

    client, answer = come_in(provider)
    assert answer["Location"] == reverse("mfa_authenticate") and not is_in(client)

    assert is_in(come_in(provider, amr=["mfa"])[0])


def test_no_company_speaks_for_another(own_sign_in, provider, alice, alder, bob, charlie, birch):
    invitation = invite_person(
        actor=charlie, customer=birch, address=bob.email, name="Bob", role="user"
    )
    accept_invitation(actor=bob, token=invitation.token)
    demand(charlie, birch)

    client, _answer = come_in(provider, amr=["mfa"])
    assert client.get("/profile/")["Location"] == reverse("mfa_index")

    Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Phone"})
    client, answer = come_in(provider, amr=["mfa"])
    assert answer["Location"] == reverse("mfa_authenticate")


@pytest.mark.parametrize(
    ("claims", "amr"),
    [
        ({"amr": ["pwd"]}, ["pwd"]),
        ({"amr": ["pwd", "otp"]}, ["pwd", "otp", "mfa"]),
        ({"amr": ["mfa"]}, ["mfa"]),
        ({"amr": ["pwd", "user"]}, ["pwd", "user"]),
        ({"amr": ["made up", 3]}, []),
        ({}, []),
    ],
)
def test_portals_learn_what_was_proven_and_when(claims, amr, own_sign_in, provider, rf):
    now = int(timezone.now().timestamp())
    client, _answer = come_in(provider, auth_time=now - 3000, **claims)

    request = rf.get("/")
    request.session, request.user = client.session, User.objects.get(email="bob@alder.example")
    told = sign_in_of(request)

    assert told.amr == amr
    assert acr_of(told.amr).endswith("mfa") is ("mfa" in amr)
    assert int(told.auth_time.timestamp()) == now - 3000


@pytest.mark.parametrize("moment", ["9" * 5000, "٣", "soon"])
def test_a_moment_that_is_no_number_is_none(moment):
    assert signed_in_there_at({"auth_time": moment}) is None


# --- A fresh sign-in ---


@pytest.fixture
def gina(own_sign_in, alice, alder, provider, join):
    """A Super User who signs in through the company: gina() returns her browser."""
    services.stop_company_sign_in(actor=alice, customer=alder, signed_in_at=timezone.now())
    person = join("gina", role="super_user")
    services.start_company_sign_in(actor=alice, customer=alder, signed_in_at=timezone.now())
    before = int(timezone.now().timestamp()) - 3000

    def come(**claims):
        return come_in(
            provider, sub="gina-1", email=person.email, **{"auth_time": before, **claims}
        )[0]

    return come


SENSITIVE = "/c/alder/company/second-factor/end/"


def test_an_act_that_wants_a_fresh_sign_in_gets_it_at_the_company(gina, provider, alice, alder):
    demand(alice, alder)
    client = gina(amr=["mfa"])

    answer = client.post(SENSITIVE)
    assert answer["Location"] == f"/accounts/company/again/?next={SENSITIVE.replace('/', '%2F')}"
    page = client.get(answer["Location"])
    assert "Confirm through Alder Dental" in page.content.decode()

    way = go(client, again="yes", next=SENSITIVE)
    assert "prompt=login" in way and "max_age=0" in way and "auth_time" in way
    provider.claims = {"sub": "gina-1", "email": "gina@alder.example", "amr": ["mfa"]}
    provider.sign_in(client, way)

    alder.refresh_from_db()
    assert alder.second_factor_from is None  # the act itself was done


@pytest.mark.parametrize("old", [None, 3000, 300])
def test_a_sign_in_there_that_is_not_new_confirms_nothing(old, gina, provider, alice, alder):
    demand(alice, alder)
    client = gina(amr=["mfa"])
    client.post(SENSITIVE)
    way = go(client, again="yes", next=SENSITIVE)

    moment = None if old is None else int(timezone.now().timestamp()) - old
    provider.claims = {"sub": "gina-1", "email": "gina@alder.example", "auth_time": moment}
    answer = provider.sign_in(client, way)

    assert answer.status_code == 400 and b"auth_time" in answer.content
    alder.refresh_from_db()
    assert alder.second_factor_from is not None


def test_a_fresh_sign_in_counts_from_when_it_was_asked_where_clocks_differ(gina, provider):
    client = gina()
    way = go(client, again="yes", next="/")
    behind = int(timezone.now().timestamp()) - 20  # the provider's clock
    provider.claims = {"sub": "gina-1", "email": "gina@alder.example", "auth_time": behind}
    provider.sign_in(client, way)

    record = client.session["account_authentication_methods"][-1]
    assert record["reauthenticated"] and record["proven_at"] > behind + 10


def test_a_first_factor_is_set_up_just_after_coming_in_without_auth_time(
    own_sign_in, provider, alice, alder
):
    """Google names no auth_time unless it is told to; the company may demand a factor."""
    demand(alice, alder)
    client, _answer = come_in(provider, auth_time=None)
    assert client.get("/profile/")["Location"] == reverse("mfa_index")
    assert client.get(reverse("mfa_activate_totp")).status_code == 200

    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        answer = client.get(reverse("mfa_activate_totp"))
    assert answer["Location"].startswith("/accounts/company/again/")


def test_somebody_else_confirms_nothing(gina, provider, bob):
    client = gina()
    way = go(client, again="yes", next="/")
    provider.claims = {}  # Bob's

    assert problem_of(provider.sign_in(client, way)) == SignInProblem.OTHER_SIGN_IN


def test_a_sign_in_a_moment_ago_is_fresh(gina, alice, alder):
    demand(alice, alder)
    client = gina(auth_time=int(timezone.now().timestamp()), amr=["mfa"])

    client.post(SENSITIVE)

    alder.refresh_from_db()
    assert alder.second_factor_from is None


def test_changing_the_address_wants_it_too(gina):
    change = {"action_add": "", "email": "regina@alder.example"}
    answer = gina().post("/accounts/email/", change)
    assert answer["Location"].startswith("/accounts/company/again/")

    fresh = gina(auth_time=int(timezone.now().timestamp()))
    assert fresh.post("/accounts/email/", change)["Location"] == "/accounts/email/"


def test_nobody_leaves_the_rule_by_an_address_elsewhere(gina):
    client = gina(auth_time=int(timezone.now().timestamp()))

    answer = client.post("/accounts/email/", {"action_add": "", "email": "gina@home.example"})

    assert answer.status_code == 200
    assert "Use an address at one of its domains." in answer.content.decode()


# --- Entra ---


@pytest.mark.parametrize(
    ("claims", "address"),
    [
        ({"email_verified": True}, ""),  # anybody writes it there
        ({"xms_edov": True}, "bob@alder.example"),
        ({"xms_edov": "1"}, "bob@alder.example"),
        ({"xms_edov": 1}, "bob@alder.example"),
        ({"xms_edov": False}, ""),
        ({"xms_edov": "0"}, ""),
        ({}, ""),
    ],
)
def test_entra_says_with_xms_edov_that_an_address_is_verified(claims, address):
    issuer = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
    assert verified_address({"email": "Bob@Alder.example", **claims}, issuer) == address


def test_elsewhere_xms_edov_says_nothing():
    claims = {"email": "bob@alder.example", "xms_edov": True}
    assert verified_address(claims, "https://login.alder.example") == ""


# --- Sessions ---


def test_devices_show_how_somebody_came_in(own_sign_in, provider):
    client, _answer = come_in(provider)
    page = client.get(reverse("portals:devices")).content.decode()
    assert "through Alder Dental" in page


def test_removing_the_provider_ends_the_sessions_that_came_through_it(
    own_sign_in, provider, alice, alder, bob, as_
):
    client, _answer = come_in(provider)
    other = as_(bob)

    services.remove_provider(actor=alice, customer=alder, signed_in_at=timezone.now())

    assert not is_in(client) and is_in(other)
    event = AuditEvent.objects.get(kind="company_sign_in.removed")
    assert event.data["count"] == 1


def test_switching_it_off_ends_no_session_and_lets_people_in_here(
    own_sign_in, provider, alice, alder, bob, deliver
):
    client, _answer = come_in(provider)
    deliver().clear()
    User.objects.create_user("closed@alder.example", name="Closed", is_active=False)
    closed = User.objects.get(email="closed@alder.example")
    Membership.objects.create(customer=alder, user=closed, work_name="Closed")
    elsewhere = User.objects.create_user("lou@home.example", name="Lou")
    Membership.objects.create(customer=alder, user=elsewhere, work_name="Lou")

    services.stop_company_sign_in(actor=alice, customer=alder, signed_in_at=timezone.now())

    assert is_in(client) and is_in(sign_in(bob)[0])
    told = {mail.to[0]: mail.body for mail in deliver()}
    assert set(told) == {"alice@alder.example", "bob@alder.example", "emma@alder.example"}
    assert "/accounts/password/reset/" in told["bob@alder.example"]
    assert come_back_refused(provider)


def come_back_refused(provider):
    return Client().get("/accounts/company/alder/go/").status_code == 403
