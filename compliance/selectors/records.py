"""One row as its person may read it: without secrets, other people by their names at work."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db.models import (
    Case,
    CharField,
    ForeignKey,
    JSONField,
    Model,
    QuerySet,
    Subquery,
    TextField,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from accounts.selectors.addresses import addresses_of
from compliance.registry.items import Table
from compliance.registry.labels import FIELD_LABELS
from compliance.selectors.own_data import model_of

ADDRESS = re.compile(r"[^\s@<>\"\u201c\u201d\u00ab\u00bb(),;:\[\]{}\\]+@[\w.-]+\.\w+")
NO_ADDRESS = {"message_id"}  # it has the shape of one
KNOWN_PEOPLE = 2000  # whose names are remembered while a file is made
KNOWN_LABELS = 4000  # of fields, choices and minutes, of which every row has a few
# Models whose rows are named by their text, which says nothing about other people.
NAMED = {
    "accounts.Customer", "accounts.Membership", "accounts.Team", "accounts.User",
    "allauth_idp_oidc.Client", "auth.Group", "auth.Permission", "portals.Portal",
    "portals.Privilege", "portals.Resource", "portals.ResourceType", "preferences.Campaign",
    "preferences.NoticeClass", "preferences.Topic",
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """One field of a row, with its value as stored and for programs."""

    field: Any
    stored: Any
    raw: Any

    @property
    def label(self) -> str:
        """The field's name on the page; empty for a technical one."""
        return _label_in(get_language(), self.field.name)

    @property
    def shown(self) -> str:
        """The value as people read it, in the active language and time zone."""
        if self.raw is None or self.raw == "":
            return ""
        if isinstance(self.stored, bool):
            return _("Yes") if self.stored else _("No")
        if isinstance(self.stored, datetime):
            return moment_text(timezone.localtime(self.stored))
        if isinstance(self.stored, date):
            return date_format(self.stored, "DATE_FORMAT")
        if self.field.choices:
            return _choice_in(get_language(), self.field, self.stored)
        if isinstance(self.raw, list):
            return ", ".join(map(str, self.raw))
        return str(self.raw)


def in_words(values: Iterable[Value]) -> list[tuple[str, str]]:
    """Return labels and texts of fields, without the technical and the empty ones."""
    labelled = ((value.label, value.shown) for value in values if value.label)
    return [(label, shown) for label, shown in labelled if shown]


class Readable:
    """The part of rows that a person may read: theirs in full, others' without words of others."""

    def __init__(self, person: User) -> None:
        """Prepare to describe rows for a person."""
        self.person = person
        self._own = addresses_of(person)
        self._companies = list(person.memberships.values_list("customer", flat=True))
        self._name = lru_cache(maxsize=KNOWN_PEOPLE)(self._find_name)

    def without_addresses(self, text: str) -> str:
        """Return a text without the addresses of other people."""
        if "@" not in text:
            return text  # as most are: the pattern tries every character
        return ADDRESS.sub(
            lambda match: (
                match[0]
                if match[0].lower().lstrip("'") in self._own
                else _("(address of somebody else)")
            ),
            text,
        )

    def values(self, table: Table, row: Model, *, whole: bool = True) -> Iterator[Value]:
        """Yield the fields of a row; not `whole`, those without words of somebody else."""
        for name in table.exported:
            field: Any = row._meta.get_field(name)
            if not whole and _holds_words(field):
                continue
            yield Value(field, getattr(row, field.attname), self._raw(field, row))

    def _raw(self, field: Any, row: Model) -> Any:
        value = getattr(row, field.attname)
        if isinstance(field, ForeignKey):
            return self._name_of_related(field, row, value)
        if isinstance(value, datetime | date):
            return value.isoformat()
        if isinstance(value, str):
            return value if field.name in NO_ADDRESS else self.without_addresses(value)
        if isinstance(value, list | dict):
            return self._inside(value)
        return value if isinstance(value, bool | int | float | None) else str(value)

    def _inside(self, value: Any) -> Any:
        """Return nested data without the addresses of other people."""
        if isinstance(value, dict):
            return {key: self._inside(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._inside(part) for part in value]
        return self.without_addresses(value) if isinstance(value, str) else value

    def _name_of_related(self, field: Any, row: Model, key: Any) -> Any:
        if key is None:
            return None
        label = field.related_model._meta.label
        if label == "accounts.User":
            return self.person.name if key == self.person.pk else self._name(key)
        if label not in NAMED:
            return str(key)
        return self.without_addresses(_text_of(getattr(row, field.name)))

    def _find_name(self, key: int) -> str:
        """Return the name at work of somebody in a company of the person, or of staff."""
        works = Membership.objects.filter(user=key, customer__in=self._companies)
        at_work = works.order_by("ended_at", "pk").values("work_name")[:1]
        of_staff = Case(When(is_staff=True, then="name"))
        names = User.objects.filter(pk=key).values_list(Coalesce(Subquery(at_work), of_staff))
        found = names.first()
        return (found and found[0]) or _("somebody else")


def with_names(table: Table, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return rows with what their related rows are called, in the same query."""
    model = model_of(table)
    related = [
        name
        for name in table.exported
        if isinstance(field := model._meta.get_field(name), ForeignKey)
        and (label := field.related_model._meta.label) in NAMED
        and label != "accounts.User"
    ]
    return rows.select_related(*related) if related else rows


def moment_text(moment: datetime) -> str:
    """Return a time to the minute, as the active language writes it."""
    return _minute_in(get_language(), moment.replace(second=0, microsecond=0, tzinfo=None))


@lru_cache(maxsize=KNOWN_LABELS)
def _minute_in(language: str, minute: datetime) -> str:
    """Return a minute in words: what happens at once has it several times."""
    return date_format(minute, "DATETIME_FORMAT")


@lru_cache(maxsize=KNOWN_LABELS)
def _label_in(language: str, name: str) -> str:
    return str(FIELD_LABELS.get(name, ""))


@lru_cache(maxsize=KNOWN_LABELS)
def _choice_in(language: str, field: Any, value: Any) -> str:
    return str(dict(field.flatchoices).get(value, value))


def _text_of(row: Model) -> str:
    return str(getattr(row, "name", None) or row)


def _holds_words(field: Any) -> bool:
    """Return whether a field may hold somebody's own words."""
    is_text = isinstance(field, CharField | TextField | JSONField)
    return is_text and not field.choices
