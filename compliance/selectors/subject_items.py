"""The data items of which a person or an address has rows, in one prepared statement."""

from functools import cache

from compliance.registry import ITEMS
from compliance.selectors.composed import SOME_MOMENTS, SOMEBODY, moments_now, sql_of
from compliance.selectors.erasable import Subject, rows_about
from compliance.selectors.own_data import told_of
from portals.decision.prepared import PreparedStatement

ADDRESSES = ("address_1", "address_2", "address_3", "address_4")
NOBODY = {"person": "-1"} | dict.fromkeys(ADDRESSES, "-")  # neither is a key, or an address


def items_about(subject: Subject) -> set[str]:
    """Return the codes of the data items of which a subject has a row.

    Rows about a breach of which nobody told them are left out (L33).
    """
    found: set[str] = set()
    person = {"person": str(subject.person.pk)} if subject.person else {}
    addresses = sorted(subject.addresses)
    now = moments_now()
    for start in range(0, max(len(addresses), 1), len(ADDRESSES)):
        some = dict(zip(ADDRESSES, addresses[start:], strict=False))
        found |= {str(code) for (code,) in _codes().rows(**NOBODY | person | some | now)}
    return found


@cache
def _codes() -> PreparedStatement:
    """Compose the statement. The database of a process stays the same."""
    somebody = Subject(SOMEBODY, frozenset(f"{{{name}}}" for name in ADDRESSES))
    parts = []
    for item in ITEMS:
        for table in item.tables:
            if not (table.person or table.address):
                continue
            rows = told_of(table, rows_about(table, somebody), SOME_MOMENTS).order_by()
            parts.append(f"SELECT '{item.code}' WHERE EXISTS ({sql_of(rows.values('pk')[:1])})")
    return PreparedStatement("compliance_items", " UNION ALL ".join(parts))
