"""The data items of which a person or an address has rows, in one prepared statement."""

from functools import cache
from typing import NamedTuple

from compliance.registry import ITEMS
from compliance.registry.items import Table
from compliance.selectors.composed import SOMEBODY, sql_of
from compliance.selectors.erasable import Subject, rows_about
from compliance.selectors.own_data import told_of
from portals.decision.prepared import PreparedStatement

ADDRESSES = ("address_1", "address_2", "address_3", "address_4")
NOBODY = {"person": "-1"} | dict.fromkeys(ADDRESSES, "-")  # neither is a key, or an address


class _Statement(NamedTuple):
    """The statement, and the tables that it cannot ask, with the codes of their items."""

    codes: PreparedStatement
    others: list[tuple[str, Table]]


def items_about(subject: Subject) -> set[str]:
    """Return the codes of the data items of which a subject has a row.

    Rows about a breach of which nobody told them are left out (L33).
    """
    statement = _statement()
    found = {
        code
        for code, table in statement.others
        if told_of(table, rows_about(table, subject)).exists()
    }
    person = {"person": str(subject.person.pk)} if subject.person else {}
    addresses = sorted(subject.addresses)
    for start in range(0, max(len(addresses), 1), len(ADDRESSES)):
        some = dict(zip(ADDRESSES, addresses[start:], strict=False))
        found |= {str(code) for (code,) in statement.codes.rows(**NOBODY | person | some)}
    return found


@cache
def _statement() -> _Statement:
    """Compose the statement. The database of a process stays the same."""
    somebody = Subject(SOMEBODY, frozenset(f"{{{name}}}" for name in ADDRESSES))
    parts, others = [], []
    for item in ITEMS:
        for table in item.tables:
            if not (table.person or table.address):
                continue
            rows = told_of(table, rows_about(table, somebody)).order_by()
            sql = sql_of(rows.values("pk")[:1])
            if sql is None:
                others.append((item.code, table))
            else:
                parts.append(f"SELECT '{item.code}' WHERE EXISTS ({sql})")
    return _Statement(PreparedStatement("compliance_items", " UNION ALL ".join(parts)), others)
