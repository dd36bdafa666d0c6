"""A source that only reduces enrols nobody; a changed address is marked; a million rows at once."""

import django.db.models.deletion
import preferences.models.categories
from django.conf import settings
from django.db import migrations, models


def remove(apps, schema_editor):
    """SQLite rebuilds tables, and reads triggers doing it; they come back after the migration."""
    from accounts.models import triggers
    from preferences.models import TRIGGERS

    triggers.remove(schema_editor.connection, TRIGGERS)
    on = "" if schema_editor.connection.vendor == "sqlite" else " ON preferences_candidate"
    schema_editor.execute(f"DROP TRIGGER IF EXISTS mandatory_candidate_is_never_skipped_insert{on}")


class Migration(migrations.Migration):

    dependencies = [
        ('preferences', '0010_complaints'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(remove, migrations.RunPython.noop),
        migrations.RemoveConstraint(
            model_name='consentrecord',
            name='consent_source_known',
        ),
        migrations.AlterField(
            model_name='candidate',
            name='campaign',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='candidates', to='preferences.campaign'),
        ),
        migrations.AlterField(
            model_name='candidate',
            name='consent',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='preferences.consentrecord'),
        ),
        migrations.AlterField(
            model_name='candidate',
            name='recipient',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='candidacies', to='preferences.recipient'),
        ),
        migrations.AlterField(
            model_name='consentrecord',
            name='source',
            field=models.CharField(choices=[('page', 'Preference page'), ('api', 'Program (API)'), ('one_click', 'Unsubscribe button of a mail program'), ('mail_link', 'Unsubscribe link in a mail'), ('subscribe', 'Public subscription page, confirmed by mail'), ('form', 'Public subscription page, not confirmed'), ('import', 'Import from a former list'), ('address', 'Said earlier at the same address'), ('complaint', 'Reported as unwanted by the mail service'), ('staff', "Told to the provider's staff"), ('undo', 'Undone at once, in the same browser')], max_length=10),
        ),
        migrations.AlterField(
            model_name='recipient',
            name='address_hash',
            field=models.CharField(blank=True, help_text='Of the address whose refusals are known; evidence knows it by this. Empty after a change (trigger): then nothing optional is sent before they are looked up.', max_length=64),
        ),
        migrations.AlterField(
            model_name='topic',
            name='double_opt_in',
            field=models.BooleanField(default=True, help_text='Who subscribes without an account confirms by a mail to the address; else their yes counts at once, and whose it was cannot be shown.', verbose_name='asks for a confirmation'),
        ),
        migrations.AlterField(
            model_name='topic',
            name='slug',
            field=models.SlugField(max_length=40, unique=True, validators=[preferences.models.categories.validate_free_word], verbose_name='short name'),
        ),
        migrations.AddIndex(
            model_name='consentrecord',
            index=models.Index(fields=['topic', 'at', 'wants'], name='consent_by_topic'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('notice_class__isnull', False)), fields=['claimed_at', 'notice_class', 'state'], name='message_of_notice_class'),
        ),
        migrations.AddIndex(
            model_name='recipient',
            index=models.Index(condition=models.Q(('address_hash', '')), fields=['id'], name='recipient_to_look_up'),
        ),
        migrations.AddConstraint(
            model_name='consentrecord',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['page', 'api', 'one_click', 'mail_link', 'subscribe', 'form', 'import', 'address', 'complaint', 'staff', 'undo'])), name='consent_source_known'),
        ),
        migrations.AddConstraint(
            model_name='consentrecord',
            constraint=models.CheckConstraint(condition=models.Q(('wants', False), models.Q(('source__in', ['one_click', 'mail_link', 'address', 'complaint']), _negated=True), _connector='OR'), name='what_only_reduces_never_enrols'),
        ),
        migrations.AddConstraint(
            model_name='consentrecord',
            constraint=models.CheckConstraint(condition=models.Q(('wants', True), models.Q(('source', 'undo'), _negated=True), _connector='OR'), name='an_undo_gives_back'),
        ),
    ]
