"""Events as the JSON lines of an export: what their hash covers, and their readable words."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from accounts.models import AuditEvent
from accounts.models.sealed_words import ErasedWord, open_events
from accounts.selectors.event_sources import BATCH_SIZE
from accounts.selectors.events import shown_data


def line_of(event: AuditEvent, *, whole: bool = True) -> str:
    """Return an event as a line of an export; not `whole`, with its place and hashes alone.

    The hash covers everything but itself and `words`: what is in each part of `sealed`, or null
    where it is erased. The last part of each is random; its SHA-256 is in `sealed`.
    """
    content = event.content() | {"hash": event.hash}
    if not whole:
        content = {name: content[name] for name in ("chain", "sequence", "previous_hash", "hash")}
    elif event.sealed:
        content["words"] = event.parts
    return _line(content)


def own_line_of(event: AuditEvent) -> str:
    """Return an event as a line of a person's own export: what its sentence shows, and its hash.

    The rest of the event may be about other people. The company's export has the whole event, under
    the same chain, number and hash.
    """
    content = event.content()
    return _line(
        {
            **{name: content[name] for name in ("chain", "sequence", "at", "kind")},
            "actor_name": _without_erased(event.actor_name),
            "data": _without_erased(shown_data(event)),
            "hash": event.hash,
        }
    )


def chain_lines(events: QuerySet[AuditEvent]) -> Iterator[str]:
    """Yield any number of events as lines, opened in batches."""
    rest = events.iterator(chunk_size=BATCH_SIZE)
    while batch := list(islice(rest, BATCH_SIZE)):
        open_events(batch)
        yield from (line_of(event) for event in batch)


def _without_erased(value: Any) -> Any:
    """Return words for JSON: null in the place of those whose key is deleted."""
    if isinstance(value, dict):
        return {name: _without_erased(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_erased(part) for part in value]
    return None if isinstance(value, ErasedWord) else value


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True) + "\n"
