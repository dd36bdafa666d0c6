"""A reason more: the person's company is suspended."""

from django.db import migrations, models


def remove(apps, schema_editor):
    """SQLite rebuilds tables, and reads triggers doing it; they come back after the migration."""
    from accounts.models import triggers
    from preferences.models import TRIGGERS

    triggers.remove(schema_editor.connection, TRIGGERS)


class Migration(migrations.Migration):

    dependencies = [
        ('preferences', '0008_delivery_reports'),
    ]

    operations = [
        migrations.RunPython(remove, migrations.RunPython.noop),
        migrations.RemoveConstraint(
            model_name='candidate',
            name='candidate_reason_known',
        ),
        migrations.RemoveConstraint(
            model_name='deliverydecision',
            name='reason_known',
        ),
        migrations.AlterField(
            model_name='candidate',
            name='reason',
            field=models.CharField(choices=[('mandatory', 'Mandatory: no choice applies'), ('chose_yes', 'The person asked for it'), ('default_on', 'On until the person says no'), ('chose_no', 'The person said no'), ('stopped_all', 'The person stopped all optional mail'), ('default_off', 'Off until the person says yes'), ('topic_closed', 'The topic is closed'), ('not_theirs', 'The topic is not for this person'), ('suspended', "The person's company is suspended"), ('unreachable', 'Mail to this address comes back'), ('denied', "The person's company does not want it"), ('added_by_customer', "The person's company asked for it"), ('implied', 'Consent is implied, and still runs'), ('lapsed', 'Implied consent has run out'), ('paused', 'The person paused optional mail'), ('escalate', 'Mandatory, and the address does not take mail'), ('no_person', 'Nobody here has this address'), ('account_closed', 'The account is closed'), ('address_changed', "The person's address changed meanwhile"), ('address_refused', 'The mail server refused the address for good'), ('gave_up', 'Still not accepted after every retry'), ('withdrawn', 'Its campaign was cancelled')], max_length=20),
        ),
        migrations.AlterField(
            model_name='deliverydecision',
            name='reason',
            field=models.CharField(choices=[('mandatory', 'Mandatory: no choice applies'), ('chose_yes', 'The person asked for it'), ('default_on', 'On until the person says no'), ('chose_no', 'The person said no'), ('stopped_all', 'The person stopped all optional mail'), ('default_off', 'Off until the person says yes'), ('topic_closed', 'The topic is closed'), ('not_theirs', 'The topic is not for this person'), ('suspended', "The person's company is suspended"), ('unreachable', 'Mail to this address comes back'), ('denied', "The person's company does not want it"), ('added_by_customer', "The person's company asked for it"), ('implied', 'Consent is implied, and still runs'), ('lapsed', 'Implied consent has run out'), ('paused', 'The person paused optional mail'), ('escalate', 'Mandatory, and the address does not take mail'), ('no_person', 'Nobody here has this address'), ('account_closed', 'The account is closed'), ('address_changed', "The person's address changed meanwhile"), ('address_refused', 'The mail server refused the address for good'), ('gave_up', 'Still not accepted after every retry'), ('withdrawn', 'Its campaign was cancelled')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='candidate',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['mandatory', 'chose_yes', 'default_on', 'chose_no', 'stopped_all', 'default_off', 'topic_closed', 'not_theirs', 'suspended', 'unreachable', 'denied', 'added_by_customer', 'implied', 'lapsed', 'paused', 'escalate', 'no_person', 'account_closed', 'address_changed', 'address_refused', 'gave_up', 'withdrawn'])), name='candidate_reason_known'),
        ),
        migrations.AddConstraint(
            model_name='deliverydecision',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['mandatory', 'chose_yes', 'default_on', 'chose_no', 'stopped_all', 'default_off', 'topic_closed', 'not_theirs', 'suspended', 'unreachable', 'denied', 'added_by_customer', 'implied', 'lapsed', 'paused', 'escalate', 'no_person', 'account_closed', 'address_changed', 'address_refused', 'gave_up', 'withdrawn'])), name='reason_known'),
        ),
    ]
