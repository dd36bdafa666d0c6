"""The rules the database itself keeps; see preferences/models."""

from accounts.models import triggers
from preferences.models import categories, consent, messages
from django.db import migrations

TRIGGERS = [*categories.TRIGGERS, *consent.TRIGGERS, *messages.TRIGGERS]


def install(apps, schema_editor):
    triggers.install(schema_editor.connection, TRIGGERS)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection, TRIGGERS)


class Migration(migrations.Migration):
    dependencies = [("preferences", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
