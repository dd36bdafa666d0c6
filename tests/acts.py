"""Every POST of the hub, with the form that succeeds when its permitted actor sends it.

A new POST URL needs a line in ACTS (its form), or a reason in ELSEWHERE why no other actor could
send it (test_access.py). test_wrong_actors.py sends each form as everybody else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import time_machine
from allauth.mfa.models import Authenticator
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMessage
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Verification
from accounts.emails import NOTICE_CLASS_HEADER
from accounts.models import (
    CaseConfirmation,
    CompanyDomain,
    CompanyIdentity,
    CompanySignIn,
    Customer,
    DelayedAct,
    Membership,
    SuperUserRecovery,
    SupportCase,
    User,
    Viewing,
)
from accounts.services import recoveries, support
from accounts.services.customers import company_values, create_customer, suspend_customer
from accounts.services.hand_overs import offer_hand_over
from accounts.services.invitations import (
    accept_invitation,
    invite_main_super_user,
    invite_person,
)
from accounts.services.memberships import change_role, suspend_membership, work_details
from accounts.services.offboarding import plan_offboarding
from accounts.services.requests import open_request, pass_on_request
from accounts.services.second_factor import demand_second_factor
from accounts.services.support.viewings import begin_viewing
from accounts.services.teams import add_to_team, create_team
from accounts.services.versions import version_of
from compliance.models import PolicyVersion, Referral
from compliance.selectors.rates import rate_in_force
from compliance.services import breaches, policies, waves
from compliance.services.log_requests import release_log_request
from compliance.services.representatives import end_representative
from compliance.services.reseller_requests import ask_to_resell
from portals.choices import ReviewState
from portals.models import AccessReview, Portal, Resource
from portals.selectors.copied_access import copy_plan
from portals.selectors.grant_changes import fingerprint, grants_key
from portals.selectors.grantees import grantee_key
from portals.services.grants import GrantTerms, grant_privilege, revoke_privilege
from portals.services.presets import create_preset, preset_values
from portals.services.requests import request_access
from portals.services.reviews import begin_review
from portals.views import invite_report
from preferences.models import Escalation, Message, NoticeClass, Topic
from preferences.selectors.campaigns import estimate_audience
from preferences.services import campaigns, customer_email, topics
from preferences.services.delivery_events import record_delivery_event
from preferences.services.resellers import mark_reseller
from preferences.views import import_report
from tests import log_scene

PASSWORD = "three unrelated words"


class Scene:
    """A customer with one of everything; acts use its attributes."""

    case: SupportCase | None = None
    viewing: Viewing | None = None
    recovery: SuperUserRecovery | None = None
    delayed: DelayedAct | None = None
    question: CaseConfirmation | None = None

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        self.main = customer.main_super_user
        self.super_user: User = self.main.user  # the permitted actor of most acts
        self.person = self.join("gina")  # has a grant, is in a team, asks for something
        self.colleague = self.join("henry")  # a plain user
        self.second = self.join("iris", role="super_user")
        self.former = self.join("jack", role="super_user")  # a suspended Super User
        suspend_membership(actor=self.super_user, membership=self.former)

        self.domain = self._resource("domains", "domain")
        self.view = self.domain.resource_type.privileges.get(code="view")
        self.root = self._resource("domains", "subscription")
        self.open = self.root.resource_type.privileges.get(code="open")
        self.team = create_team(actor=self.super_user, customer=customer, name="Everyone")
        add_to_team(actor=self.super_user, team=self.team, membership=self.person)
        self.other_team = create_team(actor=self.super_user, customer=customer, name="Empty")
        self.grant = self.give(self.person)
        self.team_grant = self.give(self.team)
        self.invitation = self.invite("kim")
        self.access_request = request_access(
            actor=self.person.user, customer=customer, text="Please.", privileges=[]
        )

    def _resource(self, portal: str, kind: str) -> Resource:
        resources = Resource.objects.filter(subscription__customer=self.customer)
        resources = resources.filter(resource_type__portal__slug=portal, resource_type__code=kind)
        return resources.order_by("pk").first()

    def invite(self, name: str, **more: Any) -> Any:
        address = f"{name}@{self.customer.slug}.example"
        return invite_person(
            actor=self.super_user, customer=self.customer, address=address, name=name, **more
        )

    def join(self, name: str, role: str = "user") -> Membership:
        """Add a member by invitation, who has been a member before: that is over."""
        invitation = self.invite(name)
        joined = accept_invitation(
            actor=None, token=invitation.token, name=name.title(), password=PASSWORD
        )
        if role != joined.role:
            change_role(actor=self.super_user, membership=joined, role=role)
        joined.refresh_from_db()
        year = timedelta(days=365)
        Membership.objects.create(
            customer=self.customer,
            user=joined.user,
            work_name=joined.work_name,
            joined_at=timezone.now() - 2 * year,
            ended_at=timezone.now() - year,
        )
        return joined

    def give(self, grantee: Any, **terms: Any) -> Any:
        """Grant `view` on the domain."""
        return grant_privilege(
            actor=self.super_user,
            grantee=grantee,
            privilege=self.view,
            resource=self.domain,
            terms=GrantTerms(**terms),
            signed_in_at=timezone.now(),
        )

    def revoke(self) -> None:
        """Revoke the grant, so that it can be undone."""
        self.removed = revoke_privilege(actor=self.super_user, grant=self.grant)

    def plan_offboarding(self) -> None:
        month = timezone.now() + timedelta(days=30)
        plan_offboarding(actor=self.super_user, membership=self.person, leaves_at=month)

    def pass_on(self) -> None:
        """Pass a request on to the provider."""
        self.access_request = open_request(
            actor=self.person.user,
            customer=self.customer,
            kind="phone",
            wanted={"work_phone": "555 0100"},
        )
        pass_on_request(actor=self.super_user, access_request=self.access_request)

    # --- Log requests and authorisations ---

    def propose_representative(self) -> None:
        self.proposed = log_scene.propose(self.person)

    def proposed_argument(self) -> dict[str, Any]:
        return {"representative": self.proposed.uuid}

    def ask_for_logs(self) -> None:
        """Put the person on file, and let them ask."""
        if not rate_in_force():
            log_scene.price()
        slug = self.customer.slug
        self.report = log_scene.report(f"{slug}-shop", slug=slug)
        log_scene.representative(self.person)
        log_scene.give_key(self.person, self.report)
        self.log_request = log_scene.ask(self.person.user, self.report)

    def charge_logs(self) -> None:
        self.ask_for_logs()
        self.charge = log_scene.approve(self.log_request, f"INV-{self.customer.slug}")

    def pay_logs(self) -> None:
        self.charge_logs()
        self.payment = log_scene.pay(self.charge)

    def end_requester(self) -> None:
        self.pay_logs()
        end_representative(actor=self.super_user, representative=self.log_request.representative)

    def put_logs_together(self) -> None:
        self.pay_logs()
        claimed = log_scene.claim(self.log_request)
        log_scene.send(claimed)
        log_scene.finish(claimed)

    def release_logs(self) -> None:
        self.put_logs_together()
        self.log_request = release_log_request(
            actor=log_scene.staff(), request=self.log_request, is_checked=True
        )

    def log_argument(self) -> dict[str, Any]:
        return {"log_request": self.log_request.uuid}

    def charge_argument(self) -> dict[str, Any]:
        return {"charge": self.charge.uuid}

    def ask_for_authorisation(self) -> None:
        slug = self.customer.slug
        self.authorisation = log_scene.authorisation(profile=slug, slug=slug)

    def authorisation_argument(self) -> dict[str, Any]:
        return {"authorisation": self.authorisation.uuid, "slug": self.customer.slug}

    def row(self) -> dict[str, Any]:
        return {"grants": grants_key([self.grant])}

    def limit(self) -> None:
        """Give both grants an end, so that they can be renewed."""
        month = timezone.now() + timedelta(days=30)
        self.grant = self.give(self.person, expires_at=month)
        self.team_grant = self.give(self.team, expires_at=month)

    def make_preset(self) -> None:
        self.preset = create_preset(
            actor=self.super_user, customer=self.customer, name="Looks", lines=[(self.view, True)]
        )

    def demand_second_factor(self) -> None:
        """Demand it from a later day on, so that it can be ended."""
        later = timezone.localtime() + timedelta(days=30)
        demand_second_factor(actor=self.super_user, customer=self.customer, since=later)

    def claim_domain(self) -> None:
        self.own_domain = CompanyDomain.objects.create(
            customer=self.customer, domain=f"own.{self.customer.slug}.example", challenge="x"
        )

    def prove_domain(self) -> None:
        self.claim_domain()
        self.own_domain.proven_at, self.own_domain.proof = timezone.now(), "dns"
        self.own_domain.save()

    def own_domain_argument(self) -> dict[str, Any]:
        return {"domain": self.own_domain.uuid}

    def connect(self) -> None:
        """Connect a provider of the company's own, try it and link a person."""
        self.own_sign_in = CompanySignIn.objects.create(
            customer=self.customer,
            issuer="https://login.own.example",
            client_id="hub",
            tried_at=timezone.now(),
        )
        CompanyIdentity.objects.create(
            sign_in=self.own_sign_in, subject="gina", user=self.person.user
        )

    def switch_on_own_sign_in(self) -> None:
        self.connect()
        domain = f"{self.customer.slug}.example"
        CompanyDomain.objects.create(
            customer=self.customer, domain=domain, proven_at=timezone.now(), proof="dns"
        )
        Authenticator.objects.create(user=self.main.user, type="webauthn", data={"name": "Key"})

        self.own_sign_in.in_force_since = timezone.now()
        self.own_sign_in.save()

    def set_up_passkey(self) -> None:
        Authenticator.objects.create(
            user=self.person.user, type="webauthn", data={"name": "Laptop"}
        )

    def open_case(self) -> None:
        """Open a case of the support desk for the person."""
        dana = User.objects.get(email="dana@harbour.example")
        self.case = support.open_case(actor=dana, person=self.person.user, **DESK)

    def make_support_code(self) -> None:
        self.open_case()
        self.code = support.make_support_code(actor=self.person.user)

    def open_case_with_phone(self) -> None:
        Customer.objects.filter(pk=self.customer.pk).update(phone="416 555 0100")
        self.open_case()

    def verify_case(self) -> None:
        self.open_case_with_phone()
        agent = self.case.opened_by
        self.case = support.verify_by_call_back(actor=agent, case=self.case, phone="company")

    def see_pages(self) -> None:
        self.verify_case()
        agent, now = self.case.opened_by, timezone.now()
        self.viewing = begin_viewing(actor=agent, case=self.case, signed_in_at=now)

    def propose_recovery(self) -> None:
        """Let the operator propose the other Super User as the main one."""
        olive, now = User.objects.get(email="olive@harbour.example"), timezone.now()
        self.recovery = recoveries.propose_recovery(
            actor=olive, customer=self.customer, **recovery_of(self), signed_in_at=now
        )

    def approve_recovery(self) -> None:
        self.propose_recovery()
        dana, now = User.objects.get(email="dana@harbour.example"), timezone.now()
        self.recovery = recoveries.approve_recovery(
            actor=dana, recovery=self.recovery, signed_in_at=now
        )

    def offer_recovery(self) -> None:
        """Let the waiting time be over, as if it had begun long ago."""
        self.approve_recovery_long_ago()
        recoveries.offer_due_recoveries()

    def approve_recovery_long_ago(self) -> None:
        with time_machine.travel(timezone.now() - timedelta(days=5)):
            self.approve_recovery()

    def delay(self) -> None:
        """Let the removal of a factor wait."""
        self.set_up_passkey()
        self.verify_case()
        factor = Authenticator.objects.filter(user=self.person.user)[0]
        support.remove_factor(actor=self.case.opened_by, case=self.case, factor=str(factor.pk))
        self.delayed = self.case.delayed_acts.get()

    def confirm_delayed(self) -> None:
        self.delay()
        support.verify(self.case, Verification.SUPER_USER, by=self.second.user)

    def ask_about_case(self) -> None:
        self.open_case()
        self.question = support.ask_super_users(actor=self.case.opened_by, case=self.case)

    def find_draft(self) -> None:
        """Look up the draft of the example's next terms."""
        self.draft = PolicyVersion.objects.get(policy__slug="terms", number=2)

    def note_breach(self) -> None:
        """Let the operator note an exercise, and begin its notice."""
        olive = User.objects.get(email="olive@harbour.example")
        self.breach = breaches.note_breach(
            actor=olive,
            exercise=True,
            role="controller",
            aware_at=timezone.now() - timedelta(hours=1),
            cause="A test",
        )
        self.wave = waves.write_wave(actor=olive, breach=self.breach, items_en="None.")

    def breach_noted(self) -> dict[str, Any]:
        """Return where that breach is."""
        return {"reference": self.breach.reference}

    def publish_policy(self) -> None:
        """Let the operator publish the next terms."""
        self.find_draft()
        policies.publish_version(actor=self.draft.written_by, draft=self.draft)

    def draft_of_policy(self) -> dict[str, Any]:
        """Return where that version is."""
        return {"slug": "terms", "number": 2}

    def no_review(self) -> None:
        """End the review that the example began."""
        open_ones = AccessReview.objects.open().filter(customer=self.customer)
        open_ones.update(state=ReviewState.NOT_FINISHED, ended_at=timezone.now())

    def sent_by_a_colleague(self) -> None:
        """Make another Super User the sender of the invitation."""
        self.invitation.invited_by = self.second.user
        self.invitation.save()

    def review(self) -> None:
        """Begin a review that includes the person's grants."""
        self.no_review()
        self.begun = begin_review(actor=self.super_user, customer=self.customer)

    def unused_review(self) -> None:
        """Begin a review in which the person's grants are long unused."""
        self.review()
        long_ago = timezone.localdate() - timedelta(days=400)
        self.begun.items.filter(membership=self.person).update(last_used_on=long_ago)

    def late_review(self) -> None:
        """Begin a review that is due tomorrow."""
        self.review()
        AccessReview.objects.filter(pk=self.begun.pk).update(
            due_at=timezone.now() + timedelta(days=1)
        )

    def part(self) -> dict[str, Any]:
        lines = self.begun.items.filter(membership=self.person)
        return {"line": list(lines.values_list("pk", flat=True)), "all": "keep"}

    def come_back(self) -> None:
        """Send the person a notice that bounces."""
        headers = {NOTICE_CLASS_HEADER: "legal"}
        EmailMessage("Terms", "From May on.", to=[self.person.user.email], headers=headers).send()
        message = Message.objects.latest("pk")
        record_delivery_event(message=message, kind="hard", event="x:1")
        self.escalation = Escalation.objects.get(message=message)

    def hand_over(self) -> None:
        self.offered = offer_hand_over(
            actor=self.super_user,
            customer=self.customer,
            to=self.second,
            confirmation_name=self.customer.name,
            signed_in_at=timezone.now(),
        )

    def offer(self) -> dict[str, Any]:
        return {"hand_over": self.offered.uuid}

    def suspend(self) -> None:
        suspend_membership(actor=self.super_user, membership=self.person)

    def pause(self) -> None:
        olive = User.objects.get(email="olive@harbour.example")
        suspend_customer(actor=olive, customer=self.customer, reason="Unpaid.")

    def pend(self) -> None:
        """Use a pending customer, which has no main Super User yet."""
        olive = User.objects.get(email="olive@harbour.example")
        self.customer = create_customer(actor=olive, slug=f"new-{self.customer.slug}", name="New")

    def await_main(self) -> None:
        self.pend()
        olive = User.objects.get(email="olive@harbour.example")
        address = "main@new.example"
        invite_main_super_user(actor=olive, customer=self.customer, address=address)

    def deny_topic(self) -> None:
        topic = Topic.objects.get(slug="newsletter")
        customer_email.deny_topic(actor=self.super_user, customer=self.customer, topic=topic)

    def name_contact(self) -> None:
        self.contact = customer_email.name_contact(
            actor=self.super_user, membership=self.person, kind="billing"
        )

    def add_recipient(self) -> None:
        self.added = customer_email.add_recipient(
            actor=self.super_user,
            membership=self.person,
            category=NoticeClass.objects.get(code="legal"),
        )

    def compose(self) -> None:
        """Create a draft about a topic."""
        self.campaign = campaigns.create_campaign(
            actor=User.objects.get(email="olive@harbour.example"),
            topic=Topic.objects.get(slug="newsletter"),
            **WORDS,
        )

    def schedule(self) -> None:
        self.compose()
        campaigns.schedule_campaign(
            actor=self.campaign.created_by,
            campaign=self.campaign,
            starts_at=timezone.now() + timedelta(days=1),
        )

    def send(self) -> None:
        self.compose()
        campaigns.schedule_campaign(actor=self.campaign.created_by, campaign=self.campaign)

    def hold(self) -> None:
        self.send()
        campaigns.pause_campaign(actor=self.campaign.created_by, campaign=self.campaign)

    def draft_of_mail(self) -> dict[str, Any]:
        return {"campaign": self.campaign.pk}

    def close_topic(self) -> None:
        topics.update_topic(
            actor=User.objects.get(email="olive@harbour.example"),
            topic=Topic.objects.get(slug="newsletter"),
            active=False,
        )

    def resell(self) -> None:
        olive = User.objects.get(email="olive@harbour.example")
        mark_reseller(actor=olive, customer=self.customer)

    def ask_to_resell(self) -> None:
        self.reseller_request = ask_to_resell(actor=self.super_user, customer=self.customer)

    def reseller_request_argument(self) -> dict[str, Any]:
        return {"reseller_request": self.reseller_request.uuid}

    def refer(self) -> None:
        self.referral = Referral.objects.create(
            customer=self.customer, referrer=self.super_user, contact_name="Sam",
            address="sam@shop.example", address_hash="hash", language="en", relation="family",
            confirmed=True, state="interested",
        )  # fmt: skip

    def referral_argument(self) -> dict[str, Any]:
        return {"referral": self.referral.uuid}

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of URLs by name."""
        return {
            "customer": self.customer.slug,
            "slug": self.customer.slug,
            "person": self.person.user.sub,
            "team": self.team.uuid,
            "grant": self.grant.pk,
            "invitation": self.invitation.uuid,
            "access_request": self.access_request.uuid,
            "pk": self.domain.pk,
            "portal": "domains",
            "case": self.case.uuid if self.case else None,
            "question": self.question.uuid if self.question else None,
            "viewing": self.viewing.uuid if self.viewing else None,
            "recovery": self.recovery.uuid if self.recovery else None,
            "delayed": self.delayed.uuid if self.delayed else None,
        }


@dataclass(frozen=True)
class Act:
    """A form that succeeds, its sender, and the changes to the scene that it needs."""

    data: Callable[[Scene], dict[str, Any]] = lambda scene: {}
    by: str = "super user"  # or "main", "receiver", "person", "operator", "register", "desk"
    at: Callable[[Scene], dict[str, Any]] = lambda scene: {}  # URL arguments beside the scene's
    before: Callable[[Scene], None] = lambda scene: None
    query: Callable[[Scene], str] = lambda scene: ""
    also: tuple[str, ...] = ()  # others who may, for themselves
    missing: Any = 404  # the answer where the address names nothing, as if it were gone
    writes: bool = True  # or it only reads, or writes to the session


MEMBERS = ("colleague", "super user")
NEWSLETTER = {"slug": "newsletter"}
WORDS = {"subject_en": "News", "subject_fr": "Infos", "body_en": "Text.", "body_fr": "Texte."}
TOPIC = {
    "slug": "events", "name_en": "Events", "name_fr": "Rencontres", "purpose_en": "Where we meet.",
    "purpose_fr": "Où l’on se voit.", "cadence_en": "Yearly", "cadence_fr": "Chaque année",
    "basis": "express", "position": 9,
}  # fmt: skip
BREACH = {"role": "controller", "aware_at": "2026-01-01T10:00", "cause": "A slip"}
POLICY = {
    "title_en": "Cookies", "title_fr": "Témoins", "summary_en": "New.", "summary_fr": "Nouveau.",
    "body_en": "Few.", "body_fr": "Peu.", "material": "yes", "effective_on": "2099-01-01",
}  # fmt: skip
LOU = '[["lou@example.org", "Lou", "", "", ""]]'
DESK = {"ticket": "T-1", "reason": "Lost telephone."}


def recovery_of(scene: Scene) -> dict[str, Any]:
    """Return the proposal of the other Super User as the main one."""
    return {
        "address": scene.second.user.email,
        "name": "",
        "ticket": "T-2",
        "evidence": "The register names her.",
        "proof": "Extract 1",
    }


def _in_days(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


ACTS: dict[str, Act] = {
    # People
    "accounts:person-suspend": Act(),
    "accounts:person-restore": Act(before=Scene.suspend),
    "accounts:person-remove": Act(),
    "accounts:person-role": Act(lambda s: {"role": "super_user"}),
    "accounts:person-details": Act(
        lambda s: {
            "work_name": "Georgina",
            "work_phone": "555",
            "version": version_of(work_details(s.person)),
        }
    ),
    "accounts:person-end": Act(
        lambda s: {
            "last_day": timezone.localdate() + timedelta(days=30),
            "version": version_of({"ends_at": s.person.ends_at}),
        }
    ),
    "portals:offboarding": Act(lambda s: {"moment": "now", "step": "confirm"}),
    "accounts:offboarding-cancel": Act(before=Scene.plan_offboarding),
    "portals:people-export": Act(),
    "portals:people-bulk-action": Act(
        lambda s: {"person": [s.person.user.sub]}, at=lambda s: {"act": "suspend"}
    ),
    "portals:invite": Act(lambda s: {"rows": LOU, "role": "user", "act": "send"}),
    "portals:invite-report": Act(lambda s: {"report": _invited(s)}, writes=False),
    "portals:invitations-resend": Act(lambda s: {"invitation": s.invitation.uuid}),
    "portals:invitations-take-over": Act(
        lambda s: {"invitation": s.invitation.uuid}, before=Scene.sent_by_a_colleague
    ),
    "portals:invitation-address": Act(lambda s: {"address": "right@alder.example"}),
    "portals:invitations-revoke": Act(lambda s: {"invitation": s.invitation.uuid}),
    # Teams
    "accounts:teams": Act(lambda s: {"name": "Night shift"}),
    "accounts:team-rename": Act(
        lambda s: {"name": "Night shift", "version": version_of({"name": s.team.name})}
    ),
    "portals:team-delete": Act(),
    "portals:teams-delete": Act(lambda s: {"team": s.team.uuid}),
    "portals:list-export": Act(at=lambda s: {"listed": "teams"}),
    "accounts:team-member-add": Act(lambda s: {"person": s.colleague.user.sub}),
    "accounts:team-member-remove": Act(),
    "accounts:person-team-add": Act(lambda s: {"team": s.other_team.uuid}),
    "accounts:person-team-remove": Act(),
    # Rights
    "portals:give-access": Act(
        lambda s: {
            "to": grantee_key(s.person),
            "resource": f"resource:{s.root.pk}",
            "privilege": s.open.pk,
            "ends": "never",
        }
    ),
    "portals:access-change": Act(
        lambda s: {
            "privilege": s.view.pk,
            "reason": "Other work",
            "shown": fingerprint(s.person, s.grant.content_object),
        },
        at=Scene.row,
        missing="in",  # back, and the page says that somebody changed it
    ),
    "portals:access-remove": Act(at=Scene.row, missing="in"),
    "accounts:undo": Act(before=Scene.revoke, at=lambda s: {"sequence": s.removed.sequence}),
    "accounts:undo-all": Act(
        before=Scene.revoke,
        at=lambda s: {"sequence": s.removed.sequence, "last": s.removed.sequence},
    ),
    "portals:access-export": Act(),
    "portals:person-access-export": Act(),
    "portals:resource-access-export": Act(),
    "portals:person-grant-renew": Act(before=Scene.limit),
    "portals:team-grant-renew": Act(before=Scene.limit, at=lambda s: {"grant": s.team_grant.pk}),
    "portals:copy-access": Act(
        lambda s: {
            "colleague": s.colleague.user.sub,
            "how": "equal",
            "shown": copy_plan(s.person, s.colleague, equal=True, with_teams=False).fingerprint,
        }
    ),
    "portals:preset-new": Act(lambda s: {"name": "Readers", "privilege": s.view.pk}),
    "portals:preset": Act(
        lambda s: {
            "name": "Readers",
            "privilege": s.view.pk,
            "version": version_of(preset_values(s.preset)),
        },
        before=Scene.make_preset,
        at=lambda s: {"preset": s.preset.uuid},
    ),
    "portals:preset-delete": Act(before=Scene.make_preset, at=lambda s: {"preset": s.preset.uuid}),
    "portals:review-begin": Act(before=Scene.no_review),
    "portals:review-remind": Act(before=Scene.late_review, at=lambda s: {"review": s.begun.uuid}),
    "accounts:setup-skip": Act(lambda s: {"step": "factor"}),
    "accounts:provider-setup-skip": Act(lambda s: {"step": "brand"}, "operator"),
    "portals:review-save": Act(
        Scene.part, before=Scene.review, at=lambda s: {"review": s.begun.uuid}
    ),
    "portals:review-remove-unused": Act(
        before=Scene.unused_review, at=lambda s: {"review": s.begun.uuid}
    ),
    # Requests
    "portals:request-new": Act(
        lambda s: {"text": "Please."}, "person", query=lambda s: "?kind=other", also=MEMBERS
    ),
    "portals:request-portal": Act(by="person", also=MEMBERS),
    "accounts:request-withdraw": Act(by="person"),
    "portals:request-approve": Act(),
    "portals:request-approve-as-asked": Act(),
    "portals:request-refuse": Act(lambda s: {"reason": "No."}),
    "accounts:request-pass": Act(),
    "portals:requests-bulk-action": Act(
        lambda s: {"request": s.access_request.uuid, "reason": "No."},
        at=lambda s: {"act": "refuse"},
    ),
    "portals:service-request": Act(lambda s: {"confirmation_name": "Domains"}),
    "portals:provider-request-approve": Act(by="desk", before=Scene.pass_on),
    "portals:provider-request-refuse": Act(
        lambda s: {"reason": "No."}, "desk", before=Scene.pass_on
    ),
    "portals:provider-request-send-back": Act(
        lambda s: {"word": "Yours."}, "desk", before=Scene.pass_on
    ),
    # The company
    "accounts:activity-export": Act(at=lambda s: {"form": "jsonl"}),
    "accounts:company": Act(
        lambda s: {
            "name": "Renamed",
            "language": "fr",
            "version": version_of(company_values(s.customer)),
        }
    ),
    "accounts:second-factor-demand": Act(
        lambda s: {"day": (timezone.localdate() + timedelta(days=30)).isoformat()}
    ),
    "accounts:second-factor-end": Act(before=Scene.demand_second_factor),
    "accounts:company-domain-add": Act(lambda s: {"domain": "own.example"}),
    "accounts:company-domain-email": Act(
        lambda s: {"mailbox": "admin"}, before=Scene.claim_domain, at=Scene.own_domain_argument
    ),
    "accounts:provider-domain-release": Act(
        lambda s: {"why": "wrong_company", "ticket": "T-1", "reason": "Sold."},
        "operator",
        before=Scene.prove_domain,
        at=lambda s: {"slug": s.customer.slug, "domain": s.own_domain.uuid},
    ),
    "accounts:company-domain-remove": Act(before=Scene.claim_domain, at=Scene.own_domain_argument),
    "accounts:company-sign-in-client": Act(
        lambda s: {"client_id": "new", "client_secret": "another", "strong_acr": ""},
        before=Scene.connect,
    ),
    "accounts:company-sign-in-remove": Act(before=Scene.connect),
    "accounts:company-sign-in-unlink": Act(
        lambda s: {"address": s.person.user.email}, before=Scene.connect
    ),
    "accounts:hand-over-offer": Act(
        lambda s: {"to": s.second.user.sub, "confirmation_name": s.customer.name}, "main"
    ),
    "accounts:hand-over-accept": Act(by="receiver", before=Scene.hand_over, at=Scene.offer),
    "accounts:hand-over-decline": Act(by="receiver", before=Scene.hand_over, at=Scene.offer),
    "accounts:hand-over-withdraw": Act(by="main", before=Scene.hand_over, at=Scene.offer),
    "preferences:topic-deny": Act(at=lambda s: {"topic": "newsletter"}),
    "preferences:topic-allow": Act(before=Scene.deny_topic, at=lambda s: {"topic": "newsletter"}),
    "preferences:contact-add": Act(
        lambda s: {"contact-person": s.person.user.email, "contact-kind": "billing"}
    ),
    "preferences:contact-remove": Act(
        before=Scene.name_contact, at=lambda s: {"contact": s.contact.pk}
    ),
    "preferences:customer-recipient-add": Act(
        lambda s: {"added-person": s.person.user.email, "added-category": "legal"}
    ),
    "preferences:customer-recipient-remove": Act(
        before=Scene.add_recipient, at=lambda s: {"recipient": s.added.pk}
    ),
    # The provider's mail
    "preferences:topic-new": Act(lambda s: TOPIC, "operator"),
    "preferences:topic-edit": Act(
        lambda s: {
            **{name: value for name, value in TOPIC.items() if name != "slug"},
            "version": version_of(topics.topic_values(Topic.objects.get(**NEWSLETTER))),
        },
        "operator",
        at=lambda s: NEWSLETTER,
    ),
    "preferences:topic-close": Act(by="operator", at=lambda s: NEWSLETTER),
    "preferences:topic-reopen": Act(
        by="operator", before=Scene.close_topic, at=lambda s: NEWSLETTER
    ),
    "preferences:campaign-new": Act(
        lambda s: {**WORDS, "category": "topic:newsletter"}, "operator"
    ),
    "preferences:campaign-edit": Act(
        lambda s: {
            **WORDS,
            "subject_en": "Other",
            "category": "topic:newsletter",
            "version": version_of(campaigns.draft_values(s.campaign)),
        },
        "operator",
        before=Scene.compose,
        at=Scene.draft_of_mail,
    ),
    "preferences:campaign-check": Act(
        lambda s: _sent_to(s), "operator", before=Scene.compose, at=Scene.draft_of_mail
    ),
    "preferences:campaign-test-send": Act(
        by="operator", before=Scene.compose, at=Scene.draft_of_mail
    ),
    "preferences:campaign-unschedule": Act(
        by="operator", before=Scene.schedule, at=Scene.draft_of_mail
    ),
    "preferences:campaign-pause": Act(by="operator", before=Scene.send, at=Scene.draft_of_mail),
    "preferences:campaign-resume": Act(by="operator", before=Scene.hold, at=Scene.draft_of_mail),
    "preferences:campaign-cancel": Act(by="operator", before=Scene.send, at=Scene.draft_of_mail),
    "preferences:evidence": Act(lambda s: {"address": s.person.user.email}, "operator"),
    "preferences:reseller-mark": Act(by="operator"),
    "preferences:reseller-unmark": Act(by="operator", before=Scene.resell),
    # The programmes
    "compliance:reseller-ask": Act(),
    "compliance:reseller-leave": Act(before=Scene.resell),
    "compliance:reseller-request": Act(
        lambda s: {"outcome": "approved", "reason": ""},
        "operator",
        before=Scene.ask_to_resell,
        at=Scene.reseller_request_argument,
    ),
    "compliance:referral-joined": Act(
        by="operator", before=Scene.refer, at=Scene.referral_argument
    ),
    # The provider's policies
    "compliance:policy-new": Act(
        lambda s: {"slug": "cookies", "kind": "notice", "asked_of": "person", **POLICY}, "operator"
    ),
    "compliance:version-begin": Act(
        by="operator", before=Scene.publish_policy, at=lambda s: {"slug": "terms"}
    ),
    "compliance:version-edit": Act(
        lambda s: {**POLICY, "version": version_of(policies.draft_values(s.draft))},
        "operator",
        before=Scene.find_draft,
        at=Scene.draft_of_policy,
    ),
    "compliance:provider-version": Act(
        lambda s: {"final": "on", "version": version_of(policies.draft_values(s.draft))},
        "operator",
        before=Scene.find_draft,
        at=Scene.draft_of_policy,
    ),
    "compliance:version-withdraw": Act(
        lambda s: {"reason_en": "A mistake.", "reason_fr": "Une erreur."},
        "operator",
        before=Scene.publish_policy,
        at=Scene.draft_of_policy,
    ),
    "compliance:version-record": Act(
        lambda s: {
            "person": s.colleague.user.email,
            "verb": "accepted",
            "language": "en",
            "way": "paper",
            "given_on": _in_days(0),
            "reference": "Binder 7",
        },
        "operator",
        at=lambda s: {"slug": "terms", "number": 1},
    ),
    # Representatives, log requests, authorisations
    "compliance:representatives": Act(
        lambda s: {
            "member": str(s.colleague.user.sub),
            "capacity": "officer",
            "evidence": "The board decided it.",
            "until": _in_days(90),
        }
    ),
    "compliance:representative-end": Act(
        before=Scene.propose_representative, at=Scene.proposed_argument
    ),
    "compliance:representative-confirm": Act(
        by="operator", before=Scene.propose_representative, at=Scene.proposed_argument
    ),
    "compliance:representative-refuse": Act(
        lambda s: {"reason": "No evidence."},
        "operator",
        before=Scene.propose_representative,
        at=Scene.proposed_argument,
    ),
    "compliance:provider-log-request": Act(
        lambda s: {"outcome": "decline", "reason": "No court asked."},
        "operator",
        before=Scene.ask_for_logs,
        at=Scene.log_argument,
    ),
    "compliance:log-request-repeat": Act(
        lambda s: {"reason": "Another site."},
        "operator",
        before=Scene.put_logs_together,
        at=Scene.log_argument,
    ),
    "compliance:log-request-close": Act(
        lambda s: {"reason": "They left."},
        "operator",
        before=Scene.end_requester,
        at=Scene.log_argument,
    ),
    "compliance:provider-charge": Act(
        lambda s: {"amount": "5.00", "method": "cheque", "day": _in_days(0)},
        "operator",
        before=Scene.charge_logs,
        at=Scene.charge_argument,
    ),
    "compliance:charge-waive": Act(
        lambda s: {"reason": "A court ordered it."},
        "operator",
        before=Scene.charge_logs,
        at=Scene.charge_argument,
    ),
    "compliance:payment-reverse": Act(
        lambda s: {"payment": str(s.payment.uuid), "reason": "It bounced."},
        "operator",
        before=Scene.pay_logs,
        at=Scene.charge_argument,
    ),
    "compliance:rates": Act(lambda s: {"price": "90", "currency": "CAD"}, "operator"),
    "compliance:provider-authorisations": Act(
        lambda s: {
            "platform": "Fotogram",
            "profile": "new",
            "may": ["publish"],
            "until": _in_days(90),
        },
        "operator",
        at=lambda s: {"slug": s.customer.slug},
    ),
    "compliance:provider-authorisation-end": Act(
        lambda s: {"reason": "Closed."},
        "operator",
        before=Scene.ask_for_authorisation,
        at=Scene.authorisation_argument,
    ),
    "compliance:authorisation-end": Act(
        lambda s: {"reason": "We do it ourselves."},
        before=Scene.ask_for_authorisation,
        at=Scene.authorisation_argument,
    ),
    # The register of breaches
    "compliance:breach-edit": Act(
        lambda s: {**BREACH, "version": version_of(breaches.breach_facts(s.breach))},
        "register",
        before=Scene.note_breach,
        at=Scene.breach_noted,
    ),
    "compliance:breach-wording": Act(
        lambda s: {"advice_en": "Wait.", "version": version_of(waves.wave_values(s.wave))},
        "register",
        before=Scene.note_breach,
        at=Scene.breach_noted,
    ),
    # The provider
    "preferences:topics-import": Act(lambda s: _checked_import(), "operator"),
    "preferences:import-report": Act(lambda s: {"report": _imported()}, "operator", writes=False),
    "preferences:unreachable-settle": Act(
        lambda s: {"how": "phone", "reason": "Called on Monday."},
        "operator",
        before=Scene.come_back,
        at=lambda s: {"escalation": s.escalation.pk},
    ),
    "portals:provider-customer-create": Act(
        lambda s: {"name": "New", "slug": "new", "language": "en"}, "operator"
    ),
    "portals:provider-subscribe": Act(
        lambda s: {"portal": Portal.objects.get(slug="webmail").pk},
        "operator",
        before=Scene.pend,
    ),
    "portals:provider-subscription": Act(lambda s: {"status": "suspended"}, "operator"),
    "portals:provider-invite": Act(
        lambda s: {"address": "main@new.example"}, "operator", before=Scene.pend
    ),
    "portals:provider-invitation-resend": Act(by="operator", before=Scene.await_main),
    "portals:provider-invitation-revoke": Act(by="operator", before=Scene.await_main),
    "portals:provider-customer-suspend": Act(lambda s: {"reason": "Unpaid."}, "operator"),
    "portals:provider-customer-restore": Act(by="operator", before=Scene.pause),
    "accounts:desk-open-case": Act(lambda s: DESK, "desk"),
    "accounts:case-email-code": Act(by="desk", before=Scene.open_case),
    "accounts:case-code": Act(lambda s: {"code": s.code}, "desk", before=Scene.make_support_code),
    "accounts:case-call-back": Act(
        lambda s: {"phone": "company"}, "desk", before=Scene.open_case_with_phone
    ),
    "accounts:case-ask": Act(by="desk", before=Scene.open_case),
    "accounts:case-reference": Act(
        lambda s: {"kind": "ticket", "system": "RT", "external_id": "1"},
        "desk",
        before=Scene.open_case,
    ),
    "accounts:case-close": Act(lambda s: {"outcome": "helped"}, "desk", before=Scene.open_case),
    "accounts:case-act": Act(by="desk", before=Scene.verify_case, at=lambda s: {"act": "unlock"}),
    "accounts:desk-viewing-begin": Act(by="desk", before=Scene.verify_case),
    "accounts:desk-viewing-end": Act(by="desk", before=Scene.see_pages),
    "accounts:desk-delayed-act-cancel": Act(by="desk", before=Scene.delay),
    "accounts:desk-delayed-act-hurry": Act(by="desk", before=Scene.confirm_delayed),
    "accounts:desk-recovery": Act(recovery_of, "desk"),
    "accounts:desk-recovery-approve": Act(by="desk", before=Scene.propose_recovery),
    "accounts:desk-recovery-withdraw": Act(by="desk", before=Scene.propose_recovery),
    "accounts:recovery-stop": Act(by="person", before=Scene.approve_recovery, also=MEMBERS),
    "accounts:case-confirmation": Act(lambda s: {"answer": "wrong"}, before=Scene.ask_about_case),
}


def _sent_to(scene: Scene) -> dict[str, Any]:
    return {
        "confirmation_count": estimate_audience(scene.campaign).recipients,
        "version": version_of(campaigns.draft_values(scene.campaign)),
    }


def _invited(scene: Scene) -> str:
    row = [1, scene.person.user.email, "Gina", "user", "already_member", "", "", ""]
    return signing.dumps([row], salt=invite_report.report_salt(scene.customer))


def _checked_import() -> dict[str, Any]:
    """The import of a list, as the page sends it after its check."""
    client = Client()
    with transaction.atomic():  # the sign-in leaves no trace
        client.force_login(
            User.objects.get(email="olive@harbour.example"),
            backend="accounts.backends.PersonBackend",
        )
        checked = client.post(
            reverse("preferences:topics-import"),
            {
                **{"topic": "newsletter", "basis": "express", "wording": "By form."},
                **{"default_date": "2026-01-02", "act": "check"},
                "file": SimpleUploadedFile("list.csv", b"email\nlou@example.org\n"),
            },
        )
        transaction.set_rollback(True)
    data: dict[str, Any] = {"act": "import"}
    for name, value in checked.context["carried"]:
        data.setdefault(name, []).append(value)
    return data


def _imported() -> str:
    return signing.dumps(
        [[1, "lou@example.org", "added", "", "", None]], salt=import_report.REPORT_SALT
    )


OWN = "the URL names nobody: the sender acts on themselves"
TOKEN = "needs a secret token, whoever is signed in"
PORTAL = "needs a portal's token; a session is not enough: test_access.py"

ELSEWHERE: dict[str, str] = {
    "accounts:profile": OWN,
    "accounts:unsent-form-discard": OWN,
    "accounts:history-export": OWN,
    "compliance:programme": "waits for a notice (L18): compliance/test_programmes.py",
    "compliance:reseller-alerts": "waits for a notice (L18): compliance/test_programmes.py",
    "compliance:referral": f"{TOKEN}: compliance/test_programmes.py",
    "compliance:privacy": "anyone's; it only mails: compliance/test_privacy_requests.py",
    "compliance:privacy-confirm": f"{TOKEN}: compliance/test_privacy_requests.py",
    "compliance:privacy-request": "of the Privacy group: compliance/test_privacy_requests.py",
    **dict.fromkeys(
        [
            "compliance:privacy-request-new",
            *(
                f"compliance:privacy-request-{act}"
                for act in ("extend", "pause", "resume", "correct", "correct-work", "note", "keep")
            ),
        ],
        "of the Privacy group: compliance/test_privacy_requests.py",
    ),
    "compliance:legal-holds": "of the Privacy group: compliance/test_holds.py",
    "compliance:legal-hold": "of the Privacy group: compliance/test_holds.py",
    "compliance:retention": "of the Privacy group: compliance/test_retention.py",
    "compliance:close-account": OWN,
    "compliance:keep-account": OWN,
    "compliance:log-request-new": "of a representative: compliance/test_log_requests.py",
    "compliance:log-request-withdraw": "of a representative: compliance/test_log_requests.py",
    "compliance:log-request-pay": "writes nothing: compliance/test_card_payments.py",
    "compliance:log-request-download": "of a representative: compliance/test_log_requests.py",
    "compliance:authorisation-give": "of a representative: compliance/test_authorisations.py",
    **dict.fromkeys(
        [
            "compliance:affected-remove",
            "compliance:breach-add",
            "compliance:breach-assess",
            "compliance:breach-close",
            "compliance:breach-company",
            "compliance:breach-end",
            "compliance:breach-file",
            "compliance:breach-hold",
            "compliance:breach-letter",
            "compliance:breach-new",
            "compliance:breach-person",
            "compliance:breach-release",
            "compliance:breach-report",
            "compliance:breach-report-file",
            "compliance:hold-end",
            "compliance:hold-review",
        ],
        "of the Privacy group: compliance/test_breaches.py",
    ),
    "compliance:own-notice": "another person's is 404: compliance/test_breaches.py",
    "compliance:own-data-ask": OWN,
    "compliance:own-data-download": "another person's is 404: compliance/test_own_data.py",
    "preferences:choose": OWN,
    "preferences:stop-all": OWN,
    "preferences:undo": OWN,
    "preferences:resume": OWN,
    "preferences:pause": OWN,
    "preferences:digest": OWN,
    "preferences:language": OWN,
    "preferences-api:choice-stop-all": OWN,
    "preferences-api:choice-detail": OWN,
    "preferences-api:choice-resume": OWN,
    "preferences-api:delivery": OWN,
    "preferences-api:evaluation": f"{PORTAL}, preferences/test_evaluation_api.py",
    "preferences-api:evaluations": f"{PORTAL}, preferences/test_evaluation_api.py",
    "compliance:stripe-events": f"{TOKEN}: compliance/test_card_payments.py",
    "preferences:mail-events": f"{TOKEN}: preferences/test_provider_events.py",
    "preferences:bounced-mail": OWN,
    "compliance:agree-answer": OWN,
    "preferences:notice-class-activate": "none waits: preferences/test_provider_services.py",
    "set_language": OWN,
    "portals:devices": OWN,
    **dict.fromkeys(
        [
            "account_login",
            "account_logout",
            "account_signup",
            "account_reauthenticate",
            "account_email",
            "account_change_password",
            "account_set_password",
            "account_reset_password",
            "account_confirm_login_code",
            "mfa_authenticate",
            "mfa_reauthenticate",
            "mfa_activate_totp",
            "mfa_deactivate_totp",
            "mfa_generate_recovery_codes",
            "mfa_add_webauthn",
            "mfa_reauthenticate_webauthn",
        ],
        OWN,
    ),
    "mfa_login_webauthn": "needs a passkey, whoever is signed in: accounts/test_factors.py",
    "mfa_edit_webauthn": "another person's is 404: accounts/test_factors.py",
    "mfa_remove_webauthn": "another person's is 404: accounts/test_factors.py",
    "accounts:support-code": OWN,
    "accounts:delayed-act-cancel": "another person's is 404: accounts/test_delayed_acts.py",
    "accounts:delayed-act-by-link": f"{TOKEN}: accounts/test_delayed_acts.py",
    # Every member may know of it.
    "accounts:recovery-accept": "only the successor accepts: accounts/test_recoveries.py",
    "accounts:recovery-stop-by-link": f"{TOKEN}: accounts/test_recoveries.py",
    "accounts:address-correction": f"{TOKEN}: accounts/test_support_addresses.py",
    "accounts:sign-in-code": "anyone's; it only mails: accounts/test_sign_in_codes.py",
    "accounts:sign-in-code-enter": f"{TOKEN}: accounts/test_sign_in_codes.py",
    **dict.fromkeys(
        ["accounts:company-sign-in-start", "accounts:company-sign-in-stop"],
        "of a Super User with a passkey: accounts/test_company_sign_in_settings.py",
    ),
    "accounts:company-sign-in": "asks the provider: accounts/test_company_sign_in_settings.py",
    "accounts:company-domain-check": "asks the DNS: accounts/test_company_sign_in_settings.py",
    "accounts:company-domain-confirm": f"{TOKEN}: accounts/test_company_sign_in_settings.py",
    "accounts:invitation-accept": f"{TOKEN}: attacks/test_invitations.py",
    "preferences:unsubscribe": f"{TOKEN}: preferences/test_unsubscribe.py",
    "preferences:mail": f"{TOKEN}: preferences/test_mail_page.py",
    "preferences:confirm": f"{TOKEN}: preferences/test_topic_signup.py",
    "preferences:subscribe": "anyone's; it only mails: preferences/test_topic_signup.py",
    "preferences:subscribe-to": "anyone's; it only mails: preferences/test_topic_signup.py",
    "preferences:receipt-verify": "anyone's; it only reads: preferences/test_receipts.py",
    "account_request_reauthentication_code": "nobody's: an emailed code is no such proof",
    "account_confirm_reauthentication_code": "nobody's: an emailed code is no such proof",
    "account_confirm_email": f"{TOKEN}: accounts/test_profile.py",
    "account_reset_password_from_key": f"{TOKEN}: attacks/test_taking_an_account.py",
    "idp:oidc:token": f"{TOKEN}: portals/test_credentials.py",
    "idp:oidc:authorization": "changes nothing by POST: oidc/test_requests.py",
    "idp:oidc:go-on": "one's own choice: oidc/test_entitlement.py",
    "idp:oidc:logout": "one's own sign-out: oidc/test_logout.py",
    "idp:oidc:userinfo": f"{TOKEN}: oidc/test_tokens.py",
    "idp:oidc:introspect": f"{PORTAL}, oidc/test_tokens.py",
    "idp:oidc:revoke": f"{PORTAL}, oidc/test_tokens.py",
    "compliance-api:log-request-claim": f"{PORTAL}, compliance/test_tabulation.py",
    "compliance-api:log-request-part": f"{PORTAL}, compliance/test_tabulation.py",
    "compliance-api:log-request-result": f"{PORTAL}, compliance/test_tabulation.py",
    "compliance-api:log-request-failure": f"{PORTAL}, compliance/test_tabulation.py",
    "compliance-api:charge-payments": f"{PORTAL}, compliance/test_payments.py",
    "portals-api:resource-sync": f"{PORTAL}, portals/test_resources_api.py",
    "portals-api:resource": f"{PORTAL}, portals/test_resources_api.py",
    "access-evaluation": f"{PORTAL}, portals/test_evaluation.py",
    "access-evaluations": f"{PORTAL}, portals/test_evaluations.py",
    **{
        f"access-search-{kind}": f"{PORTAL}, portals/test_access_search.py"
        for kind in ("subject", "resource", "action")
    },
}
