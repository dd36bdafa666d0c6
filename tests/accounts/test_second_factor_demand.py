"""A company, or the provider, demands a second factor: from its day on, nobody goes on without."""

from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Customer, Membership
from accounts.permissions import FreshSignInRequired, SecondFactorRequired, require_second_factor
from accounts.selectors.factors import (
    has_second_factor,
    person_with_factor_state,
    who_demands_a_factor,
)
from accounts.services.memberships import suspend_membership
from accounts.services.second_factor import demand_second_factor, end_second_factor
from accounts.services.undo import undo_event
from tests.accounts.test_factors import add_passkey, is_in, set_up_app, sign_in
from tests.hub.test_https import production_settings
from tests.passkeys import ORIGIN

HOME, INDEX = "/", "/accounts/2fa/"


@pytest.fixture(autouse=True)
def _at_a_name(settings):
    settings.HUB_BASE_URL = ORIGIN
    settings.MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]


def midnight(customer, days=0):
    today = timezone.localtime(timezone=customer.zone)
    return today.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)


@pytest.fixture
def demand(alice, alder):
    """demand(days from now): Alder demands it."""

    def act(days=0):
        return demand_second_factor(actor=alice, customer=alder, since=midnight(alder, days))

    return act


# --- The rule ---


def test_from_that_day_a_person_is_led_to_set_one_up_and_can_do_nothing_else(demand, bob):
    demand()
    client, answer = sign_in(bob)
    assert answer["Location"] == HOME

    for path in (HOME, "/profile/", "/preferences/", "/c/alder/requests/", "/accounts/email/"):
        assert client.get(path)["Location"] == INDEX
    answer = client.post("/profile/", {"name": "Bobby"})
    assert answer["Location"] == INDEX
    page = client.get(INDEX).content.decode()
    assert "Alder Dental requires a second factor." in page


@pytest.mark.parametrize("set_up", [set_up_app, add_passkey])
def test_once_it_is_set_up_the_person_goes_on_where_they_wanted(set_up, demand, bob):
    demand()
    client, _answer = sign_in(bob)
    client.get("/preferences/?from=email")

    set_up(client)

    page = client.get(INDEX)
    assert 'href="/preferences/?from=email"' in page.content.decode()
    assert client.get("/preferences/").status_code == 200


def test_it_is_asked_in_a_session_that_began_before(demand, alder, as_, bob):
    demand(1)
    begins = midnight(alder, 1)
    with time_machine.travel(begins - timedelta(hours=1), tick=False):
        client = as_(bob)
    with time_machine.travel(begins - timedelta(seconds=1), tick=False):
        assert client.get("/profile/").status_code == 200
    with time_machine.travel(begins, tick=False):
        assert client.get("/profile/")["Location"] == INDEX


def test_programs_with_the_persons_session_are_refused_F4(demand, as_, bob):
    demand()
    client = as_(bob)

    for answer in (
        client.get(reverse("preferences-api:choice-list")),
        client.get(reverse("preferences-api:choice-list"), headers={"Authorization": "Bearer x"}),
        client.post(reverse("preferences-api:choice-stop-all"), {}, "application/json"),
    ):
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "second_factor_required"


def test_a_part_of_a_page_leads_the_whole_page(demand, as_, bob):
    demand()

    answer = as_(bob).get("/c/alder/requests/", headers={"HX-Request": "true"})

    assert answer.status_code == 403 and answer["HX-Redirect"] == INDEX


def test_signing_out_and_public_pages_stay_open(demand, as_, bob):
    demand()
    client = as_(bob)

    assert client.post(reverse("set_language"), {"language": "fr"}).status_code == 302
    assert client.get(reverse("account_logout")).status_code == 200
    assert client.post(reverse("account_logout"))["Location"] != INDEX


@pytest.mark.parametrize("kind", ["totp", "webauthn"])
def test_who_has_a_factor_notices_nothing(kind, demand, as_, bob):
    demand()
    Authenticator.objects.create(user=bob, type=kind, data={"name": "x"})

    assert is_in(as_(bob))


def test_recovery_codes_alone_are_none(demand, as_, bob):
    demand()
    Authenticator.objects.create(user=bob, type="recovery_codes", data={})

    assert not is_in(as_(bob))


def test_it_binds_the_companys_own_people_only(demand, as_, charlie, dana):
    demand()

    assert is_in(as_(charlie)) and is_in(as_(dana))


def test_a_membership_that_is_suspended_or_over_demands_nothing(demand, alice, bob, membership):
    demand()
    with pytest.raises(SecondFactorRequired):
        require_second_factor(bob)

    suspend_membership(actor=alice, membership=membership(bob))

    require_second_factor(bob)


def test_one_of_two_companies_is_enough(demand, bob, birch):
    demand()
    Membership.objects.create(customer=birch, user=bob, work_name="Bob")

    with pytest.raises(SecondFactorRequired) as refusal:
        require_second_factor(bob)
    assert refusal.value.by == "Alder Dental"


LIVE = {"ended_at": None, "ends_at": None, "suspended_at": None}
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("factors", "since", "changes"),
    [
        ([], None, {}),
        ([], -HOUR, {}),
        ([], HOUR, {}),
        (["totp"], -HOUR, {}),
        (["webauthn", "recovery_codes"], None, {}),
        (["recovery_codes"], -HOUR, {}),
        ([], -HOUR, {"suspended_at": -HOUR}),
        ([], -HOUR, {"ends_at": -HOUR}),
        ([], -HOUR, {"ends_at": HOUR}),
        ([], -HOUR, {"ends_at": -HOUR, "ended_at": -HOUR}),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "America/Toronto"])
def test_the_person_of_a_request_is_read_by_the_same_rules(
    factors, since, changes, zone, alder, bob, membership
):
    """The one statement of each request against the selectors, in any time zone."""
    now = timezone.now()
    for kind in factors:
        Authenticator.objects.create(user=bob, type=kind, data={"name": "x"})
    Customer.objects.filter(pk=alder.pk).update(second_factor_from=since and now + since)
    values = {name: value and now + value for name, value in {**LIVE, **changes}.items()}
    Membership.objects.filter(pk=membership(bob).pk).update(**values)

    with timezone.override(zone):
        found = person_with_factor_state(bob.pk)

    assert found == bob and not found.get_deferred_fields()
    assert bool(found.has_factor) == has_second_factor(bob)
    assert (found.demanding_company or "") == who_demands_a_factor(bob)
    assert person_with_factor_state(0) is None


@pytest.mark.parametrize("remove", ["app", "passkey"])
def test_the_last_factor_stays_while_it_is_demanded(remove, demand, bob):
    client, _answer = sign_in(bob)
    (set_up_app if remove == "app" else add_passkey)(client)
    demand()
    factor = Authenticator.objects.exclude(type="recovery_codes").get(user=bob)
    path = reverse("mfa_deactivate_totp") if remove == "app" else (
        reverse("mfa_remove_webauthn", args=[factor.pk]))  # fmt: skip

    for answer in (client.get(path), client.post(path)):
        assert "Alder Dental requires a second factor. Add another" in answer.content.decode()
    assert Authenticator.objects.filter(pk=factor.pk).exists()

    (add_passkey if remove == "app" else set_up_app)(client)
    client.post(path)
    assert not Authenticator.objects.filter(pk=factor.pk).exists()


# --- The provider's staff ---


def test_the_provider_demands_it_of_its_staff(settings, as_, dana, olive, bob):
    settings.HUB_STAFF_SECOND_FACTOR = True

    for person in (dana, olive):
        assert as_(person).get("/desk/")["Location"] == INDEX
        assert as_(person).get("/admin/")["Location"] == INDEX
    assert is_in(as_(bob))
    set_up_app(client := sign_in(dana)[0])
    assert client.get("/desk/").status_code == 200


# --- Who may demand it ---


@pytest.mark.parametrize("name", ["bob", "charlie", "dana", "olive"])
def test_only_its_super_users_demand_and_end_it(name, request, alder, demand):
    actor = request.getfixturevalue(name)
    demand(3)
    for act in (
        lambda: demand_second_factor(actor=actor, customer=alder, since=midnight(alder, 1)),
        lambda: end_second_factor(actor=actor, customer=alder, signed_in_at=timezone.now()),
    ):
        with pytest.raises(PermissionDenied):
            act()
    alder.refresh_from_db()
    assert alder.second_factor_from == midnight(alder, 3)


@pytest.mark.parametrize("days", [-1, 367])
def test_a_day_in_the_past_or_far_away_is_refused(days, demand, alder):
    with pytest.raises(ValidationError) as refusal:
        demand(days)

    assert list(refusal.value.message_dict) == ["day"]
    alder.refresh_from_db()
    assert alder.second_factor_from is None
    assert not AuditEvent.objects.filter(kind__startswith="customer.second_factor").exists()


def test_the_same_day_twice_is_refused_and_tells_nobody_again(demand, deliver):
    demand(7)
    told = len(deliver())

    with pytest.raises(ValidationError):
        demand(7)

    assert len(deliver()) == told


def test_ending_it_wants_a_fresh_sign_in(demand, alice, alder):
    demand(7)
    for moment in (None, timezone.now() - timedelta(minutes=6)):
        with pytest.raises(FreshSignInRequired):
            end_second_factor(actor=alice, customer=alder, signed_in_at=moment)

    end_second_factor(actor=alice, customer=alder, signed_in_at=timezone.now())
    with pytest.raises(ValidationError):
        end_second_factor(actor=alice, customer=alder, signed_in_at=timezone.now())


# --- People are told; it can be undone ---


def test_its_people_are_told_what_to_do(demand, bob, alder, deliver):
    Authenticator.objects.create(user=bob, type="totp", data={})
    demand(7)

    mails = {mail.to[0]: mail for mail in deliver() if "second factor" in mail.subject}
    assert set(mails) == {
        m.user.email for m in Membership.objects.live().filter(customer=alder)
    }  # fmt: skip
    assert mails["alice@alder.example"].subject.startswith(
        "Alder Dental requires a second factor from "
    )
    assert INDEX in mails["alice@alder.example"].body
    assert "You already have a second factor" in mails["bob@alder.example"].body


def test_undo_brings_back_the_day_before(demand, alice, alder):
    demand(7)
    later = demand(3)

    undo_event(actor=alice, event=later)

    alder.refresh_from_db()
    assert alder.second_factor_from == midnight(alder, 7)


def test_undo_of_the_first_demand_and_of_an_end(demand, alice, alder, bob, as_):
    event = demand()
    undo_event(actor=alice, event=event)
    assert is_in(as_(bob))

    demand()
    end = end_second_factor(actor=alice, customer=alder, signed_in_at=timezone.now())
    assert is_in(as_(bob))
    undo_event(actor=alice, event=end)
    assert not is_in(as_(bob))


def test_undo_is_refused_once_it_was_changed_again(demand, alice):
    first = demand(7)
    demand(3)

    with pytest.raises(ValidationError):
        undo_event(actor=alice, event=first)


def test_the_company_page_demands_and_ends_it(alice, alder):
    client, _answer = sign_in(alice)
    day = timezone.localtime(timezone=alder.zone).date() + timedelta(days=7)
    page = client.post(
        reverse("accounts:second-factor-demand", args=["alder"]), {"day": day}, follow=True
    )
    assert "everyone at Alder Dental needs a second factor" in page.content.decode()
    assert "Undo" in page.content.decode()
    alder.refresh_from_db()
    assert alder.second_factor_from == midnight(alder, 7)

    client.post(reverse("accounts:second-factor-end", args=["alder"]))
    alder.refresh_from_db()
    assert alder.second_factor_from is None


@pytest.mark.parametrize("day", ["", "soon", "2020-01-01", "9999-12-31"])
def test_the_page_names_a_bad_day(day, alice, alder):
    client, _answer = sign_in(alice)

    page = client.post(reverse("accounts:second-factor-demand", args=["alder"]), {"day": day})

    assert page.context["second_factor"].errors["day"]
    alder.refresh_from_db()
    assert alder.second_factor_from is None


def test_a_signed_out_visitor_demands_nothing(alder):
    Client().post(reverse("accounts:second-factor-demand", args=["alder"]), {"day": "2027-01-01"})

    alder.refresh_from_db()
    assert alder.second_factor_from is None


def test_staff_need_one_in_production_unless_the_operator_says_no(monkeypatch):
    assert production_settings()["HUB_STAFF_SECOND_FACTOR"] is True
    assert not django_settings.HUB_STAFF_SECOND_FACTOR  # in the tests, and so in the demo

    monkeypatch.setenv("HUB_STAFF_SECOND_FACTOR", "no")
    assert "HUB_STAFF_SECOND_FACTOR" not in production_settings()  # as in the tests
    monkeypatch.setenv("HUB_STAFF_SECOND_FACTOR", "maybe")
    with pytest.raises(ImproperlyConfigured, match="HUB_STAFF_SECOND_FACTOR is one of: yes, no"):
        production_settings()
