"""The database engine `hub.sqlite`: Django finds it by this module's name."""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.sqlite3 import base, schema
from django.db.models import Model
from django.db.models.constraints import BaseConstraint

from accounts.triggers import Trigger, installed_triggers


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Django's, with triggers."""

    def _remake_table(self, model: type[Model], *args: Any, **kwargs: Any) -> None:
        """Change a table while no trigger is there, and put all of them back.

        The table is dropped and a new one takes its name: its own triggers would go with it, and
        at that moment SQLite refuses triggers that name a table which isn't there.
        """
        triggers = installed_triggers(self.connection)
        for name in triggers:
            self.execute(f"DROP TRIGGER {name}")
        super()._remake_table(model, *args, **kwargs)  # type: ignore[misc]
        for statement in triggers.values():
            self.execute(statement, params=None)

    def add_constraint(self, model: type[Model], constraint: BaseConstraint) -> None:
        """Create a trigger; Django would build the table anew."""
        if isinstance(constraint, Trigger):
            BaseDatabaseSchemaEditor.add_constraint(self, model, constraint)
        else:
            super().add_constraint(model, constraint)

    def remove_constraint(self, model: type[Model], constraint: BaseConstraint) -> None:
        """Drop a trigger; Django would build the table anew."""
        if isinstance(constraint, Trigger):
            BaseDatabaseSchemaEditor.remove_constraint(self, model, constraint)
        else:
            super().remove_constraint(model, constraint)


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with that schema editor."""

    SchemaEditorClass = DatabaseSchemaEditor
