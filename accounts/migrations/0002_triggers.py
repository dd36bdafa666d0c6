"""The rules the database itself keeps; see accounts/models/triggers.py."""

from accounts.models import triggers

from django.db import migrations


def install(apps, schema_editor):
    triggers.install(schema_editor.connection, triggers.TRIGGERS)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection, triggers.TRIGGERS)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
