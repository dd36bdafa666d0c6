"""Rules the database itself keeps, for PostgreSQL and SQLite.

A trigger is installed by a migration and known here by name; `removed` takes it away for
tests alone. No trigger knows a bypass flag.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True)
class Refusal:
    """Refuse a row: before `events`, when an SQL condition over OLD and NEW holds.

    The condition is the same text on both databases; `postgresql_first` is PL/pgSQL that runs
    before it (a lock). `no_truncate` refuses TRUNCATE as well.
    """

    name: str
    table: str
    refuse_when: dict[str, str]  # event → condition
    message: str
    postgresql_first: str = ""
    no_truncate: bool = False

    def names(self) -> dict[str, str]:
        """event → the name of its trigger."""
        return {event: f"{self.name}_{event.lower()}" for event in self.refuse_when}

    def install_statements(self, vendor: str) -> list[str]:
        """SQL that creates it."""
        if vendor == "sqlite":
            return [
                f"""CREATE TRIGGER {name} BEFORE {event} ON {self.table} FOR EACH ROW
                WHEN {self.refuse_when[event]}
                BEGIN SELECT RAISE(ABORT, '{self.message}'); END"""
                for event, name in self.names().items()
            ]
        statements = []
        refuse = f"RAISE EXCEPTION '{self.message}' USING ERRCODE = 'check_violation';"
        for event, name in self.names().items():
            statements += _postgresql(
                name,
                f"BEFORE {event} ON {self.table} FOR EACH ROW",
                f"""{self.postgresql_first}
                IF {self.refuse_when[event]} THEN {refuse} END IF;
                RETURN {"OLD" if event == "DELETE" else "NEW"};""",
            )
        if self.no_truncate:
            statements += _postgresql(
                f"{self.name}_truncate",
                f"BEFORE TRUNCATE ON {self.table} FOR EACH STATEMENT",
                refuse,
            )
        return statements

    def remove_statements(self, vendor: str) -> list[str]:
        """SQL that drops it by name."""
        names = list(self.names().values())
        if vendor == "sqlite":
            return [f"DROP TRIGGER IF EXISTS {name}" for name in names]
        names += [f"{self.name}_truncate"] if self.no_truncate else []
        return [f"DROP TRIGGER IF EXISTS {name} ON {self.table}" for name in names]


@dataclass(frozen=True)
class SetRefusal:
    """Refuse an INSERT, when an SQL condition over NEW holds for any of its rows.

    PostgreSQL asks once for all rows of the statement, SQLite for each: for tables that take a
    million rows at once, where a trigger or a foreign key of their own would ask a million times.
    """

    name: str
    table: str
    refuse_when: str
    message: str

    def install_statements(self, vendor: str) -> list[str]:
        """SQL that creates it."""
        if vendor == "sqlite":
            return [
                f"""CREATE TRIGGER {self.name} BEFORE INSERT ON {self.table} FOR EACH ROW
                WHEN {self.refuse_when}
                BEGIN SELECT RAISE(ABORT, '{self.message}'); END"""
            ]
        condition = self.refuse_when.replace("NEW.", "added.")
        return _postgresql(
            self.name,
            f"AFTER INSERT ON {self.table} REFERENCING NEW TABLE AS added FOR EACH STATEMENT",
            f"""IF EXISTS (SELECT 1 FROM added WHERE {condition}) THEN
                RAISE EXCEPTION '{self.message}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;""",  # noqa: S608 -- a condition of ours
        )

    def remove_statements(self, vendor: str) -> list[str]:
        """SQL that drops it by name."""
        on = "" if vendor == "sqlite" else f" ON {self.table}"
        return [f"DROP TRIGGER IF EXISTS {self.name}{on}"]


@dataclass(frozen=True)
class Effect:
    """Do something after a row was written: plain SQL, the same on both databases."""

    name: str
    table: str
    event: str
    statements: tuple[str, ...]
    when: str = "TRUE"

    def install_statements(self, vendor: str) -> list[str]:
        """SQL that creates it."""
        body = "; ".join(self.statements) + ";"
        if vendor == "sqlite":
            return [
                f"""CREATE TRIGGER {self.name} AFTER {self.event} ON {self.table} FOR EACH ROW
                WHEN {self.when} BEGIN {body} END"""
            ]
        return _postgresql(
            self.name,
            f"AFTER {self.event} ON {self.table} FOR EACH ROW WHEN ({self.when})",
            f"{body} RETURN NULL;",
        )

    def remove_statements(self, vendor: str) -> list[str]:
        """SQL that drops it by name."""
        on = "" if vendor == "sqlite" else f" ON {self.table}"
        return [f"DROP TRIGGER IF EXISTS {self.name}{on}"]


Trigger = Refusal | SetRefusal | Effect

ALL: list[Trigger] = []


def register(*triggers: Trigger) -> list[Trigger]:
    """Remember triggers, so that tests can take them away and put them back."""
    ALL.extend(triggers)
    return list(triggers)


def append_only(table: str) -> Refusal:
    """Rows of this table are written once: no update, no delete, no truncate."""
    return Refusal(
        name=f"{table}_append_only",
        table=table,
        refuse_when={"UPDATE": "TRUE", "DELETE": "TRUE"},
        message=f"{table} is append-only",
        no_truncate=True,
    )


def _postgresql(name: str, timing: str, body: str) -> list[str]:
    return [
        f"""CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN {body} END $$""",
        f"CREATE OR REPLACE TRIGGER {name} {timing} EXECUTE FUNCTION {name}()",
    ]


def install(connection: BaseDatabaseWrapper, triggers: Iterable[Trigger]) -> None:
    """Create these triggers; what is already there is replaced."""
    remove(connection, triggers)
    with connection.cursor() as cursor:
        for trigger in triggers:
            for statement in trigger.install_statements(connection.vendor):
                cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper, triggers: Iterable[Trigger]) -> None:
    """Drop these triggers by name."""
    with connection.cursor() as cursor:
        for trigger in triggers:
            for statement in trigger.remove_statements(connection.vendor):
                cursor.execute(statement)


@contextmanager
def removed(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """All triggers away for the length of a block: for tests of what is found behind them alone."""
    remove(connection, ALL)
    try:
        yield
    finally:
        with transaction.atomic(using=connection.alias):
            install(connection, ALL)


_NOT_A_LIVE_SUPER_USER = (
    "(NEW.role <> 'super_user' OR NEW.suspended_at IS NOT NULL"
    " OR NEW.ends_at IS NOT NULL OR NEW.ended_at IS NOT NULL)"
)
_IS_MAIN = (
    "EXISTS (SELECT 1 FROM accounts_customer c"
    " WHERE c.id = OLD.customer_id AND c.main_super_user_id = OLD.id)"
)
_LOCK_CUSTOMER = "PERFORM 1 FROM accounts_customer WHERE id = OLD.customer_id FOR UPDATE;"
_MAIN_IS_NOT_LIVE = """NEW.main_super_user_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM accounts_membership m
    WHERE m.id = NEW.main_super_user_id AND m.customer_id = NEW.id AND m.role = 'super_user'
      AND m.suspended_at IS NULL AND m.ends_at IS NULL AND m.ended_at IS NULL)"""
_TEAM_OF_ANOTHER_CUSTOMER = """(SELECT t.customer_id FROM accounts_team t WHERE t.id = NEW.team_id)
    <> (SELECT m.customer_id FROM accounts_membership m WHERE m.id = NEW.membership_id)"""

# A trigger that counts Super Users loses races; a lock on the customer's row does not.
TRIGGERS = register(
    Refusal(
        name="main_super_user_stays",
        table="accounts_membership",
        refuse_when={"UPDATE": f"{_IS_MAIN} AND {_NOT_A_LIVE_SUPER_USER}", "DELETE": _IS_MAIN},
        message="the main Super User keeps a live Super User membership without an end",
        postgresql_first=_LOCK_CUSTOMER,
    ),
    Refusal(
        name="membership_keeps_its_person",
        table="accounts_membership",
        refuse_when={"UPDATE": "NEW.customer_id <> OLD.customer_id OR NEW.user_id <> OLD.user_id"},
        message="a membership never moves to another person or customer",
    ),
    Refusal(
        name="main_super_user_is_live",
        table="accounts_customer",
        refuse_when={"INSERT": _MAIN_IS_NOT_LIVE, "UPDATE": _MAIN_IS_NOT_LIVE},
        message="the main Super User is a live Super User of this customer",
    ),
    Refusal(
        name="customer_is_pending_once",
        table="accounts_customer",
        refuse_when={"UPDATE": "NEW.status = 'pending' AND OLD.status <> 'pending'"},
        message="a customer that had a main Super User is never without one again",
    ),
    Refusal(
        name="team_within_customer",
        table="accounts_teammembership",
        refuse_when={"INSERT": _TEAM_OF_ANOTHER_CUSTOMER, "UPDATE": _TEAM_OF_ANOTHER_CUSTOMER},
        message="a team holds people of its own customer only",
    ),
    append_only("accounts_auditevent"),
)
