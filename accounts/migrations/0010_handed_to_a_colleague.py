"""What a leaver holds is handed on within the customer; the database keeps it too."""

from accounts.models import offboarding, triggers

from django.db import migrations


def install(apps, schema_editor):
    triggers.install(schema_editor.connection, offboarding.TRIGGERS)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection, offboarding.TRIGGERS)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_invitations_at_scale")]
    operations = [migrations.RunPython(install, remove)]
