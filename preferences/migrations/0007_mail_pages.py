"""What is undone at once says so; when a topic was last sent is found by an index."""

from django.conf import settings
from django.db import migrations, models


def remove(apps, schema_editor):
    """SQLite rebuilds tables, and reads triggers doing it; they come back after the migration."""
    from accounts.models import triggers
    from preferences.models import TRIGGERS

    triggers.remove(schema_editor.connection, TRIGGERS)


class Migration(migrations.Migration):

    dependencies = [
        ('preferences', '0006_candidate_pages'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(remove, migrations.RunPython.noop),
        migrations.RemoveConstraint(
            model_name='consentrecord',
            name='consent_source_known',
        ),
        migrations.AlterField(
            model_name='consentrecord',
            name='source',
            field=models.CharField(choices=[('page', 'Preference page'), ('api', 'Program (API)'), ('one_click', 'Unsubscribe button of a mail program'), ('mail_link', 'Unsubscribe link in a mail'), ('subscribe', 'Public subscription page'), ('import', 'Import from a former list'), ('address', 'Said earlier at the same address'), ('complaint', 'Reported as unwanted by the mail service'), ('staff', "Told to the provider's staff"), ('undo', 'Undone at once, in the same browser')], max_length=10),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('campaign', None), ('state', 'sent'), ('topic__isnull', False)), fields=['topic', '-id'], name='message_of_topic'),
        ),
        migrations.AddConstraint(
            model_name='consentrecord',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['page', 'api', 'one_click', 'mail_link', 'subscribe', 'import', 'address', 'complaint', 'staff', 'undo'])), name='consent_source_known'),
        ),
    ]
