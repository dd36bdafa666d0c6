"""The rules the database itself keeps; see portals/models/resources.py."""

from accounts.models import triggers
from portals.models import resources
from django.db import migrations


def install(apps, schema_editor):
    triggers.install(schema_editor.connection, resources.TRIGGERS)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection, resources.TRIGGERS)


class Migration(migrations.Migration):
    dependencies = [("portals", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
