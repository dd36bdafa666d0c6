"""Recipients, consent with its basis, firms, campaigns; people's rows follow, 0004 closes it."""

import accounts.validators
import django.db.models.deletion
import django.utils.timezone
from accounts.models import triggers
from django.conf import settings
from django.db import migrations, models
from preferences.models import TRIGGERS


def remove(apps, schema_editor):
    """SQLite reads them whenever a table changes; preferences.signals puts them back."""
    triggers.remove(schema_editor.connection, TRIGGERS)


BACKFILL = [
    "INSERT INTO preferences_recipient (user_id, language, address_hash, digest, unreachable_reason)"
    " SELECT u.id, '', '', 'immediate', '' FROM accounts_user u",
    *[
        f"UPDATE preferences_{table} SET recipient_id = (SELECT r.id FROM preferences_recipient r"
        f" WHERE r.user_id = preferences_{table}.user_id)"
        for table in ("consentrecord", "choice", "message")
    ],
    "UPDATE preferences_consentrecord SET source = 'page' WHERE source = 'stop_all'",
    "UPDATE preferences_topic SET basis = 'implied' WHERE default_on",
]


class Migration(migrations.Migration):
    dependencies = [
        ('accounts', '0003_requests'),
        ('portals', '0004_requested_grants'),
        ('preferences', '0002_triggers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(remove, migrations.RunPython.noop),
        migrations.CreateModel(
            name='Activation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['notice_class', 'at'],
            },
        ),
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject_en', models.CharField(blank=True, max_length=200, validators=[accounts.validators.validate_plain_text], verbose_name='subject (English)')),
                ('subject_fr', models.CharField(blank=True, max_length=200, validators=[accounts.validators.validate_plain_text], verbose_name='subject (français)')),
                ('body_en', models.TextField(blank=True, verbose_name='text (English)')),
                ('body_fr', models.TextField(blank=True, verbose_name='text (français)')),
                ('promotional', models.BooleanField(default=False, help_text='Any advertising makes it optional mail.', verbose_name='promotes something')),
                ('urgent', models.BooleanField(default=False, help_text="Does not wait for anybody's digest.", verbose_name='urgent')),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('scheduled', 'Scheduled'), ('running', 'Being sent'), ('paused', 'Held'), ('cancelled', 'Cancelled'), ('done', 'Sent')], default='draft', editable=False, max_length=10)),
                ('starts_at', models.DateTimeField(blank=True, null=True, verbose_name='starts')),
                ('resolved_at', models.DateTimeField(blank=True, editable=False, help_text='When its candidates were decided.', null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Candidate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('send', models.BooleanField()),
                ('reason', models.CharField(choices=[('mandatory', 'Mandatory: no choice applies'), ('chose_yes', 'The person asked for it'), ('default_on', 'On until the person says no'), ('chose_no', 'The person said no'), ('stopped_all', 'The person stopped all optional mail'), ('default_off', 'Off until the person says yes'), ('topic_closed', 'The topic is closed'), ('not_theirs', 'The topic is not for this person'), ('unreachable', 'Mail to this address comes back'), ('denied', "The person's company does not want it"), ('added_by_customer', "The person's company asked for it"), ('implied', 'Consent is implied, and still runs'), ('lapsed', 'Implied consent has run out'), ('paused', 'The person paused optional mail'), ('escalate', 'Mandatory, and the address does not take mail'), ('no_person', 'Nobody here has this address'), ('account_closed', 'The account is closed'), ('address_changed', "The person's address changed meanwhile"), ('address_refused', 'The mail server refused the address for good'), ('gave_up', 'Still not accepted after every retry')], max_length=20)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='ContactRole',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('billing', 'Billing'), ('technical', 'Technical'), ('security', 'Security'), ('legal', 'Legal')], max_length=10, verbose_name='contact for')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['kind', 'membership'],
            },
        ),
        migrations.CreateModel(
            name='CustomerTopicDenial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['customer', 'topic'],
            },
        ),
        migrations.CreateModel(
            name='CustomerRecipient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['membership', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Recipient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.EmailField(help_text='Of a subscriber without an account.', max_length=254, null=True)),
                ('language', models.CharField(blank=True, choices=[('en', 'English'), ('fr', 'Français')], max_length=2)),
                ('address_hash', models.CharField(blank=True, help_text='Of the address last seen; evidence knows it by this.', max_length=64)),
                ('paused_until', models.DateTimeField(null=True)),
                ('digest', models.CharField(choices=[('immediate', 'At once'), ('daily', 'Once a day'), ('weekly', 'Once a week')], default='immediate', max_length=10)),
                ('unreachable_since', models.DateTimeField(null=True)),
                ('unreachable_reason', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Reseller',
            fields=[
                ('customer', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='reseller', serialize=False, to='accounts.customer')),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='consentrecord',
            name='consent_source_known',
        ),
        migrations.RemoveConstraint(
            model_name='deliverydecision',
            name='reason_known',
        ),
        migrations.AddField(
            model_name='consentrecord',
            name='basis',
            field=models.CharField(choices=[('express', 'The person said so'), ('purchase', 'Purchase or lease'), ('contract', 'Contract'), ('inquiry', 'Inquiry or application'), ('publication', 'Address published for such mail'), ('disclosure', 'Address given to us for such mail')], default='express', max_length=12),
        ),
        migrations.AddField(
            model_name='topic',
            name='basis',
            field=models.CharField(choices=[('express', 'Only to people who asked for it'), ('implied', 'Also on implied consent, while it lasts')], default='express', max_length=10, verbose_name='basis'),
        ),
        migrations.AddField(
            model_name='topic',
            name='double_opt_in',
            field=models.BooleanField(default=True, help_text='Who subscribes without an account confirms by a mail to the address.', verbose_name='asks for a confirmation'),
        ),
        migrations.AddField(
            model_name='topic',
            name='resellers_only',
            field=models.BooleanField(default=False, help_text='Shown to people of customers who resell.', verbose_name='for resellers only'),
        ),
        migrations.AddField(
            model_name='activation',
            name='notice_class',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='activations', to='preferences.noticeclass'),
        ),
        migrations.AddField(
            model_name='activation',
            name='staff',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='campaign',
            name='created_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='campaign',
            name='notice_class',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='preferences.noticeclass'),
        ),
        migrations.AddField(
            model_name='campaign',
            name='topic',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='preferences.topic'),
        ),
        migrations.AddField(
            model_name='message',
            name='campaign',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='preferences.campaign'),
        ),
        migrations.AddField(
            model_name='candidate',
            name='campaign',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='candidates', to='preferences.campaign'),
        ),
        migrations.AddField(
            model_name='candidate',
            name='consent',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='preferences.consentrecord'),
        ),
        migrations.AddField(
            model_name='contactrole',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='contactrole',
            name='membership',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contact_roles', to='accounts.membership'),
        ),
        migrations.AddField(
            model_name='customertopicdenial',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='customertopicdenial',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='denials', to='accounts.customer'),
        ),
        migrations.AddField(
            model_name='customertopicdenial',
            name='topic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='denials', to='preferences.topic'),
        ),
        migrations.AddField(
            model_name='customerrecipient',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='customerrecipient',
            name='membership',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='added_mail', to='accounts.membership'),
        ),
        migrations.AddField(
            model_name='customerrecipient',
            name='notice_class',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='added', to='preferences.noticeclass'),
        ),
        migrations.AddField(
            model_name='customerrecipient',
            name='topic',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='added', to='preferences.topic'),
        ),
        migrations.AddField(
            model_name='recipient',
            name='followed_by',
            field=models.ForeignKey(help_text="The person whose address the subscriber's became.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='followed', to='preferences.recipient'),
        ),
        migrations.AddField(
            model_name='recipient',
            name='stopped',
            field=models.OneToOneField(help_text='The record that stopped all optional mail; kept by trigger.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='preferences.consentrecord'),
        ),
        migrations.AddField(
            model_name='recipient',
            name='user',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='recipient', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='candidate',
            name='recipient',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='candidacies', to='preferences.recipient'),
        ),
        migrations.AddField(
            model_name='choice',
            name='recipient',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='choices', to='preferences.recipient'),
        ),
        migrations.AddField(
            model_name='consentrecord',
            name='recipient',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='consent_records', to='preferences.recipient'),
        ),
        migrations.AddField(
            model_name='message',
            name='recipient',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='preferences.recipient'),
        ),
        *[migrations.RunSQL(statement, migrations.RunSQL.noop) for statement in BACKFILL],
    ]
