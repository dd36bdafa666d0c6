"""Every constraint and trigger is tried by raw SQL, past every service.

Each refusal must name the very constraint, so that another one that refuses as well hides nothing.
"""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from accounts.triggers import Trigger
from tests.constraints import of_accounts, of_compliance, of_portals, of_preferences
from tests.constraints.effects import effects
from tests.constraints.every_table import fill

REFUSED = {
    "accounts": of_accounts.refused,
    "compliance": of_compliance.refused,
    "portals": of_portals.refused,
    "preferences": of_preferences.refused,
}
# What the first refuses, the second does too, and PostgreSQL asks it first.
IMPLIED_BY = {"escalation_state_known": "escalation_ends_proved_or_exhausted"}


def declared(app):
    return {
        constraint.name: (model, constraint)
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
    }


def refusal_of(statements):
    """Run the statements, undo them, and return the refusal of the last one, or None."""
    refusal = None
    with transaction.atomic():
        for statement in statements[:-1]:
            statement.run()
        if connection.vendor == "postgresql":
            connection.check_constraints()  # TRUNCATE would find deferred ones waiting
        try:
            with transaction.atomic():
                statements[-1].run()
        except IntegrityError as error:
            refusal = error
        transaction.set_rollback(True)
    return refusal


def is_refused_by(model, constraint, refusal):
    """Whether the refusal names this constraint."""
    if refusal is None:
        return False
    name, text = constraint.name, str(refusal)
    if connection.vendor == "postgresql":
        report = refusal.__cause__.diag
        if isinstance(constraint, Trigger):
            return f"function {name}()" in (report.context or "")
        return report.constraint_name == name
    if isinstance(constraint, Trigger):
        return f"'{text}'" in constraint.sqlite[0]
    if isinstance(constraint, models.UniqueConstraint) and constraint.fields:
        table = model._meta.db_table
        columns = (model._meta.get_field(field).column for field in constraint.fields)
        return text == f"UNIQUE constraint failed: {', '.join(f'{table}.{c}' for c in columns)}"
    return text in (f"CHECK constraint failed: {name}", f"UNIQUE constraint failed: index '{name}'")


@pytest.mark.parametrize("app", REFUSED)
def test_each_constraint_refuses_raw_sql(app, db):
    fill()
    passed = {}
    for name, statements in REFUSED[app]().items():
        if name.endswith("_truncate") and connection.vendor == "sqlite":
            continue  # SQLite has no TRUNCATE
        refusal = refusal_of(statements)
        asked = {name, IMPLIED_BY.get(name, name)}
        if not any(is_refused_by(*declared(app)[one], refusal) for one in asked):
            passed[name] = refusal

    assert not passed


@pytest.mark.parametrize("name", effects())
def test_each_trigger_writes_what_follows(name, db):
    fill()
    effect = effects()[name]
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in effect.statements:
            statement.run()
        cursor.execute(effect.question)
        answer = cursor.fetchall()
        transaction.set_rollback(True)  # a removed row leaves what Django would remove with it

    assert answer == effect.answer


def test_every_constraint_is_tried():
    """A new one is in none of these tables until somebody writes the SQL that it refuses."""
    tried = {name for refused in REFUSED.values() for name in refused()} | effects().keys()

    assert tried == {name for app in REFUSED for name in declared(app)}
