"""The data held about a person, by the registry: their rows, and what they may read of them."""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from accounts.models import User
from compliance.models import Affected
from compliance.registry.items import Table
from compliance.selectors.breaches import HoldMoments
from compliance.selectors.notices import told
from preferences.choices import MessageState
from preferences.models import Message


def rows_of(table: Table, person: User, moments: HoldMoments | None = None) -> QuerySet[Any]:
    """Return the rows of a table that are about a person now, in the order of their keys.

    A row with their address is theirs only where it leads to nobody: who had the address before
    may be somebody else.
    """
    ways = led_to(person, table.names("person"))
    if table.address:
        leads_to_nobody = {f"{lookup}__isnull": True for lookup in table.names("person")}
        ways.append({table.address: person.email, **leads_to_nobody})
    return told_of(table, found_by(table, ways), moments).order_by("pk")


def told_of(table: Table, rows: QuerySet[Any], moments: HoldMoments | None = None) -> QuerySet[Any]:
    """Return a person's rows without those that they may not know of yet (L33)."""
    return rows.filter(_TOLD[table.model](moments)) if table.model in _TOLD else rows


def _of_told(moments: HoldMoments | None) -> Q:
    return Q(pk__in=told(Affected.objects.all(), moments).values("pk"))


def _of_sent_email(_moments: HoldMoments | None) -> Q:
    return Q(campaign=None) | Q(campaign__confidential=False) | Q(state=MessageState.SENT)


def _of_sent_campaign(_moments: HoldMoments | None) -> Q:
    sent = Message.objects.filter(
        campaign=OuterRef("campaign"), recipient=OuterRef("recipient"), state=MessageState.SENT
    )
    return Q(campaign__confidential=False) | Q(Exists(sent))


# Nobody learns from their data of a breach whose notice has not reached them, or is on hold (L33).
_TOLD: dict[str, Callable[[HoldMoments | None], Q]] = {
    "compliance.Affected": _of_told,
    "preferences.Message": _of_sent_email,
    "preferences.NamedRecipient": _of_sent_campaign,
    "preferences.Candidate": _of_sent_campaign,
}


def acts_of(table: Table, person: User) -> QuerySet[Any]:
    """Return the rows about somebody else in which a person did something."""
    acted = found_by(table, led_to(person, table.names("actor")))
    return acted.exclude(pk__in=rows_of(table, person).values("pk")).order_by("pk")


def model_of(table: Table) -> type[Model]:
    """Return the model that holds the fields of a table."""
    return apps.get_model(table.model)


def _all(table: Table) -> QuerySet[Any]:
    return model_of(table)._base_manager.all()


def found_by(table: Table, ways: list[dict[str, Any]]) -> QuerySet[Any]:
    """Return the rows of a table that fulfil one of these conditions; none without any.

    Each condition is asked by itself, so that its index finds the rows: an OR of them would read
    the whole table. A row is found once, whatever it is joined with.
    """
    if not ways:
        return _all(table).none()
    first, *others = [_all(table).filter(**way).order_by() for way in ways]
    if not others and not any("__" in name for name in ways[0]):
        return first
    keys = first.values("pk")
    if others:
        keys = keys.union(*(rows.values("pk") for rows in others), all=True)
    return _all(table).filter(pk__in=keys)


def led_to(person: User, lookups: list[str]) -> list[dict[str, Any]]:
    """Return the conditions for rows that lead to a person, one for each lookup."""
    return [{"pk" if lookup == "self" else lookup: person.pk} for lookup in lookups]
