"""A page of a campaign's candidates begins anywhere: one index for the key and the order."""

import django.db.models.deletion
from django.db import migrations, models


def remove(apps, schema_editor):
    """SQLite rebuilds tables, and reads triggers doing it; they come back after the migration."""
    from accounts.models import triggers
    from preferences.models import TRIGGERS

    triggers.remove(schema_editor.connection, TRIGGERS)


class Migration(migrations.Migration):

    dependencies = [
        ('preferences', '0005_sending'),
    ]

    operations = [
        migrations.RunPython(remove, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='candidate',
            name='campaign',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='candidates', to='preferences.campaign'),
        ),
        migrations.AddIndex(
            model_name='candidate',
            index=models.Index(fields=['campaign', 'id'], name='candidate_of_campaign'),
        ),
    ]
