"""The person's own page: each data item with how much is held, and the short values."""

from dataclasses import dataclass, field
from typing import Any

from accounts.models import User
from compliance.choices.sealed_files import SealedFileKind, SealedFileState
from compliance.models import DataNote, SealedFile
from compliance.registry import ITEMS
from compliance.registry.items import DataItem
from compliance.selectors.own_data import rows_of
from compliance.selectors.records import Readable, with_names

MOST_SHOWN = 3  # rows of a table; more are counted
MOST_COUNTED = 1000
LONGEST = 120  # characters of a value


@dataclass
class HeldItem:
    """A data item as one person has it: how many rows, and those of short tables."""

    item: DataItem
    count: int = 0
    has_more: bool = False  # than `count`
    records: list[list[tuple[Any, str]]] = field(default_factory=list)
    notes: list[DataNote] = field(default_factory=list)  # the person's words on disputed data


def held_about(person: User) -> list[HeldItem]:
    """Return every data item with what is held about a person, at a fixed number of queries."""
    readable = Readable(person)
    held = [_held(item, person, readable) for item in ITEMS]
    for note in DataNote.objects.filter(person=person).order_by("pk"):
        for each in held:
            if each.item.code == note.item:
                each.notes.append(note)
    return held


def _held(item: DataItem, person: User, readable: Readable) -> HeldItem:
    held = HeldItem(item)
    for table in item.tables:
        if item.not_exported or not table.exported:
            continue
        rows = rows_of(table, person)
        shown = list(with_names(table, rows)[: MOST_SHOWN + 1])
        if len(shown) > MOST_SHOWN:
            counted = rows.order_by()[: MOST_COUNTED + 1].count()
            held.count += min(counted, MOST_COUNTED)
            held.has_more |= counted > MOST_COUNTED
            continue
        held.count += len(shown)
        for row in shown:
            values = [
                (value.label, value.shown[:LONGEST])
                for value in readable.values(table, row)
                if value.label and value.shown
            ]
            if values:
                held.records.append(values)
    return held


def latest_file(person: User) -> SealedFile | None:
    """Return the latest file with a person's data that did not fail, with its downloads."""
    files = SealedFile.objects.filter(person=person, kind=SealedFileKind.OWN_DATA)
    return files.exclude(state=SealedFileState.FAILED).order_by("-pk").first()
