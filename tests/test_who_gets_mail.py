"""Every email: an act, exactly who gets it, and the sentence that says the fact.

Whoever is not named gets nothing: others of the company, whoever did it, a suspended Super User,
people of other companies, staff. A template or a kind of one without a row here fails.
"""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.test import Client
from django.test.signals import template_rendered
from django.urls import reverse
from django.utils import timezone

from accounts.choices import SignInProblem
from accounts.emails import send_company_sign_in_conflict
from accounts.models import (
    AccessRequest,
    AuditEvent,
    CompanyDomain,
    CompanySignIn,
    Customer,
    DelayedAct,
    SupportCase,
    User,
)
from accounts.selectors import super_users_of
from accounts.services import company_sign_in, hand_overs, recoveries, support
from accounts.services.invitations import (
    accept_invitation,
    correct_invitation,
    invite_main_super_user,
    resend_invitation,
    revoke_invitations,
)
from accounts.services.membership_expiry import end_due_memberships, remind_of_membership_expiry
from accounts.services.memberships import (
    change_role,
    remove_membership,
    restore_membership,
    suspend_membership,
)
from accounts.services.offboarding import cancel_offboarding, plan_offboarding
from accounts.services.requests import (
    approve_request,
    pass_on_overdue_requests,
    pass_on_request,
    refuse_request,
    send_back_request,
    withdraw_request,
)
from accounts.services.second_factor import demand_second_factor
from accounts.services.sign_in_codes import make_sign_in_code, send_sign_in_code
from accounts.services.support.delays import cancel_delayed_act, do_due_acts
from accounts.services.support.limits import sound_alarm
from accounts.services.support.viewings import begin_viewing
from accounts.services.undo import undo_event
from accounts.tasks import send_reset_email, tell_members_of_second_factor
from accounts.timezones import today_of_provider
from accounts.tokens import AddressCorrection
from compliance.emails import send_closing_done
from compliance.models import Closing, PrivacyRequest, Referral, RetentionApproval
from compliance.services.announcements import announce_version, remind_of_policies
from compliance.services.answers import answer_version
from compliance.services.authorisations import end_authorisation, remind_of_authorisations
from compliance.services.closings import cancel_closing, close_account
from compliance.services.due import alarm_of_overdue
from compliance.services.exports import ask_for_own_data, make_own_data
from compliance.services.external_payments import record_external_payment
from compliance.services.log_decisions import close_log_request, decline_log_request
from compliance.services.log_downloads import download_logs
from compliance.services.log_requests import release_log_request
from compliance.services.payments import reverse_payment, waive_charge
from compliance.services.policies import create_policy, publish_version
from compliance.services.privacy_requests import (
    confirm_privacy_request,
    extend_privacy_request,
    pause_privacy_request,
    send_privacy_link,
    settle_privacy_request,
)
from compliance.services.recorded_answers import record_answer
from compliance.services.referrals import answer_referral
from compliance.services.representatives import confirm_representative
from compliance.services.reseller_requests import decide_reseller_request
from compliance.services.retention import alarm_of_late_rules
from compliance.tokens import privacy_token, referral_path
from portals.models import Portal, Privilege, Resource
from portals.services.grant_expiry import announce_expiring_grants
from portals.services.grants import GrantTerms, grant_privilege
from portals.services.offered_grants import offer_privileges
from portals.services.requests import request_access
from portals.services.resources import Report, put_resource
from portals.services.reviews import begin_review, remind_reviewers, remove_unused, rounds
from portals.services.service_requests import request_service
from preferences.choices import Digest
from preferences.gate import digests
from preferences.gate.envelope import rebuild
from preferences.gate.escalation_steps import confirm_address, run_escalations
from preferences.models import Message, Topic
from preferences.services import complaints, customer_email
from preferences.services.delivery_events import record_delivery_event
from preferences.services.recipients import choose_digest
from preferences.services.referrals import send_referral
from preferences.services.topic_signups import request_confirmation, subscribe
from tests import log_scene
from tests.accounts.test_factors import add_passkey, set_up_app, sign_in
from tests.acts import PASSWORD, Scene
from tests.cases import confirmed_case, verified_case
from tests.demo import ROOT
from tests.savepoints import made_once, undone
from tests.test_wrong_actors import signed_in

STAFF = {"dana", "olive"}
NEW_PASSWORD = {"password1": "quite another phrase", "password2": "quite another phrase"}


class Company(Scene):
    """Alder with its people: Alice and Iris are Super Users, Jack was one, Gina asks."""

    def __init__(self) -> None:
        super().__init__(Customer.objects.get(slug="alder"))
        User.objects.update(language="en")
        self.alice, self.iris, self.gina = (
            self.super_user,
            self.second.user,
            self.person.user,
        )
        self.henry = self.colleague.user
        self.dana = User.objects.get(email="dana@harbour.example")
        self.olive = User.objects.get(email="olive@harbour.example")
        self.add_staff_who_get_nothing()

    def add_staff_who_get_nothing(self) -> None:
        """Add one who may only look, one who is no staff any more, and one whose account closed."""
        looks, left, closed = (
            User.objects.create_user(f"{name}@harbour.example", name=name, **state)
            for name, state in {
                "looks": {"is_staff": True},
                "left": {"is_staff": False},
                "closed": {"is_staff": True, "is_active": False},
            }.items()
        )
        looks.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
        for person in (left, closed):
            person.groups.set(Group.objects.filter(name__in=["Support", "Operators"]))

    def announce_policy(self, asked_of: str = "person") -> None:
        """Announce a policy, without its email."""
        words = {f"{x}_{y}": "Terms" for x in ("title", "summary", "body") for y in ("en", "fr")}
        policy = create_policy(
            actor=self.olive, slug="use", kind="agreement", asked_of=asked_of, material=True,
            effective_at=timezone.now() + timedelta(days=40), **words,
        )  # fmt: skip
        version = publish_version(actor=self.olive, draft=policy.versions.get())
        announce_version(actor=self.olive, version=version, alone_reason="Alone.")
        self.version = version

    def announce_company_policy(self) -> None:
        """Announce a policy that companies answer."""
        self.announce_policy("company")

    def decline(self) -> None:
        """Decline the policy, as whoever is asked."""
        is_own = self.version.policy.asked_of == "person"
        answer_version(
            actor=self.gina if is_own else self.alice,
            customer=None if is_own else self.customer,
            version=self.version,
            sha256=self.version.sha256,
            verb="declined",
            language="en",
        )

    def record_answer(self) -> None:
        """Record an answer on paper, of whoever is asked."""
        is_own = self.version.policy.asked_of == "person"
        record_answer(
            actor=self.olive,
            person=self.gina if is_own else self.iris,
            customer=None if is_own else self.customer,
            version=self.version,
            verb="accepted",
            language="en",
            way="paper",
            given_on=today_of_provider(),
            reference="Binder 7",
        )

    def accept(self) -> None:
        accept_invitation(actor=None, token=self.invitation.token, name="Kim", password=PASSWORD)

    def offer_what_goes(self) -> None:
        offer_privileges(
            actor=self.alice,
            invitations=[self.invitation],
            privileges=[(self.domain, self.view)],
            terms=GrantTerms(),
        )
        self.domain.delete()

    def ask_about_data(self) -> None:
        token = privacy_token(
            address=self.gina.email,
            kind="access",
            language=self.gina.language,
            at=timezone.now().timestamp(),
        )
        self.about_data = confirm_privacy_request(actor=None, token=token)

    def refuse_about_data(self) -> None:
        officer = User.objects.get(email="olive@harbour.example")
        officer.groups.add(Group.objects.get(name="Privacy"))
        settle_privacy_request(
            actor=User.objects.get(pk=officer.pk),
            request=self.about_data,
            outcome="refused",
            answer="You can't have what we do not keep.",
            ground="law",
            kept_items=["company"],
            kept_until=timezone.localdate() + timedelta(days=180),
        )

    def send_to_contact(self) -> None:
        send_referral(
            actor=self.alice, address="sam@shop.example", language=self.alice.language,
            template="compliance/emails/referral", name="Sam Poirier", referrer=self.alice.name,
            company=self.customer, link="http://localhost:8000/referral/x/",
        )  # fmt: skip

    def contact_says_yes(self) -> None:
        Referral.objects.filter(pk=self.referral.pk).update(state="asked")
        token = referral_path(self.referral).split("/")[-2]
        answer_referral(actor=None, token=token, interested=True)

    def answer_reseller(self, outcome: str) -> None:
        decide_reseller_request(
            actor=User.objects.get(email="olive@harbour.example"),
            request=self.reseller_request,
            outcome=outcome,
            reason="Not this year." if outcome == "declined" else "",
        )

    def officer(self) -> User:
        officer = User.objects.get(email="olive@harbour.example")
        officer.groups.add(Group.objects.get(name="Privacy"))
        return User.objects.get(pk=officer.pk)

    def ask_in_britain(self) -> None:
        """Enter a request under a law that knows a pause."""
        self.ask_about_data()
        PrivacyRequest.objects.filter(pk=self.about_data.pk).update(law="uk")

    def close(self) -> Closing:
        """Let Gina begin to close her account."""
        return close_account(actor=self.gina, signed_in_at=timezone.now())

    def close_long_ago(self) -> None:
        with time_machine.travel(timezone.now() - timedelta(days=8)):
            self.closing = self.close()

    def let_rule_run_long_ago(self) -> None:
        with time_machine.travel(timezone.now() - timedelta(days=3)):
            RetentionApproval.objects.create(rule="messages", days=1095, found=0, by=self.officer())

    def put_authorisation_before_a_representative(self) -> None:
        log_scene.representative(self.person)
        self.ask_for_authorisation()

    def give_authorisation(self) -> None:
        self.put_authorisation_before_a_representative()
        self.authorisation = log_scene.give(self.gina, self.authorisation)

    def bounced_invitation(self) -> None:
        sent = Message.objects.filter(address=self.invitation.address).latest("pk")
        record_delivery_event(message=sent, kind="hard", event="x:1", diagnostic="550 5.1.1 no")

    def hand_team_to_leaver(self) -> None:
        """Plan that Gina leaves and Henry takes her place in a team; then Henry leaves."""
        plan_offboarding(
            actor=self.alice,
            membership=self.person,
            leaves_at=timezone.now() + timedelta(days=30),
            teams=[(self.team, self.colleague)],
        )
        remove_membership(actor=self.alice, membership=self.colleague)

    def undo_removal(self) -> None:
        undo_event(
            actor=self.alice,
            event=AuditEvent.objects.filter(kind="membership.removed").latest("pk"),
        )

    def waited(self, **time: int) -> None:
        """Let Gina's request wait for so long, and do what is due."""
        AccessRequest.objects.filter(pk=self.access_request.pk).update(
            waiting_since=timezone.now() - timedelta(**time)
        )
        pass_on_overdue_requests()

    def ask_to_end_domains(self) -> None:
        self.access_request = request_service(
            actor=self.alice,
            customer=self.customer,
            portal=Portal.objects.get(slug="domains"),
            kind="end",
            confirmation_name="Domains",
        )

    def refuse(self, actor: User) -> None:
        refuse_request(
            actor=actor,
            access_request=self.access_request,
            reason="No.",
            for_provider=actor.is_staff,
        )

    def choose_password_by_link(self) -> None:
        key = default_token_generator.make_token(self.gina)
        link = f"/accounts/password/reset/key/{user_pk_to_url_str(self.gina)}-{key}/"
        client = Client()
        client.post(client.get(link).url, NEW_PASSWORD)

    def proved(self) -> Client:
        """Return a client of Gina, who gave her password again."""
        client = Client()
        client.post("/accounts/login/", {"login": self.gina.email, "password": PASSWORD})
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        return client

    def sign_in(self) -> None:
        self.browser, _answer = sign_in(self.gina, PASSWORD)

    def get_code(self, address: str = "") -> None:
        address = address or self.gina.email
        _row, sealed = make_sign_in_code(actor=None, address=address, is_sent=True)
        send_sign_in_code(actor=None, address=address, language="en", sealed=sealed)

    def set_up_app(self) -> None:
        with patch("django.db.transaction.on_commit", lambda act: act()):  # within the request
            set_up_app(self.browser)

    def make_codes(self) -> None:
        with patch("django.db.transaction.on_commit", lambda act: act()):
            answer = self.browser.post(reverse("mfa_generate_recovery_codes"))
        assert answer.status_code == 302, answer.content

    def demand_second_factor(self) -> None:
        demand_second_factor(actor=self.alice, customer=self.customer, since=self.in_a_week())
        tell_members_of_second_factor.call(self.customer.pk)

    def remove_passkey(self) -> None:
        key = Authenticator.objects.get(user=self.gina, type="webauthn").pk
        self.browser.post(reverse("mfa_remove_webauthn", args=[key]))

    def in_a_week(self) -> datetime:
        midnight = timezone.localtime(timezone=self.customer.zone).replace(hour=0, minute=0)
        return midnight.replace(second=0, microsecond=0) + timedelta(days=7)

    def add_factor(self) -> None:
        self.key = Authenticator.objects.create(
            user=self.gina, type="webauthn", data={"name": "Blue key"}
        )

    def wait_with_factor(self) -> None:
        case = verified_case(self.dana, self.gina)
        support.remove_factor(actor=self.dana, case=case, factor=str(self.key.pk))

    def lose_factor(self) -> None:
        Authenticator.objects.filter(user=self.gina).delete()

    def prove_new_address(self) -> None:
        address = EmailAddress.objects.create(user=self.gina, email="gina@new.example")
        link = reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])
        signed_in(self.gina).post(link)

    def let_read(self, grantee: Any, code: str) -> None:
        grant_privilege(
            actor=self.alice,
            grantee=grantee,
            privilege=Privilege.objects.get(portal__slug="webmail", codename=f"mailbox.{code}"),
            resource=Resource.objects.get(external_id="info@alder.example"),
            terms=GrantTerms(reason="Holidays."),
            signed_in_at=timezone.now(),
        )

    def report_owner(self, owner: User) -> None:
        """Let the portal report whose a mailbox is."""
        name, domain = "info@alder.example", ("mail_domain", "alder.example")
        put_resource(
            actor=Portal.objects.get(slug="webmail"),
            customer="alder",
            type_code="mailbox",
            report=Report(name, name, domain, str(owner.sub)),
        )

    def has_another_address(self) -> None:
        EmailAddress.objects.create(
            user=self.gina, email="gina@home.example", verified=True, primary=False
        )

    def bounced_at_one_address(self) -> None:
        self.has_another_address()
        self.come_back()

    def open_newsletter(self) -> None:
        Topic.objects.filter(slug="newsletter").update(double_opt_in=False)

    def newsletter(self) -> list[Topic]:
        return list(Topic.objects.filter(slug="newsletter"))

    def wait_for_digest(self) -> None:
        self.send()
        choose_digest(actor=self.gina, digest=Digest.DAILY)
        recipient, topic = self.gina.recipient, self.campaign.topic
        Message.objects.create(
            recipient=recipient, address=recipient.email, campaign=self.campaign, topic=topic,
            subject="News", message_id="<digest@x>", in_digest=True,
        )  # fmt: skip


@dataclass(frozen=True)
class Mail:
    """An act, the templates it uses, and who gets a mail with which sentence."""

    uses: str  # "app/template" or "app/template:kind", with spaces between
    do: Callable[[Company], Any]
    to: tuple[tuple[str, str], ...]
    before: Callable[[Company], Any] = lambda s: None


def later(**time: int) -> Any:
    return time_machine.travel(timezone.now() + timedelta(**time), tick=False)


def after(time: dict[str, int], do: Callable[[Company], Any]) -> Callable[[Company], None]:
    """Return the act, done so much later."""

    def run(s: Company) -> None:
        with later(**time):
            do(s)

    return run


def security_contact(s: Company) -> None:
    customer_email.name_contact(actor=s.alice, membership=s.colleague, kind="security")


def conflict(problem: SignInProblem) -> Callable[[Company], None]:
    """Return the act: somebody's account at the company's provider is not the one it was."""

    def run(s: Company) -> None:
        for reader in super_users_of(s.customer):
            send_company_sign_in_conflict(
                reader=reader, address="bob@alder.example", problem=problem
            )

    return run


def prove_domain(s: Company) -> None:
    row = CompanyDomain.objects.get(proven_at=None)
    company_sign_in.prove_domain_by_dns(actor=s.alice, domain=row, records=[row.challenge])


def look_for_record(s: Company, *, records: list[str]) -> None:
    company_sign_in.note_domain_records(actor=None, domain=s.own_domain.uuid, records=records)


OWN = "accounts/company_sign_in"
NOTICE = "accounts/membership_notice"
MAILS: dict[str, Mail] = {
    # The company's own sign-in
    "its own sign-in is switched on": Mail(
        OWN,
        lambda s: company_sign_in.tell_members(
            actor=None, customer=s.customer, is_on=True, domains=["alder.example"]
        ),
        tuple(
            (name, "Alder Dental has turned on single sign-on")
            for name in ("alice", "bob", "emma", "gina", "henry", "iris")
        ),
        before=Scene.switch_on_own_sign_in,
    ),
    "its own sign-in is switched off": Mail(
        OWN,
        lambda s: company_sign_in.tell_members(
            actor=None, customer=s.customer, is_on=False, domains=["alder.example"]
        ),
        tuple(
            (name, "You sign in with your email address and a password again")
            for name in ("alice", "bob", "emma", "gina", "henry", "iris")
        ),
        before=lambda s: (s.switch_on_own_sign_in(), CompanySignIn.objects.all().delete()),
    ),
    "support switches off a company's own sign-in": Mail(
        f"{OWN}_receipt",
        lambda s: company_sign_in.stop_as_support(
            actor=s.dana, customer=s.customer, ticket="T-1", reason="Away."
        ),
        tuple((name, "turned off single sign-on of Alder Dental") for name in ("alice", "iris")),
        before=Scene.switch_on_own_sign_in,
    ),
    "an address has another account at the company's provider": Mail(
        f"{OWN}_conflict",
        conflict(SignInProblem.OTHER_SUBJECT),
        tuple(
            (name, "this address is linked to another account there") for name in ("alice", "iris")
        ),
    ),
    "an account at the company's provider has another's address": Mail(
        f"{OWN}_conflict",
        conflict(SignInProblem.OTHER_PERSON),
        tuple((name, "this address belongs to another person") for name in ("alice", "iris")),
    ),
    "a company says that a domain is its own": Mail(
        "accounts/domain_link",
        lambda s: company_sign_in.send_domain_link(
            actor=s.alice, domain=s.own_domain, mailbox="postmaster"
        ),
        (("postmaster@own.alder.example", "says that own.alder.example is an email domain"),),
        before=Scene.claim_domain,
    ),
    "one more domain of its own sign-in is proven": Mail(
        "accounts/domain_proven",
        prove_domain,
        tuple(
            (name, "The email domain own.alder.example is verified") for name in ("alice", "iris")
        ),
        before=lambda s: (s.switch_on_own_sign_in(), s.claim_domain()),
    ),
    "the record of a domain is missing": Mail(
        "accounts/domain_missing",
        lambda s: look_for_record(s, records=[]),
        tuple(
            (name, "The DNS record of own.alder.example is missing") for name in ("alice", "iris")
        ),
        before=Scene.prove_domain,
    ),
    "the record of a domain is missing for too long": Mail(
        "accounts/domain_lapsed",
        after({"days": 14}, lambda s: look_for_record(s, records=[])),
        tuple(
            (name, "own.alder.example of Alder Dental is no longer verified")
            for name in ("alice", "iris", "olive")
        ),
        before=lambda s: (s.prove_domain(), look_for_record(s, records=[])),
    ),
    "staff release a domain": Mail(
        "accounts/domain_released",
        lambda s: company_sign_in.release_domain(
            actor=s.olive, domain=s.own_domain, why="wrong_company", ticket="T-1", reason="Sold."
        ),
        tuple(
            (name, "Harbour released the email domain own.alder.example of Alder Dental")
            for name in ("alice", "iris")
        ),
        before=Scene.prove_domain,
    ),
    # Invitations
    "invited": Mail(
        "accounts/invitation",
        lambda s: s.invite("lou"),
        (("lou", "Alice Martin invites you to join Alder Dental, so that you can use"),),
    ),
    "invited as a Super User": Mail(
        "accounts/invitation",
        lambda s: s.invite("lou", role="super_user"),
        (("lou", "Alice Martin invites you to join Alder Dental as a Super User"),),
    ),
    "invited to be the main Super User": Mail(
        "accounts/invitation",
        lambda s: invite_main_super_user(
            actor=s.olive, customer=s.customer, address="main@new.example"
        ),
        (("main@new.example", "asks you to be its main Super User"),),
        before=Scene.pend,
    ),
    "invited again by somebody else": Mail(
        "accounts/invitation",
        lambda s: resend_invitation(actor=s.iris, invitation=s.invitation),
        (("kim", "Iris invites you to join Alder Dental, so that you can use"),),
    ),
    "a colleague corrects an invitation": Mail(
        "accounts/invitation accounts/invitation_corrected",
        lambda s: correct_invitation(
            actor=s.iris, invitation=s.invitation, address="kim.lee@alder.example"
        ),
        (
            ("alice", "Iris corrected the address of your invitation to Alder Dental"),
            ("kim.lee", "Iris invites you to join Alder Dental, so that you can use"),
        ),
    ),
    "an invitation is withdrawn": Mail(
        "", lambda s: revoke_invitations(actor=s.alice, invitations=[s.invitation]), ()
    ),
    "an invitation is accepted": Mail("", Company.accept, ()),
    "an invitation bounced": Mail(
        "accounts/invitation_bounced",
        Company.bounced_invitation,
        (("iris", "You invited kim@alder.example to Alder Dental, but the email bounced"),),
        before=lambda s: resend_invitation(actor=s.iris, invitation=s.invitation),
    ),
    "accepted, with less than was offered": Mail(
        "accounts/invitation_report",
        Company.accept,
        (("alice", "kim accepted your invitation to Alder Dental"),),
        before=Company.offer_what_goes,
    ),
    # Memberships
    "suspended": Mail(
        f"{NOTICE}:suspended",
        lambda s: suspend_membership(actor=s.alice, membership=s.person),
        (("gina", "Alice Martin suspended your access to the services of Alder Dental"),),
    ),
    "restored": Mail(
        f"{NOTICE}:restored",
        lambda s: restore_membership(actor=s.iris, membership=s.person),
        (("gina", "Iris ended the suspension: you can use the services of Alder Dental again"),),
        before=Scene.suspend,
    ),
    "removed": Mail(
        f"{NOTICE}:removed",
        lambda s: remove_membership(actor=s.alice, membership=s.person),
        (("gina", "Alice Martin removed you from Alder Dental"),),
    ),
    "brought back": Mail(
        f"{NOTICE}:reinstated",
        Company.undo_removal,
        (("gina", "Alice Martin undid your removal, so you belong to Alder Dental again"),),
        before=lambda s: remove_membership(actor=s.alice, membership=s.person),
    ),
    "made a Super User": Mail(
        f"{NOTICE}:role_changed",
        lambda s: change_role(actor=s.alice, membership=s.person, role="super_user"),
        (("gina", "Alice Martin changed your role at Alder Dental. Your new role: Super User"),),
    ),
    "made a Super User, who is the security contact": Mail(
        f"{NOTICE}:role_changed",
        lambda s: change_role(actor=s.alice, membership=s.colleague, role="super_user"),
        (("henry", "Alice Martin changed your role at Alder Dental. Your new role: Super User"),),
        before=security_contact,
    ),
    "a last day is set": Mail(
        f"{NOTICE}:end_set",
        Scene.plan_offboarding,
        (("gina", "Alice Martin set your last day at Alder Dental: "),),
    ),
    "a last day is taken away": Mail(
        f"{NOTICE}:end_cleared",
        lambda s: cancel_offboarding(actor=s.iris, membership=s.person),
        (("gina", "Iris removed your last day at Alder Dental"),),
        before=Scene.plan_offboarding,
    ),
    "the last day is over": Mail(
        f"{NOTICE}:left",
        after({"days": 30, "minutes": 1}, lambda s: end_due_memberships()),
        (("gina", "Your last day at Alder Dental has passed"),),
        before=Scene.plan_offboarding,
    ),
    "suspended, with a security contact": Mail(
        f"{NOTICE}:suspended accounts/copy",
        lambda s: suspend_membership(actor=s.alice, membership=s.person),
        (
            ("gina", "Alice Martin suspended your access"),
            ("henry", "The email was written to gina, so “you” means them"),
        ),
        before=security_contact,
    ),
    "a last day comes near": Mail(
        "accounts/ending_reminder",
        after({"days": 24}, lambda s: remind_of_membership_expiry()),
        (
            ("gina", "Your last day at Alder Dental is "),
            ("alice", "The last day of gina at Alder Dental is "),
            ("iris", "The last day of gina at Alder Dental is "),
        ),
        before=Scene.plan_offboarding,
    ),
    "a place in a team goes to nobody": Mail(
        f"{NOTICE}:left accounts/offboarding_report",
        after({"days": 30, "minutes": 1}, lambda s: end_due_memberships()),
        (
            ("gina", "Your last day at Alder Dental has passed"),
            ("alice", "This access was not handed over"),
            ("iris", "This access was not handed over"),
        ),
        before=Company.hand_team_to_leaver,
    ),
    # The main Super User
    "the main role is offered": Mail(
        "accounts/hand_over:offered",
        Scene.hand_over,
        (("iris", "Alice Martin asks you to become the main Super User of Alder Dental"),),
    ),
    "the main role is accepted": Mail(
        "accounts/hand_over:accepted",
        lambda s: hand_overs.accept_hand_over(
            actor=s.iris, hand_over=s.offered, signed_in_at=timezone.now()
        ),
        (
            ("alice", "Alice Martin handed over the role of main Super User of Alder Dental"),
            ("iris", "Alice Martin handed over the role of main Super User of Alder Dental"),
        ),
        before=Scene.hand_over,
    ),
    "the main role is declined": Mail(
        "accounts/hand_over:declined",
        lambda s: hand_overs.decline_hand_over(actor=s.iris, hand_over=s.offered),
        (("alice", "iris declined to become the main Super User of Alder Dental"),),
        before=Scene.hand_over,
    ),
    "the offer of the main role is taken back": Mail(
        "accounts/hand_over:withdrawn",
        lambda s: hand_overs.withdraw_hand_over(actor=s.alice, hand_over=s.offered),
        (("iris", "Alice Martin withdrew the offer to become the main Super User"),),
        before=Scene.hand_over,
    ),
    # Requests
    "somebody asks": Mail(
        "accounts/request",
        lambda s: request_access(actor=s.henry, customer=s.customer, text="Please.", privileges=[]),
        (
            ("alice", "henry asks: “Please.”"),
            ("iris", "henry asks: “Please.”"),
        ),
    ),
    "a Super User asks": Mail(
        "accounts/request",
        lambda s: request_access(actor=s.iris, customer=s.customer, text="Please.", privileges=[]),
        (("alice", "iris asks: “Please.”"),),
    ),
    "a request is withdrawn": Mail(
        "", lambda s: withdraw_request(actor=s.gina, access_request=s.access_request), ()
    ),
    "a request is approved": Mail(
        "accounts/request_answer",
        lambda s: approve_request(actor=s.iris, access_request=s.access_request),
        (("gina", "Iris of Alder Dental approved your request: "),),
    ),
    "a request is refused": Mail(
        "accounts/request_answer",
        lambda s: s.refuse(s.iris),
        (("gina", "Iris of Alder Dental refused your request: "),),
    ),
    "a request waits for a day": Mail(
        "accounts/request_reminder",
        lambda s: s.waited(hours=24),
        (
            ("alice", "gina of Alder Dental asked you on "),
            ("iris", "gina of Alder Dental asked you on "),
        ),
    ),
    "a request is passed on": Mail(
        "accounts/request_passed accounts/request_to_provider",
        lambda s: pass_on_request(actor=s.alice, access_request=s.access_request),
        (
            ("gina", "Your request to the Super Users of Alder Dental is now with Harbour too"),
            ("iris", "A request from gina is now with Harbour too"),
            ("dana", "gina of Alder Dental has a request for us"),
            ("olive", "gina of Alder Dental has a request for us"),
        ),
    ),
    "a request waits for three days": Mail(
        "accounts/request_passed accounts/request_to_provider",
        lambda s: s.waited(hours=72),
        (
            ("gina", "Your request to the Super Users of Alder Dental is now with Harbour too"),
            ("alice", "A request from gina is now with Harbour too"),
            ("iris", "A request from gina is now with Harbour too"),
            ("dana", "gina of Alder Dental has a request for us"),
            ("olive", "gina of Alder Dental has a request for us"),
        ),
    ),
    "a request is sent back": Mail(
        "accounts/request_reminder",
        lambda s: send_back_request(
            actor=s.dana, access_request=s.access_request, word="Yours to answer."
        ),
        (
            ("alice", "Harbour sent a request from gina back to you"),
            ("iris", "Harbour sent a request from gina back to you"),
        ),
        before=Scene.pass_on,
    ),
    "the provider approves": Mail(
        "accounts/request_answer",
        lambda s: approve_request(actor=s.dana, access_request=s.access_request, for_provider=True),
        (("gina", "Dana Okafor of Harbour approved your request: "),),
        before=Scene.pass_on,
    ),
    "the provider refuses": Mail(
        "accounts/request_answer",
        lambda s: s.refuse(s.dana),
        (("gina", "Dana Okafor of Harbour refused your request: "),),
        before=Scene.pass_on,
    ),
    "the end of a service is asked": Mail(
        "accounts/request_to_provider",
        Company.ask_to_end_domains,
        (("olive", "Alice Martin, Super User of Alder Dental, asks us to end Domains."),),
    ),
    "the end of a service is refused, with a contact": Mail(
        "accounts/request_answer accounts/copy",
        lambda s: s.refuse(s.olive),
        (
            ("alice", "Olive Bergeron of Harbour refused your request: "),
            ("gina", "The email was written to Alice Martin, so “you” means them"),
        ),
        before=lambda s: (s.name_contact(), s.ask_to_end_domains()),
    ),
    # The support desk
    "support sends a reset link": Mail(
        "accounts/reset_link accounts/support_receipt:reset_link",
        lambda s: support.send_reset_link(actor=s.dana, case=verified_case(s.dana, s.gina)),
        (
            ("gina", "so that you can choose a new password yourself. Choose a new password: http"),
            ("gina", "sent Gina (gina@alder.example) a link to choose a new password"),
            ("alice", "sent Gina (gina@alder.example) a link to choose a new password"),
        ),
    ),
    "support ends sessions": Mail(
        "accounts/support_receipt:end_sessions",
        lambda s: support.end_all_sessions(actor=s.dana, case=verified_case(s.dana, s.gina)),
        (
            ("gina", "signed Gina (gina@alder.example) out everywhere"),
            ("alice", "signed Gina (gina@alder.example) out everywhere"),
        ),
    ),
    "support lifts the sign-in limits": Mail(
        "accounts/support_receipt:unlock",
        lambda s: support.lift_sign_in_limits(actor=s.dana, case=verified_case(s.dana, s.gina)),
        (
            ("gina", "let Gina (gina@alder.example) try again without waiting"),
            ("alice", "let Gina (gina@alder.example) try again without waiting"),
        ),
    ),
    "support corrects an address": Mail(
        "accounts/address_proof accounts/support_receipt:correct_address",
        lambda s: support.correct_address(
            actor=s.dana, case=confirmed_case(s.dana, s.gina), address="regina@alder.example"
        ),
        (
            ("gina", "sent a link to regina@alder.example"),
            ("alice", "sent a link to regina@alder.example"),
            ("regina", "Once you confirm, you sign in with this address"),
        ),
    ),
    "support waits before it corrects an address": Mail(
        "accounts/delayed_act",
        lambda s: support.correct_address(
            actor=s.dana, case=verified_case(s.dana, s.gina), address="regina@alder.example"
        ),
        (
            ("gina", "was asked to change your address to regina@alder.example"),
            ("alice", "was asked to change the address of Gina to regina@alder.example"),
        ),
    ),
    "support waits before it removes a factor": Mail(
        "accounts/delayed_act",
        Company.wait_with_factor,
        (
            ("gina", "was told that you lost a second factor"),
            ("alice", "was told that Gina lost a second factor"),
        ),
        before=Company.add_factor,
    ),
    "what waits is cancelled": Mail(
        "accounts/delayed_act accounts/desk_alarm:factor_kept",
        lambda s: cancel_delayed_act(actor=s.gina, delayed=DelayedAct.objects.get(person=s.gina)),
        (
            ("gina", "This is cancelled, and nothing has changed"),
            ("alice", "This is cancelled, and nothing has changed"),
            ("olive", "before it happened"),
        ),
        before=lambda s: (s.add_factor(), s.wait_with_factor()),
    ),
    "a change of address that waits is stopped": Mail(
        "accounts/delayed_act accounts/desk_alarm:address_kept",
        lambda s: cancel_delayed_act(actor=s.gina, delayed=DelayedAct.objects.get(person=s.gina)),
        (
            ("gina", "regina@alder.example. This is cancelled"),
            ("alice", "regina@alder.example. This is cancelled"),
            ("olive", "before it happened"),
        ),
        before=lambda s: support.correct_address(
            actor=s.dana, case=verified_case(s.dana, s.gina), address="regina@alder.example"
        ),
    ),
    "what waits is not possible any more": Mail(
        "accounts/delayed_act",
        after({"hours": 25}, lambda s: do_due_acts()),
        (
            ("gina", "so nothing was done"),
            ("alice", "so nothing was done"),
        ),
        before=lambda s: (s.add_factor(), s.wait_with_factor(), s.lose_factor()),
    ),
    "support sees somebody's pages": Mail(
        "accounts/viewing_begun",
        lambda s: begin_viewing(
            actor=s.dana, case=verified_case(s.dana, s.gina), signed_in_at=timezone.now()
        ),
        (
            ("gina", "sees your Home and your email preferences as you see them"),
            ("alice", "sees Home and the email preferences of Gina"),
        ),
    ),
    "a recovery is announced": Mail(
        "accounts/recovery_announced",
        lambda s: recoveries.tell_members_of_recovery(actor=None, recovery=s.recovery),
        (
            ("alice", "You are not gone? Stop it with one click"),
            *((name, "one member is enough") for name in ("bob", "emma", "gina", "henry", "iris")),
        ),
        before=Company.approve_recovery,
    ),
    "a member stops a recovery": Mail(
        "accounts/recovery_stopped",
        lambda s: recoveries.stop_recovery(
            actor=s.henry, recovery=s.recovery, membership=s.colleague
        ),
        (
            ("alice", "Alice Martin keeps the role"),
            ("henry", "Alice Martin keeps the role"),
            ("dana", "Somebody may have tried to take over the company"),
            ("olive", "Somebody may have tried to take over the company"),
        ),
        before=Company.approve_recovery,
    ),
    "a recovery offers the role": Mail(
        "accounts/recovery_offer",
        lambda s: recoveries.offer_due_recoveries(),
        (("iris", "Accept by"),),
        before=lambda s: s.approve_recovery_long_ago(),
    ),
    "a recovery is done": Mail(
        "accounts/recovery_done",
        lambda s: recoveries.accept_recovery(
            actor=s.iris, recovery=s.recovery, signed_in_at=timezone.now()
        ),
        (
            ("alice", "took over from Alice Martin as the main Super User"),
            ("iris", "took over from Alice Martin as the main Super User"),
        ),
        before=Company.offer_recovery,
    ),
    "support sends an invitation again": Mail(
        "accounts/invitation accounts/support_receipt:resend_invitation",
        lambda s: support.resend_invitation(
            actor=s.dana, case=verified_case(s.dana, s.alice), invitation=s.invitation
        ),
        (
            ("alice", "sent the invitation of kim@alder.example to Alder Dental again"),
            ("kim", "Alice Martin"),
        ),
    ),
    "support corrects an invitation": Mail(
        "accounts/invitation accounts/support_receipt:fix_invitation",
        lambda s: support.correct_invitation(
            actor=s.dana,
            case=verified_case(s.dana, s.alice),
            invitation=s.invitation,
            address="kim.lee@alder.example",
        ),
        (
            ("alice", "corrected the address of the invitation to Alder Dental"),
            ("kim.lee", "Alice Martin"),
        ),
    ),
    "nobody closed a case": Mail(
        "accounts/case_lapsed",
        after({"days": 7}, lambda s: support.lapse_cases()),
        (("dana", "Nothing happened in this case for 7 days"),),
        before=lambda s: verified_case(s.dana, s.gina),
    ),
    "support suspends an account": Mail(
        "accounts/support_receipt:suspend",
        lambda s: support.suspend_person(actor=s.dana, case=verified_case(s.dana, s.gina)),
        (
            ("gina", "suspended the account of Gina (gina@alder.example)"),
            ("alice", "suspended the account of Gina (gina@alder.example)"),
        ),
    ),
    "support restores an account": Mail(
        "accounts/support_receipt:restore",
        lambda s: support.restore_person(actor=s.dana, case=SupportCase.objects.get(person=s.gina)),
        (
            ("gina", "restored the account of Gina (gina@alder.example)"),
            ("alice", "restored the account of Gina (gina@alder.example)"),
        ),
        before=lambda s: support.suspend_person(actor=s.dana, case=verified_case(s.dana, s.gina)),
    ),
    "support emails a code": Mail(
        "accounts/caller_code",
        lambda s: support.send_caller_code(actor=s.dana, case=verified_case(s.dana, s.gina)),
        (("gina", "Read it aloud"),),
    ),
    "support asks about a caller": Mail(
        "accounts/confirmation_question",
        Company.ask_about_case,
        (("alice", "says to be Gina of Alder Dental"), ("iris", "says to be Gina of Alder Dental")),
    ),
    "a Super User says that a call is not right": Mail(
        "accounts/desk_alarm:denied",
        lambda s: support.answer_confirmation(
            actor=s.iris, question=s.question, is_right=False, signed_in_at=None
        ),
        (
            ("gina", "it was not Gina who called"),
            ("dana", "it was not Gina who called"),
            ("olive", "it was not Gina who called"),
        ),
        before=Company.ask_about_case,
    ),
    "wrong codes are read": Mail(
        "accounts/desk_alarm:guesses",
        lambda s: [
            support.verify_by_code(actor=s.dana, case=s.case, code="wrong") for _ in range(10)
        ],
        (("olive", "Too many wrong codes"),),
        before=Company.open_case,
    ),
    "an address change is cancelled": Mail(
        "accounts/desk_alarm:cancelled",
        lambda s: support.cancel_address_correction(
            actor=None,
            correction=AddressCorrection(
                SupportCase.objects.get(person=s.gina).uuid, s.gina.email, "regina@alder.example"
            ),
        ),
        (("olive", "Somebody cancelled it from the old address"),),
        before=lambda s: support.correct_address(
            actor=s.dana, case=confirmed_case(s.dana, s.gina), address="regina@alder.example"
        ),
    ),
    "an agent reaches the desk's limit": Mail(
        "accounts/desk_burst",
        lambda s: sound_alarm(s.dana),
        (("olive", "helped more people within an hour"),),
    ),
    # The account itself
    "a forgotten password": Mail(
        "account/password_reset_key",
        lambda s: send_reset_email.call(s.gina.email, "en"),
        (("gina", "asked for a new password at Harbour. Choose a new password: http"),),
    ),
    "a forgotten password of nobody": Mail(
        "", lambda s: send_reset_email.call("nobody@alder.example", "en"), ()
    ),
    "a new password from a link": Mail(
        "account/password_reset",
        Company.choose_password_by_link,
        (("gina", "Someone chose a new password for your account with a reset link"),),
    ),
    "a password is changed": Mail(
        "account/password_changed",
        lambda s: signed_in(s.gina).post(
            "/accounts/password/change/", {"oldpassword": PASSWORD, **NEW_PASSWORD}
        ),
        (("gina", "The password of your account was changed"),),
    ),
    "a first password": Mail(
        "", lambda s: signed_in(s.gina).post("/accounts/password/set/", NEW_PASSWORD), ()
    ),
    "a code to sign in": Mail(
        "account/login_code",
        Company.get_code,
        (("gina", "The code works once, for 10 minutes"),),
    ),
    "a code to sign in, of nobody": Mail("", lambda s: s.get_code("nobody@alder.example"), ()),
    "a new device signs in": Mail(
        "account/new_device",
        lambda s: sign_in(s.gina, PASSWORD),
        (("gina", "from a new device or browser"),),
        before=lambda s: sign_in(s.gina, PASSWORD),
    ),
    "an authenticator app is set up": Mail(
        "mfa/totp_activated",
        Company.set_up_app,
        (("gina", "app was set up"),),
        before=Company.sign_in,
    ),
    "recovery codes are made again": Mail(
        "mfa/recovery_codes_generated",
        Company.make_codes,
        (("gina", "New recovery codes were created for your account"),),
        before=lambda s: (s.sign_in(), s.set_up_app()),
    ),
    "an authenticator app is removed": Mail(
        "mfa/totp_deactivated",
        lambda s: s.browser.post(reverse("mfa_deactivate_totp")),
        (("gina", "The authenticator app was removed from your account"),),
        before=lambda s: (s.sign_in(), s.set_up_app()),
    ),
    "a passkey is added": Mail(
        "mfa/webauthn_added",
        lambda s: add_passkey(s.browser),
        (("gina", "A passkey was added to your account"),),
        before=Company.sign_in,
    ),
    "a passkey is removed": Mail(
        "mfa/webauthn_removed",
        Company.remove_passkey,
        (("gina", "A passkey was removed from your account"),),
        before=lambda s: (s.sign_in(), add_passkey(s.browser)),
    ),
    "support removes a lost factor": Mail(
        "accounts/support_receipt:remove_factor",
        lambda s: support.remove_factor(
            actor=s.dana,
            case=confirmed_case(s.dana, s.gina),
            factor=str(Authenticator.objects.get(user=s.gina, type="webauthn").pk),
        ),
        (
            ("gina", "removed a lost second factor of Gina"),
            ("alice", "removed a lost second factor of Gina"),
        ),
        before=lambda s: (s.sign_in(), add_passkey(s.browser)),
    ),
    "a company demands a second factor": Mail(
        "accounts/second_factor",
        Company.demand_second_factor,
        tuple(
            (name, "Alder Dental requires a second factor when you sign in")
            for name in ("alice", "bob", "emma", "gina", "henry", "iris")
        ),
    ),
    "another address is entered": Mail(
        "account/email_confirmation",
        lambda s: s.proved().post(
            "/accounts/email/", {"action_add": "", "email": "gina@new.example"}
        ),
        (("gina@new.example", "Confirm that it is yours. Confirm your address: http"),),
    ),
    "another address is proved": Mail(
        "account/email_changed",
        Company.prove_new_address,
        (("gina", "was changed from gina@alder.example to gina@new.example"),),
    ),
    "another address is removed": Mail(
        "account/email_deleted",
        lambda s: s.proved().post(
            "/accounts/email/", {"action_remove": "", "email": "gina@home.example"}
        ),
        (("gina", "The address gina@home.example was removed from your account"),),
        before=Company.has_another_address,
    ),
    # Access
    "a sensitive permission is given": Mail(
        "portals/sensitive_grant",
        lambda s: s.let_read(s.person, "read"),
        (
            ("gina", "Alice Martin of Alder Dental gave you the permission “Read messages”"),
            ("henry", "gave the permission “Read messages”"),
        ),
        # Alice may manage it too, and knows what she does.
        before=lambda s: (s.let_read(s.colleague, "manage"), s.let_read(s.main, "manage")),
    ),
    "an ordinary permission is given": Mail("", lambda s: s.let_read(s.colleague, "manage"), ()),
    "a mailbox becomes somebody's": Mail(
        "portals/ownership",
        lambda s: s.report_owner(s.gina),
        (
            (
                "gina",
                "According to Webmail, you now own these resources of Alder Dental:"
                " - info@alder.example As the owner, you have these permissions:",
            ),
        ),
    ),
    "a mailbox becomes a colleague's, with a security contact": Mail(
        "portals/ownership accounts/copy",
        lambda s: s.report_owner(s.second.user),
        (
            (
                "gina",
                "According to Webmail, you no longer own these resources of Alder Dental:"
                " - info@alder.example Your access as the owner has ended.",
            ),
            ("iris", "According to Webmail, you now own these resources of Alder Dental:"),
            ("henry", "The email was written to gina, so “you” means them"),
            ("henry", "The email was written to iris, so “you” means them"),
        ),
        before=lambda s: (s.report_owner(s.gina), security_contact(s)),
    ),
    "the same owner is reported again": Mail(
        "", lambda s: s.report_owner(s.gina), (), before=lambda s: s.report_owner(s.gina)
    ),
    "access ends soon": Mail(
        "portals/endings",
        after({"days": 24}, lambda s: announce_expiring_grants()),
        (
            ("alice", "These permissions at Alder Dental end soon: - Gina: “See domain"),
            ("gina", "These permissions of yours at Alder Dental end soon"),
        ),
        before=Scene.limit,
    ),
    "a review begins": Mail(
        "portals/review:begun",
        lambda s: begin_review(actor=s.alice, customer=s.customer),
        (("iris", "It is time to review access at Alder Dental"),),
        before=Scene.no_review,
    ),
    "a review waits": Mail(
        "portals/review:waiting",
        after({"days": 14}, lambda s: rounds._remind(s.begun)),
        (
            ("alice", "Access review of Alder Dental: 0 of "),
            ("iris", "Access review of Alder Dental: 0 of "),
        ),
        before=Scene.review,
    ),
    "a Super User reminds the others of a review": Mail(
        "portals/review:asked",
        lambda s: remind_reviewers(actor=s.alice, review=s.begun),
        (("iris", "Alice Martin asks you to finish the access review of Alder Dental"),),
        before=Scene.late_review,
    ),
    "a review is due": Mail(
        "portals/review:due",
        after({"days": 27}, lambda s: rounds._remind(s.begun)),
        (
            ("alice", "The access review of Alder Dental is due on "),
            ("iris", "The access review of Alder Dental is due on "),
        ),
        before=Scene.review,
    ),
    "a review takes access": Mail(
        "portals/lost_access",
        lambda s: remove_unused(actor=s.alice, review=s.begun),
        (("bob", "These permissions were removed:"), ("gina", "Alice Martin removed")),
        before=Scene.unused_review,
    ),
    # Policies
    "a policy takes effect soon": Mail(
        "compliance/policy_reminder",
        after({"days": 35}, lambda s: remind_of_policies()),
        tuple(
            (name, "From that day, the pages of your account ask for your answer first.")
            for name in (
                "alice",
                "bob",
                "emma",
                "gina",
                "henry",
                "iris",
                "charlie@birch.example",
                "frank@cedar.example",
            )
        ),
        before=Company.announce_policy,
    ),
    "a policy for companies takes effect soon": Mail(
        "compliance/policy_reminder",
        after({"days": 35}, lambda s: remind_of_policies()),
        tuple(
            (name, "From that day, the company's pages ask you first.")
            for name in ("alice", "iris", "charlie@birch.example", "frank@cedar.example")
        ),
        before=Company.announce_company_policy,
    ),
    "somebody declines a policy": Mail(
        "compliance/policy_declined",
        lambda s: s.decline(),
        (("olive", "Gina declined version 1. They can still accept it later."),),
        before=Company.announce_policy,
    ),
    "staff record an answer on paper": Mail(
        "compliance/answer_recorded",
        lambda s: s.record_answer(),
        (("gina", "Binder 7"),),
        before=Company.announce_policy,
    ),
    "staff record a company's answer on paper": Mail(
        "compliance/answer_recorded",
        lambda s: s.record_answer(),
        (("iris", "Binder 7"), ("alice", "Answered by")),
        before=Company.announce_company_policy,
    ),
    "a Super User declines a policy": Mail(
        "compliance/policy_declined",
        lambda s: s.decline(),
        (("olive", "Alice Martin declined version 1 for Alder Dental. Another Super User can"),),
        before=Company.announce_company_policy,
    ),
    # Email that bounced, complaints, subscriptions
    "a bounced address is confirmed": Mail(
        "preferences/address_probe",
        lambda s: confirm_address(actor=s.gina),
        (("gina", "This email shows that it does"),),
        before=Scene.come_back,
    ),
    "a notice goes to another address": Mail(
        "preferences/bounce_notice",
        lambda s: run_escalations(),
        (("gina@home.example", "We sent you a notice"),),
        before=Company.bounced_at_one_address,
    ),
    "a notice reached no address": Mail(
        "preferences/unreachable",
        lambda s: run_escalations(),
        (
            ("alice", "We could not deliver a notice to gina at Alder Dental: email to gina@alder"),
            ("iris", "We could not deliver a notice to gina at Alder Dental: email to gina@alder"),
        ),
        before=Scene.come_back,
    ),
    "readers complain": Mail(
        "preferences/complaints",
        lambda s: complaints._report("campaign.complaints", s.campaign, 1, 1000),
        (("olive", "That is one in a thousand or more"),),
        before=Scene.compose,
    ),
    "many readers complain": Mail(
        "preferences/complaints",
        lambda s: complaints._report("campaign.held", s.campaign, 3, 1000),
        (("olive", "mail services begin to refuse all our email, so the hub paused the message"),),
        before=Scene.compose,
    ),
    "a subscription is to be confirmed": Mail(
        "preferences/confirmation",
        lambda s: request_confirmation(
            actor=None, address="sam@elsewhere.example", language="en", topics=s.newsletter()
        ),
        (("sam@elsewhere.example", "Confirm the subscription: http"),),
    ),
    "subscribed at once": Mail(
        "preferences/subscribed",
        lambda s: subscribe(
            actor=None, address="sam@elsewhere.example", language="en", topics=s.newsletter()
        ),
        (("sam@elsewhere.example", "The subscription begins now"),),
        before=Company.open_newsletter,
    ),
    "a person's data is ready": Mail(
        "compliance/export_made",
        lambda s: make_own_data(
            actor=None,
            file=ask_for_own_data(actor=s.gina, signed_in_at=timezone.now()).uuid,
        ),
        (("gina", "Your data from Harbour is ready to download"),),
    ),
    "a representative is confirmed": Mail(
        "compliance/representative_confirmed",
        lambda s: confirm_representative(actor=s.olive, representative=s.proposed),
        (("gina", "You can now ask Harbour for logs of Alder Dental"),),
        before=Scene.propose_representative,
    ),
    "a log request is received": Mail(
        "compliance/log_received",
        lambda s: log_scene.ask(s.gina, s.report),
        (("gina", "Staff of Harbour decide next."),),
        before=Scene.ask_for_logs,
    ),
    "a log request is approved": Mail(
        "compliance/log_approved",
        lambda s: log_scene.approve(s.log_request),
        (("gina", "To pay for your log request"),),
        before=Scene.ask_for_logs,
    ),
    "a log request is declined": Mail(
        "compliance/log_declined",
        lambda s: decline_log_request(
            actor=s.olive, request=s.log_request, reason="No court asked."
        ),
        (("gina", "No court asked."),),
        before=Scene.ask_for_logs,
    ),
    "a log request is paid": Mail(
        "compliance/log_paid",
        lambda s: log_scene.pay(s.charge),
        (("gina", "Harbour received your payment"),),
        before=Scene.charge_logs,
    ),
    "the fee of a log request is waived": Mail(
        "compliance/log_paid",
        lambda s: waive_charge(actor=s.olive, charge=s.charge, reason="A court ordered it."),
        (("gina", "Harbour waived the fee"),),
        before=Scene.charge_logs,
    ),
    "the payment for logs goes back": Mail(
        "compliance/log_refunded",
        lambda s: reverse_payment(actor=s.olive, payment=s.payment, reason="It bounced."),
        (("gina", "the payment of invoice INV-alder went back"),),
        before=Scene.pay_logs,
    ),
    "a log request that can't go on is closed": Mail(
        "compliance/log_closed",
        lambda s: close_log_request(actor=s.olive, request=s.log_request, reason="She left."),
        (("gina", "Harbour closed your log request"),),
        before=Scene.end_requester,
    ),
    "logs are released": Mail(
        "compliance/log_released",
        lambda s: release_log_request(actor=s.olive, request=s.log_request, is_checked=True),
        (
            ("gina", "The logs of Alder Dental are ready to download"),
            ("alice", "gina can download logs of Alder Dental"),
        ),
        before=Scene.put_logs_together,
    ),
    "logs are downloaded": Mail(
        "compliance/log_downloaded",
        lambda s: download_logs(actor=s.gina, request=s.log_request, signed_in_at=timezone.now()),
        (
            ("gina", "You downloaded logs of Alder Dental"),
            ("alice", "gina downloaded logs of Alder Dental"),
        ),
        before=Scene.release_logs,
    ),
    "a payment does not fit its charge": Mail(
        "compliance/payment_alarm",
        lambda s: record_external_payment(
            actor=log_scene.BOOKS,
            charge=s.charge,
            external_id="p",
            cents=1,
            currency="CAD",
            method="billing",
        ),
        (("olive", "does not fit invoice INV-alder"),),
        before=Scene.charge_logs,
    ),
    "an authorisation is given": Mail(
        "compliance/authorisation_given",
        lambda s: log_scene.give(s.gina, s.authorisation),
        (
            ("gina", "Alder Dental authorised Harbour to work on alder"),
            ("alice", "gina authorised Harbour to work on the profile alder"),
        ),
        before=lambda s: s.put_authorisation_before_a_representative(),
    ),
    "an authorisation ends": Mail(
        "compliance/authorisation_ended",
        lambda s: end_authorisation(
            actor=s.alice, authorisation=s.authorisation, reason="A new agency."
        ),
        (("gina", "A new agency."), ("alice", "Harbour may no longer work on alder")),
        before=lambda s: s.give_authorisation(),
    ),
    "an authorisation ends soon": Mail(
        "compliance/authorisation_expiring",
        after({"days": 175}, lambda s: remind_of_authorisations()),
        (
            ("gina", "The authorisation for alder ends on"),
            ("alice", "The authorisation for alder ends on"),
        ),
        before=lambda s: s.give_authorisation(),
    ),
    "a request about data is to be confirmed": Mail(
        "compliance/privacy_confirm",
        lambda s: send_privacy_link(
            actor=None,
            address=s.gina.email,
            kind="access",
            language=s.gina.language,
            at=timezone.now().timestamp(),
        ),
        (("gina", "Confirm the request: http"),),
    ),
    "a request about data is received": Mail(
        "compliance/privacy_received compliance/privacy_arrived",
        lambda s: s.ask_about_data(),
        (
            ("gina", "Your request is received."),
            ("olive", "A request about data needs an answer by"),
        ),
    ),
    "a deadline was missed": Mail(
        "compliance/overdue",
        after({"days": 31}, lambda s: alarm_of_overdue()),
        (
            ("looks@harbour.example", "Answer a request about data: A copy of my data"),
            ("olive", "Answer a request about data: A copy of my data"),
        ),
        before=lambda s: s.ask_about_data(),
    ),
    "a request about data is refused": Mail(
        "compliance/privacy_answer",
        lambda s: s.refuse_about_data(),
        (("gina", "You can't have what we do not keep."),),
        before=lambda s: s.ask_about_data(),
    ),
    "somebody is referred": Mail(
        "compliance/referral",
        lambda s: s.send_to_contact(),
        (("sam@shop.example", "gave us your name, Sam Poirier"),),
    ),
    "a referred contact is interested": Mail(
        "compliance/referral_interested",
        lambda s: s.contact_says_yes(),
        (("olive", "referred Sam, who answered that they are interested"),),
        before=lambda s: s.refer(),
    ),
    "a company asks to resell": Mail(
        "compliance/reseller_asked",
        lambda s: s.ask_to_resell(),
        (("olive", "asks that Alder Dental joins the reseller programme"),),
    ),
    "a company may resell": Mail(
        "compliance/reseller_answer",
        lambda s: s.answer_reseller("approved"),
        (("alice", "You can now resell our services."),),
        before=lambda s: s.ask_to_resell(),
    ),
    "a company may not resell": Mail(
        "compliance/reseller_answer",
        lambda s: s.answer_reseller("declined"),
        (("alice", "Not this year."),),
        before=lambda s: s.ask_to_resell(),
    ),
    "the time of a request about data is extended": Mail(
        "compliance/privacy_extended",
        lambda s: extend_privacy_request(
            actor=s.officer(), request=s.about_data, days=9, reason="Old tapes must be read."
        ),
        (("gina", "Old tapes must be read."),),
        before=lambda s: s.ask_about_data(),
    ),
    "identity is asked for": Mail(
        "compliance/privacy_paused",
        lambda s: pause_privacy_request(actor=s.officer(), request=s.about_data),
        (("gina", "we must be sure that the data is yours"),),
        before=lambda s: s.ask_in_britain(),
    ),
    "an account is about to close": Mail(
        "compliance/closing_begun",
        lambda s: s.close(),
        (("gina", "Then you can't sign in any more"),),
    ),
    "an account stays open": Mail(
        "compliance/closing_cancelled",
        lambda s: cancel_closing(actor=s.gina, closing=Closing.objects.get()),
        (("gina", "The closing was cancelled."),),
        before=lambda s: s.close(),
    ),
    "an account is closed": Mail(
        "compliance/closing_done",
        lambda s: send_closing_done(Closing.objects.get()),
        (("gina", "It is the last email about it."),),
        before=lambda s: s.close_long_ago(),
    ),
    "old data is not deleted": Mail(
        "compliance/retention_alarm",
        lambda s: alarm_of_late_rules(actor=None),
        (("olive", "These retention rules have not run for 48 hours."),),
        before=lambda s: s.let_rule_run_long_ago(),
    ),
    "a digest": Mail(
        "preferences/digest",
        after({"days": 1}, lambda s: digests.deliver_digest(s.gina.recipient.pk)),
        (("gina", "You get this from Harbour, as the digest you chose"),),
        before=Company.wait_for_digest,
    ),
}


company = made_once(Company)


@pytest.fixture
def used() -> Iterator[set[str]]:
    """Collect the templates of email that are rendered: "app/template" or with its kind."""
    seen: set[str] = set()

    def note(template: Any, context: Any, **_more: Any) -> None:
        if found := re.fullmatch(r"(\w+)/emails?/([a-z]\w+)\.txt", template.name or ""):
            kind = context.get("kind")
            seen.add("/".join(found.groups()) + (f":{kind}" if kind else ""))

    template_rendered.connect(note)
    yield seen
    template_rendered.disconnect(note)


def address_of(name: str) -> str:
    if "@" in name:
        return name
    return f"{name}@{'harbour' if name in STAFF else 'alder'}.example"


def words_of(message: Any) -> str:
    return " ".join(f"{message.subject} {message.body}".split())


@pytest.mark.parametrize("name", MAILS)
def test_who_gets_it_and_what_it_says(name, company, used):
    row, company = MAILS[name], deepcopy(company)
    with undone():
        row.before(company)
        latest = Message.objects.latest("pk").pk
        used.clear()
        mail.outbox.clear()

        row.do(company)

        assert used == set(row.uses.split())
        new = Message.objects.filter(pk__gt=latest).order_by("pk")
        sent = [*map(rebuild, new), *mail.outbox]
        assert sorted(message.to[0] for message in sent) == sorted(address_of(w) for w, _ in row.to)
        for who, sentence in row.to:
            texts = [words_of(message) for message in sent if message.to == [address_of(who)]]
            assert [text for text in texts if sentence in text], (who, sentence, texts)


def test_every_email_has_a_row():
    """A template that words several kinds needs a row for each, and for what none of them is."""
    rows = {use for row in MAILS.values() for use in row.uses.split()}
    missing: list[str] = []
    for file in sorted((ROOT / "templates").glob("*/email*/[a-z]*.txt")):
        name = f"{file.parts[-3]}/{file.stem}"
        kinds = set(re.findall(r'(?<!request\.)\bkind == "([\w.]+)"', file.read_text()))
        tried = {use.partition(":")[2] for use in rows if use.partition(":")[0] == name}
        missing += [f"{name}:{kind}" for kind in kinds - tried]
        if not tried - kinds:
            missing.append(name)
    assert missing == []
