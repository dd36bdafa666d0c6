"""Sending to many: digests, a notice for one portal's people, mail withdrawn with its campaign."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def remove(apps, schema_editor):
    """SQLite rebuilds tables, and reads triggers doing it; they come back after the migration."""
    from accounts.models import triggers
    from preferences.models import TRIGGERS

    triggers.remove(schema_editor.connection, TRIGGERS)


class Migration(migrations.Migration):

    dependencies = [
        ('portals', '0006_handed_grants'),
        ('preferences', '0004_closed_model'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(remove, migrations.RunPython.noop),
        migrations.AlterModelOptions(
            name='campaign',
            options={'ordering': ['-pk'], 'permissions': [('send_topic_campaign', 'May send optional mail'), ('send_notice_campaign', 'May send mandatory mail')]},
        ),
        migrations.RemoveConstraint(
            model_name='candidate',
            name='candidate_reason_known',
        ),
        migrations.RemoveConstraint(
            model_name='deliverydecision',
            name='outcome_known',
        ),
        migrations.RemoveConstraint(
            model_name='deliverydecision',
            name='reason_known',
        ),
        migrations.RemoveConstraint(
            model_name='message',
            name='message_state_known',
        ),
        migrations.AddField(
            model_name='campaign',
            name='last_slice_at',
            field=models.DateTimeField(editable=False, help_text='When a worker last sent some of it.', null=True),
        ),
        migrations.AddField(
            model_name='campaign',
            name='portal',
            field=models.ForeignKey(blank=True, help_text='A notice goes to people of customers with this portal; empty: to everyone.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portals.portal', verbose_name='portal'),
        ),
        migrations.AddField(
            model_name='message',
            name='in_digest',
            field=models.BooleanField(default=False, help_text='Gathered with others into one mail, when it is due.'),
        ),
        migrations.AlterField(
            model_name='candidate',
            name='reason',
            field=models.CharField(choices=[('mandatory', 'Mandatory: no choice applies'), ('chose_yes', 'The person asked for it'), ('default_on', 'On until the person says no'), ('chose_no', 'The person said no'), ('stopped_all', 'The person stopped all optional mail'), ('default_off', 'Off until the person says yes'), ('topic_closed', 'The topic is closed'), ('not_theirs', 'The topic is not for this person'), ('unreachable', 'Mail to this address comes back'), ('denied', "The person's company does not want it"), ('added_by_customer', "The person's company asked for it"), ('implied', 'Consent is implied, and still runs'), ('lapsed', 'Implied consent has run out'), ('paused', 'The person paused optional mail'), ('escalate', 'Mandatory, and the address does not take mail'), ('no_person', 'Nobody here has this address'), ('account_closed', 'The account is closed'), ('address_changed', "The person's address changed meanwhile"), ('address_refused', 'The mail server refused the address for good'), ('gave_up', 'Still not accepted after every retry'), ('withdrawn', 'Its campaign was cancelled')], max_length=20),
        ),
        migrations.AlterField(
            model_name='deliverydecision',
            name='outcome',
            field=models.CharField(choices=[('sent', 'Sent'), ('skipped', 'Skipped'), ('failed', 'Failed'), ('withdrawn', 'Withdrawn')], max_length=10),
        ),
        migrations.AlterField(
            model_name='deliverydecision',
            name='reason',
            field=models.CharField(choices=[('mandatory', 'Mandatory: no choice applies'), ('chose_yes', 'The person asked for it'), ('default_on', 'On until the person says no'), ('chose_no', 'The person said no'), ('stopped_all', 'The person stopped all optional mail'), ('default_off', 'Off until the person says yes'), ('topic_closed', 'The topic is closed'), ('not_theirs', 'The topic is not for this person'), ('unreachable', 'Mail to this address comes back'), ('denied', "The person's company does not want it"), ('added_by_customer', "The person's company asked for it"), ('implied', 'Consent is implied, and still runs'), ('lapsed', 'Implied consent has run out'), ('paused', 'The person paused optional mail'), ('escalate', 'Mandatory, and the address does not take mail'), ('no_person', 'Nobody here has this address'), ('account_closed', 'The account is closed'), ('address_changed', "The person's address changed meanwhile"), ('address_refused', 'The mail server refused the address for good'), ('gave_up', 'Still not accepted after every retry'), ('withdrawn', 'Its campaign was cancelled')], max_length=20),
        ),
        migrations.AlterField(
            model_name='message',
            name='state',
            field=models.CharField(choices=[('queued', 'Waiting for a worker'), ('claimed', 'Being sent'), ('waiting', 'To be tried again'), ('sent', 'Accepted by the mail server'), ('skipped', 'Not sent: not wanted'), ('failed', 'Could not be sent'), ('withdrawn', 'Withdrawn before it was sent')], default='queued', editable=False, max_length=10),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('campaign__isnull', False), ('state__in', ['queued', 'claimed', 'waiting'])), fields=['campaign', 'id'], name='message_of_campaign'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('in_digest', True), ('state__in', ['queued', 'claimed', 'waiting'])), fields=['recipient', 'due_at'], name='message_of_digest'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('portal__isnull', True), ('topic__isnull', True), _connector='OR'), name='a_topic_has_its_own_portal', violation_error_message='A topic says itself which portal it belongs to.'),
        ),
        migrations.AddConstraint(
            model_name='candidate',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['mandatory', 'chose_yes', 'default_on', 'chose_no', 'stopped_all', 'default_off', 'topic_closed', 'not_theirs', 'unreachable', 'denied', 'added_by_customer', 'implied', 'lapsed', 'paused', 'escalate', 'no_person', 'account_closed', 'address_changed', 'address_refused', 'gave_up', 'withdrawn'])), name='candidate_reason_known'),
        ),
        migrations.AddConstraint(
            model_name='deliverydecision',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['sent', 'skipped', 'failed', 'withdrawn'])), name='outcome_known'),
        ),
        migrations.AddConstraint(
            model_name='deliverydecision',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['mandatory', 'chose_yes', 'default_on', 'chose_no', 'stopped_all', 'default_off', 'topic_closed', 'not_theirs', 'unreachable', 'denied', 'added_by_customer', 'implied', 'lapsed', 'paused', 'escalate', 'no_person', 'account_closed', 'address_changed', 'address_refused', 'gave_up', 'withdrawn'])), name='reason_known'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'claimed', 'waiting', 'sent', 'skipped', 'failed', 'withdrawn'])), name='message_state_known'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('in_digest', False), models.Q(('campaign__isnull', False), ('topic__isnull', False)), _connector='OR'), name='mandatory_message_never_waits'),
        ),
    ]
