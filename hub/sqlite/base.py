"""The database engine `hub.sqlite`; Django looks for a module named `base`."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.sqlite3 import base, schema
from django.db.models import Model
from django.db.models.constraints import BaseConstraint

from accounts.triggers import Trigger, installed_triggers


def stored(moment: datetime) -> str:
    """Return a time as Django's models store it, in UTC: SQLite compares times as text.

    Django converts the times of its models. Those given to a statement of ours come with their own
    zone: 8 am in Toronto would be earlier than 9 am in London.
    """
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(" ")


sqlite3.register_adapter(datetime, stored)


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Django's schema editor with triggers."""

    def _remake_table(self, model: type[Model], *args: Any, **kwargs: Any) -> None:
        """Change a table without any trigger, then create all triggers again.

        SQLite replaces the table by a new one: its own triggers would be lost, and triggers of
        other tables that name it would be refused while it is missing.
        """
        triggers = installed_triggers(self.connection)
        for name in triggers:
            self.execute(f"DROP TRIGGER {name}")
        super()._remake_table(model, *args, **kwargs)  # type: ignore[misc]
        for statement in triggers.values():
            self.execute(statement, params=None)

    def add_constraint(self, model: type[Model], constraint: BaseConstraint) -> None:
        """Create a trigger; for other constraints Django rebuilds the table."""
        if isinstance(constraint, Trigger):
            BaseDatabaseSchemaEditor.add_constraint(self, model, constraint)
        else:
            super().add_constraint(model, constraint)

    def remove_constraint(self, model: type[Model], constraint: BaseConstraint) -> None:
        """Drop a trigger; for other constraints Django rebuilds the table."""
        if isinstance(constraint, Trigger):
            BaseDatabaseSchemaEditor.remove_constraint(self, model, constraint)
        else:
            super().remove_constraint(model, constraint)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's SQLite connection with this schema editor."""

    SchemaEditorClass = DatabaseSchemaEditor
