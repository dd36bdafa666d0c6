"""The data registry: every field of every model is in one data item, or is not personal (L50).

A new field gets its name into a Table of the file of its app here, or into NOT_PERSONAL with a
reason. tests/compliance/test_registry.py names what is missing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Model

from compliance.registry import (
    accounts,
    breaches,
    erasures,
    logs,
    own,
    portals,
    preferences,
    programmes,
    requests,
    third_party,
)
from compliance.registry.items import DataItem, NotPersonal

_PARTS: tuple[Any, ...] = (
    accounts,
    requests,
    portals,
    preferences,
    third_party,
    own,
    erasures,
    programmes,
    logs,
    breaches,
)

ITEMS: tuple[DataItem, ...] = tuple(item for part in _PARTS for item in part.ITEMS)
NOT_PERSONAL: tuple[NotPersonal, ...] = tuple(
    entry for part in _PARTS for entry in getattr(part, "NOT_PERSONAL", ())
)


def item_labels(codes: Iterable[str]) -> list[Any]:
    """Return the labels of data items by their codes, in the order of the registry."""
    wanted = set(codes)
    return [item.label for item in ITEMS if item.code in wanted]


def item_choices() -> list[tuple[str, Any]]:
    """Return the code and label of each data item, for a field of a form."""
    return [(item.code, item.label) for item in ITEMS]


def registered_fields() -> Iterator[tuple[str, str]]:
    """Yield model and field of every entry; the field is `*` for a whole model."""
    for item in ITEMS:
        for table in item.tables:
            yield from ((table.model, name) for name in table.names())
    for entry in NOT_PERSONAL:
        yield from ((entry.model, name) for name in entry.fields.split())


def faults_of(models: Iterable[type[Model]]) -> list[str]:
    """Return in words which fields are missing in the registry, named twice, or gone."""
    entries = Counter(registered_fields())
    faults = [f"{model}.{name} is named {n} times" for (model, name), n in entries.items() if n > 1]
    known = set()
    for model in models:
        label = model._meta.label
        names = {field.name for field in model._meta.local_fields}
        known |= {(label, name) for name in (*names, "*")}
        listed = {name for entry, name in entries if entry == label}
        if "*" in listed:
            faults += [f"{label}.{name} is in a whole model" for name in listed - {"*"}]
        else:
            faults += [f"{label}.{name} has no entry" for name in sorted(names - listed)]
    faults += [f"{model}.{name} is gone" for model, name in entries if (model, name) not in known]
    return sorted(faults)
