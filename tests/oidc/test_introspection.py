"""Introspection: the front and the view say of every token what the rule says (RFC 7662)."""

import asyncio
import base64
import json
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote_plus, urlencode

import pytest
from allauth.idp.oidc.models import Client, Token
from asgiref.sync import sync_to_async
from django.contrib.auth.hashers import get_hasher, make_password
from django.contrib.auth.models import Group
from django.db import OperationalError, connection, transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Customer, Membership, Team, TeamMembership, User
from accounts.models.customers import Role
from hub.settings import ACCOUNT_RATE_LIMITS
from portals.decision import decide
from portals.decision.pipelined import Pipelines
from portals.decision.prepared import PreparedStatement
from portals.models import (
    AuthorizationCode,
    PersonGrant,
    Portal,
    PortalSession,
    Resource,
    SessionToken,
    Subscription,
)
from portals.oidc.introspection import FORM, PATH, introspect
from portals.selectors.live_tokens import INTROSPECTION
from portals.services.credentials import Credentials, issue_credentials
from portals.services.portal_sessions import revoke_token
from portals.services.portal_sessions.opening import hash_of
from tests.front import FRONT
from tests.oidc.conftest import INTROSPECT, ISSUER, SCOPES, RelyingPortal, statements, userinfo
from tests.portals.test_evaluation import call

AGE, LIFETIME = timedelta(minutes=5), timedelta(hours=1)


# --- The rule in plain Python, over cases ---


@dataclass(frozen=True)
class Case:
    """A token of Bob's or of the webmail portal's, what happened since, and a call."""

    kind: str  # "access", "refresh", "portal's" (client credentials), "unknown", "none"
    company: str  # for which he opened the portal; he belongs to alder and birch
    scopes: tuple[str, ...]
    single: tuple[str, ...]  # asked for by `claims`
    happened: frozenset[tuple[str, str]]  # what, and in which company where that matters
    asker: str  # the slug of a portal
    secret: str  # "right", "another's", "wrong", "none"
    way: str  # "post", "basic", "basic encoded"
    hint: str | None

    def knows_secret(self) -> bool:
        return self.secret == "right"

    def is_active(self) -> bool:
        """Return what the rule says, to whom the call proved to be the portal."""
        if self.asker != "webmail" or self.kind not in ("access", "refresh", "portal's"):
            return False
        what = {name for name, _company in self.happened}
        if {"expired", "revoked"} & what:
            return False
        if self.kind == "portal's":
            return True
        ends = {"session ended", "replaced", "person suspended"}
        of_company = {name for name, company in self.happened if company == self.company}
        ends_there = {"suspended", "ended", "over", "company", "subscription"}
        if self.company == "alder":  # in birch, his role opens it too
            ends_there |= {"grant", "later"}
        return not ends & what and not ends_there & of_company


HAPPENINGS = {
    "expired": lambda stored, _: stored.token_row(expires_at=timezone.now()),
    "revoked": lambda stored, _: stored.tokens().delete(),
    "session ended": lambda stored, _: PortalSession.objects.update(
        ended_at=timezone.now(), end_reason="ended"
    ),
    "replaced": lambda stored, _: SessionToken.objects.update(rotated_at=timezone.now()),
    "person suspended": lambda stored, _: User.objects.filter(pk=stored.bob.pk).update(
        is_active=False
    ),
    "suspended": lambda stored, where: stored.of(where).update(suspended_at=timezone.now()),
    "ended": lambda stored, where: stored.of(where).update(ended_at=timezone.now()),
    "over": lambda stored, where: stored.of(where).update(ends_at=timezone.now()),
    "company": lambda stored, where: Customer.objects.filter(slug=where).update(status="suspended"),
    "subscription": lambda stored, where: Subscription.objects.filter(
        customer__slug=where, portal__slug="webmail"
    ).update(status="suspended"),
    "grant": lambda stored, where: stored.open_grants(where).delete(),
    "later": lambda stored, where: stored.open_grants(where).update(
        starts_at=timezone.now() + LIFETIME
    ),
    # These matter to nobody's sign-in.
    "nothing": lambda stored, _: None,
    "there before": lambda stored, where: Membership.objects.create(
        user=stored.bob,
        customer=Customer.objects.get(slug=where),
        work_name="Formerly",
        ended_at=timezone.now() - AGE,
    ),
    "another portal": lambda stored, where: Subscription.objects.filter(
        customer__slug=where, portal__slug="domains"
    ).update(status="suspended"),
}
WORDS = [word for word in SCOPES.split() if word != "openid"]

cases = st.builds(
    Case,
    kind=st.sampled_from(["access"] * 5 + ["refresh", "refresh", "portal's", "unknown", "none"]),
    company=st.sampled_from(["alder", "birch"]),
    scopes=st.sets(st.sampled_from(WORDS)).map(lambda words: ("openid", *sorted(words))),
    single=st.sets(st.sampled_from(["email", "name", "locale"])).map(lambda s: tuple(sorted(s))),
    happened=st.frozensets(
        st.tuples(st.sampled_from(sorted(HAPPENINGS)), st.sampled_from(["alder", "birch"])),
        max_size=2,
    ),
    asker=st.sampled_from(["webmail"] * 5 + ["domains"]),
    secret=st.sampled_from(["right"] * 7 + ["another's", "wrong", "none"]),
    way=st.sampled_from(["post", "basic", "basic encoded"]),
    hint=st.sampled_from([None, "access_token", "refresh_token", "nonsense"]),
)


@pytest.fixture
def portals(bob: User) -> dict[str, Credentials]:
    """Credentials of two portals.

    Bob is in two teams of alder, and a Super User in birch, under another work name.
    """
    alder = bob.memberships.get(customer__slug="alder")
    for name in ("One", "Two"):
        team = Team.objects.create(
            customer=alder.customer, name=name, group=Group.objects.create(name=name)
        )
        TeamMembership.objects.create(team=team, membership=alder)
    birch = Customer.objects.get(slug="birch")
    Membership.objects.create(user=bob, customer=birch, role=Role.SUPER_USER, work_name="Robert")
    return {
        slug: issue_credentials(actor=None, portal=Portal.objects.get(slug=slug))
        for slug in ("webmail", "domains")
    }


class Stored:
    """The rows of a case."""

    def __init__(self, case: Case, portals: dict[str, Credentials]) -> None:
        self.case, self.credentials = case, portals
        self.bob = User.objects.get(email="bob@alder.example")
        self.webmail = Portal.objects.get(slug="webmail")
        self.value = "unknown"
        if case.kind in ("access", "refresh", "portal's"):
            self.value = f"value-of-{case.kind[:6]}"
            self._keep_token()
        for name, where in sorted(case.happened):
            HAPPENINGS[name](self, where)

    def _keep_token(self) -> None:
        kind = Token.Type.REFRESH_TOKEN if self.case.kind == "refresh" else Token.Type.ACCESS_TOKEN
        of_portal = self.case.kind == "portal's"
        scopes = ["access:check"] if of_portal else list(self.case.scopes)
        token = Token(
            type=kind,
            hash=hash_of(self.value),
            client=self.webmail.client,
            user=None if of_portal else self.bob,
            created_at=timezone.now() - AGE,
            expires_at=timezone.now() - AGE + LIFETIME,
        )
        token.set_scopes(scopes)
        token.save()
        if of_portal:
            return
        session = PortalSession.objects.create(
            user=self.bob,
            client=self.webmail.client,
            customer=Customer.objects.get(slug=self.case.company),
            hub_session="a",
            auth_time=timezone.now() - AGE,
            amr=["pwd", "otp", "mfa"],
        )
        claims = {"userinfo": list(self.case.single)} if self.case.single else {}
        code = AuthorizationCode.objects.create(
            session=session, hash="b", redirect_uri="c", scopes=scopes, claims=claims
        )
        SessionToken.objects.create(token=token, code=code)

    def tokens(self):
        return Token.objects.filter(hash=hash_of(self.value))

    def token_row(self, **changes):
        self.tokens().update(**changes)

    def of(self, company):
        """Bob's membership there; his teams and grants stay, as nobody ends them here."""
        return Membership.objects.filter(user=self.bob, customer__slug=company, ended_at=None)

    def open_grants(self, company):
        return PersonGrant.objects.filter(
            user=self.bob,
            permission__codename="webmail.subscription.open",
            content_object__subscription__customer__slug=company,
        )

    def form_and_header(self) -> tuple[dict[str, str], str]:
        """Return the call's form, and its Authorization header or ""."""
        case = self.case
        client_id, secret = self.credentials[case.asker]
        other = "webmail" if case.asker == "domains" else "domains"
        secret = {
            "right": secret,
            "another's": self.credentials[other].client_secret,
            "wrong": secret[:-1],
            "none": "",
        }[case.secret]
        form = {} if case.kind == "none" else {"token": self.value}
        if case.hint:
            form["token_type_hint"] = case.hint
        if case.way == "post":
            return {**form, "client_id": client_id, "client_secret": secret}, ""
        if case.way == "basic encoded":  # every character may be (RFC 6749, 2.3.1)
            client_id = "".join(f"%{ord(sign):02X}" for sign in client_id)
            secret = quote_plus(secret)
        pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        return form, f"Basic {pair}"

    def claims(self) -> dict[str, object]:
        """Return what the portal learns of a token that is active, from the tables one by one."""
        case, token = self.case, self.tokens().get()
        client_id = self.credentials["webmail"].client_id
        claims: dict[str, object] = {
            "active": True,
            "iss": ISSUER,
            "client_id": client_id,
            "aud": client_id,
            "scope": " ".join(token.scopes.split("\n")),
            "iat": int(token.created_at.timestamp()),
            "exp": int(token.expires_at.timestamp()),
        }
        if case.kind != "refresh":
            claims["token_type"] = "Bearer"
        if case.kind == "access":
            claims |= self._claims_of_person()
        return claims

    def _claims_of_person(self) -> dict[str, object]:
        session = PortalSession.objects.get()
        membership = self.of(session.customer.slug).get()
        sub, slug = str(self.bob.sub), session.customer.slug
        known = {
            "email": ("email", "bob@alder.example"),
            "email_verified": ("email", True),
            "name": ("profile", membership.work_name),
            "locale": ("profile", self.bob.language),
            "zoneinfo": ("profile", "America/Toronto"),
            "company": ("company", slug),
            "company_name": ("company", session.customer.name),
            "role": ("company", membership.role),
            "groups": ("groups", self._groups(membership)),
            "permissions": ("permissions", self._permissions(session.customer)),
            "permissions_complete": ("permissions", True),
        }
        told = {name: value for name, (word, value) in known.items() if word in self.case.scopes}
        told |= {name: known[name][1] for name in self.case.single}
        address = "bob@alder.example" if "email" in self.case.scopes else sub
        if "profile" in self.case.scopes:
            told["preferred_username"] = address
        return {
            "username": address,
            "sub": sub,
            "sid": str(session.pk),
            "auth_time": int(session.auth_time.timestamp()),
            "amr": ["pwd", "otp", "mfa"],
            "acr": "https://refeds.org/profile/mfa",
            **told,
        }

    def _groups(self, membership: Membership) -> list[str]:
        slug = membership.customer.slug
        teams = sorted(
            str(row.team.uuid)
            for row in TeamMembership.objects.filter(membership=membership).select_related("team")
        )
        return [slug, f"{slug}/{membership.role}", *(f"{slug}/team/{uuid}" for uuid in teams)]

    def _permissions(self, customer: Customer) -> list[str]:
        return sorted(
            f"{resource.resource_type.code}/{resource.external_id}/{privilege.code}"
            for resource in Resource.objects.filter(
                subscription__customer=customer, subscription__portal=self.webmail
            ).select_related("resource_type")
            for privilege in resource.resource_type.privileges.all()
            if decide(self.bob, privilege.codename, resource) != "not_allowed"
        )


def ask(way_in: str, form: dict[str, str], header: str = "", **environ: str):
    """Ask the front or the route, as a portal's program does."""
    if header:
        environ["HTTP_AUTHORIZATION"] = header
    body = urlencode(form).encode()
    return call(way_in, path=INTROSPECT, body=body, CONTENT_TYPE=FORM, **environ)


def compare(case: Case, portals: dict[str, Credentials]) -> None:
    """Compare the front, the view and the rule on one case."""
    with transaction.atomic():
        stored = Stored(case, portals)
        form, header = stored.form_and_header()

        front, view = ask("front", form, header), ask("route", form, header)

        assert (front.status, front.json) == (view.status, view.json)
        assert front.headers["Cache-Control"] == "no-store"
        if not case.knows_secret():
            assert (front.status, front.json["error"]) == (401, "invalid_client")
            assert front.headers["WWW-Authenticate"] == 'Basic realm="hub"'
        elif case.kind == "none":
            assert (front.status, front.json["error"]) == (400, "invalid_request")
        elif case.is_active():
            assert (front.status, front.json) == (200, stored.claims())
        else:
            assert (front.status, front.json) == (200, {"active": False})
        transaction.set_rollback(True)


@pytest.mark.parametrize("happening", sorted(HAPPENINGS))
def test_each_event_alone(portals, happening):
    """Every kind of token, with the event in its company and in the other."""
    scopes = ("openid", "company", "groups", "profile")
    plain = Case("", "alder", scopes, (), frozenset(), "webmail", "right", "post", None)
    for kind in ("access", "refresh", "portal's"):
        for where in ("alder", "birch"):
            compare(replace(plain, kind=kind, happened=frozenset({(happening, where)})), portals)
        compare(replace(plain, kind=kind, asker="domains"), portals)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases)
def test_every_answer_is_the_rules(portals, case):
    compare(case, portals)


# --- Ways in ---


@pytest.fixture
def bobs_token(webmail, signed_in, bob) -> str:
    return webmail.tokens(signed_in(bob))["access_token"]


def test_the_address_is_the_discovered_one(db):
    discovered = Browser().get("/.well-known/openid-configuration").json()

    assert discovered["introspection_endpoint"] == f"{ISSUER}{PATH}"
    assert reverse("idp:oidc:introspect") == PATH


def test_the_front_answers_without_django(webmail, bobs_token, monkeypatch):
    def fail(*_):
        raise AssertionError("Django was asked")

    monkeypatch.setattr(FRONT.pages, "_run", fail)

    told = ask("front", {**webmail.credentials._asdict(), "token": bobs_token})

    assert (told.status, told.json["active"]) == (200, True)
    assert told.headers == {"Content-Type": "application/json", "Cache-Control": "no-store"}


FORM_UTF8 = f"{FORM}; charset=utf-8"
TOO_MANY = "&".join(f"a{number}=b" for number in range(1001))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"CONTENT_TYPE": FORM_UTF8}, 200),
        ({"QUERY_STRING": "token=another"}, 200),
        ({"method": "GET"}, 405),
        ({"CONTENT_TYPE": "application/json"}, 401),
        ({"CONTENT_TYPE": "text/plain"}, 401),
        ({"HTTP_AUTHORIZATION": "Basic !"}, 200),
        ({"HTTP_AUTHORIZATION": "Bearer x"}, 200),
        ({"HTTP_AUTHORIZATION": "Basic eDp5"}, 400),  # it names another client than the form
        ({"more": "&token=another"}, 400),
        ({"more": "&client_id=another"}, 400),
        ({"more": "&client_secret=another"}, 400),
        ({"more": "&other=%00"}, 200),
        ({"more": f"&{TOO_MANY}"}, 400),
        ({"more": "&a=" + "b" * 60_000}, 200),
        ({"more": "&a=" + "b" * 70_000}, 413),
        ({"body": b"\xff\x00"}, 401),
        ({"body": b"token=%00"}, 400),
        ({"body": b"token=" + b"x" * 2001}, 400),
        ({"body": b""}, 401),
    ],
    ids=str,
)
def test_front_and_view_take_the_same_calls(webmail, bobs_token, changes, status):
    form = urlencode({**webmail.credentials._asdict(), "token": bobs_token})
    more = changes.get("more", "")
    sent = {"CONTENT_TYPE": FORM, "body": (form + more).encode(), **changes}
    sent.pop("more", None)

    front, view = (call(way, path=INTROSPECT, **sent) for way in ("front", "route"))

    assert front.status == status
    if status != 413:  # a stranger's large body never reaches Django
        assert (front.status, front.body) == (view.status, view.body)


def test_only_wrong_secrets_are_limited(webmail, bobs_token, settings):
    """Dovecot asks at each IMAP sign-in; frappe/frappe#41542."""
    settings.ACCOUNT_RATE_LIMITS = ACCOUNT_RATE_LIMITS
    right = {**webmail.credentials._asdict(), "token": bobs_token}
    wrong = {**right, "client_secret": "a guess"}

    assert [ask("front", wrong).status for _ in range(11)] == [401] * 10 + [429]
    answers = [ask("front", right) for _ in range(60)]

    assert all(answer.json["active"] for answer in answers)


def test_no_slow_hasher_holds_up_the_front(webmail, bobs_token, monkeypatch):
    """A password hasher takes a third of a second, in which the front would answer nobody."""
    form = {**webmail.credentials._asdict(), "token": bobs_token}
    kept = make_password(form["client_secret"])
    Client.objects.filter(pk=form["client_id"]).update(secret=kept)
    assert not kept.startswith("keyed_sha256$")

    def fail(*_):
        raise AssertionError("slow")

    monkeypatch.setattr(type(get_hasher()), "encode", fail)

    assert [ask(way, form).status for way in ("front", "route")] == [401, 401]


def test_while_the_database_is_away_it_is_503_and_never_active(webmail, bobs_token, monkeypatch):
    def fail(*_, **__):
        raise OperationalError from ConnectionRefusedError()

    monkeypatch.setattr(PreparedStatement, "first_row", fail)

    told = ask("front", {**webmail.credentials._asdict(), "token": bobs_token})

    assert told.status == 503
    assert b"active" not in told.body


# --- What it costs ---


@pytest.mark.parametrize(
    ("scope", "more"), [("openid email company groups", []), (SCOPES, ["hub_permissions"])]
)
def test_one_statement_decides(webmail, signed_in, bob, scope, more):
    """It reads one moment, whatever ends meanwhile. Permissions are another one."""
    token = webmail.tokens(signed_in(bob), scope=scope)["access_token"]
    form = {**webmail.credentials._asdict(), "token": token}
    for way_in in ("front", "route"):
        with statements() as found:
            ask(way_in, form)
        assert found == ["hub_introspection", *more]
    with statements() as found:
        userinfo(token)
    assert found == ["hub_live_token", *more]


def plan_of(statement: PreparedStatement) -> str:
    """Return the database's plan: how it would find the rows."""
    connection.ensure_connection()
    server = connection.connection
    if connection.vendor == "sqlite":
        rows = server.execute(f"EXPLAIN QUERY PLAN {statement.sqlite}", [""] * len(statement.names))
        return "\n".join(row[3] for row in rows)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan TO off")  # small tables are read whole
        cursor.execute("SET LOCAL plan_cache_mode TO force_generic_plan")
        types = ", ".join({"now": "timestamptz"}.get(name, "text") for name in statement.names)
        text = statement.postgresql
        cursor.execute(f"PREPARE plan_of_it ({types}) AS {text}")
        values = ", ".join({"now": "now()"}.get(name, "''") for name in statement.names)
        cursor.execute(f"EXPLAIN EXECUTE plan_of_it ({values})")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_indexes_find_everything_however_much_there_is(db):
    """Introspection took six seconds among 600,000 tokens: their index begins with the type.

    Nor may it look at each resource of a company to find the one that portal access is about.
    """
    plan = plan_of(INTROSPECTION)

    assert not re.findall(r"SCAN (?!own|p\b)\w+|Seq Scan on \w+", plan), plan
    if connection.vendor == "sqlite":  # PostgreSQL chooses among indexes by what is in the tables
        assert "SEARCH t USING INDEX allauth_idp_oidc_token_type_hash" in plan
        root = "SEARCH r USING INDEX resource_by_name (subscription_id=? AND resource_type_id=?)"
        assert root in plan


# --- On the front's own connections ---


@pytest.mark.usefixtures("transactional_db")
def test_whatever_ended_before_a_call_is_found_to_have_ended():
    """Strictly: the answer after an acknowledged end is never the answer before it.

    Calls that travel together get their own answers.
    """
    webmail = RelyingPortal(Portal.objects.get(slug="webmail"))
    case = Case("access", "alder", ("openid",), (), frozenset(), "webmail", "right", "post", None)
    stored = Stored(case, {"webmail": webmail.credentials})
    pipelines = Pipelines()

    async def told(value):
        form = urlencode({**webmail.credentials._asdict(), "token": value}).encode()
        answer = await introspect(
            content_type=FORM, authorization="", body=form, find=pipelines.first_row
        )
        return json.loads(answer)["active"]

    async def scenario():
        try:
            values = [stored.value, "unknown"] * 10
            before = await asyncio.gather(*map(told, values))
            await sync_to_async(stored.of("alder").update)(suspended_at=timezone.now())
            suspended = await told(stored.value)
            await sync_to_async(stored.of("alder").update)(suspended_at=None)
            back = await told(stored.value)
            await sync_to_async(revoke_token)(client=stored.webmail.client, value=stored.value)
            return before, suspended, back, await told(stored.value)
        finally:
            for pipelined in pipelines.of.values():
                pipelined.link.result().close()

    before, suspended, back, revoked = asyncio.run(scenario())

    assert before == [True, False] * 10
    assert (suspended, back, revoked) == (False, True, False)
