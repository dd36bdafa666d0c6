"""Every email: an act, exactly who gets it, and the sentence that says the fact.

Whoever is not named gets nothing: others of the company, whoever did it, a suspended Super User,
people of other companies, staff. A template or a kind of one without a row here fails.
"""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.test import Client, override_settings
from django.test.signals import template_rendered
from django.urls import reverse
from django.utils import timezone

from accounts.models import AccessRequest, AuditEvent, Customer, User
from accounts.services import hand_overs, support
from accounts.services.invitations import (
    accept_invitation,
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
from accounts.services.undo import undo_event
from accounts.tasks import send_reset_email
from portals.models import Portal, Privilege, Resource
from portals.services.grant_expiry import announce_expiring_grants
from portals.services.grants import GrantTerms, grant_privilege
from portals.services.offered_grants import offer_privileges
from portals.services.requests import request_access
from portals.services.resources import Report, put_resource
from portals.services.reviews import begin_review, rounds
from portals.services.service_requests import request_service
from preferences.choices import Digest
from preferences.gate import digests
from preferences.gate.envelope import rebuild
from preferences.gate.escalation_steps import confirm_address, run_escalations
from preferences.models import Message, Topic
from preferences.services import complaints, customer_email
from preferences.services.delivery_events import record_delivery_event
from preferences.services.recipients import choose_digest
from preferences.services.topic_signups import request_confirmation, subscribe
from tests.acts import PASSWORD, Scene
from tests.demo import ROOT
from tests.savepoints import undone
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

    def accept(self) -> None:
        accept_invitation(actor=None, token=self.invitation.token, name="Kim", password=PASSWORD)

    def offer_what_goes(self) -> None:
        offer_privileges(
            actor=self.alice,
            invitations=[self.invitation],
            rights=[(self.domain, self.view)],
            terms=GrantTerms(),
        )
        self.domain.delete()

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

    def has_no_password(self) -> None:
        self.gina.set_unusable_password()
        self.gina.save()

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


NOTICE = "accounts/membership_notice"
MAILS: dict[str, Mail] = {
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
        (("main@new.example", "asks you to run it as its main Super User"),),
        before=Scene.pend,
    ),
    "invited again by somebody else": Mail(
        "accounts/invitation",
        lambda s: resend_invitation(actor=s.iris, invitation=s.invitation),
        (("kim", "Iris invites you to join Alder Dental, so that you can use"),),
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
        (("alice", "kim has accepted your invitation to Alder Dental"),),
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
        (("gina", "Alice Martin undid this: you belong to Alder Dental again"),),
        before=lambda s: remove_membership(actor=s.alice, membership=s.person),
    ),
    "made a Super User": Mail(
        f"{NOTICE}:role_changed",
        lambda s: change_role(actor=s.alice, membership=s.person, role="super_user"),
        (("gina", "Alice Martin changed your role at Alder Dental. You are now: Super User"),),
    ),
    "made a Super User, who is the security contact": Mail(
        f"{NOTICE}:role_changed",
        lambda s: change_role(actor=s.alice, membership=s.colleague, role="super_user"),
        (("henry", "Alice Martin changed your role at Alder Dental. You are now: Super User"),),
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
        (("gina", "Iris took away the last day that was set for you at Alder Dental"),),
        before=Scene.plan_offboarding,
    ),
    "the last day is over": Mail(
        f"{NOTICE}:left",
        after({"days": 30, "minutes": 1}, lambda s: end_due_memberships()),
        (("gina", "Your time at Alder Dental has ended"),),
        before=Scene.plan_offboarding,
    ),
    "suspended, with a security contact": Mail(
        f"{NOTICE}:suspended accounts/copy",
        lambda s: suspend_membership(actor=s.alice, membership=s.person),
        (
            ("gina", "Alice Martin suspended your access"),
            ("henry", "It concerns gina, not you"),
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
            ("gina", "Your time at Alder Dental has ended"),
            ("alice", "This could not be handed on any more"),
            ("iris", "This could not be handed on any more"),
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
            ("alice", "iris is now the main Super User of Alder Dental: Alice Martin handed"),
            ("iris", "iris is now the main Super User of Alder Dental: Alice Martin handed"),
        ),
        before=Scene.hand_over,
    ),
    "the main role is declined": Mail(
        "accounts/hand_over:declined",
        lambda s: hand_overs.decline_hand_over(actor=s.iris, hand_over=s.offered),
        (("alice", "iris does not want to become the main Super User of Alder Dental"),),
        before=Scene.hand_over,
    ),
    "the offer of the main role is taken back": Mail(
        "accounts/hand_over:withdrawn",
        lambda s: hand_overs.withdraw_hand_over(actor=s.alice, hand_over=s.offered),
        (("iris", "Alice Martin took back the offer to become the main Super User"),),
        before=Scene.hand_over,
    ),
    # Requests
    "somebody asks": Mail(
        "accounts/request",
        lambda s: request_access(actor=s.henry, customer=s.customer, text="Please.", rights=[]),
        (
            ("alice", "henry of Alder Dental asks you for: "),
            ("iris", "henry of Alder Dental asks you for: "),
        ),
    ),
    "a Super User asks": Mail(
        "accounts/request",
        lambda s: request_access(actor=s.iris, customer=s.customer, text="Please.", rights=[]),
        (("alice", "iris of Alder Dental asks you for: "),),
    ),
    "a request is withdrawn": Mail(
        "", lambda s: withdraw_request(actor=s.gina, access_request=s.access_request), ()
    ),
    "a request is approved": Mail(
        "accounts/request_answer",
        lambda s: approve_request(actor=s.iris, access_request=s.access_request),
        (("gina", "Iris of Alder Dental approved what you asked for: "),),
    ),
    "a request is refused": Mail(
        "accounts/request_answer",
        lambda s: s.refuse(s.iris),
        (("gina", "Iris of Alder Dental refused what you asked for: "),),
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
            ("iris", "A request of gina is now with Harbour too"),
            ("dana", "A request of gina of Alder Dental has come to us"),
            ("olive", "A request of gina of Alder Dental has come to us"),
        ),
    ),
    "a request waits for three days": Mail(
        "accounts/request_passed accounts/request_to_provider",
        lambda s: s.waited(hours=72),
        (
            ("gina", "Your request to the Super Users of Alder Dental is now with Harbour too"),
            ("alice", "A request of gina is now with Harbour too"),
            ("iris", "A request of gina is now with Harbour too"),
            ("dana", "A request of gina of Alder Dental has come to us"),
            ("olive", "A request of gina of Alder Dental has come to us"),
        ),
    ),
    "a request is sent back": Mail(
        "accounts/request_reminder",
        lambda s: send_back_request(
            actor=s.dana, access_request=s.access_request, word="Yours to answer."
        ),
        (
            ("alice", "Harbour sent a request of gina back to you"),
            ("iris", "Harbour sent a request of gina back to you"),
        ),
        before=Scene.pass_on,
    ),
    "the provider approves": Mail(
        "accounts/request_answer",
        lambda s: approve_request(actor=s.dana, access_request=s.access_request, for_provider=True),
        (("gina", "Dana Okafor of Harbour approved what you asked for: "),),
        before=Scene.pass_on,
    ),
    "the provider refuses": Mail(
        "accounts/request_answer",
        lambda s: s.refuse(s.dana),
        (("gina", "Dana Okafor of Harbour refused what you asked for: "),),
        before=Scene.pass_on,
    ),
    "the end of a service is asked": Mail(
        "accounts/request_to_provider",
        Company.ask_to_end_domains,
        (("olive", "Alice Martin, Super User of Alder Dental, asks us for: "),),
    ),
    "the end of a service is refused, with a contact": Mail(
        "accounts/request_answer accounts/copy",
        lambda s: s.refuse(s.olive),
        (
            ("alice", "Olive Bergeron of Harbour refused what you asked for: "),
            ("gina", "It concerns Alice Martin, not you"),
        ),
        before=lambda s: (s.name_contact(), s.ask_to_end_domains()),
    ),
    # The support desk
    "support sends a reset link": Mail(
        "accounts/reset_link accounts/support_receipt:support.reset_link_sent",
        lambda s: support.send_reset_link(
            actor=s.dana, person=s.gina, ticket="T-1", reason="Lost telephone."
        ),
        (
            ("gina", "so that you can choose a new password yourself: http"),
            ("gina", "sent Gina (gina@alder.example) a link to choose a new password"),
            ("alice", "sent Gina (gina@alder.example) a link to choose a new password"),
        ),
    ),
    "support ends sessions": Mail(
        "accounts/support_receipt:support.sessions_ended",
        lambda s: support.end_all_sessions(
            actor=s.dana, person=s.gina, ticket="T-1", reason="Lost telephone."
        ),
        (
            ("gina", "signed Gina (gina@alder.example) out everywhere"),
            ("alice", "signed Gina (gina@alder.example) out everywhere"),
        ),
    ),
    # The account itself
    "a forgotten password": Mail(
        "account/password_reset_key",
        lambda s: send_reset_email.call(s.gina.email, "en"),
        (("gina", "asked for a new password at Harbour. To choose it, open: http"),),
    ),
    "a forgotten password of nobody": Mail(
        "", lambda s: send_reset_email.call("nobody@alder.example", "en"), ()
    ),
    "a new password from a link": Mail(
        "account/password_reset",
        Company.choose_password_by_link,
        (("gina", "A new password was chosen for your account, from a reset link"),),
    ),
    "a password is changed": Mail(
        "account/password_changed",
        lambda s: signed_in(s.gina).post(
            "/accounts/password/change/", {"oldpassword": PASSWORD, **NEW_PASSWORD}
        ),
        (("gina", "The password of your account was changed"),),
    ),
    "a first password": Mail(
        "account/password_set",
        lambda s: signed_in(s.gina).post("/accounts/password/set/", NEW_PASSWORD),
        (("gina", "A password was chosen for your account"),),
        before=Company.has_no_password,
    ),
    "another address is entered": Mail(
        "account/email_confirmation",
        lambda s: s.proved().post(
            "/accounts/email/", {"action_add": "", "email": "gina@new.example"}
        ),
        (("gina@new.example", "To confirm that it is yours, open: http"),),
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
            ("gina", "Alice Martin of Alder Dental gave you the right “Read its messages”"),
            ("henry", "gave the right “Read its messages”"),
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
                "Webmail reported to Alder Dental that you are the owner of:"
                " - info@alder.example As the owner, you can do this without being given access:",
            ),
        ),
    ),
    "a mailbox becomes a colleague's, with a security contact": Mail(
        "portals/ownership accounts/copy",
        lambda s: s.report_owner(s.second.user),
        (
            (
                "gina",
                "Webmail reported to Alder Dental that you are no longer the owner of:"
                " - info@alder.example The access of an owner has ended.",
            ),
            ("iris", "Webmail reported to Alder Dental that you are the owner of:"),
            ("henry", "It concerns gina, not you"),
            ("henry", "It concerns iris, not you"),
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
            ("alice", "These rights at Alder Dental end soon: - Gina: “See the domain"),
            ("gina", "These rights of yours at Alder Dental end soon"),
        ),
        before=Scene.limit,
    ),
    "a review begins": Mail(
        "portals/review:begun",
        lambda s: begin_review(actor=s.alice, customer=s.customer),
        (("iris", "it is time to look through who may do what at Alder Dental"),),
        before=Scene.no_review,
    ),
    "a review waits": Mail(
        "portals/review:waiting",
        after({"days": 14}, lambda s: rounds._remind(s.begun)),
        (
            ("alice", "The access review of Alder Dental waits for you"),
            ("iris", "The access review of Alder Dental waits for you"),
        ),
        before=Scene.review,
    ),
    "a review is due": Mail(
        "portals/review:due",
        after({"days": 27}, lambda s: rounds._remind(s.begun)),
        (
            ("alice", "The access review of Alder Dental is due soon"),
            ("iris", "The access review of Alder Dental is due soon"),
        ),
        before=Scene.review,
    ),
    # Email that bounced, complaints, subscriptions
    "a bounced address is confirmed": Mail(
        "preferences/address_probe",
        lambda s: confirm_address(actor=s.gina),
        (("gina", "This mail shows that it does"),),
        before=Scene.come_back,
    ),
    "a notice goes to another address": Mail(
        "preferences/bounce_notice",
        lambda s: run_escalations(),
        (("gina@home.example", "we sent you a notice"),),
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
        (("olive", "mail services begin to refuse all our mail, so the hub holds it"),),
        before=Scene.compose,
    ),
    "a subscription is to be confirmed": Mail(
        "preferences/confirmation",
        lambda s: request_confirmation(
            actor=None, address="sam@elsewhere.example", language="en", topics=s.newsletter()
        ),
        (("sam@elsewhere.example", "If that was you, confirm it on this page"),),
    ),
    "subscribed at once": Mail(
        "preferences/subscribed",
        lambda s: subscribe(
            actor=None, address="sam@elsewhere.example", language="en", topics=s.newsletter()
        ),
        (("sam@elsewhere.example", "This counts from now on"),),
        before=Company.open_newsletter,
    ),
    "a digest": Mail(
        "preferences/digest",
        after({"days": 1}, lambda s: digests.deliver_digest(s.gina.recipient.pk)),
        (("gina", "You get this from Harbour, gathered as you chose"),),
        before=Company.wait_for_digest,
    ),
}


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: Any) -> Iterator[Company]:
    with django_db_blocker.unblock(), undone():
        with override_settings(EMAIL_BACKEND="preferences.gate.GateBackend"):
            made = Company()
        yield made


@pytest.fixture
def used() -> Iterator[set[str]]:
    """Collect the templates of email that are rendered: "app/template" or with its kind."""
    seen: set[str] = set()

    def note(template: Any, context: Any, **_more: Any) -> None:
        if found := re.fullmatch(r"(\w+)/emails?/(\w+)_message\.txt", template.name or ""):
            if found[2] == "base":
                return
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
    rows.add("account/base")  # the frame of allauth's
    missing: list[str] = []
    for file in sorted((ROOT / "templates").glob("*/email*/*_message.txt")):
        name = f"{file.parts[-3]}/{file.name.removesuffix('_message.txt')}"
        kinds = set(re.findall(r'(?<!request\.)\bkind == "([\w.]+)"', file.read_text()))
        tried = {use.partition(":")[2] for use in rows if use.partition(":")[0] == name}
        missing += [f"{name}:{kind}" for kind in kinds - tried]
        if not tried - kinds:
            missing.append(name)
    assert missing == []
