"""What a leaver holds is handed on within the customer; the database keeps it too."""

from accounts.models import triggers
from portals.models import grants

from django.db import migrations


def install(apps, schema_editor):
    triggers.install(schema_editor.connection, grants.TRIGGERS)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection, grants.TRIGGERS)


class Migration(migrations.Migration):
    dependencies = [("portals", "0007_presets")]
    operations = [migrations.RunPython(install, remove)]
