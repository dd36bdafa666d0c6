"""Rules that the database keeps by itself, on PostgreSQL and SQLite.

Every rule is a `Trigger` in the `Meta.constraints` of a model, so `makemigrations` sees a new text.
No trigger knows a bypass flag; `removed` takes all away, for tests alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.constraints import BaseConstraint

from accounts.intervals import in_engine

ENTRY_LENGTH = 400  # characters of a search entry


class Trigger(BaseConstraint):
    """One trigger, as the complete SQL that creates it on each engine.

    A migration freezes these statements: the functions below may change, and an old migration still
    writes the rule of its day. `name` is the trigger's name, unique in the database.

    The trigger may be on another model's table: an upper app that needs a rule on a lower app's
    table puts it into the constraints of its own model that the rule serves.
    """

    def __init__(self, *, name: str, sqlite: list[str], postgresql: list[str]) -> None:
        """Take one statement or none for SQLite, and two for PostgreSQL: function, then trigger."""
        super().__init__(name=name)
        self.sqlite = sqlite
        self.postgresql = postgresql

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Trigger):
            return self.deconstruct() == other.deconstruct()
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<Trigger: {self.name}>"

    def deconstruct(self) -> Any:
        """Freeze the statements."""
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "sqlite": self.sqlite, "postgresql": self.postgresql}

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Check nothing: the database does."""

    def create_statements(self, vendor: str) -> list[str]:
        """Return the statements that create it; on PostgreSQL they replace an older one."""
        return self.sqlite if vendor == "sqlite" else self.postgresql

    def remove_statement(self, vendor: str) -> str:
        """Return the statement that drops it, whatever its table is called by now."""
        if vendor == "sqlite":
            return f"DROP TRIGGER IF EXISTS {self.name}"
        return f"DROP FUNCTION IF EXISTS {self.name}() CASCADE"

    def installed_text(self, vendor: str) -> str:
        """Return the text that `installed_triggers` reads of it; "" where there is no statement."""
        statements = self.create_statements(vendor)
        if vendor == "sqlite":
            return "".join(statements)
        function, trigger = statements
        return f"{trigger.replace('CREATE OR REPLACE', 'CREATE')} {function.split('$$')[1]}"

    # Django annotates the three below as Statement, and takes text as well.

    def create_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        """Return the SQL for a table that is there."""
        assert schema_editor is not None  # noqa: S101 -- only Django's type allows it
        return "; ".join(self.create_statements(schema_editor.connection.vendor))

    def remove_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        """Return the SQL that drops it."""
        assert schema_editor is not None  # noqa: S101 -- only Django's type allows it
        return self.remove_statement(schema_editor.connection.vendor)

    def constraint_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        """Add nothing to CREATE TABLE; the trigger follows when the migration's tables are there.

        SQLite changes a table by building a new one, named new__…; `hub.sqlite` keeps its triggers.
        """
        assert schema_editor is not None  # noqa: S101 -- only Django's type allows it
        if not model._meta.db_table.startswith("new__"):
            schema_editor.deferred_sql.extend(
                self.create_statements(schema_editor.connection.vendor)
            )


def refuse(
    name: str,
    *,
    table: str,
    when: dict[str, str],
    message: str,
    postgresql_first: str = "",
    no_truncate: bool = False,
) -> list[Trigger]:
    """Refuse a row, before each event of `when`, if its SQL condition over OLD and NEW holds.

    The condition is the same on both engines (periods: `accounts.intervals`). `postgresql_first` is
    PL/pgSQL that runs before it (a lock). `no_truncate` refuses TRUNCATE as well.
    """
    raise_it = f"RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation';"
    triggers = [
        _trigger(
            f"{name}_{event.lower()}",
            sqlite=f"BEFORE {event} ON {table} FOR EACH ROW WHEN {condition}"
            f" BEGIN SELECT RAISE(ABORT, '{message}'); END",
            timing=f"BEFORE {event} ON {table} FOR EACH ROW",
            body=f"{postgresql_first} IF {condition} THEN {raise_it} END IF;"
            f" RETURN {'OLD' if event == 'DELETE' else 'NEW'};",
        )
        for event, condition in when.items()
    ]
    if no_truncate:
        timing = f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
        triggers.append(_trigger(f"{name}_truncate", timing=timing, body=raise_it))
    return triggers


def refuse_set(name: str, *, table: str, when: str, message: str) -> Trigger:
    """Refuse an INSERT, if an SQL condition over NEW holds for any of its rows.

    PostgreSQL asks once for all rows, SQLite for each: for tables that take a million rows at once.
    """
    added = when.replace("NEW.", "added.")
    return _trigger(
        name,
        sqlite=f"BEFORE INSERT ON {table} FOR EACH ROW WHEN {when}"
        f" BEGIN SELECT RAISE(ABORT, '{message}'); END",
        timing=f"AFTER INSERT ON {table} REFERENCING NEW TABLE AS added FOR EACH STATEMENT",
        body=f"IF EXISTS (SELECT 1 FROM added WHERE {added}) THEN"  # noqa: S608 -- ours
        f" RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF; RETURN NULL;",
    )


def effect(
    name: str, *, table: str, event: str, statements: list[str], when: str = "TRUE"
) -> Trigger:
    """Run SQL after a row was written, if a condition over OLD and NEW holds."""
    # PostgreSQL asks within the function: a column in a trigger's own WHEN can't change its type.
    sql = "; ".join(statements) + ";"
    return _trigger(
        name,
        sqlite=f"AFTER {event} ON {table} FOR EACH ROW WHEN {when} BEGIN {sql} END",
        timing=f"AFTER {event} ON {table} FOR EACH ROW",
        body=f"IF {when} THEN {sql} END IF; RETURN NULL;",
    )


def search_entries(
    table: str, *, entries: str, scope: dict[str, str] | None = None
) -> list[Trigger]:
    """Keep the search entries of a table true to its `search_words` and `search_name`.

    `scope` has further columns of the entries, each with its SQL over NEW.
    """
    scope = scope or {}
    columns = ", ".join(["row_id", "entry", *scope])
    values = ", ".join(
        ["NEW.id", f"substr(word || ' ' || NEW.search_name, 1, {ENTRY_LENGTH})", *scope.values()]
    )
    # A JSON array, because SQLite has no function that splits a text.
    array = """'[' || replace(json_quote(NEW.search_words), ' ', '","') || ']'"""
    sources = {
        "sqlite": f"(SELECT DISTINCT value AS word FROM json_each({array}))",  # noqa: S608 -- ours
        "postgresql": "(SELECT DISTINCT string_to_table(NEW.search_words, ' ') AS word) AS words",
    }
    insert = {
        vendor: f"INSERT INTO {entries} ({columns}) SELECT {values} FROM {source} WHERE word <> '';"  # noqa: S608 -- ours
        for vendor, source in sources.items()
    }
    differs = "(NEW.search_words <> OLD.search_words OR NEW.search_name <> OLD.search_name)"
    remove = f"DELETE FROM {entries} WHERE row_id = OLD.id;"  # noqa: S608
    after = {
        "INSERT": ("TRUE", insert),
        "UPDATE": (differs, {vendor: f"{remove} {sql}" for vendor, sql in insert.items()}),
        "DELETE": ("TRUE", dict.fromkeys(insert, remove)),
    }
    return [
        _trigger(
            f"{entries}_{event.lower()}",
            sqlite=f"AFTER {event} ON {table} FOR EACH ROW WHEN {when} BEGIN {sql['sqlite']} END",
            timing=f"AFTER {event} ON {table} FOR EACH ROW",
            body=f"IF {when} THEN {sql['postgresql']} END IF; RETURN NULL;",
        )
        for event, (when, sql) in after.items()
    ]


def append_only(table: str, *, erased: str = "", over: str = "") -> list[Trigger]:
    """Refuse every change of a row once it is written.

    But an erasure or a retention rule may update it where `erased`, and delete it where `over`.
    """
    return refuse(
        f"{table}_append_only",
        table=table,
        when={
            event: f"NOT ({unless})" if unless else "TRUE"
            for event, unless in (("UPDATE", erased), ("DELETE", over))
        },
        message=f"{table} is append-only",
        no_truncate=True,
    )


def _trigger(name: str, *, timing: str, body: str, sqlite: str = "") -> Trigger:
    """Complete the statements, on one line each, so that indentation changes no rule."""
    function = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
    return Trigger(
        name=name,
        sqlite=[_one_line(f"CREATE TRIGGER {name} {sqlite}", "sqlite")] if sqlite else [],
        postgresql=[
            _one_line(f"{function} $$BEGIN {body} END$$", "postgresql"),
            f"CREATE OR REPLACE TRIGGER {name} {timing} EXECUTE FUNCTION {name}()",
        ],
    )


def _one_line(text: str, vendor: str) -> str:
    return in_engine(vendor, " ".join(text.split()))


def declared_triggers() -> dict[str, Trigger]:
    """Return the triggers of all models, by name."""
    return {
        constraint.name: constraint
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, Trigger)
    }


_INSTALLED = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    # Ours share their name with their function; those of a replication or repacking tool don't.
    # A disabled trigger is none.
    "postgresql": """
        SELECT t.tgname, pg_get_triggerdef(t.oid, true) || ' ' || p.prosrc
        FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid AND p.proname = t.tgname
        WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND pg_table_is_visible(t.tgrelid)
    """,
}


def installed_triggers(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Return the texts of the triggers that the database holds, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_INSTALLED[connection.vendor])
        return dict(cursor.fetchall())


def trigger_differences(connection: BaseDatabaseWrapper) -> list[str]:
    """Return a text for each trigger of the database that is not as in the code."""
    installed = installed_triggers(connection)
    expected = {
        name: text
        for name, trigger in declared_triggers().items()
        if (text := trigger.installed_text(connection.vendor))
    }
    return [
        *(f"{name} is missing" for name in sorted(expected.keys() - installed.keys())),
        *(f"{name} is left over" for name in sorted(installed.keys() - expected.keys())),
        *(
            f"{name} differs"
            for name in sorted(expected.keys() & installed.keys())
            if expected[name] != installed[name]
        ),
    ]


@contextmanager
def removed(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Remove all triggers for a block, for tests of the code that they protect."""
    triggers = declared_triggers().values()
    vendor = connection.vendor
    _execute(connection, [trigger.remove_statement(vendor) for trigger in triggers])
    try:
        yield
    finally:
        statements = [sql for trigger in triggers for sql in trigger.create_statements(vendor)]
        _execute(connection, statements)


def _execute(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
