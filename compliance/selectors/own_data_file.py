"""A person's data as files: JSON with its schema, and a page to read, row by row."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from accounts.models import AuditEvent, User
from accounts.selectors.activity import ExportLocale, history_lines, history_rows
from compliance.registry import ITEMS
from compliance.registry.items import DataItem, Table
from compliance.registry.labels import FIELD_LABELS, TABLE_LABELS
from compliance.selectors.own_data import acts_of, model_of, rows_of
from compliance.selectors.records import Readable, Value, in_words, moment_text, with_names

BATCH = 500  # rows that are in memory at once
EVENTS = "accounts.AuditEvent"  # in the words of the person's own history


def json_parts(person: User) -> Iterator[str]:
    """Yield data.json in parts, in the active language and time zone."""
    readable, last = Readable(person), _last_event()
    head = {
        "made_at": timezone.localtime().isoformat(timespec="seconds"),
        "provider": settings.HUB_BRAND_NAME,
        "person": {"id": str(person.sub), "email": person.email, "name": person.name},
    }
    yield f'{{"$schema": "data.schema.json", {_json(head)[1:-1]}, "items": {{'
    for number, item in enumerate(ITEMS):
        yield f"{', ' if number else ''}\n{_json(item.code)}: {_json(_about(item))[:-1]}"
        for key, whole in (("records", True), ("acts", False)):
            yield f', "{key}": {{'
            tables = () if item.not_exported else item.tables
            shown = [table for table in tables if table.exported and (whole or table.actor)]
            for place, table in enumerate(shown):
                yield f"{', ' if place else ''}{_json(table.model)}: ["
                yield from _joined(_json_rows(table, person, readable, last, whole=whole))
                yield "]"
            yield "}"
        yield "}"
    yield "}}\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of data.json."""
    properties = {item.code: _item_schema(item) for item in ITEMS}
    text = {"type": "string"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": _("The data of one person"),
        "type": "object",
        "properties": {
            "$schema": text,
            "made_at": {"type": "string", "format": "date-time"},
            "provider": text,
            "person": _closed({"id": text, "email": text, "name": text}),
            "items": _closed(properties),
        },
        "required": ["made_at", "provider", "person", "items"],
        "additionalProperties": False,
    }


def page_parts(person: User) -> Iterator[str]:
    """Yield index.html in parts: every item, its rows with labels, nothing to load or run."""
    readable, last = Readable(person), _last_event()
    yield render_to_string(
        "compliance/own_data/head.html",
        {"person": person, "items": ITEMS, "brand": settings.HUB_BRAND_NAME, "now": timezone.now()},
    )
    for item in ITEMS:
        yield render_to_string("compliance/own_data/item.html", {"item": item})
        for table in () if item.not_exported else item.tables:
            for whole in (True, False):
                yield from _page_rows(table, person, readable, last, whole=whole)
        yield "</section>\n"
    yield "</main></body></html>\n"


def _page_rows(
    table: Table, person: User, readable: Readable, last: AuditEvent | None, *, whole: bool
) -> Iterator[str]:
    begun = False
    for values in _shown_rows(table, person, readable, last, whole=whole):
        if not begun:
            heading = {"label": TABLE_LABELS.get(table.model, ""), "whole": whole}
            yield render_to_string("compliance/own_data/table.html", heading)
            begun = True
        # A template would take five times as long, and a person may have 100,000 rows.
        texts = format_html_join(" · ", "<span><b>{}</b> {}</span>", values)
        yield format_html("<li>{}</li>\n", texts)
    if begun:
        yield "</ol>\n"


def _shown_rows(
    table: Table, person: User, readable: Readable, last: AuditEvent | None, *, whole: bool
) -> Iterator[list[tuple[Any, str]]]:
    """Yield each row as labels and texts; without the technical fields and the empty ones."""
    if table.model == EVENTS:
        labels = [_("Time"), _("Done by"), _("Event")]
        for row in history_rows(person, last, ExportLocale()) if whole and last else ():
            at, actor, sentence = map(str, row[:3])
            moment = moment_text(datetime.fromisoformat(at))
            texts = [moment, actor, readable.without_addresses(sentence)]
            yield list(zip(labels, texts, strict=True))
        return
    for values in _rows(table, person, readable, whole=whole):
        yield in_words(values)


def _json_rows(
    table: Table, person: User, readable: Readable, last: AuditEvent | None, *, whole: bool
) -> Iterator[str]:
    if table.model == EVENTS:
        for lines in history_lines(person, last) if whole and last else ():
            for line in lines.splitlines():
                yield readable.without_addresses(line)
        return
    for values in _rows(table, person, readable, whole=whole):
        yield _json({value.field.name: value.raw for value in values})


def _rows(table: Table, person: User, readable: Readable, *, whole: bool) -> Iterator[list[Value]]:
    """Yield the fields of each row, of which only a batch is in memory."""
    if not table.exported or not (whole or table.actor):
        return
    rows = with_names(table, (rows_of if whole else acts_of)(table, person))
    for row in rows.iterator(chunk_size=BATCH):
        yield list(readable.values(table, row, whole=whole))


def _last_event() -> AuditEvent | None:
    return AuditEvent.objects.order_by("-pk").first()


def _about(item: DataItem) -> dict[str, Any]:
    """Return what the file says about a data item, in words."""
    hidden = [name for table in item.tables for name in table.names("hidden")]
    return {
        "label": str(item.label),
        "holds": str(item.holds),
        "sources": [str(source.label) for source in item.sources],
        "purposes": [str(purpose.label) for purpose in item.purposes],
        "basis": str(item.basis.label),
        "seen_by": [str(viewer.label) for viewer in item.seen_by],
        "recipients": [str(recipient.label) for recipient in item.recipients],
        "kept": item.kept_words,
        "secrets_left_out": hidden,
        "not_included": str(item.not_exported),
    }


def _item_schema(item: DataItem) -> dict[str, Any]:
    texts = {"type": "array", "items": {"type": "string"}}
    tables = () if item.not_exported else item.tables
    properties: dict[str, Any] = {
        key: {"type": "string"} if isinstance(value, str) else texts
        for key, value in _about(item).items()
    }
    properties["records"] = _closed({t.model: _rows_schema(t) for t in tables if t.exported})
    properties["acts"] = _closed(
        {t.model: _rows_schema(t, whole=False) for t in tables if t.exported and t.actor}
    )
    return _closed(properties)


def _rows_schema(table: Table, *, whole: bool = True) -> dict[str, Any]:
    if table.model == EVENTS:
        return {"type": "array", "items": {"type": "object", "required": ["at", "kind"]}}
    fields = {
        name: {**_type_of(table, name), "description": str(FIELD_LABELS.get(name, name))}
        for name in table.exported
    }
    row = _closed(fields)
    if not whole:
        del row["required"]
    return {"type": "array", "items": row}


def _type_of(table: Table, name: str) -> dict[str, Any]:
    field = model_of(table)._meta.get_field(name)
    if isinstance(field, models.JSONField):
        return {}
    if isinstance(field, models.BooleanField):
        kind = "boolean"
    elif isinstance(field, models.IntegerField | models.AutoField):
        kind = "integer"
    else:
        kind = "string"
    return {"type": [kind, "null"]}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _joined(parts: Iterable[str]) -> Iterator[str]:
    for number, part in enumerate(parts):
        yield f",\n{part}" if number else f"\n{part}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
