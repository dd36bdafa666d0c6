"""The registry at one moment, to keep beside a policy, and what was added since (L17)."""

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from compliance import registry
from compliance.registry.items import (
    Basis,
    DataItem,
    Purpose,
    Recipient,
    Retention,
    Source,
    Start,
    Viewer,
)

Snapshot = dict[str, dict[str, Any]]


def registry_snapshot(items: Iterable[DataItem] | None = None) -> Snapshot:
    """Return each data item's purposes, recipients and so on by codes, always in the same order.

    It is plain JSON: codes and numbers without words, so that a better wording is no change.
    """
    everything = registry.ITEMS if items is None else items
    return {
        item.code: {
            "purposes": sorted(item.purposes),
            "recipients": sorted(item.recipients),
            "seen_by": sorted(item.seen_by),
            "sources": sorted(item.sources),
            "basis": str(item.basis),
            "retention": {"days": item.retention.days, "start": str(item.retention.start)},
        }
        for item in sorted(everything, key=lambda item: item.code)
    }


def drift_between(snapshot: Snapshot, now: Snapshot | None = None) -> list[str]:
    """Return in sentences what the hub does now that the snapshot does not say.

    That is a new kind of data, purpose, basis, source, recipient or viewer, and longer keeping.
    What became less is no drift. Empty for none.
    """
    found: list[str] = []
    for code, present in (registry_snapshot() if now is None else now).items():
        label = str(_labels().get(code, code))
        stated = snapshot.get(code)
        if stated is None:
            found.append(_("“%(item)s” is a new kind of data.") % {"item": label})
            continue
        for key, codes, sentence in (
            ("purposes", Purpose, _("“%(item)s” has a new purpose: %(what)s.")),
            ("recipients", Recipient, _("“%(item)s” has a new recipient: %(what)s.")),
            ("seen_by", Viewer, _("“%(item)s” is now also seen by: %(what)s.")),
            ("sources", Source, _("“%(item)s” has a new source: %(what)s.")),
        ):
            added = [each for each in present[key] if each not in stated[key]]
            found += [sentence % {"item": label, "what": codes(each).label} for each in added]
        if present["basis"] != stated["basis"]:
            words = {"item": label, "what": Basis(present["basis"]).label}
            found.append(_("“%(item)s” rests on another legal basis: %(what)s.") % words)
        if _is_longer(present["retention"], stated["retention"]):
            words = {
                "item": label,
                "now": _rule(present["retention"]),
                "before": _rule(stated["retention"]),
            }
            found.append(_("“%(item)s” is kept longer: %(now)s Before: %(before)s") % words)
    return found


def _labels() -> dict[str, str | Promise]:
    return {item.code: item.label for item in registry.ITEMS}


def _is_longer(now: dict[str, Any], before: dict[str, Any]) -> bool:
    """Return whether data may be kept longer; from another moment on, nobody can tell."""
    if before["days"] is None:
        return False
    if now["days"] is None or now["start"] != before["start"]:
        return True
    return bool(now["days"] > before["days"])


def _rule(retention: dict[str, Any]) -> str:
    return Retention(retention["days"], Start(retention["start"])).words
