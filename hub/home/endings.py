"""Access and memberships of a company that end soon, in one statement."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

from django.db.models import (
    BigIntegerField,
    CharField,
    DateTimeField,
    F,
    QuerySet,
    UUIDField,
    Value,
)
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from accounts.models import Customer, User
from accounts.selectors.composed import ComposedQuery, Given
from accounts.selectors.first_rows import alone
from portals.models import Portal, Privilege, Resource, ResourceType
from portals.selectors.grant_expiry import (
    ENDS_SOON,
    memberships_ending,
    of_customer,
    person_grants_ending,
    team_grants_ending,
    with_person_details,
    with_team_details,
)

# What the phrase of a permission is made of; empty for a person's last day.
_LABELS = ("label_en", "label_fr")
_PRIVILEGE = ("codename", "phrase_en", "phrase_fr", *_LABELS)
_RESOURCE = ("resource_type_id", "parent_id")
_OF = "permission__privilege"
_WORDS = {
    "name": "content_object__name",
    **{f"privilege_{name}": f"{_OF}__{name}" for name in _PRIVILEGE},
    **{f"type_{name}": f"{_OF}__resource_type__{name}" for name in _LABELS},
    **{f"portal_{name}": f"{_OF}__portal__{name}" for name in _LABELS},
}
_KEYS = {
    "type_id": f"{_OF}__resource_type_id",
    **{name: f"content_object__{name}" for name in _RESOURCE},
}


@dataclass(frozen=True)
class Ending:
    """Access or a membership that ends soon."""

    who: str
    what: str  # "change DNS of alder.example"; "" for the person's last day
    moment: datetime
    url: str


def endings_of(customer: Customer, most: int) -> list[Ending]:
    """Return what ends soonest, people's last days and access together."""
    now = timezone.now()
    rows = _endings(most).rows(customer=customer.pk, now=now, soon=now + ENDS_SOON)
    access_page = reverse("portals:expiring-access", args=[customer.slug])
    return [_ending(customer, access_page, *row) for row in rows]


@cache
def _endings(most: int) -> ComposedQuery[Any]:
    """Return the query of so many endings of a company."""
    moment = DateTimeField()
    return ComposedQuery(
        partial(_soonest, most), customer=BigIntegerField(), now=moment, soon=moment
    )


def _soonest(most: int, customer: Given, now: Given, soon: Given) -> QuerySet[Any]:
    last_days = _rows(
        alone(memberships_ending(customer, now, soon)[:most]),
        {"moment": F("ends_at"), "who": F("work_name"), "sub": F("user__sub")}
        | {name: Value("", CharField()) for name in _WORDS}
        | {name: Value(None, BigIntegerField(null=True)) for name in _KEYS},
    )
    of_people = person_grants_ending(now, soon, now)
    of_teams = team_grants_ending(now, soon, now)
    nobody = Value(None, UUIDField(null=True))
    own, team = (
        _rows(
            with_details(alone(of_customer(grants, customer)[:most])),
            {"moment": F("expires_at"), "who": name, "sub": nobody}
            | {name: F(path) for name, path in (_WORDS | _KEYS).items()},
        )
        for grants, with_details, name in (
            (of_people, with_person_details, Coalesce("grantee_name", "user__name")),
            (of_teams, with_team_details, F("group__team__name")),
        )
    )
    return last_days.union(own, team, all=True).order_by("_moment")[:most]


def _rows(rows: QuerySet[Any], columns: dict[str, Any]) -> QuerySet[Any]:
    named: Any = rows.order_by().annotate(**{f"_{name}": of for name, of in columns.items()})
    values: QuerySet[Any] = named.values_list(*(f"_{name}" for name in columns))
    return values


def _ending(
    customer: Customer, access_page: str, moment: datetime, who: str, sub: Any, *facts: Any
) -> Ending:
    if sub is not None:
        person = reverse("portals:person", args=[customer.slug, User(sub=sub).sub])
        return Ending(who, "", moment, person)
    fact = dict(zip(_WORDS | _KEYS, facts, strict=True))
    portal = Portal(**{name: fact[f"portal_{name}"] for name in _LABELS})
    labels = {name: fact[f"type_{name}"] for name in _LABELS}
    kind = ResourceType(pk=fact["type_id"], portal=portal, **labels)
    privilege = Privilege(**{name: fact[f"privilege_{name}"] for name in _PRIVILEGE})
    privilege.portal, privilege.resource_type = portal, kind
    resource = Resource(name=fact["name"], **{name: fact[name] for name in _RESOURCE})
    return Ending(who, privilege.phrase(kind.name_of(resource)), moment, access_page)
