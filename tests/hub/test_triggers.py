"""Triggers migrate: a changed one is detected and replaced, and none is lost."""

import ast
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, migrations, models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.writer import MigrationWriter

from accounts.models import Undo
from accounts.triggers import (
    Trigger,
    append_only,
    declared_triggers,
    installed_triggers,
    refuse,
    trigger_differences,
)

OURS = ("accounts", "portals", "preferences", "compliance")
RULE = "accounts_undo_append_only_update"


@contextmanager
def empty_database(folder, name):
    """A connection to a new database of the same engine."""
    settings = connections.settings["default"]
    with ExitStack() as stack:
        if connection.vendor == "postgresql":
            database = f"{connection.settings_dict['NAME']}_{name}"
            with connection._nodb_cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {database}")
                cursor.execute(f"CREATE DATABASE {database}")
            stack.callback(_drop, database)
        else:
            database = str(folder / f"{name}.sqlite3")
        connections.settings[name] = {**settings, "NAME": database}
        new = connections.create_connection(name)
        del connections.settings[name]
        stack.callback(new.close)
        yield new


@contextmanager
def known(database):
    """Django finds it by its alias; the test cases of other tests must not, and close it."""
    connections.settings[database.alias] = database.settings_dict
    connections[database.alias] = database
    try:
        yield
    finally:
        del connections[database.alias], connections.settings[database.alias]


def _drop(database):
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE {database}")


def rules_of(state, vendor):
    """The triggers that a database with these models holds."""
    texts = {
        constraint.name: constraint.installed_text(vendor)
        for model in state.models.values()
        for constraint in model.options.get("constraints", [])
        if isinstance(constraint, Trigger)
    }
    return {name: text for name, text in texts.items() if text}


@pytest.fixture(scope="module")
def upgraded(django_db_setup, django_db_blocker, tmp_path_factory):
    """A database brought here one migration at a time, its state, and what it held at each."""
    with (
        django_db_blocker.unblock(),
        empty_database(tmp_path_factory.mktemp("upgraded"), "upgraded") as database,
    ):
        with known(database):
            state, boundaries = migrate_step_by_step(database)
        yield database, state, boundaries


def migrate_step_by_step(database):
    """Return the models at the end, and the rules expected and found after each migration."""
    executor = MigrationExecutor(database)
    executor.recorder.ensure_schema()
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    state = executor._create_project_state(with_applied_migrations=True)
    state.apps  # noqa: B018 -- rendered once, as Django does: three times as fast
    boundaries = []
    for migration, _backwards in plan:
        state = executor.apply_migration(state, migration)
        expected = rules_of(state, database.vendor)
        boundaries.append((str(migration), expected, installed_triggers(database)))
    return state, boundaries


@pytest.fixture
def database(upgraded, db):
    with known(upgraded[0]):
        yield upgraded[0]


@pytest.fixture
def state(upgraded):
    return upgraded[1].clone()


def edited(state):
    """The models with another text of one rule, and the migration that Django makes of it."""
    to_state = state.clone()
    options = to_state.models["accounts", "undo"].options
    [changed, *_] = refuse(
        RULE.removesuffix("_update"),
        table="accounts_undo",
        when={"UPDATE": "NEW.id = OLD.id"},
        message="edited",
    )
    options["constraints"] = [
        changed if constraint.name == RULE else constraint for constraint in options["constraints"]
    ]
    changes = MigrationAutodetector(state, to_state)._detect_changes()
    assert list(changes) == ["accounts"]
    [migration] = changes["accounts"]
    return changed, migration


def apply(database, state, *operations):
    """Migrate by these operations as Django does; out: the state after it."""
    migration = migrations.Migration("later", "accounts")
    migration.operations = list(operations)
    with database.schema_editor(atomic=migration.atomic) as editor:
        return migration.apply(state.clone(), editor)


def test_a_database_has_every_trigger_of_the_models(db):
    assert trigger_differences(connection) == []
    assert len(installed_triggers(connection)) > 80


def test_an_upgraded_database_has_the_same_triggers_as_a_fresh_one(upgraded, db):
    database, state, _ = upgraded

    assert installed_triggers(database) == installed_triggers(connection)
    assert rules_of(state, database.vendor) == installed_triggers(database)


def test_no_trigger_is_missing_between_two_migrations(upgraded, db):
    _, _, boundaries = upgraded

    assert boundaries[-1][1]
    for migration, expected, installed in boundaries:
        assert installed == expected, migration


def test_makemigrations_detects_an_edited_trigger(db, monkeypatch, capsys):
    call_command("makemigrations", check_changes=True, dry_run=True)
    edited = [Trigger(name=RULE, sqlite=[], postgresql=[]), *Undo._meta.constraints[1:]]
    monkeypatch.setattr(Undo._meta, "constraints", edited)

    with pytest.raises((CommandError, SystemExit)):
        call_command("makemigrations", check_changes=True, dry_run=True)

    assert RULE in capsys.readouterr().out


def test_a_migration_contains_the_triggers_text(state, db):
    changed, migration = edited(state)

    written = MigrationWriter(migration).as_string()

    assert repr(changed.sqlite) in written
    assert repr(changed.postgresql) in written
    assert "accounts.triggers.Trigger(" in written
    for helper in ("refuse", "append_only", "effect("):
        assert f"triggers.{helper}" not in written


def test_an_edited_trigger_is_replaced_by_the_upgrade(database, state):
    before = installed_triggers(database)
    changed, migration = edited(state)

    apply(database, state, *migration.operations)
    after = installed_triggers(database)
    [old] = [rule for rule in Undo._meta.constraints if rule.name == RULE]
    later = state.clone()
    migration.mutate_state(later, preserve=False)
    apply(
        database,
        later,
        migrations.RemoveConstraint("undo", RULE),
        migrations.AddConstraint("undo", old),
    )

    assert after == {**before, RULE: changed.installed_text(database.vendor)}
    assert installed_triggers(database) == before


def test_an_interrupted_upgrade_keeps_the_old_trigger(database, state):
    before = installed_triggers(database)
    _, migration = edited(state)
    [remove, add] = migration.operations

    with pytest.raises(DatabaseError):
        apply(database, state, remove, migrations.RunSQL("SELECT nothing FROM nowhere"), add)

    assert installed_triggers(database) == before


@pytest.mark.parametrize(
    ("model", "column"), [("user", "email"), ("customer", "slug"), ("undo", None)]
)
def test_a_changed_table_keeps_every_trigger(database, state, model, column):
    """SQLite builds it anew, with rules on it and rules elsewhere that read it."""
    before = installed_triggers(database)
    operations = [
        migrations.AddField(model, "extra", models.IntegerField(default=1)),
        migrations.RemoveField(model, "extra"),
    ]
    if column:
        field = state.models["accounts", model].fields[column]
        longer = field.clone()
        longer.max_length = 400
        operations += [
            migrations.AlterField(model, column, longer),
            migrations.AlterField(model, column, field),
        ]

    for operation in operations:
        state = apply(database, state, operation)
        assert installed_triggers(database) == before, operation


def test_a_table_is_created_with_its_triggers(database, state):
    rules = append_only("accounts_paper")
    fields = [("id", models.BigAutoField(primary_key=True))]
    create = migrations.CreateModel("Paper", fields, options={"constraints": rules})
    add = migrations.AddField("paper", "title", models.CharField(max_length=5, default=""))
    before = installed_triggers(database)

    later = apply(database, state, create, add)
    with_it = installed_triggers(database)
    apply(database, later, migrations.DeleteModel("Paper"))

    expected = {rule.name: rule.installed_text(database.vendor) for rule in rules}
    assert with_it == {**before, **{name: text for name, text in expected.items() if text}}
    assert installed_triggers(database) == before


def test_a_renamed_table_gets_its_triggers_again(database, state):
    """SQLite writes the new name into its triggers; what the models say replaces them."""
    before = installed_triggers(database)
    old, new = append_only("accounts_undo"), append_only("accounts_undone")

    later = apply(
        database,
        state,
        migrations.RenameModel("Undo", "Undone"),
        *(migrations.RemoveConstraint("Undone", rule.name) for rule in old),
        *(migrations.AddConstraint("Undone", rule) for rule in new),
    )
    renamed = installed_triggers(database)
    apply(
        database,
        later,
        *(migrations.RemoveConstraint("Undone", rule.name) for rule in new),
        migrations.RenameModel("Undone", "Undo"),
        *(migrations.AddConstraint("Undo", rule) for rule in old),
    )

    assert renamed == rules_of(later, database.vendor)
    assert installed_triggers(database) == before


def test_migrations_are_atomic_and_import_no_model_code(db):
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app not in OURS:
            continue
        assert migration.atomic, (app, name)
        tree = ast.parse(Path(f"{app}/migrations/{name}.py").read_text())
        imported = {
            alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        # The class of a rule, of a field, and what checks a field's values: never SQL or rows.
        assert {path for path in imported if path.split(".")[0] in OURS} <= {
            "accounts.triggers",
            "accounts.models.search",
            "accounts.validators",
            "preferences.validators",
        }, (app, name)


def execute(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def rules(client):
    response = client.get("/readyz")
    return response.status_code, response.json()["parts"]["rules"]


def test_readyz_reports_a_missing_trigger(db, client, caplog):
    execute(declared_triggers()[RULE].remove_statement(connection.vendor))

    assert rules(client) == (503, "unavailable")
    assert f"not ready: {RULE} is missing" in caplog.text


def test_readyz_names_only_the_first_differences(db, client, caplog):
    execute(
        *(rule.remove_statement(connection.vendor) for rule in declared_triggers().values()),
        "DELETE FROM django_migrations",
    )

    assert rules(client) == (503, "unavailable")
    assert "is missing; and " in caplog.text


def test_readyz_reports_a_different_trigger_text(db, client, caplog):
    rule = declared_triggers()[RULE]
    execute(
        rule.remove_statement(connection.vendor),
        *(sql.replace("UPDATE", "INSERT") for sql in rule.create_statements(connection.vendor)),
    )

    assert rules(client) == (503, "unavailable")
    assert f"not ready: {RULE} differs" in caplog.text


def test_readyz_reports_a_leftover_trigger(db, client, caplog):
    [rule] = refuse("old_rule", table="accounts_undo", when={"INSERT": "TRUE"}, message="no")
    execute(*rule.create_statements(connection.vendor))

    assert rules(client) == (503, "unavailable")
    assert "not ready: old_rule_insert is left over" in caplog.text


def test_a_disabled_trigger_is_reported_as_missing(db):
    """PostgreSQL can disable one; on SQLite that is to drop it."""
    if connection.vendor == "postgresql":
        execute(f"ALTER TABLE accounts_undo DISABLE TRIGGER {RULE}")
    else:
        execute(f"DROP TRIGGER {RULE}")

    assert trigger_differences(connection) == [f"{RULE} is missing"]


def test_readyz_accepts_triggers_of_a_later_version(db, client):
    """While an upgrade is rolled out, the processes of the version before go on answering."""
    [rule] = refuse("later_rule", table="accounts_undo", when={"INSERT": "TRUE"}, message="no")
    execute(*rule.create_statements(connection.vendor))

    MigrationRecorder(connection).record_applied("accounts", "9999_later")

    assert rules(client) == (200, "ok")
