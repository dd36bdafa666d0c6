"""The evidence file of a breach: a ZIP that anybody can read without the hub (L30)."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.utils import timezone

from accounts.choices import Language
from compliance.choices.breaches import PARTS
from compliance.models import Affected, Breach, Letter, Wave
from compliance.selectors.affected import BATCH, list_lines, with_outcome
from preferences.models import DeliveryEvent, Message

IN_MEMORY = 4 * 1024 * 1024  # bytes; a larger file is on disk
README = """Evidence about breach {reference}, made {made_at} by the hub of {provider}.

breach.json      facts, decision on the risk, holds, reports, companies told
notice-N.json    the text of notice N in six parts, who wrote and released it, and the
                 number of the notice that it corrects, if any
list-N.jsonl     the people of notice N, one JSON text on each line
proof-N.jsonl    what is known of each person's notice; "corrects" is the "pk" of the same
                 person in the list of the notice that was corrected

To check notice N without the hub:
- its text: in notice-N.json take "texts", write it as JSON with sorted keys, without spaces, as
  UTF-8; its SHA-256 is "sha256";
- its list: the SHA-256 of the file list-N.jsonl, byte for byte, is "list_sha256".
"""


def evidence_file(breach: Breach, *, provider: str) -> IO[bytes]:
    """Return the ZIP of a breach, at its beginning; one row at a time is in memory."""
    made = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 -- the caller closes it
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        words = {"reference": breach.reference, "provider": provider}
        made_at = timezone.now().isoformat(timespec="seconds")
        archive.writestr("README.txt", README.format(made_at=made_at, **words))
        archive.writestr("breach.json", _json(_record(breach), indent=2))
        waves = breach.waves.filter(released_at__isnull=False).select_related("corrects")
        for wave in waves.order_by("number"):
            archive.writestr(f"notice-{wave.number}.json", _json(_wave(wave), indent=2))
            _write(archive, f"list-{wave.number}.jsonl", list_lines(wave))
            _write(archive, f"proof-{wave.number}.jsonl", _proofs(wave))
    made.seek(0)
    return made


def _write(archive: zipfile.ZipFile, name: str, lines: Iterator[str]) -> None:
    with archive.open(name, "w", force_zip64=True) as target:
        for line in lines:
            target.write(f"{line}\n".encode())


def _json(value: Any, **options: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, sort_keys=True, **options)


def _row(row: Model, *left_out: str) -> dict[str, Any]:
    """Return the fields of a row; people by their names."""
    names = [f.name for f in row._meta.concrete_fields if f.name not in ("id", *left_out)]
    values = {name: getattr(row, name) for name in names}
    return {
        name: str(value) if isinstance(value, Model) else value for name, value in values.items()
    }


def _record(breach: Breach) -> dict[str, Any]:
    reports = breach.reports.select_related("decided_by").prefetch_related("filings__by")
    return {
        "breach": _row(breach),
        "holds": [
            {**_row(hold, "breach"), "in_force_until": hold.ends_at}
            for hold in breach.holds.select_related("placed_by", "reviewed_by", "ended_by")
        ],
        "reports": [
            {
                **_row(report, "breach"),
                "sent": [_row(filing, "report") for filing in report.filings.all()],
            }
            for report in reports.order_by("pk")
        ],
        "companies_told": [
            _row(notice, "breach", "campaign")
            for notice in breach.customer_notices.select_related("customer", "sent_by")
        ],
    }


def _wave(wave: Wave) -> dict[str, Any]:
    texts = {f"{part}_{code}": wave.text(part, code) for part in PARTS for code in Language.values}
    corrects = wave.corrects.number if wave.corrects else None
    facts = _row(wave, "breach", "campaign", "corrects", *texts)
    return {**facts, "corrects": corrects, "texts": texts}


def _proofs(wave: Wave) -> Iterator[str]:
    """Yield what is known of each person's notice: email, reports, letters, reading, end."""
    rows = with_outcome(wave.affected.select_related("reading", "end__by").order_by("pk"))
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        last = batch[-1].pk
        keys = [row.message_key for row in batch if row.message_key]
        messages = Message.objects.select_related("decision").in_bulk(keys)
        reports: dict[int, list[dict[str, Any]]] = {}
        for report in DeliveryEvent.objects.filter(message__in=keys).order_by("pk"):
            known = {"kind": report.kind, "at": report.at, "diagnostic": report.diagnostic}
            reports.setdefault(report.message_id, []).append(known)
        letters: dict[int, list[dict[str, Any]]] = {}
        for letter in Letter.objects.filter(affected__in=batch).order_by("pk"):
            letters.setdefault(letter.affected_id, []).append(_row(letter, "affected"))
        for row in batch:
            message = messages.get(row.message_key)
            yield _json(
                {
                    "pk": row.pk,
                    "corrects": row.corrects_id,
                    "outcome": row.outcome,
                    "email": _email(message) if message else None,
                    "reports": reports.get(row.message_key, []),
                    "letters": letters.get(row.pk, []),
                    "read_at": _at(row, "reading"),
                    "end": _row(row.end, "affected") if hasattr(row, "end") else None,
                }
            )


def _email(message: Message) -> dict[str, Any]:
    decision = getattr(message, "decision", None)
    return {
        "address": message.address,
        "message_id": message.message_id,
        "state": message.state,
        "decided_at": decision.at if decision else None,
        "reason": decision.reason if decision else None,
        "answer": decision.detail if decision else None,
    }


def _at(row: Affected, name: str) -> datetime | None:
    related = getattr(row, name, None)
    return related.at if related else None
