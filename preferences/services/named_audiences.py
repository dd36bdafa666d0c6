"""Naming the recipients of a notice, in a bounded number of statements for any number of them.

The services of an upper app call these and have checked their own permission.
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.validators import normalise_address
from preferences.choices import CampaignState
from preferences.models import Campaign, Recipient
from preferences.services.campaigns import CampaignRefused

BATCH = 1000  # addresses or keys of one statement


@transaction.atomic
def find_or_create_recipients(*, actor: User, addresses: Mapping[str, str]) -> list[int]:
    """Return the keys of the recipients of these addresses, each with its language.

    An address without a recipient becomes a subscriber to nothing. Its known opt-outs are applied
    before any optional email could be sent there. Raises ValidationError for what is no address.
    """
    languages = {normalise_address(address): name for address, name in addresses.items()}
    wanted, keys = sorted(languages), []
    for begin in range(0, len(wanted), BATCH):
        part = wanted[begin : begin + BATCH]
        of_people = dict(Recipient.objects.filter(user__email__in=part).values_list(
            "user__email", "pk"
        ))  # fmt: skip
        others = [address for address in part if address not in of_people]
        Recipient.objects.bulk_create(
            [Recipient(address=address, language=languages[address]) for address in others],
            ignore_conflicts=True,
        )
        subscribers = Recipient.objects.filter(address__in=others, followed_by=None)
        keys += [*of_people.values(), *subscribers.order_by("pk").values_list("pk", flat=True)]
    return keys


@transaction.atomic
def name_recipients(
    *, actor: User, campaign: Campaign, recipients: QuerySet[Recipient] | Collection[int]
) -> int:
    """Add recipients to the named audience of a notice that is not sent yet. Return how many.

    `recipients` are a query, written in one statement, or keys. Those who are named already stay
    so. Raises CampaignRefused once it is sent, and for a campaign without a named audience.
    """
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if not campaign.named or campaign.state not in (CampaignState.DRAFT, CampaignState.SCHEDULED):
        raise CampaignRefused(_("Recipients can only be added before it is sent."), code="state")
    if isinstance(recipients, QuerySet):
        try:
            query = recipients.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            return 0
        return _insert(campaign, *query)
    keys = sorted({int(key) for key in recipients})
    added = 0
    for begin in range(0, len(keys), BATCH):
        part = ", ".join(str(key) for key in keys[begin : begin + BATCH])
        added += _insert(
            campaign,
            f"SELECT id FROM preferences_recipient WHERE id IN ({part})",  # noqa: S608 -- numbers
            (),
        )
    return added


def _insert(campaign: Campaign, keys: str, values: tuple[Any, ...]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO preferences_namedrecipient (campaign_id, recipient_id, at)"  # noqa: S608
            " SELECT DISTINCT %s, COALESCE(r.followed_by_id, r.id), %s"
            f" FROM preferences_recipient r WHERE r.id IN ({keys})"
            " ON CONFLICT DO NOTHING",
            [campaign.pk, timezone.now(), *values],
        )
        return int(cursor.rowcount)
