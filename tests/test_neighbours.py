"""Acts that delete or change many rows leave the rows of the company, person or portal beside.

Alder and Birch have rows of the same kinds, and one person belongs to both. Each act happens in
Alder; all of Birch's rows are compared before and after. A service that deletes or changes many
rows needs an act here that runs it, or a reason in EXEMPT.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.idp.oidc.models import Token
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.db import models
from django.test import override_settings
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts.emails import NOTICE_CLASS_HEADER
from accounts.models import Customer, Membership, User
from accounts.services import support
from accounts.services.invitations import accept_invitation, correct_invitation, invite_person
from accounts.services.memberships import remove_membership
from accounts.services.offboarding import plan_offboarding
from accounts.services.sessions import sign_out_devices
from accounts.services.teams import add_to_team, create_team, delete_team, remove_from_team
from accounts.services.undo import undo_event
from hub.example import MANIFESTS
from portals.choices import HUB_SESSION_KEY
from portals.models import (
    LogoutNotice,
    OfferedGrant,
    Portal,
    PortalConsent,
    PortalSession,
    RequestedGrant,
    Resource,
)
from portals.services.credentials import issue_credentials
from portals.services.grant_expiry import announce_expiring_grants
from portals.services.grants import GrantTerms, grant_privilege, revoke_privilege
from portals.services.manifests import apply_manifest, read_manifest
from portals.services.portal_sessions import (
    revoke_token,
    send_logout_notice,
    withdraw_consent,
)
from portals.services.portal_sessions.opening import hash_of
from portals.services.presets import change_preset, delete_preset
from portals.services.resources import (
    Outcome,
    Removal,
    Report,
    delete_resource,
    end_removed_resources,
    put_resource,
    sync_resources,
)
from portals.services.reviews import ItemDecision, begin_review, remove_unused, save_decisions
from portals.services.signing_keys import add_signing_key
from portals.services.subscriptions import set_subscription_status
from portals.services.uses import save_uses
from preferences.choices import Digest, Reason
from preferences.emails import send_topic_mail
from preferences.gate import delivery, lease
from preferences.gate.campaign_sending import dispatch
from preferences.models import Candidate, Escalation, Message, Recipient, Topic
from preferences.services import campaigns, customer_email, resellers
from preferences.services.delivery_events import record_delivery_event
from preferences.services.recipients import choose_digest, follow_changed_addresses
from tests.acts import WORDS, Scene, _checked_import
from tests.cases import confirmed_case, verified_case
from tests.demo import ROOT
from tests.neighbours import Rows, rows_of
from tests.savepoints import undone
from tests.test_wrong_actors import signed_in

WRITERS = (
    "accounts/services", "portals/services", "preferences/services", "preferences/gate",
    "compliance/services",
)  # fmt: skip


class Beside(Scene):
    """A company with one or more rows of every kind."""

    def __init__(self, customer: Customer, *, days: int) -> None:
        """Make them; one person's access ends after so many days."""
        super().__init__(customer)
        self.make_preset()
        self.name_contact()
        self.add_recipient()
        self.deny_topic()
        self.resell()
        self.review()
        self.give(self.colleague, expires_at=timezone.now() + timedelta(days=days))
        key = {"resource": self.root, "privilege": self.open}
        OfferedGrant.objects.create(invitation=self.invitation, **key)
        RequestedGrant.objects.create(request=self.access_request, **key)
        self.use(self.person)
        self.own(self.person.user)
        self.own(self.colleague.user)
        self.report_mailbox(self.person)
        self.end_a_promised_team()

    def use(self, member: Membership) -> None:
        """Note that a member used the domain."""
        save_uses([(f"{member.user_id} {self.domain.pk} {self.view.pk}", 20_000)])

    def own(self, person: User) -> None:
        """Give a person what is theirs alone: a session, an address, a passkey, waiting email."""
        name = person.email.replace("@", ".")
        UserSession.objects.create(
            user=person, session_key=name[:40], ip="127.0.0.1", user_agent="", data={}
        )
        EmailAddress.objects.create(user=person, email=f"new@{name}", verified=False)
        Authenticator.objects.create(user=person, type="webauthn", data={"name": "Key"})
        headers = {NOTICE_CLASS_HEADER: "legal"}
        EmailMessage("Terms", "From May on.", to=[person.email], headers=headers).send()
        choose_digest(actor=person, digest=Digest.DAILY)
        topic = Topic.objects.get(slug="newsletter")
        send_topic_mail(topic=topic, person=person, subject="News", text="It is spring.")

    def open_portal(self, member: Membership, client: Any) -> None:
        """Sign a member in to a portal from their session, with tokens and a waiting notice."""
        person, name = member.user, f"hub {member.pk}"
        Session.objects.create(
            session_key=UserSession.objects.get(user=person).session_key,
            session_data=SessionStore().encode({HUB_SESSION_KEY: name}),
            expire_date=timezone.now() + timedelta(hours=1),
        )
        session = PortalSession.objects.create(
            user=person,
            client=client,
            customer=self.customer,
            hub_session=name,
            auth_time=timezone.now(),
        )
        code = session.codes.create(hash=name, redirect_uri="https://portal.example/")
        for kind in (Token.Type.ACCESS_TOKEN, Token.Type.REFRESH_TOKEN):
            value = hash_of(f"{kind} of {name}")
            token = Token.objects.create(user=person, client=client, type=kind, hash=value)
            code.tokens.create(token=token)
        LogoutNotice.objects.create(session=session)
        PortalConsent.objects.create(user=person, client=client)

    def report(self, type_code: str, report: Report) -> Outcome:
        return put_resource(
            actor=Portal.objects.get(slug="webmail"),
            customer=self.customer.slug,
            type_code=type_code,
            report=report,
        )

    def report_mailbox(self, owner: Membership) -> None:
        """Let the portal report a mailbox of this member, and a shared one."""
        domain = f"{self.customer.slug}.example"
        for name, sub in ((f"own{owner.pk}", str(owner.user.sub)), (f"shared{owner.pk}", None)):
            address = f"{name}@{domain}"
            self.report("mailbox", Report(address, address, ("mail_domain", domain), sub))

    def end_a_promised_team(self) -> None:
        """Delete a team that somebody is invited into, and that a leaver hands on."""
        night = create_team(actor=self.super_user, customer=self.customer, name="Night shift")
        add_to_team(actor=self.super_user, team=night, membership=self.second)
        self.promised = self.invite("nora")
        self.promised.team = night
        self.promised.save()
        self.plan = plan_offboarding(
            actor=self.super_user,
            membership=self.second,
            leaves_at=timezone.now() + timedelta(days=90),
            teams=[(night, self.colleague)],
        )
        self.night_ended = delete_team(actor=self.super_user, team=night)

    def remove_a_mail_domain(self) -> None:
        """Let the portal remove a domain with a mailbox and a grant."""
        self.former = f"former-{self.customer.slug}.example"
        self.report("mail_domain", Report(self.former, self.former))
        below = f"info@{self.former}"
        self.report("mailbox", Report(below, below, ("mail_domain", self.former)))
        domain = Resource.objects.get(external_id=self.former)
        grant_privilege(
            actor=self.super_user,
            grantee=self.colleague,
            privilege=domain.resource_type.privileges.get(code="manage"),
            resource=domain,
            terms=GrantTerms(),
            signed_in_at=timezone.now(),
        )
        delete_resource(actor=Portal.objects.get(slug="webmail"), resource=domain)

    def removed(self) -> Any:
        return Resource.with_removed.filter(subscription__customer=self.customer).exclude(
            removed_at=None
        )

    def employ(self, member: Membership) -> None:
        """Let a person of another company work here too, with access of their own."""
        invitation = invite_person(
            actor=self.super_user, customer=self.customer, address=member.user.email
        )
        self.shared = accept_invitation(actor=member.user, token=invitation.token)
        self.give(self.shared)
        add_to_team(actor=self.super_user, team=self.team, membership=self.shared)
        customer_email.name_contact(actor=self.super_user, membership=self.shared, kind="technical")
        self.use(self.shared)
        self.report_mailbox(self.shared)


@dataclass(frozen=True)
class Act:
    """Something done in Alder, and the writers that it runs."""

    do: Callable[["Two"], Any]
    runs: str  # "module.function", with spaces between


class Two:
    """Alder, where the acts happen, and Birch beside it."""

    def __init__(self) -> None:
        self.here = Beside(Customer.objects.get(slug="alder"), days=20)
        self.beside = Beside(Customer.objects.get(slug="birch"), days=60)
        self.beside.employ(self.here.person)
        with time_machine.travel(timezone.now(), tick=False):  # both at one moment
            self.here.remove_a_mail_domain()
            self.beside.remove_a_mail_domain()
        self.olive = User.objects.get(email="olive@harbour.example")
        self.dana = User.objects.get(email="dana@harbour.example")
        self.domains = Portal.objects.get(slug="domains")
        self.webmail = Portal.objects.get(slug="webmail")
        for portal in (self.domains, self.webmail):
            issue_credentials(actor=None, portal=portal)
        client = Portal.objects.get(slug="webmail").client
        for side in (self.here, self.beside):
            for member in (side.person, side.colleague):
                side.open_portal(member, client)
        bounced = self.message(self.beside.person.user)
        record_delivery_event(message=bounced, kind="hard", event="x:0")
        Escalation.objects.filter(message=bounced).update(
            state="addresses", due_at=timezone.now() + timedelta(hours=1)
        )
        delivery._claim(self.message(self.beside.colleague.user).pk)  # another worker sends it
        self.campaign, self.other_campaign = self.running(), self.running()
        Candidate.objects.create(  # the other campaign goes to Dana too, but not yet
            campaign=self.other_campaign,
            recipient=self.dana.recipient,
            send=True,
            reason=Reason.CHOSE_YES,
        )

    def running(self) -> Any:
        """Return a campaign whose email waits for everybody."""
        topic = Topic.objects.get(slug="promotions")
        campaign = campaigns.create_campaign(actor=self.olive, topic=topic, **WORDS)
        campaigns.schedule_campaign(actor=self.olive, campaign=campaign)
        for recipient in Recipient.objects.filter(user__memberships__isnull=False).distinct():
            Message.objects.create(
                recipient=recipient, address=recipient.email, campaign=campaign, topic=topic,
                subject="News", content_hash="", message_id=f"<{campaign.pk}.{recipient.pk}@x>",
                in_digest=recipient.digest == Digest.DAILY,
                due_at=timezone.now() + timedelta(hours=9),
            )  # fmt: skip
        return campaign

    def message(self, person: User) -> Message:
        return Message.objects.get(address=person.email, notice_class="legal", campaign=None)

    def undo_the_end_of_a_team(self) -> None:
        undo_event(
            actor=self.here.super_user,
            event=delete_team(actor=self.here.super_user, team=self.here.team),
        )

    def undo_the_end_of_a_promised_team(self) -> None:
        undo_event(actor=self.here.super_user, event=self.here.night_ended)
        self.here.promised.refresh_from_db()
        assert self.here.promised.team.name == "Night shift"
        assert self.here.plan.reassigned_teams.get().team == self.here.promised.team

    def undo_that_somebody_left(self) -> None:
        owned = self.here.person.owned_resources
        before = set(owned.all())
        event = remove_membership(actor=self.here.super_user, membership=self.here.person)
        assert not owned.exists()
        undo_event(actor=self.here.super_user, event=event)
        assert set(owned.all()) == before != set()

    def report_what_was_removed(self) -> None:
        """A domain comes back, with what is below; Birch's was removed at the same moment."""
        assert self.here.removed().count() == 2
        self.here.report("mail_domain", Report(self.here.former, self.here.former))
        assert not self.here.removed().exists()

    def end_what_was_removed(self) -> None:
        """Alder's seven days are over, Birch's are not."""
        self.here.removed().update(removed_at=timezone.now() - timedelta(days=7))
        end_removed_resources()
        assert not self.here.removed().exists()

    def move_a_domain(self) -> None:
        """The portal reports Alder's domain for a third company."""
        name = self.here.domain.external_id
        put_resource(
            actor=self.domains, customer="cedar", type_code="domain", report=Report(name, name)
        )

    def keep_all(self) -> None:
        lines = self.here.begun.items.filter(membership=self.here.person)
        save_decisions(
            actor=self.here.super_user,
            review=self.here.begun,
            decisions=[ItemDecision(item=line.pk, decision="keep") for line in lines],
            signed_in_at=timezone.now(),
        )

    def report_one_domain(self) -> None:
        sync_resources(
            actor=self.domains,
            customer="alder",
            type_code="domain",
            reports=[Report("new.example", "New"), Report("newer.example", "Newer")],
            replace=True,
            confirm=Removal(resources=2, grants=4),
        )

    def renew_what_works(self) -> None:
        message = self.message(self.here.person.user)
        claimed = delivery._claim(message.pk)
        job = _running_job()
        with lease.at_work(claimed.claim):
            lease.renew(job.pk)

    def announce(self) -> None:
        """Announce ends two weeks later: Alder's is near, Birch's is not."""
        with time_machine.travel(timezone.now() + timedelta(days=14), tick=False):
            announce_expiring_grants()

    def bounce_twice(self) -> None:
        """A notice bounces; the address tried next bounces as well."""
        self.here.come_back()
        probed = self.here.escalation
        Escalation.objects.filter(pk=probed.pk).update(state="addresses")
        probe = self.message(self.here.colleague.user)
        probed.probes.create(message=probe, address=probe.address)
        record_delivery_event(message=probe, kind="hard", event="x:2")

    def claim_and_release(self) -> None:
        found = delivery.claim_messages(models.Q(state="queued"), campaign=self.campaign)
        delivery.release(found)

    def try_later(self) -> None:
        claimed = delivery._claim(self.message(self.here.person.user).pk)
        delivery.retry(claimed, delivery.decide_sending(claimed), "451 later")

    def deliver(self) -> None:
        delivery.deliver(self.message(self.here.person.user).pk)

    def move(self) -> None:
        """An address changes by SQL, which a trigger notes."""
        User.objects.filter(pk=self.here.colleague.user_id).update(email="moved@alder.example")
        follow_changed_addresses(actor=None)

    def import_a_list(self) -> None:
        signed_in(self.olive).post("/provider/topics/import/", _checked_import())

    def revoke(self) -> None:
        value = f"rt of hub {self.here.colleague.pk}"
        revoke_token(client=Portal.objects.get(slug="webmail").client, value=value)

    def tell_a_portal(self) -> None:
        """The portal is away, so that it is told again later."""
        Portal.objects.update(backchannel_logout_uri="http://127.0.0.1:9/")
        add_signing_key(actor=None)
        notice = LogoutNotice.objects.get(session__user=self.here.colleague.user)
        assert not send_logout_notice(notice=notice.pk, attempt=1)


def _running_job() -> Any:
    job = DBTaskResult.objects.first()
    DBTaskResult.objects.filter(pk=job.pk).update(
        status="RUNNING", started_at=timezone.now() - timedelta(hours=1)
    )
    return job


ACTS: dict[str, Act] = {
    "somebody leaves": Act(
        lambda t: remove_membership(actor=t.here.super_user, membership=t.here.person),
        "membership_expiry.finish_membership grantees.drop_grants_of_leaver"
        " uses.forget_uses_of_leaver customer_email.drop_mail_of_leaver"
        " owners.end_ownership_of_leaver",
    ),
    "somebody who left is brought back": Act(
        Two.undo_that_somebody_left, "owners.end_ownership_of_leaver owners.restore_ownership"
    ),
    "somebody leaves their only company": Act(
        lambda t: remove_membership(actor=t.here.super_user, membership=t.here.colleague),
        "membership_expiry.finish_membership sessions.end_sessions"
        " sessions.drop_unverified_addresses",
    ),
    "support ends sessions": Act(
        lambda t: support.end_all_sessions(
            actor=t.dana, case=verified_case(t.dana, t.here.colleague.user)
        ),
        "sessions.end_sessions sessions.drop_unverified_addresses",
    ),
    "somebody signs out on another device": Act(
        lambda t: sign_out_devices(
            actor=t.here.colleague.user,
            keys=UserSession.objects.values_list("session_key", flat=True),
        ),
        "sessions.end_hub_sessions ending.end_portal_sessions",
    ),
    "support removes a lost factor": Act(
        lambda t: support.remove_factor(
            actor=t.dana,
            case=confirmed_case(t.dana, t.here.colleague.user),
            factor=str(Authenticator.objects.filter(user=t.here.colleague.user)[0].pk),
        ),
        "effects.delete_factors",
    ),
    "somebody withdraws what a portal may know": Act(
        lambda t: withdraw_consent(
            actor=t.here.colleague.user,
            consent=PortalConsent.objects.get(user=t.here.colleague.user).pk,
        ),
        "opening.withdraw_consent ending.end_portal_sessions",
    ),
    "a portal revokes a token": Act(Two.revoke, "tokens.revoke_token"),
    "a portal is told of a sign-out": Act(Two.tell_a_portal, "logout_notices.send_logout_notice"),
    "a team is deleted": Act(
        lambda t: delete_team(actor=t.here.super_user, team=t.here.team),
        "teams.delete_team grantees.drop_grants_of_team",
    ),
    "a team is brought back": Act(
        Two.undo_the_end_of_a_team, "undo_handlers.restore_team teams.delete_team"
    ),
    "a team is brought back into what was promised": Act(
        Two.undo_the_end_of_a_promised_team, "undo_handlers._restore_promises"
    ),
    "somebody leaves a team": Act(
        lambda t: remove_from_team(
            actor=t.here.super_user, team=t.here.team, membership=t.here.person
        ),
        "teams.remove_from_team",
    ),
    "a grant is replaced": Act(
        lambda t: t.here.give(t.here.person, reason="Longer."), "grants.grant_privilege"
    ),
    "a grant is revoked": Act(
        lambda t: revoke_privilege(actor=t.here.super_user, grant=t.here.grant),
        "grants.end_grant audit.record_event",
    ),
    "a grant's end is announced": Act(Two.announce, "grant_expiry._announce"),
    "a preset is changed": Act(
        lambda t: change_preset(
            actor=t.here.super_user, preset=t.here.preset, name="Other", lines=[(t.here.open, True)]
        ),
        "presets._save",
    ),
    "a preset is deleted": Act(
        lambda t: delete_preset(actor=t.here.super_user, preset=t.here.preset),
        "presets.delete_preset",
    ),
    "a portal is ended": Act(
        lambda t: set_subscription_status(
            actor=t.olive, subscription=t.here.domain.subscription, status="ended"
        ),
        "subscriptions._drop_grants",
    ),
    "a portal reports that all domains are gone": Act(
        Two.report_one_domain, "writing._write removal.remove_with_all_below"
    ),
    "a portal deletes a domain": Act(
        lambda t: delete_resource(actor=t.domains, resource=t.here.domain),
        "removal.remove_with_all_below",
    ),
    "a portal reports again what it removed": Act(
        Two.report_what_was_removed, "writing._write removal.give_back"
    ),
    "what a portal removed ends for good": Act(
        Two.end_what_was_removed, "deletion.delete_with_all_below"
    ),
    "a domain moves to a third company": Act(
        Two.move_a_domain, "writing._write deletion.delete_with_all_below"
    ),
    "a review begins": Act(
        lambda t: (
            t.here.no_review(),
            begin_review(actor=t.here.super_user, customer=t.here.customer),
        ),
        "items.gather_items",
    ),
    "a part of a review is saved": Act(Two.keep_all, "decisions.decide_lines"),
    "what is unused is removed": Act(
        lambda t: (
            t.here.unused_review(),
            remove_unused(actor=t.here.super_user, review=t.here.begun),
        ),
        "decisions.decide_lines",
    ),
    "a use is saved": Act(lambda t: t.here.use(t.here.colleague), "uses.save_uses"),
    "a topic is allowed": Act(
        lambda t: customer_email.allow_topic(
            actor=t.here.super_user,
            customer=t.here.customer,
            topic=Topic.objects.get(slug="newsletter"),
        ),
        "customer_email.allow_topic",
    ),
    "an added recipient is removed": Act(
        lambda t: customer_email.remove_recipient(actor=t.here.super_user, recipient=t.here.added),
        "customer_email.remove_recipient",
    ),
    "a contact is removed": Act(
        lambda t: customer_email.remove_contact(actor=t.here.super_user, contact=t.here.contact),
        "customer_email.remove_contact",
    ),
    "a reseller is none any more": Act(
        lambda t: resellers.unmark_reseller(actor=t.olive, customer=t.here.customer),
        "resellers.end_reselling",
    ),
    "a person wants their email at once": Act(
        lambda t: choose_digest(actor=t.here.person.user, digest=Digest.IMMEDIATE),
        "recipients.reschedule_digest",
    ),
    "an invitation is corrected": Act(
        lambda t: correct_invitation(
            actor=t.here.super_user, invitation=t.here.invitation, address="kim.lee@right.example"
        ),
        "offered_grants.move_offers",
    ),
    "an address moves": Act(Two.move, "recipients.follow_changed_addresses"),
    "a list is imported": Act(Two.import_a_list, "imports._write imports._create_subscribers"),
    "a notice bounces twice": Act(Two.bounce_twice, "escalations._stop_waiting"),
    "a notice is delivered": Act(Two.deliver, "delivery._claim outcomes.record_outcome"),
    "a notice is tried later": Act(Two.try_later, "delivery._claim delivery.retry"),
    "a worker renews its lease": Act(Two.renew_what_works, "lease.renew"),
}
# Of one portal or one campaign: the rows of the other one, of all companies, stay.
PROVIDER_ACTS: dict[str, Act] = {
    "a portal gets credentials": Act(
        lambda t: issue_credentials(actor=t.olive, portal=t.domains),
        "credentials.issue_credentials",
    ),
    "a portal loses a type": Act(
        lambda t: apply_manifest(actor=None, manifest=_without_domains(), remove=True),
        "application._Application._remove_types application._Application._remove_privileges"
        " application._Application._apply_inclusions",
    ),
    "a campaign is cancelled": Act(
        lambda t: campaigns.cancel_campaign(actor=t.olive, campaign=t.campaign),
        "unsent_messages.withdraw_messages",
    ),
    "a campaign claims and releases": Act(
        Two.claim_and_release, "delivery.claim_messages delivery.release"
    ),
    "a campaign is sent": Act(lambda t: dispatch(t.campaign.pk), "campaign_sending.queue_messages"),
}
EXEMPT = {
    "event_sealing._read": "is for keys that cannot be read: accounts/test_sealed_words.py",
    "subject_keys.reseal_subject_keys": "is for all of them: accounts/test_sealed_words.py",
    "addresses.cancel_address_correction": "is for one person: accounts/test_support_addresses.py",
    "caller_codes.make_support_code": "replaces one person's own code",
    "referrals.blank_old_referrals": "is for all: compliance/test_programmes.py",
    "named_audiences.find_or_create_recipients": "creates rows, and changes none",
    "named_audiences._insert": "creates rows, and changes none",
    "event_sealing._make": "makes keys that are missing, and changes none",
    "caller_codes.send_caller_code": "replaces one person's own code",
    "caller_codes.verify_by_code": "is for one person's code: accounts/test_support_callers.py",
    "caller_codes.delete_old_caller_codes": "is for all: accounts/test_support_callers.py",
    "references.delete_old_references": "is for all: accounts/test_support_references.py",
    "sealed_files.delete_content": "is for files by their keys: compliance/test_log_requests.py",
    "legal_holds.keep_holds_still": "locks tables, and changes no row",
    "affected._add": "reads the users of a list: compliance/test_breaches.py",
    "affected.remove_affected": "is for one row, by its key",
    "breaches.assess_breach": "is for the reports of one breach: compliance/test_breaches.py",
    "breaches.note_breach": "creates rows, and changes none",
    "letters.end_affected": "creates rows, and changes none",
    "waves._list_again": "creates rows, and changes none",
    "waves.release_wave": "is for the list of one breach: compliance/test_breach_notices.py",
    "delivery.put_off_held": "is for one row, by its key: compliance/test_breach_notices.py",
    **dict.fromkeys(
        [
            "closings.end_account",
            "destroying._close",
            "destroying._delete_files",
            "destroying._forget_in_messages",
            "destroying._forget_password",
            "destroying._write",
            "destroying.destroy",
            "erasures.empty_late_messages",
            "subject_keys.shred_words",
        ],
        "is for one person: compliance/test_erasure.py",
    ),
    **dict.fromkeys(
        [
            "retention",
            "retention._blank_addresses",
            "retention._delete_consents",
            "retention._delete_messages",
            "retention._delete_requests",
        ],
        "is for all, by their age: compliance/test_retention.py",
    ),
    "sealed_files.seal_content": "is for the chunks of one file: compliance/test_own_data.py",
    "exports.make_own_data": "is for one row, by its key: compliance/test_own_data.py",
    "log_requests.drop_file": "is for one request, by its key: compliance/test_payments.py",
    "log_requests.ask_for_logs": "creates rows, and changes none",
    "tabulation.claim_log_request": "is for one request, by its key",
    "tabulation.fail_log_request": "is for one request, by its key",
    "tabulation.finish_log_request": "is for one request, by its key",
    "connecting.remove_provider": "is for one row and its own: accounts/test_company_sign_in.py",
    "releasing.release_domain": "is for one row, by its uuid",
    "releasing._delete": "is for one row, by its uuid",
    "rechecking.take_due_domains": "is for all of them: accounts/test_domain_ownership.py",
    "matching.unlink_person": "is for one row, of one company and person",
    "factors.spend_passkey_answer": "changes a dictionary, of one factor",
    "sign_in_codes.use_sign_in_code": "is for one row, by its uuid",
    "sign_in_codes.delete_old_sign_in_codes": "is for all: accounts/test_sign_in_codes.py",
    "application._Application._add_privileges": "creates rows, and changes none",
    "tokens._issue": "creates rows, and changes none",
    "tokens.refresh_tokens": "is for one row, by its key",
    "uses.UseRecorder.save": "only limits the time of its own statement",
    "lease.revive_stuck_jobs": "is for the jobs of all workers: preferences/test_killed_worker.py",
    "sessions.forget_expired_sessions": "is for all of them: oidc/test_forgetting.py",
    "forgetting._forget_expired_tokens": "is for all of them: oidc/test_forgetting.py",
    "forgetting._forget_ended_sessions": "is for all of them: oidc/test_forgetting.py",
    "logout_notices.take_due_logout_notices": "is for all of them: oidc/test_logout.py",
}


def _without_domains() -> Any:
    """Return the domains portal's manifest without its one type of resources."""
    manifest = read_manifest(MANIFESTS / "domains.toml")
    return replace(manifest, types=tuple(kind for kind in manifest.types if kind.code != "domain"))


@pytest.fixture(scope="module")
def two(django_db_setup: None, django_db_blocker: Any) -> Iterator[Two]:
    """Both companies, made once; each act is undone."""
    with django_db_blocker.unblock(), undone():
        with override_settings(EMAIL_BACKEND="preferences.gate.GateBackend"):
            made = Two()
        yield made


@contextmanager
def calls() -> Iterator[set[str]]:
    """Collect which functions of the writers' folders run: "module.function"."""
    seen: set[str] = set()
    folders = tuple(str(ROOT / folder) for folder in WRITERS)

    def note(frame: Any, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(folders):
            seen.add(f"{Path(frame.f_code.co_filename).stem}.{frame.f_code.co_qualname}")

    sys.setprofile(note)
    try:
        yield seen
    finally:
        sys.setprofile(None)


def writers() -> set[str]:
    """Return every function that deletes or changes several rows, or runs SQL."""
    found = set()

    def walk(node: ast.AST, names: list[str]) -> None:
        for child in ast.iter_child_nodes(node):
            inside = names
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inside = [*names, child.name]
            elif isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute):
                name = child.func.attr
                if name in ("delete", "update", "execute") or name.startswith("bulk_"):
                    found.add(".".join(names))
            walk(child, inside)

    for folder in WRITERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            walk(ast.parse(file.read_text()), [file.stem])
    return found


def done(act: Act, two: Two, watched: Callable[[], Rows]) -> tuple[Rows, Rows]:
    """Do the act, and return the watched rows before and after."""
    two = deepcopy(two)  # its rows are brought back, its objects are not
    before = watched()
    with calls() as seen:
        act.do(two)
    assert set(act.runs.split()) <= seen
    return before, watched()


def lost(before: Rows, after: Rows) -> Rows:
    """Return the rows that are gone or changed."""
    gone = {label: sorted(set(rows) - set(after.get(label, ()))) for label, rows in before.items()}
    return {label: rows for label, rows in gone.items() if rows}


def people_of(*companies: Customer) -> list[User]:
    return list(User.objects.filter(memberships__customer__in=companies).distinct())


@pytest.mark.parametrize("name", ACTS)
def test_nothing_changes_in_the_company_beside(name, two):
    alder, birch = two.here.customer, two.beside.customer
    people = [person for person in people_of(birch) if person != two.here.person.user]

    def watched() -> Rows:
        return {
            "here": rows_of(alder, *people_of(alder)),
            "beside": rows_of(birch, *people),
        }

    with undone():
        before, after = done(ACTS[name], two, watched)
        assert after["beside"] == before["beside"]
        # Every kind of row that was deleted or changed here was there to be hit.
        changed = lost(before["here"], after["here"]).keys()
        assert changed <= before["beside"].keys()


def test_who_leaves_one_company_keeps_what_is_theirs_alone(two):
    """Gina works at Birch too: only the portals' tokens end, because they say where she works."""
    gina = two.here.person.user
    with undone():
        before, after = done(
            ACTS["somebody leaves"], two, lambda: rows_of(two.beside.customer, gina)
        )
        assert lost(before, after).keys() == {"allauth_idp_oidc.Token"}
        assert {"usersessions.UserSession", "portals.PrivilegeUse"} <= before.keys()


@pytest.mark.parametrize("name", PROVIDER_ACTS)
def test_nothing_changes_of_the_portal_or_campaign_beside(name, two):
    others = [two.webmail, two.other_campaign]
    with undone():
        before, after = done(PROVIDER_ACTS[name], two, lambda: rows_of(*others))
        assert after == before
        assert {"portals.PersonGrant", "preferences.Message"} <= before.keys()


def test_every_service_that_changes_many_rows_is_tried():
    tried = {name for act in (*ACTS.values(), *PROVIDER_ACTS.values()) for name in act.runs.split()}

    assert writers() - tried - EXEMPT.keys() == set()
    assert (tried | EXEMPT.keys()) - writers() == set()
