"""A proof of a domain that gets old: looked for again, lapsed, released by the provider's staff.

Nobody loses their last way in by it, and nobody's account opens to a new owner of the domain.
"""

from datetime import timedelta

import dns.resolver
import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.choices import DomainRelease, SignInProblem
from accounts.models import AuditEvent, CompanyDomain, CompanySignIn, Membership, User
from accounts.openid.dns import find_records
from accounts.selectors.company_sign_in import sign_in_of_invited, sign_in_of_person
from accounts.services import company_sign_in as services
from accounts.services.company_sign_in import CompanySignInRefused
from accounts.services.invitations import invite_person
from accounts.services.password_resets import send_reset_email
from accounts.signals import periodic_tick

WHY = {"why": DomainRelease.NEW_OWNER, "ticket": "T-9", "reason": "The buyer proved it to us."}
PAGE = "/provider/customers/alder/"
DAY = timedelta(days=1)


@pytest.fixture
def domain(own_sign_in) -> CompanyDomain:
    return CompanyDomain.objects.get()


def note(domain, records=()):
    return services.note_domain_records(actor=None, domain=domain.uuid, records=records)


@pytest.fixture
def lapsed(domain, deliver) -> CompanyDomain:
    with time_machine.travel(timezone.now() - 14 * DAY, tick=False):
        note(domain)
    note(domain)
    domain.refresh_from_db()
    deliver()
    return domain


def come_back(own, person, subject=""):
    claims = {
        "sub": subject or f"{person.email}-1",
        "email": person.email,
        "email_verified": True,
    }
    return services.match_person(actor=None, sign_in=own, claims=claims, language="en")


def add_app(person):
    person.set_password("three unrelated words")
    person.save()
    Authenticator.objects.create(user=person, type="totp", data={"secret": "x"})


def kinds():
    return list(AuditEvent.objects.order_by("pk").values_list("kind", flat=True))


# --- Looking for the record again ---


def test_the_record_is_looked_for_each_week_by_the_workers_clock(domain, monkeypatch, deliver):
    asked = []

    def answer(name):
        asked.append(name)
        return [domain.challenge]

    monkeypatch.setattr("accounts.tasks.find_records", answer)
    periodic_tick.send(sender=None)
    deliver()
    assert asked == []

    with time_machine.travel(timezone.now() + 7 * DAY, tick=False):
        for _tick in range(3):
            periodic_tick.send(sender=None)
        deliver()
        assert asked == ["alder.example"]
        domain.refresh_from_db()
        assert domain.check_due_at == timezone.now() + 7 * DAY
    assert domain.missing_since is None


def test_a_missing_record_is_looked_for_each_day(domain):
    with time_machine.travel(timezone.now() + 7 * DAY, tick=False):
        assert services.take_due_domains() == [domain.uuid]
        note(domain)
        assert services.take_due_domains() == []
    with time_machine.travel(timezone.now() + 8 * DAY, tick=False):
        assert services.take_due_domains() == [domain.uuid]


def test_a_domain_proven_by_email_has_no_record(own_sign_in, domain):
    CompanyDomain.objects.update(proof="email", check_due_at=None)

    assert services.take_due_domains() == []
    assert note(domain) is None
    domain.refresh_from_db()
    assert domain.missing_since is None


def test_super_users_are_told_once_that_the_record_is_missing(domain, alice, deliver):
    deliver().clear()
    before = len(kinds())
    for _day in range(3):
        note(domain, ["another record"])

    mails = [mail for mail in deliver() if "DNS record" in mail.subject]
    assert [mail.to for mail in mails] == [[alice.email]]
    assert domain.challenge in mails[0].body and "_hub-domain.alder.example" in mails[0].body
    assert kinds()[before:] == ["company_domain.missing"]


@pytest.mark.parametrize("fault", [dns.resolver.NoNameservers, dns.resolver.LifetimeTimeout])
def test_a_dns_that_does_not_answer_says_nothing(domain, monkeypatch, fault):
    def fail(*_args, **_how):
        raise fault

    monkeypatch.setattr("dns.resolver.Resolver.resolve", fail)
    before = len(kinds())

    for day in (0, 20, 40):
        with time_machine.travel(timezone.now() + day * DAY, tick=False):
            note(domain, find_records("alder.example"))

    domain.refresh_from_db()
    assert (domain.missing_since, domain.lapsed_at) == (None, None)
    assert len(kinds()) == before


def test_a_record_that_is_back_in_time_proves_the_domain_as_before(domain):
    note(domain)
    with time_machine.travel(timezone.now() + 13 * DAY, tick=False):
        note(domain)
        domain.refresh_from_db()
        assert domain.lapsed_at is None
        note(domain, [domain.challenge])

    domain.refresh_from_db()
    assert (domain.missing_since, domain.lapsed_at) == (None, None)
    assert kinds()[-1] == "company_domain.found"


def test_after_14_days_super_users_and_those_who_can_release_it_are_told(
    domain, alice, olive, deliver
):
    note(domain)
    deliver().clear()
    with time_machine.travel(timezone.now() + 14 * DAY, tick=False):
        note(domain)
        note(domain)

    mails = {mail.to[0]: mail for mail in deliver() if "no longer verified" in mail.subject}
    assert set(mails) == {alice.email, olive.email}
    assert "/c/alder/company/" in mails[alice.email].body
    assert PAGE in mails[olive.email].body
    assert kinds().count("company_domain.lapsed") == 1


# --- Who signs in how, once the proof has lapsed ---


def test_whoever_is_bound_goes_on_at_the_provider_and_no_email_opens_the_account(
    own_sign_in, domain, bob, deliver
):
    """The new owner of the domain reads Bob's email; it must not let them in."""
    come_back(own_sign_in, bob)
    note(domain)
    with time_machine.travel(timezone.now() + 14 * DAY, tick=False):
        note(domain)
        assert sign_in_of_person(bob) == own_sign_in
        assert come_back(own_sign_in, bob).person == bob
        assert send_reset_email(actor=None, address=bob.email, language="en") == 0


def test_nobody_new_is_bound_and_they_sign_in_here(own_sign_in, lapsed, bob):
    match = come_back(own_sign_in, bob)

    assert (match.person, match.problem) == (None, SignInProblem.LAPSED_DOMAIN)
    assert not own_sign_in.identities.filter(user=bob).exists()
    assert sign_in_of_person(bob) is None
    assert send_reset_email(actor=None, address=bob.email, language="en") == 1


def test_a_bound_subject_is_no_way_to_somebody_else(own_sign_in, lapsed, bob, emma):
    assert come_back(own_sign_in, emma, subject="alice-1").problem is not None
    assert come_back(own_sign_in, bob, subject="new").person is None


def test_nobody_invited_comes_in_through_the_provider(own_sign_in, lapsed, alice, alder):
    invitation = invite_person(actor=alice, customer=alder, address="new@alder.example", name="New")
    claims = {"sub": "new-1", "email": "new@alder.example", "email_verified": True}

    match = services.match_person(actor=None, sign_in=own_sign_in, claims=claims, language="en")

    assert match.problem == SignInProblem.LAPSED_DOMAIN
    assert not User.objects.filter(email="new@alder.example").exists()
    assert sign_in_of_invited(invitation) is None  # they choose a password instead


@pytest.mark.parametrize("has_way_in", [True, False])
def test_a_company_without_its_proof_speaks_for_nobody_of_another_who_has_a_way_in(
    own_sign_in, domain, bob, birch, join, has_way_in
):
    come_back(own_sign_in, bob)
    Membership.objects.create(user=bob, customer=birch, role="user")
    if has_way_in:
        add_app(bob)
    note(domain)
    assert sign_in_of_person(bob) == own_sign_in
    with time_machine.travel(timezone.now() + 14 * DAY, tick=False):
        note(domain)
        match = come_back(own_sign_in, bob)
        assert (match.person is None) == has_way_in
        assert (sign_in_of_person(bob) is None) == has_way_in


def test_who_belongs_to_this_company_alone_stays_bound_also_with_a_way_in_here(
    own_sign_in, domain, bob
):
    come_back(own_sign_in, bob)
    add_app(bob)
    note(domain)
    with time_machine.travel(timezone.now() + 14 * DAY, tick=False):
        note(domain)
        assert sign_in_of_person(bob) == own_sign_in


def test_who_signs_in_here_now_is_told_and_who_goes_on_is_not(
    own_sign_in, domain, bob, emma, deliver
):
    come_back(own_sign_in, bob)
    note(domain)
    deliver().clear()
    with time_machine.travel(timezone.now() + 14 * DAY, tick=False):
        note(domain)

        told = {mail.to[0] for mail in deliver() if "no longer sign in" in mail.subject}
    assert emma.email in told
    assert bob.email not in told


def test_single_sign_on_is_not_switched_on_by_a_lapsed_proof(own_sign_in, lapsed, alice, alder):
    now = timezone.now()
    services.stop_company_sign_in(actor=alice, customer=alder, signed_in_at=now)

    with pytest.raises(CompanySignInRefused, match="Verify an email domain"):
        services.start_company_sign_in(actor=alice, customer=alder, signed_in_at=now)


def test_a_lapsed_domain_stays_the_companys_until_somebody_releases_it(lapsed, birch, charlie):
    with pytest.raises(ValidationError, match="Another company has verified"):
        services.add_domain(actor=charlie, customer=birch, domain="alder.example")


def test_the_super_user_sees_it_and_proves_it_again(lapsed, fresh, alice, monkeypatch):
    client, page = fresh(alice), "/c/alder/company/sign-in/"
    text = client.get(page).content.decode()
    assert "No longer verified" in text and lapsed.challenge in text

    monkeypatch.setattr(
        "accounts.views.company_sign_in_settings.find_records", lambda _domain: [lapsed.challenge]
    )
    client.post(f"{page}domains/{lapsed.uuid}/check/")

    lapsed.refresh_from_db()
    assert lapsed.lapsed_at is None
    assert "No longer verified" not in client.get(page).content.decode()


# --- Released by staff ---


def release(actor, domain, **facts):
    return services.release_domain(actor=actor, domain=domain, **{**WHY, **facts})


def test_staff_release_a_domain_and_the_company_is_told(
    own_sign_in, domain, olive, alice, alder, deliver
):
    for person in User.objects.filter(memberships__customer=alder).distinct():
        if person != alice:
            add_app(person)
    deliver().clear()

    release(olive, domain)

    assert not CompanyDomain.objects.exists()
    own_sign_in.refresh_from_db()
    assert not own_sign_in.is_in_force  # it was the last one
    events = AuditEvent.objects.filter(kind="support.domain_released")
    assert {event.customer for event in events} == {alder, None}
    (receipt,) = [mail for mail in deliver() if "released the email domain" in mail.subject]
    assert receipt.to == [alice.email]
    assert all(text in receipt.body for text in ("T-9", "The buyer proved it to us.", str(olive)))


def test_people_at_it_are_told_to_sign_in_here(own_sign_in, domain, olive, bob, deliver):
    deliver().clear()

    release(olive, domain, why=DomainRelease.WRONG_COMPANY)

    told = {mail.to[0] for mail in deliver() if "no longer sign in" in mail.subject}
    assert bob.email in told


def test_with_another_domain_single_sign_on_goes_on(own_sign_in, domain, olive, alice, alder):
    second = services.add_domain(actor=alice, customer=alder, domain="alder2.example")
    services.prove_domain_by_dns(actor=alice, domain=second, records=[second.challenge])

    release(olive, domain, why=DomainRelease.WRONG_COMPANY)

    own_sign_in.refresh_from_db()
    assert own_sign_in.is_in_force
    assert [str(row) for row in CompanyDomain.objects.all()] == ["alder2.example"]


def test_the_new_owner_proves_it_afterwards(own_sign_in, domain, olive, charlie, birch):
    release(olive, domain, why=DomainRelease.WRONG_COMPANY)

    row = services.add_domain(actor=charlie, customer=birch, domain="alder.example")
    services.prove_domain_by_dns(actor=charlie, domain=row, records=[row.challenge])
    assert row.customer == birch


def test_a_domain_with_a_new_owner_is_not_released_while_its_emails_open_accounts(
    own_sign_in, domain, olive, bob, deliver
):
    """Bob has a password alone: a reset link would go to whoever has the domain now."""
    with pytest.raises(CompanySignInRefused, match="reset their password") as refusal:
        release(olive, domain)
    assert refusal.value.code == "take_over"
    assert "Bob" in str(refusal.value)
    assert CompanyDomain.objects.exists()
    own_sign_in.refresh_from_db()
    assert own_sign_in.is_in_force
    assert "support.domain_released" not in kinds()


@pytest.mark.parametrize("who", ["dana", "alice", "bob", "charlie"])
def test_nobody_else_releases_it(domain, request, who):
    actor = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        release(actor, domain, why=DomainRelease.WRONG_COMPANY)
    assert CompanyDomain.objects.exists()


def test_staff_never_act_on_their_own_company(domain, olive, alder):
    Membership.objects.create(user=olive, customer=alder, role="user")

    with pytest.raises(PermissionDenied):
        release(olive, domain, why=DomainRelease.WRONG_COMPANY)


@pytest.mark.parametrize("field", ["ticket", "reason"])
def test_ticket_and_reason_are_demanded(domain, olive, field):
    with pytest.raises(ValidationError) as refusal:
        release(olive, domain, **{field: " "})
    assert field in refusal.value.message_dict


def test_it_is_released_once_and_not_before_it_is_proven(domain, olive, alice, alder):
    release(olive, domain, why=DomainRelease.WRONG_COMPANY)
    claimed = services.add_domain(actor=alice, customer=alder, domain="other.example")
    for row in (domain, claimed):
        with pytest.raises(CompanySignInRefused, match="no longer verified"):
            release(olive, row, why=DomainRelease.WRONG_COMPANY)


def test_the_customers_page_has_the_form(own_sign_in, domain, as_, olive, dana):
    text = as_(olive).get(PAGE).content.decode()
    assert "alder.example" in text and "Release domain" in text
    address = f"{PAGE}domains/{domain.uuid}/release/"
    assert as_(dana).post(address, WHY).status_code == 403

    as_(olive).post(address, {**WHY, "why": "nonsense"})
    as_(olive).post(address, WHY)  # Bob would be open to the new owner
    assert CompanyDomain.objects.exists()
    answer = as_(olive).post(address, {**WHY, "why": "wrong_company"}, follow=True)

    assert "is no longer a domain of Alder Dental" in answer.content.decode()
    assert not CompanyDomain.objects.exists()
    assert not CompanySignIn.objects.in_force().exists()
    assert as_(olive).post(address, {**WHY, "why": "wrong_company"}).status_code == 404
