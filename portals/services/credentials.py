"""Credentials of portals: each has one OAuth client. Their own tokens belong to no person."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services.audit import record_event
from portals.models import Portal


class Credentials(NamedTuple):
    """The client id and secret of a portal; the secret is shown once and never stored."""

    client_id: str
    client_secret: str


@transaction.atomic
def issue_credentials(*, actor: User | None, portal: Portal) -> Credentials:
    """Give a portal new credentials; the former ones and their tokens end at once.

    `actor` is None where the hub itself acts.
    """
    portal = Portal.objects.select_for_update(of=("self",)).get(pk=portal.pk)
    former = portal.client
    secret = get_adapter().generate_client_secret()
    client = Client(
        name=portal.label_en,
        secret=make_password(secret, hasher="keyed_sha256"),
    )
    client.save(force_insert=True)
    portal.client = client
    portal.save(update_fields=["client"])
    if former is not None:
        former.delete()  # its tokens go with it
    record_event(
        kind="portal.credentials_issued",
        actor=actor,
        portal=portal.labels,
        slug=portal.slug,
        client_id=client.pk,
    )
    return Credentials(client.pk, secret)


def issue_portal_token(*, client: Client, scopes: list[str], resources: Iterable[str]) -> str:
    """Return a token of the portal itself, bound to these resources if any (RFC 8707)."""
    value = secrets.token_urlsafe(32)
    lifetime = timedelta(seconds=settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN)
    token = Token(type=Token.Type.ACCESS_TOKEN, client=client, expires_at=timezone.now() + lifetime)
    token.set_value(value)
    token.set_scopes(scopes)
    if resources:
        token.set_resources(resources)
    token.save(force_insert=True)
    return value
