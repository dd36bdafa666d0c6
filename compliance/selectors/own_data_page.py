"""The person's own page: each data item with how much is held, and the short values."""

from dataclasses import dataclass, field
from typing import Any

from accounts.models import User
from compliance.choices.sealed_files import SealedFileKind, SealedFileState
from compliance.models import DataNote, SealedFile
from compliance.registry import ITEMS
from compliance.registry.items import DataItem, Table
from compliance.selectors.own_data_rows import HeldRows, held_rows
from compliance.selectors.records import Readable, in_words

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
    readable, found = Readable(person), held_rows(person)
    held = [_held(item, found, readable) for item in ITEMS]
    for note in DataNote.objects.filter(person=person).order_by("pk"):
        for each in held:
            if each.item.code == note.item:
                each.notes.append(note)
    return held


def _held(item: DataItem, found: dict[Table, HeldRows], readable: Readable) -> HeldItem:
    held = HeldItem(item)
    for table in () if item.not_exported else item.tables:
        if table not in found:
            continue
        total, has_more, rows = found[table]
        held.count += total
        held.has_more |= has_more
        for row in rows:
            words = in_words(readable.values(table, row))
            if words:
                held.records.append([(label, text[:LONGEST]) for label, text in words])
    return held


def latest_file(person: User) -> SealedFile | None:
    """Return the latest file with a person's data that did not fail, with its downloads."""
    files = SealedFile.objects.filter(person=person, kind=SealedFileKind.OWN_DATA)
    return files.exclude(state=SealedFileState.FAILED).order_by("-pk").first()
