"""Open a session in a portal: an authorization, and the code that its portal redeems."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from accounts.models import Customer, User
from accounts.services.audit import record_event
from portals.choices import SessionEnd
from portals.models import AuthorizationCode, PortalConsent, PortalSession
from portals.selectors.sign_in import may_open
from portals.services.portal_sessions.ending import end_portal_sessions


class NotOpen(Exception):
    """The person may not open the portal for this company."""


class SignedOut(Exception):
    """The hub session ended meanwhile."""


@dataclass(frozen=True)
class SignIn:
    """How a person signed in to the hub: session, moment and methods (RFC 8176)."""

    session_key: str
    hub_session: str
    auth_time: datetime
    amr: list[str]


@dataclass(frozen=True)
class CodeTerms:
    """An authorization request, as far as its code keeps it."""

    redirect_uri: str
    scopes: list[str]
    nonce: str = ""
    code_challenge: str = ""
    claims: dict[str, list[str]] = field(default_factory=dict)


@transaction.atomic
def authorize_portal(
    *, actor: User, client: Client, customer: Customer, sign_in: SignIn, terms: CodeTerms
) -> str:
    """Open the person's session in a portal, or go on with it, and return a new code.

    The hub session is locked, as by whoever ends it: portals that are opened together share one
    session each, and none outlives a sign-out that comes at the same moment. The company is locked
    before, as in each of its acts, which may end hub sessions. Raises SignedOut where the hub
    session has ended; NotOpen where the person may not open the portal for this company.
    """
    list(Customer.objects.select_for_update(no_key=True).filter(pk=customer.pk).values("pk"))
    if not Session.objects.select_for_update().filter(pk=sign_in.session_key):
        raise SignedOut
    if not may_open(actor, client.portal, customer):
        raise NotOpen
    live = {"hub_session": sign_in.hub_session, "client": client, "ended_at": None}
    other = PortalSession.objects.filter(**live).exclude(user=actor, customer=customer)
    for session in other:
        end_portal_sessions(reason=SessionEnd.COMPANY, pk=session.pk)
    session, is_new = PortalSession.objects.get_or_create(
        **live,
        defaults={
            "user": actor,
            "customer": customer,
            "auth_time": sign_in.auth_time,
            "amr": sign_in.amr,
        },
    )
    if is_new:
        record_event(
            kind="portal.opened",
            actor=actor,
            person=actor,
            portal=client.portal.labels,
            customer_name=customer.name,
        )
    elif (session.auth_time, session.amr) != (sign_in.auth_time, sign_in.amr):
        session.auth_time, session.amr = sign_in.auth_time, sign_in.amr
        session.save(update_fields=["auth_time", "amr"])
    value = secrets.token_urlsafe(32)
    AuthorizationCode.objects.create(
        session=session,
        hash=hash_of(value),
        redirect_uri=terms.redirect_uri,
        scopes=terms.scopes,
        claims=terms.claims,
        nonce=terms.nonce,
        code_challenge=terms.code_challenge,
    )
    return value


def give_consent(*, actor: User, client: Client, scopes: list[str]) -> None:
    """Keep that a person lets a portal learn what these scopes tell, beside those before."""
    with transaction.atomic():
        consent, _new = PortalConsent.objects.select_for_update().get_or_create(
            user=actor, client=client
        )
        consent.scopes = sorted({*consent.scopes, *scopes})
        consent.given_at = timezone.now()
        consent.save()


@transaction.atomic
def withdraw_consent(*, actor: User, consent: int) -> PortalConsent | None:
    """Withdraw what a person agreed to tell a portal; return it, None if it isn't there.

    Their sessions in that portal end. It asks again the next time they open it.
    """
    row = PortalConsent.objects.filter(pk=consent, user=actor).first()
    if row is None:
        return None
    end_portal_sessions(reason=SessionEnd.ENDED, user=actor, client=row.client_id)
    row.delete()
    labels = row.client.portal.labels
    record_event(kind="portal.consent_withdrawn", actor=actor, person=actor, portal=labels)
    return row


def hash_of(value: str) -> str:
    """Return the form in which a code or a token is kept."""
    return str(get_adapter().hash_token(value))
