"""Every POST of the hub, with the form that succeeds when its permitted actor sends it.

A new POST URL needs a line in ACTS (its form), or a reason in ELSEWHERE why no other actor could
send it (test_access.py). test_wrong_actors.py sends each form as everybody else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMessage
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.emails import NOTICE_CLASS_HEADER
from accounts.models import Customer, Membership, User
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
from accounts.services.teams import add_to_team, create_team
from accounts.services.versions import version_of
from portals.choices import ReviewState
from portals.models import AccessReview, Portal, Resource
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

PASSWORD = "three unrelated words"


class Scene:
    """A customer with one of everything; acts use its attributes."""

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
            actor=self.person.user, customer=customer, text="Please.", rights=[]
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
        """Add a member by invitation."""
        invitation = self.invite(name)
        joined = accept_invitation(
            actor=None, token=invitation.token, name=name.title(), password=PASSWORD
        )
        if role != joined.role:
            change_role(actor=self.super_user, membership=joined, role=role)
        joined.refresh_from_db()
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

    def draft(self) -> dict[str, Any]:
        return {"draft": f"p{self.person.pk}"}

    def limit(self) -> None:
        """Give both grants an end, so that they can be renewed."""
        month = timezone.now() + timedelta(days=30)
        self.grant = self.give(self.person, expires_at=month)
        self.team_grant = self.give(self.team, expires_at=month)

    def make_preset(self) -> None:
        self.preset = create_preset(
            actor=self.super_user, customer=self.customer, name="Looks", lines=[(self.view, True)]
        )

    def to_a_person(self) -> str:
        return f"?to=p{self.person.pk}"

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
        }


@dataclass(frozen=True)
class Act:
    """A form that succeeds, its sender, and the changes to the scene that it needs."""

    data: Callable[[Scene], dict[str, Any]] = lambda scene: {}
    by: str = "super user"  # or "main", "receiver", "person", "operator", "desk"
    at: Callable[[Scene], dict[str, Any]] = lambda scene: {}  # URL arguments beside the scene's
    before: Callable[[Scene], None] = lambda scene: None
    query: Callable[[Scene], str] = lambda scene: ""
    also: tuple[str, ...] = ()  # others who may, for themselves
    writes: bool = True  # or it only reads, or writes to the session


MEMBERS = ("colleague", "super user")
NEWSLETTER = {"slug": "newsletter"}
WORDS = {"subject_en": "News", "subject_fr": "Infos", "body_en": "Text.", "body_fr": "Texte."}
TOPIC = {
    "slug": "events", "name_en": "Events", "name_fr": "Rencontres", "purpose_en": "Where we meet.",
    "purpose_fr": "Où l’on se voit.", "cadence_en": "Yearly", "cadence_fr": "Chaque année",
    "basis": "express", "position": 9,
}  # fmt: skip
LOU = '[["lou@example.org", "Lou", "", "", ""]]'
DESK = {"ticket": "T-1", "reason": "Lost telephone."}

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
    "portals:invitations-revoke": Act(lambda s: {"invitation": s.invitation.uuid}),
    # Teams
    "accounts:teams": Act(lambda s: {"name": "Night shift"}),
    "accounts:team-rename": Act(
        lambda s: {"name": "Night shift", "version": version_of({"name": s.team.name})}
    ),
    "portals:team-delete": Act(),
    "accounts:team-member-add": Act(lambda s: {"person": s.colleague.user.sub}),
    "accounts:team-member-remove": Act(),
    "accounts:person-team-add": Act(lambda s: {"team": s.other_team.uuid}),
    "accounts:person-team-remove": Act(),
    # Rights
    "portals:grant-revoke": Act(),
    "portals:changes-review": Act(
        lambda s: {"change": f"give.p{s.person.pk}.{s.root.pk}.{s.open.pk}..."}, at=Scene.draft
    ),
    "accounts:undo": Act(before=Scene.revoke, at=lambda s: {"sequence": s.removed.sequence}),
    "accounts:undo-all": Act(
        before=Scene.revoke,
        at=lambda s: {"sequence": s.removed.sequence, "last": s.removed.sequence},
    ),
    "portals:access-export": Act(),
    "portals:person-access-export": Act(),
    "portals:resource-access-export": Act(),
    "portals:team-grant-revoke": Act(at=lambda s: {"grant": s.team_grant.pk}),
    "portals:changes": Act(
        lambda s: {"level": f"p{s.person.pk}/{s.domain.pk}/{s.domain.resource_type_id}=0"},
        at=Scene.draft,
        writes=False,
    ),
    "portals:changes-discard": Act(at=Scene.draft, writes=False),
    "portals:person-grant-renew": Act(before=Scene.limit),
    "portals:team-grant-renew": Act(before=Scene.limit, at=lambda s: {"grant": s.team_grant.pk}),
    "portals:copy-access": Act(
        lambda s: {"colleague": s.colleague.user.sub, "how": "equal"}, writes=False
    ),
    "portals:preset-new": Act(lambda s: {"name": "Readers", "right": s.view.pk}),
    "portals:preset": Act(
        lambda s: {
            "name": "Readers",
            "right": s.view.pk,
            "version": version_of(preset_values(s.preset)),
        },
        before=Scene.make_preset,
        at=lambda s: {"preset": s.preset.uuid},
    ),
    "portals:preset-delete": Act(before=Scene.make_preset, at=lambda s: {"preset": s.preset.uuid}),
    "portals:preset-apply": Act(
        before=Scene.make_preset,
        at=lambda s: {"preset": s.preset.uuid},
        query=Scene.to_a_person,
        writes=False,
    ),
    "portals:review-begin": Act(before=Scene.no_review),
    "portals:review-save": Act(
        Scene.part, before=Scene.review, at=lambda s: {"review": s.begun.uuid}
    ),
    # Requests
    "portals:request-new": Act(
        lambda s: {"text": "Please."}, "person", query=lambda s: "?kind=other", also=MEMBERS
    ),
    "portals:request-portal": Act(by="person", also=MEMBERS),
    "accounts:request-withdraw": Act(by="person"),
    "portals:request-approve": Act(),
    "portals:request-refuse": Act(lambda s: {"reason": "No."}),
    "accounts:request-pass": Act(),
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
    "accounts:hand-over-offer": Act(
        lambda s: {"to": s.second.pk, "confirmation_name": s.customer.name}, "main"
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
    "accounts:desk-reset-link": Act(lambda s: DESK, "desk"),
    "accounts:desk-end-sessions": Act(lambda s: DESK, "desk"),
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
            backend="allauth.account.auth_backends.AuthenticationBackend",
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
READS = "changes nothing, whatever is sent"

ELSEWHERE: dict[str, str] = {
    "home": READS,
    "accounts:profile": OWN,
    "accounts:unsent-form-discard": OWN,
    "accounts:history-export": OWN,
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
    "preferences:mail-events": f"{TOKEN}: preferences/test_provider_events.py",
    "preferences:bounced-mail": OWN,
    "preferences:notice-class-activate": "none waits: preferences/test_provider_services.py",
    "set_language": OWN,
    "usersessions_list": OWN,
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
        ],
        OWN,
    ),
    "accounts:invitation-accept": f"{TOKEN}: attacks/test_invitations.py",
    "preferences:unsubscribe": f"{TOKEN}: preferences/test_unsubscribe.py",
    "preferences:mail": f"{TOKEN}: preferences/test_mail_page.py",
    "preferences:confirm": f"{TOKEN}: preferences/test_topic_signup.py",
    "preferences:subscribe": "anyone's; it only mails: preferences/test_topic_signup.py",
    "preferences:subscribe-to": "anyone's; it only mails: preferences/test_topic_signup.py",
    "preferences:receipt-verify": "anyone's; it only reads: preferences/test_receipts.py",
    "account_confirm_email": f"{TOKEN}: accounts/test_profile.py",
    "account_reset_password_from_key": f"{TOKEN}: attacks/test_taking_an_account.py",
    "idp:oidc:token": f"{TOKEN}: portals/test_credentials.py",
    "portals-api:resource-sync": f"{PORTAL}, portals/test_resources_api.py",
    "portals-api:resource": f"{PORTAL}, portals/test_resources_api.py",
    "access-evaluation": f"{PORTAL}, portals/test_evaluation.py",
}
