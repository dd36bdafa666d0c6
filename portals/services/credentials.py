"""Credentials of portals: each has one OAuth client, for the client credentials grant only."""

from typing import NamedTuple

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client
from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import User
from accounts.services.audit import record_event
from portals.choices import Scope
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
        type=Client.Type.CONFIDENTIAL,
    )
    client.set_grant_types([Client.GrantType.CLIENT_CREDENTIALS])
    client.set_response_types([])
    client.set_scopes(Scope.values)
    client.set_default_scopes(Scope.values)
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
