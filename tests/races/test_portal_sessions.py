"""Codes and refresh tokens work once, and nothing outlives its session, in every race (E1).

security.md section 0: eight who redeem one code at one moment had two to six winners.
"""

import secrets

import pytest
from allauth.idp.oidc.models import Token
from allauth.usersessions.models import UserSession
from django.contrib.auth import logout
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Customer, Membership, User
from accounts.services.memberships import remove_membership
from accounts.services.sessions import sign_out_devices
from accounts.services.support import end_all_sessions
from portals.choices import HUB_SESSION_KEY, SessionEnd
from portals.models import Portal, PortalSession
from portals.selectors.sign_in import live_person
from portals.services.portal_sessions import (
    CodeTerms,
    GrantNotValid,
    SignedOut,
    SignIn,
    authorize_portal,
    end_portal_sessions,
    redeem_code,
    refresh_tokens,
)
from tests.cases import verified_case
from tests.oidc.conftest import VERIFIER, RelyingPortal, challenge_of
from tests.races import test_races
from tests.races.meeting import race_at
from tests.races.test_races import ROUNDS, race

pytestmark = test_races.pytestmark
_on_postgresql = test_races._on_postgresql
TOKENS = "portals.services.portal_sessions.tokens"
OPENING = "portals.services.portal_sessions.opening"
SCOPES = ["openid", "offline_access"]


@pytest.fixture
def webmail(transactional_db) -> RelyingPortal:
    return RelyingPortal(Portal.objects.get(slug="webmail"))


class Round:
    """A fresh sign-in of Alice, and what is done with it."""

    def __init__(
        self, webmail: RelyingPortal, hub_session: str = "", person: str = "alice@alder.example"
    ) -> None:
        self.client = Portal.objects.get(slug="webmail").client
        self.client.portal  # noqa: B018 -- loaded before the race
        self.redirect_uri = webmail.redirect_uri
        self.person = User.objects.get(email=person)
        self.customer = Customer.objects.get(slug="alder")
        self.hub_session = hub_session or secrets.token_hex(16)
        store = SessionStore()
        store[HUB_SESSION_KEY] = self.hub_session
        store.create()
        self.session_key = store.session_key

    def authorize(self) -> str:
        return authorize_portal(
            actor=self.person,
            client=self.client,
            customer=self.customer,
            sign_in=SignIn(self.session_key, self.hub_session, timezone.now(), ["pwd"]),
            terms=CodeTerms(self.redirect_uri, SCOPES, "", challenge_of(VERIFIER)),
        )

    def sign_out(self) -> None:
        request = HttpRequest()
        request.session = SessionStore(self.session_key)
        request.user = self.person
        logout(request)

    def redeem(self, code: str) -> object:
        return answered(
            lambda: redeem_code(
                client=self.client,
                value=code,
                redirect_uri=self.redirect_uri,
                code_verifier=VERIFIER,
            )
        )

    def refresh(self, value: str) -> object:
        return answered(lambda: refresh_tokens(client=self.client, value=value, scopes=[]))


def answered(act) -> object:
    """The tokens, or None for a refusal."""
    try:
        return act()
    except (GrantNotValid, SignedOut):
        return None


def winners(results: list[object]) -> int:
    return sum(result is not None for result in results)


def tokens_of(hub_session: str) -> int:
    return Token.objects.filter(of_session__code__session__hub_session=hub_session).count()


def test_one_code_redeemed_by_eight(webmail):
    for _ in range(ROUNDS):
        world = Round(webmail)
        code = world.authorize()

        results = race(*[lambda world=world, code=code: world.redeem(code)] * 8)

        assert winners(results) == 1
        # The others were replays, so nothing is left of it.
        assert PortalSession.objects.get(hub_session=world.hub_session).end_reason == "replay"
        assert tokens_of(world.hub_session) == 0


def test_one_refresh_token_used_by_eight(webmail):
    for _ in range(ROUNDS):
        world = Round(webmail)
        refresh = world.redeem(world.authorize()).refresh_token

        results = race(*[lambda world=world, value=refresh: world.refresh(value)] * 8)

        assert winners(results) == 1
        assert PortalSession.objects.get(hub_session=world.hub_session).end_reason == "replay"
        assert tokens_of(world.hub_session) == 0


def test_two_who_meet_with_one_code(webmail):
    world = Round(webmail)
    code = world.authorize()

    results = race_at(f"{TOKENS}._check_verifier", *[lambda: world.redeem(code)] * 2)

    assert winners(results) == 1


def test_two_who_meet_with_one_refresh_token(webmail):
    world = Round(webmail)
    refresh = world.redeem(world.authorize()).refresh_token

    results = race_at(f"{TOKENS}._issue", *[lambda: world.refresh(refresh)] * 2)

    assert winners(results) == 1


def test_two_tabs_open_one_session(webmail):
    for _ in range(ROUNDS):
        world = Round(webmail)

        codes = race(world.authorize, world.authorize)

        assert PortalSession.objects.filter(hub_session=world.hub_session).count() == 1
        assert all(world.redeem(code) is not None for code in codes)


@pytest.mark.parametrize("step", ["redeem", "refresh"])
def test_no_token_outlives_a_session_that_ends(webmail, step):
    """Sign-out while a portal redeems or refreshes."""
    for _ in range(ROUNDS):
        world = Round(webmail)
        value = world.authorize()
        if step == "refresh":
            value = world.redeem(value).refresh_token

        race(
            lambda world=world, value=value: getattr(world, step)(value),
            lambda world=world: end_portal_sessions(
                reason=SessionEnd.SIGN_OUT, hub_session=world.hub_session
            ),
        )

        assert tokens_of(world.hub_session) == 0


def test_an_end_meets_a_redemption(webmail):
    world = Round(webmail)
    code = world.authorize()

    race_at(
        f"{TOKENS}._issue",
        lambda: world.redeem(code),
        lambda: end_portal_sessions(reason=SessionEnd.SIGN_OUT, hub_session=world.hub_session),
    )

    assert tokens_of(world.hub_session) == 0


def test_a_sign_out_meets_an_authorization(webmail):
    """F1: the portal that a second tab opens just then does not outlive it."""
    world = Round(webmail)

    race_at(f"{OPENING}.record_event", lambda: answered(world.authorize), world.sign_out)

    assert not PortalSession.objects.filter(hub_session=world.hub_session, ended_at=None).exists()


def test_an_end_from_another_device_meets_an_authorization(webmail):
    world = Round(webmail)
    UserSession.objects.create(
        user=world.person, session_key=world.session_key, ip="192.0.2.1", user_agent="Test"
    )

    race_at(
        f"{OPENING}.record_event",
        lambda: answered(world.authorize),
        lambda: sign_out_devices(actor=world.person, keys=[world.session_key]),
    )

    assert not PortalSession.objects.filter(hub_session=world.hub_session, ended_at=None).exists()


def test_two_tabs_for_two_companies_never_get_each_others(webmail):
    birch = Customer.objects.get(slug="birch")
    alice = User.objects.get(email="alice@alder.example")
    Membership.objects.create(user=alice, customer=birch, role="super_user")
    for _ in range(ROUNDS):
        one, other = Round(webmail), Round(webmail)
        other.session_key, other.hub_session = one.session_key, one.hub_session
        other.customer = birch

        codes = race(one.authorize, other.authorize)

        for world, code in zip((one, other), codes, strict=True):
            tokens = world.redeem(code)
            assert tokens is None or tokens.session.customer == world.customer


def test_support_ends_the_sessions_of_somebody_who_signs_in(webmail, dana):
    """Its lock on the person must not keep out the token's reference to them: a deadlock."""
    world = Round(webmail, person="bob@alder.example")
    code, case = world.authorize(), verified_case(dana, world.person)

    race_at(
        f"{TOKENS}._issue",
        lambda: world.redeem(code),
        lambda: end_all_sessions(actor=dana, case=case),
    )

    assert tokens_of(world.hub_session) == 0
    assert PortalSession.objects.get(hub_session=world.hub_session).ended_at is not None


def test_a_removal_meets_an_authorization(webmail, alice):
    """The company's lock must not keep out the session's reference to it: a deadlock."""
    world = Round(webmail, person="bob@alder.example")
    UserSession.objects.create(
        user=world.person, session_key=world.session_key, ip="192.0.2.1", user_agent="Test"
    )
    membership = Membership.objects.get(user=world.person, customer=world.customer)

    race_at(
        f"{OPENING}.may_open",
        lambda: answered(world.authorize),
        lambda: remove_membership(actor=alice, membership=membership),
    )

    assert Membership.objects.get(pk=membership.pk).ended_at is not None
    assert not is_open_somewhere(world.person)


def is_open_somewhere(person: User) -> bool:
    return any(live_person(session) for session in PortalSession.objects.filter(user=person))
