"""A person's own stop can be undone too; a record says when it was written."""

import django.utils.timezone
from django.db import migrations, models


def remove(apps, schema_editor):
    """SQLite rebuilds tables, and reads triggers doing it; they come back after the migration."""
    from accounts.models import triggers
    from preferences.models import TRIGGERS

    triggers.remove(schema_editor.connection, TRIGGERS)
    on = "" if schema_editor.connection.vendor == "sqlite" else " ON preferences_consentrecord"
    schema_editor.execute(f"DROP TRIGGER IF EXISTS undo_follows_a_link_insert{on}")


class Migration(migrations.Migration):

    dependencies = [
        ('preferences', '0011_mail_sources'),
    ]

    operations = [
        migrations.RunPython(remove, migrations.RunPython.noop),
        # Without a default at first: nobody knows when the rows that are there were written.
        migrations.AddField(
            model_name='consentrecord',
            name='recorded_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='consentrecord',
            name='recorded_at',
            field=models.DateTimeField(default=django.utils.timezone.now, help_text='When this was written; empty in what is older than this column.', null=True),
        ),
        migrations.AddField(
            model_name='recipient',
            name='digest_by_link',
            field=models.BooleanField(db_default=False, default=False, help_text="Whether a mail's link made it rarer, which its undo may take back."),
        ),
    ]
