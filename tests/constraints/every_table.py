"""At least one row in every table that has a constraint, beside the example's."""

from datetime import date, timedelta

from allauth.idp.oidc.models import Client
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import (
    AuditEvent,
    CallerCode,
    CaseAct,
    CaseConfirmation,
    CaseReference,
    CompanyDomain,
    CompanyIdentity,
    CompanySignIn,
    Customer,
    DelayedAct,
    Erasure,
    ErasureStep,
    HandOver,
    Membership,
    Offboarding,
    ReassignedTeam,
    SkippedStep,
    SuperUserRecovery,
    SupportCase,
    Team,
    Undo,
    User,
    Viewing,
)
from accounts.services.invitations import invite_person
from accounts.services.teams import create_team
from compliance.models import (
    Acceptance,
    Affected,
    AffectedEnd,
    Announcement,
    Breach,
    Closing,
    CustomerNotice,
    DataNote,
    Download,
    DueAlarm,
    Hold,
    LegalHold,
    Letter,
    NoticeReading,
    Policy,
    PolicyReminder,
    PolicyVersion,
    PrivacyRequest,
    Referral,
    Report,
    ReportFiling,
    ResellerRequest,
    RetentionApproval,
    RetentionRun,
    SealedChunk,
    SealedFile,
    Wave,
)
from compliance.services.external_payments import record_external_payment
from compliance.services.payments import waive_charge
from portals.models import (
    OfferedGrant,
    PersonGrant,
    PortalConsent,
    PortalSession,
    ReassignedGrant,
    ReviewQuarter,
)
from preferences.models import (
    Activation,
    Campaign,
    Candidate,
    ContactRole,
    CustomerRecipient,
    CustomerTopicDenial,
    DeliveryDecision,
    DeliveryEvent,
    DeliveryProbe,
    Escalation,
    Message,
    NamedRecipient,
    Topic,
)
from preferences.services.choices import choose_topic
from tests import log_scene


def person(name: str) -> User:
    return User.objects.get(email__startswith=f"{name}@")


def member(name: str) -> Membership:
    return Membership.objects.get(user=person(name), ended_at=None)


def fill() -> None:
    """Write the rows."""
    alder = Customer.objects.get(slug="alder")
    _fill_accounts_and_portals(alder)
    _fill_desk(alder)
    _fill_preferences(alder)
    _fill_policies(alder)
    _fill_compliance()
    _fill_logs()
    _fill_breaches(alder)


def _fill_policies(alder: Customer) -> None:
    """Write an announced version of a policy of people, and one of companies, with an answer."""
    alice, olive, now = person("alice"), person("olive"), timezone.now()
    words = {f"{x}_{y}": "Words" for x in ("title", "summary", "body") for y in ("en", "fr")}
    legal = Campaign.objects.filter(notice_class_id="legal").latest("pk")
    for slug, asked_of in (("use", "person"), ("hosting", "company")):
        policy = Policy.objects.create(slug=slug, kind="agreement", asked_of=asked_of)
        version = PolicyVersion.objects.create(
            policy=policy, number=1, material=True, effective_at=now + timedelta(days=40),
            written_by=olive, published_by=olive, published_at=now, sha256="1" * 64, **words,
        )  # fmt: skip
        if slug == "use":
            Announcement.objects.create(
                version=version, campaign=legal, announced_by=person("dana")
            )
            PolicyReminder.objects.create(version=version, person=alice)
        Acceptance.objects.create(
            version=version, person=alice, customer=None if asked_of == "person" else alder,
            verb="accepted", language="en", sha256=version.sha256,
        )  # fmt: skip


def _fill_accounts_and_portals(alder: Customer) -> None:
    now = timezone.now()
    alice, bob, emma = member("alice"), member("bob"), member("emma")
    HandOver.objects.create(
        customer=alder, giver=alice, receiver=bob, expires_at=now + timedelta(days=7)
    )
    SkippedStep.objects.create(customer=alder, step="factor")
    SkippedStep.objects.create(customer=None, step="brand")
    own = CompanySignIn.objects.create(customer=alder, issuer="https://login.alder.example")
    CompanyIdentity.objects.create(sign_in=own, subject="alice-1", user=alice.user)
    CompanyDomain.objects.create(customer=alder, domain="alder.example", proven_at=now, proof="dns")
    Group.objects.create(name="spare")
    client = Client.objects.create(name="A portal")
    PortalSession.objects.create(
        user=alice.user, client=client, customer=alder, hub_session="x", auth_time=now
    )
    PortalConsent.objects.create(user=alice.user, client=client)
    create_team(actor=person("charlie"), customer=Customer.objects.get(slug="birch"), name="Yard")
    leaving = Offboarding.objects.create(membership=bob, leaves_at=now, planned_by=alice.user)
    team = Team.objects.get(customer=alder)
    grant = PersonGrant.objects.filter(user=bob.user).select_related("permission")[0]
    of_grant = {"resource": grant.content_object, "privilege": grant.permission.privilege}
    ReassignedTeam.objects.create(offboarding=leaving, team=team, receiver=emma)
    ReassignedGrant.objects.create(offboarding=leaving, receiver=emma, **of_grant)
    events = AuditEvent.objects.order_by("pk")
    Undo.objects.create(event=events[0], undone_by=events[1])
    invitation = invite_person(actor=alice.user, customer=alder, address="lou@alder.example")
    OfferedGrant.objects.create(invitation=invitation, **of_grant)
    ReviewQuarter.objects.create(customer=alder, quarter=date(2026, 1, 1))


def _fill_desk(alder: Customer) -> None:
    bob, dana, now = person("bob"), person("dana"), timezone.now()
    case = SupportCase.objects.create(
        person=bob,
        customer=alder,
        opened_by=dana,
        ticket="T-1",
        reason="Lost the phone",
        verification="call_back",
        called_back="work",
        verified_at=now,
        verified_by=dana,
    )
    CaseAct.objects.create(case=case, act="reset_link")
    CaseReference.objects.create(
        case=case,
        kind="recording",
        system="Phones",
        external_id="1",
        announced=True,
        keep_until=now.date(),
    )
    soon = now + timedelta(minutes=10)
    DelayedAct.objects.create(
        case=case, person=bob, act="remove_factor", subject="1", takes_effect_at=now + timedelta(1)
    )
    Viewing.objects.create(case=case, ends_at=soon)
    SuperUserRecovery.objects.create(
        customer=alder,
        lost=member("alice"),
        member=member("bob"),
        ticket="T-2",
        evidence="The register names him.",
        proof="Extract 1",
        opened_by=dana,
        expires_at=now + timedelta(days=7),
    )
    CallerCode.objects.create(person=bob, case=case, code_hash="x", tries_left=5, expires_at=soon)
    CaseConfirmation.objects.create(case=case, expires_at=soon)


def _fill_preferences(alder: Customer) -> None:
    alice, bob, olive = person("alice"), person("bob"), person("olive")
    topic = Topic.objects.get(slug="newsletter")
    Topic.objects.create(slug="referrals", basis="referral")
    Activation.objects.create(notice_class_id="legal", staff=olive)
    choose_topic(actor=bob, topic=topic, wants=True)
    CustomerTopicDenial.objects.create(customer=alder, topic=topic, by=alice)
    for category in ({"topic": topic}, {"notice_class_id": "legal"}):
        CustomerRecipient.objects.create(membership=member("bob"), by=alice, **category)
    ContactRole.objects.create(membership=member("bob"), kind="billing", by=alice)
    words = {f"{x}_{y}": "News" for x in ("subject", "body") for y in ("en", "fr")}
    words["created_by"] = olive
    Campaign.objects.create(topic=topic, **words)
    Campaign.objects.create(notice_class_id="legal", **words)
    running = Campaign.objects.create(topic=topic, state="running", **words)
    recipient = bob.recipient
    named = Campaign.objects.create(notice_class_id="critical", named=True, **words)
    NamedRecipient.objects.create(campaign=named, recipient=recipient)
    Candidate.objects.create(campaign=running, recipient=recipient, send=True, reason="chose_yes")
    to_bob = {"recipient": recipient, "address": bob.email, "subject": "News"}
    to_bob["sealed_content"] = b"sealed"
    Message.objects.create(campaign=running, topic=topic, message_id="<1@hub.example>", **to_bob)
    Message.objects.create(topic=topic, message_id="<2@hub.example>", **to_bob)
    legal = [
        Message.objects.create(
            notice_class_id="legal", message_id=f"<{number}@hub.example>", **to_bob
        )
        for number in (3, 4, 5)
    ]
    Message.objects.filter(pk__in=[legal[1].pk, legal[2].pk]).update(state="claimed")
    DeliveryDecision.objects.create(message=legal[2], outcome="sent", reason="mandatory")
    Message.objects.filter(pk=legal[2].pk).update(state="sent")
    DeliveryEvent.objects.create(
        message=legal[2], kind="hard", reason="no_address", event="mailbox:1"
    )
    escalation = Escalation.objects.create(message=legal[2], recipient=recipient)
    DeliveryProbe.objects.create(message=legal[1], escalation=escalation, address="b@b.example")


def _fill_compliance() -> None:
    bob, now = person("bob"), timezone.now()
    alder = Customer.objects.get(slug="alder")
    Referral.objects.create(
        customer=alder, referrer=person("alice"), contact_name="Sam", address="sam@shop.example",
        address_hash="hash", language="en", relation="family", confirmed=True, state="asked",
    )  # fmt: skip
    ResellerRequest.objects.create(customer=alder, asked_by=person("alice"))
    DueAlarm.objects.create(source="policy", key="use/1", due_at=now)
    of_bob = {"person": bob, "kind": "own_data", "language": "en"}
    SealedFile.objects.create(asked_on=date(2026, 1, 1), **of_bob)
    ready = SealedFile.objects.create(
        asked_on=date(2026, 1, 2),
        state="ready",
        ready_at=now,
        expires_at=now + timedelta(days=7),
        size=5,
        sha256="0" * 64,
        sealed_key=b"sealed",
        **of_bob,
    )
    SealedChunk.objects.create(file=ready, number=0, content=b"sealed")
    Download.objects.create(file=ready, person=bob)
    PrivacyRequest.objects.create(
        kind="access",
        address=bob.email,
        person=bob,
        language="en",
        received_at=now,
        due_at=now + timedelta(days=30),
        state="answered",
        settled_at=now,
        settled_by=person("olive"),
    )
    _fill_erasures()


def _fill_erasures() -> None:
    """Write erasures that run and one that ended, closings, holds, and what retention did."""
    bob, olive, now = person("bob"), person("olive"), timezone.now()
    due, week = now + timedelta(days=30), now + timedelta(days=7)
    request = {"address": "sam@shop.example", "language": "en", "received_at": now, "due_at": due}
    PrivacyRequest.objects.create(kind="erasure", **request)
    extended = PrivacyRequest.objects.create(kind="correction", **request)
    PrivacyRequest.objects.filter(pk=extended.pk).update(
        extended_at=now, extended_from=due, due_at=due + timedelta(days=9), extension_reason="Much"
    )
    former = User.objects.create(email="former@shop.example", name="Former", is_active=False)
    unknown = {"sealed_addresses": "x", "address_hash": "0" * 64}
    running = Erasure.objects.create(person=former, **unknown)
    Erasure.objects.create(person=None, **unknown)
    Erasure.objects.create(person=former, done_at=now, sealed_addresses="", address_hash="1" * 64)
    ErasureStep.objects.create(erasure=running, item="requests", outcome="done")
    ErasureStep.objects.create(erasure=running, item="support", outcome="kept", ground="hold")
    for whose in ({"person": bob}, {"address": "sam@shop.example"}):
        Closing.objects.create(plan=[], language="en", takes_effect_at=week, **whose)
    LegalHold.objects.create(
        scope="person", person=bob, ground="A dispute", until=week, placed_by=olive
    )
    LegalHold.objects.create(
        scope="person", person=former, item="membership", ground="A dispute", until=week,
        placed_by=olive,
    )  # fmt: skip
    Message.objects.create(
        notice_class_id="legal", address="erased-1@erased.invalid", message_id="<e@hub.example>"
    )
    DataNote.objects.create(person=bob, item="account", text="No", request=extended, by=olive)
    RetentionApproval.objects.create(rule="messages", days=1095, found=0, by=olive)
    RetentionRun.objects.create(rule="messages")


def _fill_logs() -> None:
    """Bob asks for logs in several states; Emma is proposed; a profile is authorised."""
    report, bob = log_scene.report(), person("bob")
    log_scene.price()
    log_scene.representative(member("bob"))
    log_scene.propose(member("emma"))
    log_scene.give_key(member("bob"), report)
    log_scene.ask(bob, report)
    unpaid = log_scene.approve(log_scene.ask(bob, report), "INV-OPEN")
    record_external_payment(
        actor=log_scene.BOOKS, charge=unpaid, external_id="p", cents=1, currency="CAD",
        method="billing",
    )  # fmt: skip
    waived = log_scene.approve(log_scene.ask(bob, report), "INV-WAIVED")
    waive_charge(actor=person("olive"), charge=waived, reason="A court ordered it.")
    claimed = log_scene.approve(log_scene.ask(bob, report), "INV-CLAIMED")
    log_scene.pay(claimed)
    log_scene.send(log_scene.claim(claimed.request))
    log_scene.ready(bob, report, "INV-READY")
    released = log_scene.released(bob, report, "INV-RELEASED")
    Download.objects.create(file=released.file, person=bob)
    for profile in ("alder", "alder-dental"):
        authorisation = log_scene.authorisation(profile=profile)
    log_scene.give(bob, authorisation)


def _fill_breaches(alder: Customer) -> None:
    """Write a breach with a notice to Bob and an outsider, an exercise, and an empty breach."""
    bob, olive, dana, now = person("bob"), person("olive"), person("dana"), timezone.now()
    facts = {"aware_at": now, "noted_by": olive}
    decided = {"risk": "real", "determined_at": now, "decided_by": olive}
    decided |= {"sensitivity": "High", "probability": "High", "reasons": "A copy is for sale"}
    breach = Breach.objects.create(reference="B-1", role="processor", **facts, **decided)
    drill = Breach.objects.create(reference="B-2", role="both", exercise=True, **facts)
    Breach.objects.create(reference="B-3", role="controller", **facts)
    words = {f"{x}_{y}": "Notice" for x in ("subject", "body") for y in ("en", "fr")}
    legal = [
        Campaign.objects.create(notice_class_id="legal", created_by=olive, **words)
        for _number in range(3)
    ]
    texts = {
        f"{part}_{language}": "Words"
        for part in ("circumstances", "period", "items", "measures", "advice", "contact")
        for language in ("en", "fr")
    }
    sent = {"released_at": now, "released_by": dana, "sha256": "1", "list_sha256": "2"}
    sent |= {"list_count": 2, "written_by": olive, **texts}
    wave = Wave.objects.create(
        breach=breach, number=1, slug="w1", campaign=legal[0], written_by=olive
    )
    Wave.objects.create(breach=drill, number=1, slug="w2", campaign=legal[1], **sent)
    listed = {"breach": breach, "wave": wave, "source": "hand", "added_by": olive}
    told = Affected.objects.create(recipient=bob.recipient, address=bob.email, **listed)
    outsider = Affected.objects.create(name="Nora", post="1 Main St", **listed)
    Wave.objects.filter(pk=wave.pk).update(**sent)
    Wave.objects.create(breach=breach, number=2, slug="w3", written_by=olive)
    Affected.objects.create(
        **{**listed, "wave": None}, recipient=olive.recipient, address=olive.email
    )
    Affected.objects.create(
        **{**listed, "breach": drill, "wave": None}, recipient=dana.recipient, address=dana.email
    )
    AffectedEnd.objects.create(affected=outsider, outcome="exhausted", reason="Moved", by=olive)
    NoticeReading.objects.create(affected=told, person=bob)
    Letter.objects.create(
        affected=outsider,
        name="Nora",
        post="1 Main St",
        printed_by=olive,
        posted_on=now.date(),
        posted_by=olive,
    )
    Hold.objects.create(
        breach=breach,
        authority="SQ",
        officer="Roy",
        legal_reference="1",
        reason="Arrest",
        until=now + timedelta(days=1),
        placed_by=olive,
        reviewed_by=dana,
        reviewed_at=now,
    )
    report = Report.objects.create(
        breach=breach, regulator="opc", needed="needed", why="Law", decided_by=olive
    )
    Report.objects.create(breach=breach, regulator="gdpr")
    ReportFiling.objects.create(
        report=report, number=1, contents={}, sha256="1", sent_at=now, by=olive
    )
    CustomerNotice.objects.create(
        breach=breach, customer=alder, campaign=legal[2], body_en="x", body_fr="x", sent_by=olive
    )
    _send_old_notice(wave)


def _send_old_notice(wave: Wave) -> None:
    """Write what proves that Bob was told of a breach: four years ago, and it bounced."""
    bob, ago = person("bob"), timezone.now() - timedelta(days=4 * 365)
    sent = {"recipient": bob.recipient, "address": bob.email, "notice_class_id": "legal"}
    sent |= {"created_at": ago}
    notice = Message.objects.create(campaign=wave.campaign, message_id="<w@hub.example>", **sent)
    again = Message.objects.create(message_id="<w2@hub.example>", **sent)
    Message.objects.filter(pk__in=[notice.pk, again.pk]).update(state="claimed")
    for message in (notice, again):
        DeliveryDecision.objects.create(message=message, outcome="sent", reason="mandatory", at=ago)
    Message.objects.filter(pk__in=[notice.pk, again.pk]).update(state="sent")
    DeliveryEvent.objects.create(message=notice, kind="hard", reason="no_address", event="w:1")
    escalation = Escalation.objects.create(message=notice, recipient=bob.recipient)
    DeliveryProbe.objects.create(message=again, escalation=escalation, address="b2@b.example")
