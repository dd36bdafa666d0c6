"""The columns that recipients replace go away, and what must hold is required."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("preferences", "0003_recipients")]

    operations = [
        migrations.RemoveConstraint(
            model_name='choice',
            name='one_choice',
        ),
        migrations.RemoveIndex(
            model_name='consentrecord',
            name='consent_by_person',
        ),
        migrations.RemoveIndex(
            model_name='consentrecord',
            name='consent_by_address',
        ),
        migrations.RemoveField(
            model_name='choice',
            name='user',
        ),
        migrations.RemoveField(
            model_name='consentrecord',
            name='user',
        ),
        migrations.RemoveField(
            model_name='message',
            name='user',
        ),
        migrations.AlterField(
            model_name='choice',
            name='recipient',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='choices', to='preferences.recipient'),
        ),
        migrations.AlterField(
            model_name='consentrecord',
            name='recipient',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consent_records', to='preferences.recipient'),
        ),
        migrations.AlterModelOptions(
            name='choice',
            options={'ordering': ['recipient', 'topic']},
        ),
        migrations.AlterField(
            model_name='consentrecord',
            name='at',
            field=models.DateTimeField(default=django.utils.timezone.now, help_text='When it was said; an implied consent runs from here.'),
        ),
        migrations.AlterField(
            model_name='consentrecord',
            name='source',
            field=models.CharField(choices=[('page', 'Preference page'), ('api', 'Program (API)'), ('one_click', 'Unsubscribe button of a mail program'), ('mail_link', 'Unsubscribe link in a mail'), ('subscribe', 'Public subscription page'), ('import', 'Import from a former list'), ('address', 'Said earlier at the same address'), ('complaint', 'Reported as unwanted by the mail service'), ('staff', "Told to the provider's staff")], max_length=10),
        ),
        migrations.AlterField(
            model_name='consentrecord',
            name='topic',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='consent_records', to='preferences.topic'),
        ),
        migrations.AlterField(
            model_name='deliverydecision',
            name='reason',
            field=models.CharField(choices=[('mandatory', 'Mandatory: no choice applies'), ('chose_yes', 'The person asked for it'), ('default_on', 'On until the person says no'), ('chose_no', 'The person said no'), ('stopped_all', 'The person stopped all optional mail'), ('default_off', 'Off until the person says yes'), ('topic_closed', 'The topic is closed'), ('not_theirs', 'The topic is not for this person'), ('unreachable', 'Mail to this address comes back'), ('denied', "The person's company does not want it"), ('added_by_customer', "The person's company asked for it"), ('implied', 'Consent is implied, and still runs'), ('lapsed', 'Implied consent has run out'), ('paused', 'The person paused optional mail'), ('escalate', 'Mandatory, and the address does not take mail'), ('no_person', 'Nobody here has this address'), ('account_closed', 'The account is closed'), ('address_changed', "The person's address changed meanwhile"), ('address_refused', 'The mail server refused the address for good'), ('gave_up', 'Still not accepted after every retry')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='deliverydecision',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['mandatory', 'chose_yes', 'default_on', 'chose_no', 'stopped_all', 'default_off', 'topic_closed', 'not_theirs', 'unreachable', 'denied', 'added_by_customer', 'implied', 'lapsed', 'paused', 'escalate', 'no_person', 'account_closed', 'address_changed', 'address_refused', 'gave_up'])), name='reason_known'),
        ),
        migrations.AddConstraint(
            model_name='topic',
            constraint=models.CheckConstraint(condition=models.Q(('basis__in', ['express', 'implied'])), name='topic_basis_known'),
        ),
        migrations.AddConstraint(
            model_name='topic',
            constraint=models.CheckConstraint(condition=models.Q(('default_on', False), ('basis', 'implied'), _connector='OR'), name='on_by_default_is_implied_consent', violation_error_message='On by default is implied consent: choose that basis.'),
        ),
        migrations.AddIndex(
            model_name='consentrecord',
            index=models.Index(fields=['recipient', 'topic', '-id'], name='consent_by_recipient'),
        ),
        migrations.AddIndex(
            model_name='consentrecord',
            index=models.Index(fields=['address_hash', 'topic', '-id'], name='consent_by_address'),
        ),
        migrations.AddConstraint(
            model_name='choice',
            constraint=models.UniqueConstraint(fields=('recipient', 'topic'), name='one_choice'),
        ),
        migrations.AddConstraint(
            model_name='consentrecord',
            constraint=models.CheckConstraint(condition=models.Q(('source__in', ['page', 'api', 'one_click', 'mail_link', 'subscribe', 'import', 'address', 'complaint', 'staff'])), name='consent_source_known'),
        ),
        migrations.AddConstraint(
            model_name='consentrecord',
            constraint=models.CheckConstraint(condition=models.Q(('basis__in', ['express', 'purchase', 'contract', 'inquiry', 'publication', 'disclosure'])), name='consent_basis_known'),
        ),
        migrations.AddConstraint(
            model_name='consentrecord',
            constraint=models.CheckConstraint(condition=models.Q(('basis', 'express'), models.Q(('topic__isnull', False), ('wants', True)), _connector='OR'), name='only_a_yes_to_a_topic_is_implied'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('campaign__isnull', False)), fields=('campaign', 'recipient'), name='one_message_of_a_campaign'),
        ),
        migrations.AddConstraint(
            model_name='activation',
            constraint=models.UniqueConstraint(fields=('notice_class', 'staff'), name='one_activation_each'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('notice_class__isnull', True), ('topic__isnull', False)), models.Q(('notice_class__isnull', False), ('topic__isnull', True)), _connector='OR'), name='campaign_has_one_category'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('promotional', False), ('topic__isnull', False), _connector='OR'), name='what_promotes_is_optional', violation_error_message='What promotes something is sent to a topic.'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'scheduled', 'running', 'paused', 'cancelled', 'done'])), name='campaign_state_known'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'draft'), models.Q(models.Q(('subject_en', ''), _negated=True), models.Q(('subject_fr', ''), _negated=True), models.Q(('body_en', ''), _negated=True), models.Q(('body_fr', ''), _negated=True)), _connector='OR'), name='campaign_leaves_in_both_languages', violation_error_message='English and French are both needed.'),
        ),
        migrations.AddConstraint(
            model_name='contactrole',
            constraint=models.UniqueConstraint(fields=('membership', 'kind'), name='contact_once'),
        ),
        migrations.AddConstraint(
            model_name='contactrole',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['billing', 'technical', 'security', 'legal'])), name='contact_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='customertopicdenial',
            constraint=models.UniqueConstraint(fields=('customer', 'topic'), name='denied_once'),
        ),
        migrations.AddConstraint(
            model_name='customerrecipient',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('notice_class__isnull', True), ('topic__isnull', False)), models.Q(('notice_class__isnull', False), ('topic__isnull', True)), _connector='OR'), name='added_to_one_category'),
        ),
        migrations.AddConstraint(
            model_name='customerrecipient',
            constraint=models.UniqueConstraint(condition=models.Q(('topic__isnull', False)), fields=('membership', 'topic'), name='added_to_topic_once'),
        ),
        migrations.AddConstraint(
            model_name='customerrecipient',
            constraint=models.UniqueConstraint(condition=models.Q(('notice_class__isnull', False)), fields=('membership', 'notice_class'), name='added_to_class_once'),
        ),
        migrations.AddConstraint(
            model_name='recipient',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('address__isnull', True), ('language', ''), ('user__isnull', False)), models.Q(('address__isnull', False), ('language__in', ['en', 'fr']), ('user__isnull', True)), _connector='OR'), name='recipient_is_person_or_subscriber'),
        ),
        migrations.AddConstraint(
            model_name='recipient',
            constraint=models.CheckConstraint(condition=models.Q(('address__isnull', True), ('address', django.db.models.functions.text.Lower('address')), _connector='OR'), name='subscriber_address_is_lower_case'),
        ),
        migrations.AddConstraint(
            model_name='recipient',
            constraint=models.CheckConstraint(condition=models.Q(('digest__in', ['immediate', 'daily', 'weekly'])), name='digest_known'),
        ),
        migrations.AddConstraint(
            model_name='recipient',
            constraint=models.CheckConstraint(condition=models.Q(('followed_by__isnull', True), ('user__isnull', True), _connector='OR'), name='only_a_subscriber_is_followed'),
        ),
        migrations.AddConstraint(
            model_name='recipient',
            constraint=models.UniqueConstraint(condition=models.Q(('followed_by__isnull', True)), fields=('address',), name='one_subscriber_of_an_address'),
        ),
        migrations.AddConstraint(
            model_name='candidate',
            constraint=models.UniqueConstraint(fields=('recipient', 'campaign'), name='one_candidate'),
        ),
        migrations.AddConstraint(
            model_name='candidate',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['mandatory', 'chose_yes', 'default_on', 'chose_no', 'stopped_all', 'default_off', 'topic_closed', 'not_theirs', 'unreachable', 'denied', 'added_by_customer', 'implied', 'lapsed', 'paused', 'escalate', 'no_person', 'account_closed', 'address_changed', 'address_refused', 'gave_up'])), name='candidate_reason_known'),
        ),
    ]
