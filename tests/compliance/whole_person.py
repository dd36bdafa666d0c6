"""A person with a row in each kind of personal data, and a look at the whole database for words."""

import json
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone

from accounts.models import (
    CallerCode,
    CaseReference,
    Customer,
    Membership,
    SignInCode,
    SupportCase,
    User,
)
from accounts.services.invitations import accept_invitation, invite_person
from accounts.services.people import update_profile
from accounts.services.requests import open_request
from compliance.models import Acceptance, PolicyVersion, PrivacyRequest
from compliance.services.exports import ask_for_own_data
from compliance.services.privacy_requests import confirm_privacy_request
from compliance.tokens import privacy_token
from portals.models import AccessReview, Resource, ReviewItem
from portals.services.grants import GrantTerms, grant_privilege
from portals.services.reviews import begin_review
from preferences.models import DeliveryEvent, Escalation, Message, Recipient, Topic
from preferences.services.choices import choose_topic

ADDRESS = "zerlina.quast@alder.example"
NAME = "Zerlina Quastberg"
PHONE = "416 555 0177"
WORDS = ("xylophone lessons", "zeppelin museum", "quince marmalade")  # her free text
MARKERS = (ADDRESS, NAME, "quastberg", "zerlina", "5550177", PHONE, *WORDS)


def build(alder: Customer, dana: User, deliver: Any) -> User:
    """Write a person of Alder with some of everything; their emails are sent."""
    alice = alder.main_super_user.user  # type: ignore[union-attr]
    now = timezone.now()
    invitation = invite_person(actor=alice, customer=alder, address=ADDRESS, name=NAME)
    deliver()
    accept_invitation(
        actor=None, token=invitation.token, name=NAME, password="three unrelated words"
    )
    member = Membership.objects.get(user__email=ADDRESS)
    person = member.user
    member.work_name, member.work_phone = NAME, PHONE
    member.save()
    update_profile(actor=person, name=NAME)
    _give(alder, alice, member)
    open_request(
        actor=person,
        customer=alder,
        kind="phone",
        wanted={"work_phone": "416 555 0100"},
        text=WORDS[0],
    )  # fmt: skip
    deliver()
    ask_for_own_data(actor=person, signed_in_at=now)
    deliver()
    AccessReview.objects.open().update(state="not_finished", ended_at=now)
    begin_review(actor=alice, customer=alder)
    deliver()
    assert ReviewItem.objects.filter(membership=member).exists()
    choose_topic(actor=person, topic=Topic.objects.get(slug="newsletter"), wants=True)
    _bounce(person)
    _call(person, alder, dana)
    version = PolicyVersion.objects.filter(published_at__isnull=False).first()
    Acceptance.objects.create(
        version=version, person=person, verb="accepted" if version.policy.kind == "agreement"
        else "acknowledged", language="en", sha256=version.sha256,
    )  # fmt: skip
    Authenticator.objects.create(user=person, type="webauthn", data={"name": WORDS[2]})
    store = SessionStore()
    store["who"] = ADDRESS
    store.create()
    UserSession.objects.create(
        user=person, session_key=store.session_key, ip="203.0.113.9", user_agent="Firefox", data={}
    )
    SignInCode.objects.create(
        address=ADDRESS, code_hash="x", tries_left=3, expires_at=now + timedelta(minutes=9)
    )
    token = privacy_token(address=ADDRESS, kind="access", language="en", at=now.timestamp())
    asked = confirm_privacy_request(actor=None, token=token)
    PrivacyRequest.objects.filter(pk=asked.pk).update(
        details=WORDS[1], state="answered", settled_at=now, settled_by=dana, answer=NAME
    )
    deliver()
    return User.objects.get(pk=person.pk)


def _give(alder: Customer, alice: User, member: Membership) -> None:
    domain = Resource.objects.filter(
        subscription__customer=alder, resource_type__code="domain"
    ).first()
    assert domain is not None
    view = domain.resource_type.privileges.get(code="view")
    grant_privilege(
        actor=alice, grantee=member, privilege=view, resource=domain,
        terms=GrantTerms(reason=WORDS[1]), signed_in_at=timezone.now(),
    )  # fmt: skip


def _bounce(person: User) -> None:
    message = Message.objects.filter(recipient__user=person, state="sent").first()
    assert message is not None
    DeliveryEvent.objects.create(
        message=message, kind="hard", reason="no_address", event="b:1", diagnostic=f"no {ADDRESS}"
    )
    recipient = Recipient.objects.get(user=person)
    notice = Message.objects.filter(
        recipient=recipient, notice_class__isnull=False, state="sent"
    ).exclude(escalation__isnull=False)[0]
    Escalation.objects.create(
        message=notice, recipient=recipient, state="exhausted", ended_at=timezone.now(),
        reason=WORDS[0], how="gave_up",
    )  # fmt: skip


def _call(person: User, alder: Customer, dana: User) -> None:
    now = timezone.now()
    case = SupportCase.objects.create(
        person=person, customer=alder, opened_by=dana, ticket="T-77", reason=WORDS[2]
    )
    CaseReference.objects.create(
        case=case, kind="ticket", system="Tickets", external_id=ADDRESS, announced=None
    )
    CallerCode.objects.create(person=person, case=case, code_hash="x", tries_left=5, expires_at=now)
    SupportCase.objects.filter(pk=case.pk).update(
        state="closed", outcome="helped", closed_at=now, closed_by=dana
    )


def found_in_database(markers: tuple[str, ...] = MARKERS) -> list[str]:
    """Return `table.column: marker` wherever a column of any table of the database has one."""
    found = []
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            columns = [
                column.name
                for column in connection.introspection.get_table_description(cursor, table)
            ]
            cursor.execute(f"SELECT {', '.join(map(quote, columns))} FROM {quote(table)}")
            for row in cursor.fetchall():
                for name, value in zip(columns, row, strict=True):
                    text = _text(value)
                    found += [f"{table}.{name}: {each}" for each in markers if each.lower() in text]
    return sorted(set(found))


def _text(value: Any) -> str:
    if isinstance(value, memoryview | bytes):
        return bytes(value).decode("latin-1").lower()
    if isinstance(value, str):
        return value.lower() + _inside(value)
    return json.dumps(value, default=str).lower() if value is not None else ""


def _inside(value: str) -> str:
    """Return what JSON text says without its escapes."""
    try:
        return json.dumps(json.loads(value), ensure_ascii=False).lower()
    except ValueError:
        return ""
