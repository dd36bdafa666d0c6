import accounts.models.search
import accounts.triggers
import accounts.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
        ('allauth_idp_oidc', '0003_client_allow_uri_wildcards'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='SigningKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kid', models.CharField(max_length=43, unique=True)),
                ('sealed_pem', models.TextField()),
                ('issued_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('not_before', models.DateTimeField()),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['issued_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='AccessReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('open', 'Open'), ('finished', 'Finished'), ('not_finished', 'Not finished')], default='open', max_length=12)),
                ('begun_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('due_at', models.DateTimeField()),
                ('gathered_to', models.BigIntegerField(default=0, help_text='Last membership collected, then teams as negative numbers.')),
                ('ready_at', models.DateTimeField(help_text='Time when all permissions were collected.', null=True)),
                ('total', models.PositiveIntegerField(default=0)),
                ('kept', models.PositiveIntegerField(default=0)),
                ('reduced', models.PositiveIntegerField(default=0)),
                ('removed', models.PositiveIntegerField(default=0)),
                ('overtaken', models.PositiveIntegerField(default=0)),
                ('reminders', models.PositiveSmallIntegerField(default=0)),
                ('reminded_at', models.DateTimeField(help_text='Time of the last reminder from a Super User.', null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('begun_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='access_reviews', to='accounts.customer')),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['customer', '-id'], name='review_by_customer')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('customer',), name='one_open_review'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ended_by', None), ('state', 'open')), models.Q(('ended_at__isnull', False), ('ended_by', None), ('state', 'not_finished')), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False), ('ready_at__isnull', False), ('state', 'finished'), ('total', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('kept'), '+', models.F('reduced')), '+', models.F('removed')), '+', models.F('overtaken')))), _connector='OR'), name='review_finished_when_all_is_decided'), models.CheckConstraint(condition=models.Q(('total__gte', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('kept'), '+', models.F('reduced')), '+', models.F('removed')), '+', models.F('overtaken')))), name='review_decides_what_it_holds'), accounts.triggers.Trigger(name='review_ends_once_update', postgresql=["CREATE OR REPLACE FUNCTION review_ends_once_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF OLD.state <> 'open' THEN RAISE EXCEPTION 'a review that is over does not change' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER review_ends_once_update BEFORE UPDATE ON portals_accessreview FOR EACH ROW EXECUTE FUNCTION review_ends_once_update()'], sqlite=["CREATE TRIGGER review_ends_once_update BEFORE UPDATE ON portals_accessreview FOR EACH ROW WHEN OLD.state <> 'open' BEGIN SELECT RAISE(ABORT, 'a review that is over does not change'); END"])],
            },
        ),
        migrations.CreateModel(
            name='Portal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label_en', models.CharField(max_length=100)),
                ('label_fr', models.CharField(max_length=100)),
                ('slug', models.SlugField(max_length=40, unique=True)),
                ('kind', models.CharField(choices=[('webmail', 'Webmail'), ('statistics', 'Usage statistics'), ('ticketing', 'Support tickets'), ('domains', 'Domains'), ('billing', 'Billing'), ('other', 'Other')], max_length=20)),
                ('home_url', models.URLField(verbose_name='home page')),
                ('redirect_uris', models.JSONField(default=list)),
                ('post_logout_redirect_uris', models.JSONField(default=list)),
                ('backchannel_logout_uri', models.URLField(blank=True)),
                ('pkce', models.BooleanField(default=True, help_text='Signing in needs a code challenge (PKCE, S256).')),
                ('ask_consent', models.BooleanField(default=False, help_text='People agree once before this portal gets their details.')),
                ('refresh_grace', models.PositiveSmallIntegerField(default=0, help_text='Seconds for which a replaced refresh token still works.')),
                ('auto_register', models.BooleanField(default=False, help_text='New members of a subscribed company get portal access automatically.')),
                ('explain', models.BooleanField(default=False, help_text='Each answer to a check includes its reason.')),
                ('uses_since', models.DateField(editable=False, help_text='First day with counted checks.', null=True)),
                ('client', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='portal', to='allauth_idp_oidc.client')),
            ],
            options={
                'ordering': ['slug'],
            },
        ),
        migrations.CreateModel(
            name='PortalConsent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scopes', models.JSONField(default=list)),
                ('given_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='allauth_idp_oidc.client')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'client'), name='portal_consent_once')],
            },
        ),
        migrations.CreateModel(
            name='PortalSession',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('hub_session', models.CharField(max_length=32)),
                ('auth_time', models.DateTimeField()),
                ('amr', models.JSONField(default=list)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('end_reason', models.CharField(blank=True, choices=[('sign_out', 'Signed out'), ('ended', 'Ended from another device or by support'), ('access', 'Access removed'), ('company', 'Continued for another company'), ('replay', 'A code or token was used twice'), ('portal', 'Ended by the portal'), ('lapsed', 'Not used for a month')], max_length=20)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to='allauth_idp_oidc.client')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.customer')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='portal_sessions', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['ended_at', 'started_at'], name='portal_session_by_end')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('hub_session', 'client'), name='one_portal_session_at_a_time'), models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at', None)), models.Q(('ended_at__isnull', False), models.Q(('end_reason', ''), _negated=True)), _connector='OR'), name='portal_session_end_has_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='LogoutNotice',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('problem', models.CharField(blank=True, max_length=200)),
                ('session', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='logout_notice', to='portals.portalsession')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('sent_at', None)), fields=['due_at'], name='logout_notice_waiting')],
            },
        ),
        migrations.CreateModel(
            name='AuthorizationCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hash', models.CharField(max_length=64, unique=True)),
                ('redirect_uri', models.CharField(max_length=2000)),
                ('scopes', models.JSONField(default=list)),
                ('claims', models.JSONField(default=dict)),
                ('nonce', models.CharField(blank=True, max_length=1000)),
                ('code_challenge', models.CharField(blank=True, max_length=43)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('redeemed_at', models.DateTimeField(blank=True, null=True)),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='portals.portalsession')),
            ],
        ),
        migrations.CreateModel(
            name='Preset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=100, validators=[accounts.validators.validate_plain_text], verbose_name='name')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='presets', to='accounts.customer')),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.F('customer'), django.db.models.functions.text.Lower('name'), name='preset_name_once')],
            },
        ),
        migrations.CreateModel(
            name='Privilege',
            fields=[
                ('label_en', models.CharField(max_length=100)),
                ('label_fr', models.CharField(max_length=100)),
                ('permission', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to='auth.permission')),
                ('code', models.CharField(max_length=100)),
                ('codename', models.CharField(help_text='type.code, as portals use it.', max_length=201)),
                ('phrase_en', models.CharField(blank=True, help_text='renew {resource}', max_length=100)),
                ('phrase_fr', models.CharField(blank=True, max_length=100)),
                ('held_by_super_user', models.BooleanField(default=False)),
                ('held_by_owner', models.BooleanField(default=False)),
                ('sensitive', models.BooleanField(default=False)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('portal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='privileges', to='portals.portal')),
            ],
            options={
                'ordering': ['resource_type', 'position'],
            },
        ),
        migrations.CreateModel(
            name='PresetLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('everywhere', models.BooleanField(default=False, help_text='On every resource of this type, future ones too.')),
                ('preset', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='portals.preset')),
                ('privilege', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portals.privilege')),
            ],
            options={
                'ordering': ['privilege__portal__slug', 'privilege__resource_type', 'privilege__position'],
                'constraints': [models.UniqueConstraint(fields=('preset', 'privilege'), name='preset_line_once')],
            },
        ),
        migrations.CreateModel(
            name='PrivilegeInclusion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('included', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='included_by', to='portals.privilege')),
                ('privilege', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='inclusions', to='portals.privilege')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('included', 'privilege'), name='inclusion_once')],
            },
        ),
        migrations.CreateModel(
            name='Resource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_id', models.CharField(max_length=255, validators=[accounts.validators.validate_plain_text])),
                ('name', models.CharField(max_length=255, validators=[accounts.validators.validate_plain_text], verbose_name='name')),
                ('search_name', accounts.models.search.SearchKeyField(editable=False, max_length=600, of='name')),
                ('search_words', accounts.models.search.SearchWordsField(editable=False, of=('name', 'external_id'))),
                ('held_since', models.DateTimeField(default=django.utils.timezone.now, editable=False, help_text='Time from which the company has it under this ID.')),
                ('removed_at', models.DateTimeField(editable=False, help_text='Time when the portal removed it, with the resources inside.', null=True)),
                ('owner', models.ForeignKey(blank=True, db_index=False, help_text='Owner reported by the portal. Empty for a shared resource.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='owned_resources', to='accounts.membership')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='children', to='portals.resource')),
            ],
            options={
                'ordering': ['resource_type', 'name', 'pk'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='RequestedGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('expires_at', models.DateTimeField(blank=True, help_text='Requested end date, or the end date given.', null=True, verbose_name='until')),
                ('given', models.BooleanField(default=False)),
                ('privilege', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portals.privilege')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='requested_grants', to='accounts.accessrequest')),
                ('resource', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portals.resource')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('request', 'resource', 'privilege'), name='requested_once')],
            },
        ),
        migrations.CreateModel(
            name='ReassignedGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('words', models.CharField(help_text='Name, kept if the resource is removed.', max_length=600)),
                ('offboarding', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reassigned_grants', to='accounts.offboarding')),
                ('privilege', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='portals.privilege')),
                ('receiver', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.membership')),
                ('resource', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='portals.resource')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('offboarding', 'resource', 'privilege'), name='grant_reassigned_once'), accounts.triggers.Trigger(name='portals_reassignedgrant_to_a_colleague_insert', postgresql=["CREATE OR REPLACE FUNCTION portals_reassignedgrant_to_a_colleague_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NOT EXISTS ( SELECT 1 FROM accounts_offboarding l JOIN accounts_membership m ON m.id = l.membership_id JOIN accounts_membership r ON r.id = NEW.receiver_id WHERE l.id = NEW.offboarding_id AND r.customer_id = m.customer_id AND r.id <> m.id) THEN RAISE EXCEPTION 'access is reassigned within the customer, and not to the leaver' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER portals_reassignedgrant_to_a_colleague_insert BEFORE INSERT ON portals_reassignedgrant FOR EACH ROW EXECUTE FUNCTION portals_reassignedgrant_to_a_colleague_insert()'], sqlite=["CREATE TRIGGER portals_reassignedgrant_to_a_colleague_insert BEFORE INSERT ON portals_reassignedgrant FOR EACH ROW WHEN NOT EXISTS ( SELECT 1 FROM accounts_offboarding l JOIN accounts_membership m ON m.id = l.membership_id JOIN accounts_membership r ON r.id = NEW.receiver_id WHERE l.id = NEW.offboarding_id AND r.customer_id = m.customer_id AND r.id <> m.id) BEGIN SELECT RAISE(ABORT, 'access is reassigned within the customer, and not to the leaver'); END"]), accounts.triggers.Trigger(name='portals_reassignedgrant_to_a_colleague_update', postgresql=["CREATE OR REPLACE FUNCTION portals_reassignedgrant_to_a_colleague_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NOT EXISTS ( SELECT 1 FROM accounts_offboarding l JOIN accounts_membership m ON m.id = l.membership_id JOIN accounts_membership r ON r.id = NEW.receiver_id WHERE l.id = NEW.offboarding_id AND r.customer_id = m.customer_id AND r.id <> m.id) THEN RAISE EXCEPTION 'access is reassigned within the customer, and not to the leaver' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER portals_reassignedgrant_to_a_colleague_update BEFORE UPDATE ON portals_reassignedgrant FOR EACH ROW EXECUTE FUNCTION portals_reassignedgrant_to_a_colleague_update()'], sqlite=["CREATE TRIGGER portals_reassignedgrant_to_a_colleague_update BEFORE UPDATE ON portals_reassignedgrant FOR EACH ROW WHEN NOT EXISTS ( SELECT 1 FROM accounts_offboarding l JOIN accounts_membership m ON m.id = l.membership_id JOIN accounts_membership r ON r.id = NEW.receiver_id WHERE l.id = NEW.offboarding_id AND r.customer_id = m.customer_id AND r.id <> m.id) BEGIN SELECT RAISE(ABORT, 'access is reassigned within the customer, and not to the leaver'); END"])],
            },
        ),
        migrations.CreateModel(
            name='PrivilegeUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('privilege', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portals.privilege')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('resource', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portals.resource')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'resource', 'privilege'), name='privilege_use_once')],
            },
        ),
        migrations.CreateModel(
            name='PersonGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField(blank=True, null=True, verbose_name='from')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
                ('reason', models.CharField(blank=True, max_length=500, validators=[accounts.validators.validate_plain_lines], verbose_name='reason')),
                ('granted_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('reminded_at', models.DateTimeField(blank=True, editable=False, help_text='Time of the last notice about the end date.', null=True)),
                ('granted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
                ('content_object', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='person_grants', to='portals.resource')),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
                'indexes': [models.Index(fields=['content_object', 'user'], name='grant_of_person_on'), models.Index(fields=['content_object', 'permission', 'user'], name='grant_of_person_by_privilege'), models.Index(condition=models.Q(('expires_at__isnull', False)), fields=['expires_at'], name='grant_of_person_by_end')],
                'constraints': [models.CheckConstraint(condition=models.Q(('starts_at', None), ('expires_at', None), ('starts_at__lt', models.F('expires_at')), _connector='OR'), name='person_grant_starts_before_it_ends'), accounts.triggers.Trigger(name='portals_persongrant_not_on_removed', postgresql=["CREATE OR REPLACE FUNCTION portals_persongrant_not_on_removed() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF EXISTS (SELECT 1 FROM added WHERE EXISTS ( SELECT 1 FROM portals_resource r WHERE r.id = added.content_object_id AND r.removed_at IS NOT NULL)) THEN RAISE EXCEPTION 'no grant on a resource that its portal removed' USING ERRCODE = 'check_violation'; END IF; RETURN NULL; END$$", 'CREATE OR REPLACE TRIGGER portals_persongrant_not_on_removed AFTER INSERT ON portals_persongrant REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION portals_persongrant_not_on_removed()'], sqlite=["CREATE TRIGGER portals_persongrant_not_on_removed BEFORE INSERT ON portals_persongrant FOR EACH ROW WHEN EXISTS ( SELECT 1 FROM portals_resource r WHERE r.id = NEW.content_object_id AND r.removed_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'no grant on a resource that its portal removed'); END"]), accounts.triggers.Trigger(name='portals_persongrant_not_to_removed_update', postgresql=["CREATE OR REPLACE FUNCTION portals_persongrant_not_to_removed_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.content_object_id <> OLD.content_object_id AND EXISTS ( SELECT 1 FROM portals_resource r WHERE r.id = NEW.content_object_id AND r.removed_at IS NOT NULL) THEN RAISE EXCEPTION 'no grant on a resource that its portal removed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER portals_persongrant_not_to_removed_update BEFORE UPDATE ON portals_persongrant FOR EACH ROW EXECUTE FUNCTION portals_persongrant_not_to_removed_update()'], sqlite=["CREATE TRIGGER portals_persongrant_not_to_removed_update BEFORE UPDATE ON portals_persongrant FOR EACH ROW WHEN NEW.content_object_id <> OLD.content_object_id AND EXISTS ( SELECT 1 FROM portals_resource r WHERE r.id = NEW.content_object_id AND r.removed_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'no grant on a resource that its portal removed'); END"])],
            },
        ),
        migrations.CreateModel(
            name='OfferedGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField(blank=True, null=True, verbose_name='from')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
                ('reason', models.CharField(blank=True, max_length=500, validators=[accounts.validators.validate_plain_lines], verbose_name='reason')),
                ('invitation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='offered_grants', to='accounts.invitation')),
                ('privilege', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portals.privilege')),
                ('resource', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='portals.resource')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('invitation', 'resource', 'privilege'), name='offered_once'), models.CheckConstraint(condition=models.Q(('starts_at', None), ('expires_at', None), ('starts_at__lt', models.F('expires_at')), _connector='OR'), name='offered_grant_starts_before_it_ends')],
            },
        ),
        migrations.CreateModel(
            name='ResourceAncestor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ancestor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='descendants', to='portals.resource')),
                ('resource', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ancestors', to='portals.resource')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('resource', 'ancestor'), name='ancestor_once')],
            },
        ),
        migrations.CreateModel(
            name='ResourceSearchEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entry', accounts.models.search.BytewiseField(max_length=400)),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.customer')),
                ('row', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='search_entries', to='portals.resource')),
            ],
            options={
                'indexes': [models.Index(fields=['customer', 'entry', 'row'], name='resource_by_word'), models.Index(fields=['row', 'entry'], name='words_of_resource')],
                'constraints': [accounts.triggers.Trigger(name='portals_resourcesearchentry_delete', postgresql=['CREATE OR REPLACE FUNCTION portals_resourcesearchentry_delete() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TRUE THEN DELETE FROM portals_resourcesearchentry WHERE row_id = OLD.id; END IF; RETURN NULL; END$$', 'CREATE OR REPLACE TRIGGER portals_resourcesearchentry_delete AFTER DELETE ON portals_resource FOR EACH ROW EXECUTE FUNCTION portals_resourcesearchentry_delete()'], sqlite=['CREATE TRIGGER portals_resourcesearchentry_delete AFTER DELETE ON portals_resource FOR EACH ROW WHEN TRUE BEGIN DELETE FROM portals_resourcesearchentry WHERE row_id = OLD.id; END'])],
            },
        ),
        migrations.CreateModel(
            name='ResourceTenure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('type_code', models.CharField(max_length=100)),
                ('external_id', models.CharField(max_length=255)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tenures', to='accounts.customer')),
                ('portal', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tenures', to='portals.portal')),
            ],
            options={
                'indexes': [models.Index(fields=['customer', 'started_at'], name='tenure_by_customer')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('portal', 'type_code', 'external_id'), name='resource_held_by_one_company'), accounts.triggers.Trigger(name='tenure_follows_its_resource_delete', postgresql=["CREATE OR REPLACE FUNCTION tenure_follows_its_resource_delete() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TRUE THEN RAISE EXCEPTION 'a tenure is written with its resource alone' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END$$", 'CREATE OR REPLACE TRIGGER tenure_follows_its_resource_delete BEFORE DELETE ON portals_resourcetenure FOR EACH ROW EXECUTE FUNCTION tenure_follows_its_resource_delete()'], sqlite=["CREATE TRIGGER tenure_follows_its_resource_delete BEFORE DELETE ON portals_resourcetenure FOR EACH ROW WHEN TRUE BEGIN SELECT RAISE(ABORT, 'a tenure is written with its resource alone'); END"]), accounts.triggers.Trigger(name='tenure_follows_its_resource_truncate', postgresql=["CREATE OR REPLACE FUNCTION tenure_follows_its_resource_truncate() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'a tenure is written with its resource alone' USING ERRCODE = 'check_violation'; END$$", 'CREATE OR REPLACE TRIGGER tenure_follows_its_resource_truncate BEFORE TRUNCATE ON portals_resourcetenure FOR EACH STATEMENT EXECUTE FUNCTION tenure_follows_its_resource_truncate()'], sqlite=[]), accounts.triggers.Trigger(name='held_since_goes_with_the_id_update', postgresql=["CREATE OR REPLACE FUNCTION held_since_goes_with_the_id_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF (NEW.external_id <> OLD.external_id) <> (NEW.held_since <> OLD.held_since) THEN RAISE EXCEPTION 'a resource is held anew with a new id, and only then' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER held_since_goes_with_the_id_update BEFORE UPDATE ON portals_resource FOR EACH ROW EXECUTE FUNCTION held_since_goes_with_the_id_update()'], sqlite=["CREATE TRIGGER held_since_goes_with_the_id_update BEFORE UPDATE ON portals_resource FOR EACH ROW WHEN (NEW.external_id <> OLD.external_id) <> (NEW.held_since <> OLD.held_since) BEGIN SELECT RAISE(ABORT, 'a resource is held anew with a new id, and only then'); END"])],
            },
        ),
        migrations.CreateModel(
            name='ResourceType',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label_en', models.CharField(max_length=100)),
                ('label_fr', models.CharField(max_length=100)),
                ('code', models.CharField(max_length=100)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='portals.resourcetype')),
                ('portal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='resource_types', to='portals.portal')),
            ],
            options={
                'ordering': ['portal', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('portal', 'code'), name='resource_type_once'), models.CheckConstraint(condition=models.Q(('parent__isnull', False), ('code', 'subscription'), _connector='OR'), name='only_the_root_type_has_no_parent')],
            },
        ),
        migrations.AddField(
            model_name='resource',
            name='resource_type',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='resources', to='portals.resourcetype'),
        ),
        migrations.AddField(
            model_name='privilege',
            name='resource_type',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='privileges', to='portals.resourcetype'),
        ),
        migrations.CreateModel(
            name='ReviewItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label_en', models.CharField(max_length=100)),
                ('label_fr', models.CharField(max_length=100)),
                ('starts_at', models.DateTimeField(blank=True, null=True, verbose_name='from')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
                ('reason', models.CharField(blank=True, max_length=500, validators=[accounts.validators.validate_plain_lines], verbose_name='reason')),
                ('kind', models.CharField(choices=[('person', 'Permission of a person'), ('team', 'Permission of a team'), ('role', 'Role of a person'), ('owner', 'Resource with an owner')], max_length=10)),
                ('section', models.CharField(help_text='Name used to sort the lines.', max_length=700)),
                ('grantee_name', models.CharField(max_length=254)),
                ('grant_id', models.BigIntegerField(null=True)),
                ('resource_name', models.CharField(blank=True, max_length=255)),
                ('granted_at', models.DateTimeField(null=True)),
                ('last_used_on', models.DateField(null=True)),
                ('counted_since', models.DateField(help_text='Time from which uses are recorded.', null=True)),
                ('decision', models.CharField(choices=[('keep', 'Keep'), ('reduce', 'Reduce'), ('remove', 'Remove'), ('overtaken', 'Changed by others')], max_length=10, null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('granted_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('membership', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.membership')),
                ('portal', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='portals.portal')),
                ('privilege', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='portals.privilege')),
                ('resource', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='portals.resource')),
                ('review', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='items', to='portals.accessreview')),
                ('team', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.team')),
            ],
            options={
                'indexes': [models.Index(fields=['review', 'section', 'id'], name='review_line_by_grantee'), models.Index(condition=models.Q(('decision', None)), fields=['review', 'section', 'id'], name='review_line_undecided')],
                'constraints': [models.UniqueConstraint(fields=('review', 'kind', 'grant_id'), name='reviewed_once'), models.UniqueConstraint(condition=models.Q(('kind', 'role')), fields=('review', 'membership'), name='role_reviewed_once'), models.UniqueConstraint(condition=models.Q(('kind', 'owner')), fields=('review', 'resource'), name='owner_reviewed_once'), models.CheckConstraint(condition=models.Q(models.Q(('grant_id', None), ('kind', 'role'), ('membership__isnull', False)), models.Q(('grant_id__isnull', False), ('kind', 'person'), ('membership__isnull', False)), models.Q(('grant_id__isnull', False), ('kind', 'team'), ('membership', None)), models.Q(('grant_id', None), ('kind', 'owner'), ('membership__isnull', False), ('resource__isnull', False)), _connector='OR'), name='review_line_is_about_one_resource'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'owner'), _negated=True), ('decision', None), ('decision__in', ['keep', 'overtaken']), _connector='OR'), name='review_changes_no_owner'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('decision', None)), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('decision__isnull', False)), _connector='OR'), name='decision_of_someone_at_a_moment'), accounts.triggers.Trigger(name='review_line_decided_once_update', postgresql=["CREATE OR REPLACE FUNCTION review_line_decided_once_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF OLD.decision IS NOT NULL AND (NEW.decision IS NULL OR NEW.decision <> OLD.decision) THEN RAISE EXCEPTION 'a line of a review is decided once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER review_line_decided_once_update BEFORE UPDATE ON portals_reviewitem FOR EACH ROW EXECUTE FUNCTION review_line_decided_once_update()'], sqlite=["CREATE TRIGGER review_line_decided_once_update BEFORE UPDATE ON portals_reviewitem FOR EACH ROW WHEN OLD.decision IS NOT NULL AND (NEW.decision IS NULL OR NEW.decision <> OLD.decision) BEGIN SELECT RAISE(ABORT, 'a line of a review is decided once'); END"])],
            },
        ),
        migrations.CreateModel(
            name='ReviewQuarter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quarter', models.DateField(help_text='First day of the review.')),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.customer')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('customer', 'quarter'), name='review_round_once')],
            },
        ),
        migrations.CreateModel(
            name='SessionToken',
            fields=[
                ('token', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='of_session', serialize=False, to='allauth_idp_oidc.token')),
                ('rotated_at', models.DateTimeField(blank=True, null=True)),
                ('code', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='portals.authorizationcode')),
            ],
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('active', 'Active'), ('suspended', 'Suspended'), ('ended', 'Ended')], default='active', max_length=10)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='accounts.customer')),
                ('portal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subscriptions', to='portals.portal')),
            ],
            options={
                'ordering': ['portal'],
                'constraints': [models.UniqueConstraint(fields=('customer', 'portal'), name='subscribed_once')],
            },
        ),
        migrations.AddField(
            model_name='resource',
            name='subscription',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='resources', to='portals.subscription'),
        ),
        migrations.CreateModel(
            name='TeamGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField(blank=True, null=True, verbose_name='from')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
                ('reason', models.CharField(blank=True, max_length=500, validators=[accounts.validators.validate_plain_lines], verbose_name='reason')),
                ('granted_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('reminded_at', models.DateTimeField(blank=True, editable=False, help_text='Time of the last notice about the end date.', null=True)),
                ('content_object', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='team_grants', to='portals.resource')),
                ('granted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.group')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
                'indexes': [models.Index(fields=['content_object', 'group'], name='grant_of_team_on'), models.Index(condition=models.Q(('expires_at__isnull', False)), fields=['expires_at'], name='grant_of_team_by_end')],
                'constraints': [models.CheckConstraint(condition=models.Q(('starts_at', None), ('expires_at', None), ('starts_at__lt', models.F('expires_at')), _connector='OR'), name='team_grant_starts_before_it_ends'), accounts.triggers.Trigger(name='portals_teamgrant_not_on_removed', postgresql=["CREATE OR REPLACE FUNCTION portals_teamgrant_not_on_removed() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF EXISTS (SELECT 1 FROM added WHERE EXISTS ( SELECT 1 FROM portals_resource r WHERE r.id = added.content_object_id AND r.removed_at IS NOT NULL)) THEN RAISE EXCEPTION 'no grant on a resource that its portal removed' USING ERRCODE = 'check_violation'; END IF; RETURN NULL; END$$", 'CREATE OR REPLACE TRIGGER portals_teamgrant_not_on_removed AFTER INSERT ON portals_teamgrant REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION portals_teamgrant_not_on_removed()'], sqlite=["CREATE TRIGGER portals_teamgrant_not_on_removed BEFORE INSERT ON portals_teamgrant FOR EACH ROW WHEN EXISTS ( SELECT 1 FROM portals_resource r WHERE r.id = NEW.content_object_id AND r.removed_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'no grant on a resource that its portal removed'); END"]), accounts.triggers.Trigger(name='portals_teamgrant_not_to_removed_update', postgresql=["CREATE OR REPLACE FUNCTION portals_teamgrant_not_to_removed_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.content_object_id <> OLD.content_object_id AND EXISTS ( SELECT 1 FROM portals_resource r WHERE r.id = NEW.content_object_id AND r.removed_at IS NOT NULL) THEN RAISE EXCEPTION 'no grant on a resource that its portal removed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER portals_teamgrant_not_to_removed_update BEFORE UPDATE ON portals_teamgrant FOR EACH ROW EXECUTE FUNCTION portals_teamgrant_not_to_removed_update()'], sqlite=["CREATE TRIGGER portals_teamgrant_not_to_removed_update BEFORE UPDATE ON portals_teamgrant FOR EACH ROW WHEN NEW.content_object_id <> OLD.content_object_id AND EXISTS ( SELECT 1 FROM portals_resource r WHERE r.id = NEW.content_object_id AND r.removed_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'no grant on a resource that its portal removed'); END"])],
            },
        ),
        migrations.AlterUniqueTogether(
            name='persongrant',
            unique_together={('user', 'permission', 'content_object')},
        ),
        migrations.AddConstraint(
            model_name='resourcesearchentry',
            constraint=accounts.triggers.Trigger(name='portals_resourcesearchentry_insert', postgresql=["CREATE OR REPLACE FUNCTION portals_resourcesearchentry_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TRUE THEN INSERT INTO portals_resourcesearchentry (row_id, entry, customer_id) SELECT NEW.id, substr(word || ' ' || NEW.search_name, 1, 400), (SELECT s.customer_id FROM portals_subscription s WHERE s.id = NEW.subscription_id) FROM (SELECT DISTINCT string_to_table(NEW.search_words, ' ') AS word) AS words WHERE word <> ''; END IF; RETURN NULL; END$$", 'CREATE OR REPLACE TRIGGER portals_resourcesearchentry_insert AFTER INSERT ON portals_resource FOR EACH ROW EXECUTE FUNCTION portals_resourcesearchentry_insert()'], sqlite=['CREATE TRIGGER portals_resourcesearchentry_insert AFTER INSERT ON portals_resource FOR EACH ROW WHEN TRUE BEGIN INSERT INTO portals_resourcesearchentry (row_id, entry, customer_id) SELECT NEW.id, substr(word || \' \' || NEW.search_name, 1, 400), (SELECT s.customer_id FROM portals_subscription s WHERE s.id = NEW.subscription_id) FROM (SELECT DISTINCT value AS word FROM json_each(\'[\' || replace(json_quote(NEW.search_words), \' \', \'","\') || \']\')) WHERE word <> \'\'; END']),
        ),
        migrations.AddConstraint(
            model_name='resourcesearchentry',
            constraint=accounts.triggers.Trigger(name='portals_resourcesearchentry_update', postgresql=["CREATE OR REPLACE FUNCTION portals_resourcesearchentry_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF (NEW.search_words <> OLD.search_words OR NEW.search_name <> OLD.search_name) THEN DELETE FROM portals_resourcesearchentry WHERE row_id = OLD.id; INSERT INTO portals_resourcesearchentry (row_id, entry, customer_id) SELECT NEW.id, substr(word || ' ' || NEW.search_name, 1, 400), (SELECT s.customer_id FROM portals_subscription s WHERE s.id = NEW.subscription_id) FROM (SELECT DISTINCT string_to_table(NEW.search_words, ' ') AS word) AS words WHERE word <> ''; END IF; RETURN NULL; END$$", 'CREATE OR REPLACE TRIGGER portals_resourcesearchentry_update AFTER UPDATE ON portals_resource FOR EACH ROW EXECUTE FUNCTION portals_resourcesearchentry_update()'], sqlite=['CREATE TRIGGER portals_resourcesearchentry_update AFTER UPDATE ON portals_resource FOR EACH ROW WHEN (NEW.search_words <> OLD.search_words OR NEW.search_name <> OLD.search_name) BEGIN DELETE FROM portals_resourcesearchentry WHERE row_id = OLD.id; INSERT INTO portals_resourcesearchentry (row_id, entry, customer_id) SELECT NEW.id, substr(word || \' \' || NEW.search_name, 1, 400), (SELECT s.customer_id FROM portals_subscription s WHERE s.id = NEW.subscription_id) FROM (SELECT DISTINCT value AS word FROM json_each(\'[\' || replace(json_quote(NEW.search_words), \' \', \'","\') || \']\')) WHERE word <> \'\'; END']),
        ),
        migrations.AddConstraint(
            model_name='resourcetenure',
            constraint=accounts.triggers.Trigger(name='tenure_follows_its_resource_insert', postgresql=["CREATE OR REPLACE FUNCTION tenure_follows_its_resource_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.ended_at IS NOT NULL OR NOT EXISTS ( SELECT 1 FROM portals_resource r JOIN portals_resourcetype t ON t.id = r.resource_type_id JOIN portals_subscription s ON s.id = r.subscription_id WHERE t.portal_id = NEW.portal_id AND t.code = NEW.type_code AND r.external_id = NEW.external_id AND s.customer_id = NEW.customer_id AND r.removed_at IS NULL AND r.held_since = NEW.started_at) THEN RAISE EXCEPTION 'a tenure is written with its resource alone' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER tenure_follows_its_resource_insert BEFORE INSERT ON portals_resourcetenure FOR EACH ROW EXECUTE FUNCTION tenure_follows_its_resource_insert()'], sqlite=["CREATE TRIGGER tenure_follows_its_resource_insert BEFORE INSERT ON portals_resourcetenure FOR EACH ROW WHEN NEW.ended_at IS NOT NULL OR NOT EXISTS ( SELECT 1 FROM portals_resource r JOIN portals_resourcetype t ON t.id = r.resource_type_id JOIN portals_subscription s ON s.id = r.subscription_id WHERE t.portal_id = NEW.portal_id AND t.code = NEW.type_code AND r.external_id = NEW.external_id AND s.customer_id = NEW.customer_id AND r.removed_at IS NULL AND r.held_since = NEW.started_at) BEGIN SELECT RAISE(ABORT, 'a tenure is written with its resource alone'); END"]),
        ),
        migrations.AddConstraint(
            model_name='resourcetenure',
            constraint=accounts.triggers.Trigger(name='tenure_follows_its_resource_update', postgresql=["CREATE OR REPLACE FUNCTION tenure_follows_its_resource_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.portal_id <> OLD.portal_id OR NEW.type_code <> OLD.type_code OR NEW.external_id <> OLD.external_id OR NEW.customer_id <> OLD.customer_id OR NEW.started_at <> OLD.started_at OR (NEW.ended_at IS NULL AND NOT EXISTS ( SELECT 1 FROM portals_resource r JOIN portals_resourcetype t ON t.id = r.resource_type_id JOIN portals_subscription s ON s.id = r.subscription_id WHERE t.portal_id = NEW.portal_id AND t.code = NEW.type_code AND r.external_id = NEW.external_id AND s.customer_id = NEW.customer_id AND r.removed_at IS NULL AND r.held_since = NEW.started_at)) OR (NEW.ended_at IS NOT NULL AND EXISTS ( SELECT 1 FROM portals_resource r JOIN portals_resourcetype t ON t.id = r.resource_type_id JOIN portals_subscription s ON s.id = r.subscription_id WHERE t.portal_id = NEW.portal_id AND t.code = NEW.type_code AND r.external_id = NEW.external_id AND s.customer_id = NEW.customer_id AND r.removed_at IS NULL AND r.held_since = NEW.started_at)) THEN RAISE EXCEPTION 'a tenure is written with its resource alone' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER tenure_follows_its_resource_update BEFORE UPDATE ON portals_resourcetenure FOR EACH ROW EXECUTE FUNCTION tenure_follows_its_resource_update()'], sqlite=["CREATE TRIGGER tenure_follows_its_resource_update BEFORE UPDATE ON portals_resourcetenure FOR EACH ROW WHEN NEW.portal_id <> OLD.portal_id OR NEW.type_code <> OLD.type_code OR NEW.external_id <> OLD.external_id OR NEW.customer_id <> OLD.customer_id OR NEW.started_at <> OLD.started_at OR (NEW.ended_at IS NULL AND NOT EXISTS ( SELECT 1 FROM portals_resource r JOIN portals_resourcetype t ON t.id = r.resource_type_id JOIN portals_subscription s ON s.id = r.subscription_id WHERE t.portal_id = NEW.portal_id AND t.code = NEW.type_code AND r.external_id = NEW.external_id AND s.customer_id = NEW.customer_id AND r.removed_at IS NULL AND r.held_since = NEW.started_at)) OR (NEW.ended_at IS NOT NULL AND EXISTS ( SELECT 1 FROM portals_resource r JOIN portals_resourcetype t ON t.id = r.resource_type_id JOIN portals_subscription s ON s.id = r.subscription_id WHERE t.portal_id = NEW.portal_id AND t.code = NEW.type_code AND r.external_id = NEW.external_id AND s.customer_id = NEW.customer_id AND r.removed_at IS NULL AND r.held_since = NEW.started_at)) BEGIN SELECT RAISE(ABORT, 'a tenure is written with its resource alone'); END"]),
        ),
        migrations.AddConstraint(
            model_name='resourcetenure',
            constraint=accounts.triggers.Trigger(name='tenure_begins', postgresql=['CREATE OR REPLACE FUNCTION tenure_begins() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.parent_id IS NOT NULL AND NEW.removed_at IS NULL THEN INSERT INTO portals_resourcetenure (portal_id, type_code, external_id, customer_id, started_at) SELECT s.portal_id, t.code, NEW.external_id, s.customer_id, NEW.held_since FROM portals_subscription s JOIN portals_resourcetype t ON t.id = NEW.resource_type_id WHERE s.id = NEW.subscription_id; END IF; RETURN NULL; END$$', 'CREATE OR REPLACE TRIGGER tenure_begins AFTER INSERT ON portals_resource FOR EACH ROW EXECUTE FUNCTION tenure_begins()'], sqlite=['CREATE TRIGGER tenure_begins AFTER INSERT ON portals_resource FOR EACH ROW WHEN NEW.parent_id IS NOT NULL AND NEW.removed_at IS NULL BEGIN INSERT INTO portals_resourcetenure (portal_id, type_code, external_id, customer_id, started_at) SELECT s.portal_id, t.code, NEW.external_id, s.customer_id, NEW.held_since FROM portals_subscription s JOIN portals_resourcetype t ON t.id = NEW.resource_type_id WHERE s.id = NEW.subscription_id; END']),
        ),
        migrations.AddConstraint(
            model_name='resourcetenure',
            constraint=accounts.triggers.Trigger(name='tenure_ends_with_the_id', postgresql=['CREATE OR REPLACE FUNCTION tenure_ends_with_the_id() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.external_id <> OLD.external_id AND NEW.removed_at IS NULL THEN UPDATE portals_resourcetenure SET ended_at = NEW.held_since WHERE ended_at IS NULL AND external_id = OLD.external_id AND EXISTS ( SELECT 1 FROM portals_resourcetype t WHERE t.id = OLD.resource_type_id AND t.portal_id = portals_resourcetenure.portal_id AND t.code = portals_resourcetenure.type_code); INSERT INTO portals_resourcetenure (portal_id, type_code, external_id, customer_id, started_at) SELECT s.portal_id, t.code, NEW.external_id, s.customer_id, NEW.held_since FROM portals_subscription s JOIN portals_resourcetype t ON t.id = NEW.resource_type_id WHERE s.id = NEW.subscription_id; END IF; RETURN NULL; END$$', 'CREATE OR REPLACE TRIGGER tenure_ends_with_the_id AFTER UPDATE ON portals_resource FOR EACH ROW EXECUTE FUNCTION tenure_ends_with_the_id()'], sqlite=['CREATE TRIGGER tenure_ends_with_the_id AFTER UPDATE ON portals_resource FOR EACH ROW WHEN NEW.external_id <> OLD.external_id AND NEW.removed_at IS NULL BEGIN UPDATE portals_resourcetenure SET ended_at = NEW.held_since WHERE ended_at IS NULL AND external_id = OLD.external_id AND EXISTS ( SELECT 1 FROM portals_resourcetype t WHERE t.id = OLD.resource_type_id AND t.portal_id = portals_resourcetenure.portal_id AND t.code = portals_resourcetenure.type_code); INSERT INTO portals_resourcetenure (portal_id, type_code, external_id, customer_id, started_at) SELECT s.portal_id, t.code, NEW.external_id, s.customer_id, NEW.held_since FROM portals_subscription s JOIN portals_resourcetype t ON t.id = NEW.resource_type_id WHERE s.id = NEW.subscription_id; END']),
        ),
        migrations.AddConstraint(
            model_name='resourcetenure',
            constraint=accounts.triggers.Trigger(name='tenure_ends_at_removal', postgresql=['CREATE OR REPLACE FUNCTION tenure_ends_at_removal() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.removed_at IS NOT NULL AND OLD.removed_at IS NULL THEN UPDATE portals_resourcetenure SET ended_at = NEW.removed_at WHERE ended_at IS NULL AND external_id = OLD.external_id AND EXISTS ( SELECT 1 FROM portals_resourcetype t WHERE t.id = OLD.resource_type_id AND t.portal_id = portals_resourcetenure.portal_id AND t.code = portals_resourcetenure.type_code); END IF; RETURN NULL; END$$', 'CREATE OR REPLACE TRIGGER tenure_ends_at_removal AFTER UPDATE ON portals_resource FOR EACH ROW EXECUTE FUNCTION tenure_ends_at_removal()'], sqlite=['CREATE TRIGGER tenure_ends_at_removal AFTER UPDATE ON portals_resource FOR EACH ROW WHEN NEW.removed_at IS NOT NULL AND OLD.removed_at IS NULL BEGIN UPDATE portals_resourcetenure SET ended_at = NEW.removed_at WHERE ended_at IS NULL AND external_id = OLD.external_id AND EXISTS ( SELECT 1 FROM portals_resourcetype t WHERE t.id = OLD.resource_type_id AND t.portal_id = portals_resourcetenure.portal_id AND t.code = portals_resourcetenure.type_code); END']),
        ),
        migrations.AddConstraint(
            model_name='resourcetenure',
            constraint=accounts.triggers.Trigger(name='tenure_goes_on', postgresql=['CREATE OR REPLACE FUNCTION tenure_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.removed_at IS NULL AND OLD.removed_at IS NOT NULL THEN UPDATE portals_resourcetenure SET ended_at = NULL WHERE ended_at = OLD.removed_at AND started_at = NEW.held_since AND external_id = NEW.external_id AND EXISTS ( SELECT 1 FROM portals_resourcetype t WHERE t.id = NEW.resource_type_id AND t.portal_id = portals_resourcetenure.portal_id AND t.code = portals_resourcetenure.type_code); END IF; RETURN NULL; END$$', 'CREATE OR REPLACE TRIGGER tenure_goes_on AFTER UPDATE ON portals_resource FOR EACH ROW EXECUTE FUNCTION tenure_goes_on()'], sqlite=['CREATE TRIGGER tenure_goes_on AFTER UPDATE ON portals_resource FOR EACH ROW WHEN NEW.removed_at IS NULL AND OLD.removed_at IS NOT NULL BEGIN UPDATE portals_resourcetenure SET ended_at = NULL WHERE ended_at = OLD.removed_at AND started_at = NEW.held_since AND external_id = NEW.external_id AND EXISTS ( SELECT 1 FROM portals_resourcetype t WHERE t.id = NEW.resource_type_id AND t.portal_id = portals_resourcetenure.portal_id AND t.code = portals_resourcetenure.type_code); END']),
        ),
        migrations.AddConstraint(
            model_name='resourcetenure',
            constraint=accounts.triggers.Trigger(name='tenure_ends_at_deletion', postgresql=['CREATE OR REPLACE FUNCTION tenure_ends_at_deletion() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF OLD.removed_at IS NULL THEN UPDATE portals_resourcetenure SET ended_at = CASE WHEN started_at > CURRENT_TIMESTAMP THEN started_at ELSE CURRENT_TIMESTAMP END WHERE ended_at IS NULL AND external_id = OLD.external_id AND EXISTS ( SELECT 1 FROM portals_resourcetype t WHERE t.id = OLD.resource_type_id AND t.portal_id = portals_resourcetenure.portal_id AND t.code = portals_resourcetenure.type_code); END IF; RETURN NULL; END$$', 'CREATE OR REPLACE TRIGGER tenure_ends_at_deletion AFTER DELETE ON portals_resource FOR EACH ROW EXECUTE FUNCTION tenure_ends_at_deletion()'], sqlite=['CREATE TRIGGER tenure_ends_at_deletion AFTER DELETE ON portals_resource FOR EACH ROW WHEN OLD.removed_at IS NULL BEGIN UPDATE portals_resourcetenure SET ended_at = CASE WHEN started_at > CURRENT_TIMESTAMP THEN started_at ELSE CURRENT_TIMESTAMP END WHERE ended_at IS NULL AND external_id = OLD.external_id AND EXISTS ( SELECT 1 FROM portals_resourcetype t WHERE t.id = OLD.resource_type_id AND t.portal_id = portals_resourcetenure.portal_id AND t.code = portals_resourcetenure.type_code); END']),
        ),
        migrations.AddConstraint(
            model_name='privilege',
            constraint=models.UniqueConstraint(fields=('portal', 'codename'), name='privilege_once'),
        ),
        migrations.AddIndex(
            model_name='resource',
            index=models.Index(fields=['subscription', 'resource_type', 'name', 'id'], name='resource_by_name'),
        ),
        migrations.AddIndex(
            model_name='resource',
            index=models.Index(condition=models.Q(('removed_at__isnull', False)), fields=['removed_at'], name='resource_by_removal'),
        ),
        migrations.AddIndex(
            model_name='resource',
            index=models.Index(condition=models.Q(('owner__isnull', False)), fields=['owner'], name='resource_by_owner'),
        ),
        migrations.AddIndex(
            model_name='resource',
            index=models.Index(condition=models.Q(('parent', None)), fields=['subscription'], name='resource_root'),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=models.UniqueConstraint(fields=('resource_type', 'external_id'), name='resource_once_in_its_portal'),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=models.CheckConstraint(condition=models.Q(('removed_at', None), ('parent__isnull', False), _connector='OR'), name='root_is_not_removed'),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=accounts.triggers.Trigger(name='resource_below_a_removed_one_insert', postgresql=["CREATE OR REPLACE FUNCTION resource_below_a_removed_one_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.removed_at IS NULL AND EXISTS ( SELECT 1 FROM portals_resource p WHERE p.id = NEW.parent_id AND p.removed_at IS NOT NULL) THEN RAISE EXCEPTION 'nothing stands below a resource that its portal removed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER resource_below_a_removed_one_insert BEFORE INSERT ON portals_resource FOR EACH ROW EXECUTE FUNCTION resource_below_a_removed_one_insert()'], sqlite=["CREATE TRIGGER resource_below_a_removed_one_insert BEFORE INSERT ON portals_resource FOR EACH ROW WHEN NEW.removed_at IS NULL AND EXISTS ( SELECT 1 FROM portals_resource p WHERE p.id = NEW.parent_id AND p.removed_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'nothing stands below a resource that its portal removed'); END"]),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=accounts.triggers.Trigger(name='resource_below_a_removed_one_update', postgresql=["CREATE OR REPLACE FUNCTION resource_below_a_removed_one_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.removed_at IS NULL AND EXISTS ( SELECT 1 FROM portals_resource p WHERE p.id = NEW.parent_id AND p.removed_at IS NOT NULL) THEN RAISE EXCEPTION 'nothing stands below a resource that its portal removed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER resource_below_a_removed_one_update BEFORE UPDATE ON portals_resource FOR EACH ROW EXECUTE FUNCTION resource_below_a_removed_one_update()'], sqlite=["CREATE TRIGGER resource_below_a_removed_one_update BEFORE UPDATE ON portals_resource FOR EACH ROW WHEN NEW.removed_at IS NULL AND EXISTS ( SELECT 1 FROM portals_resource p WHERE p.id = NEW.parent_id AND p.removed_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'nothing stands below a resource that its portal removed'); END"]),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=accounts.triggers.Trigger(name='resource_removed_with_all_below', postgresql=['CREATE OR REPLACE FUNCTION resource_removed_with_all_below() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.removed_at IS NOT NULL AND OLD.removed_at IS NULL AND EXISTS (SELECT 1 FROM portals_resource c WHERE c.parent_id = NEW.id) THEN UPDATE portals_resource SET removed_at = NEW.removed_at WHERE removed_at IS NULL AND id IN (SELECT b.resource_id FROM portals_resourceancestor b WHERE b.ancestor_id = NEW.id); END IF; RETURN NULL; END$$', 'CREATE OR REPLACE TRIGGER resource_removed_with_all_below AFTER UPDATE ON portals_resource FOR EACH ROW EXECUTE FUNCTION resource_removed_with_all_below()'], sqlite=['CREATE TRIGGER resource_removed_with_all_below AFTER UPDATE ON portals_resource FOR EACH ROW WHEN NEW.removed_at IS NOT NULL AND OLD.removed_at IS NULL AND EXISTS (SELECT 1 FROM portals_resource c WHERE c.parent_id = NEW.id) BEGIN UPDATE portals_resource SET removed_at = NEW.removed_at WHERE removed_at IS NULL AND id IN (SELECT b.resource_id FROM portals_resourceancestor b WHERE b.ancestor_id = NEW.id); END']),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=accounts.triggers.Trigger(name='resource_in_its_tree_insert', postgresql=["CREATE OR REPLACE FUNCTION resource_in_its_tree_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF (NEW.parent_id IS NOT NULL AND NOT EXISTS ( SELECT 1 FROM portals_resource p JOIN portals_resourcetype t ON t.id = NEW.resource_type_id WHERE p.id = NEW.parent_id AND p.subscription_id = NEW.subscription_id AND p.resource_type_id = t.parent_id)) OR (NEW.parent_id IS NULL AND EXISTS ( SELECT 1 FROM portals_resourcetype t WHERE t.id = NEW.resource_type_id AND t.parent_id IS NOT NULL)) OR (NOT EXISTS ( SELECT 1 FROM portals_resourcetype t JOIN portals_subscription s ON s.portal_id = t.portal_id WHERE t.id = NEW.resource_type_id AND s.id = NEW.subscription_id)) THEN RAISE EXCEPTION 'a resource stands below a parent of its own portal and customer' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER resource_in_its_tree_insert BEFORE INSERT ON portals_resource FOR EACH ROW EXECUTE FUNCTION resource_in_its_tree_insert()'], sqlite=["CREATE TRIGGER resource_in_its_tree_insert BEFORE INSERT ON portals_resource FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL AND NOT EXISTS ( SELECT 1 FROM portals_resource p JOIN portals_resourcetype t ON t.id = NEW.resource_type_id WHERE p.id = NEW.parent_id AND p.subscription_id = NEW.subscription_id AND p.resource_type_id = t.parent_id)) OR (NEW.parent_id IS NULL AND EXISTS ( SELECT 1 FROM portals_resourcetype t WHERE t.id = NEW.resource_type_id AND t.parent_id IS NOT NULL)) OR (NOT EXISTS ( SELECT 1 FROM portals_resourcetype t JOIN portals_subscription s ON s.portal_id = t.portal_id WHERE t.id = NEW.resource_type_id AND s.id = NEW.subscription_id)) BEGIN SELECT RAISE(ABORT, 'a resource stands below a parent of its own portal and customer'); END"]),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=accounts.triggers.Trigger(name='resource_in_its_tree_update', postgresql=["CREATE OR REPLACE FUNCTION resource_in_its_tree_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF (NEW.parent_id IS NOT NULL AND NOT EXISTS ( SELECT 1 FROM portals_resource p JOIN portals_resourcetype t ON t.id = NEW.resource_type_id WHERE p.id = NEW.parent_id AND p.subscription_id = NEW.subscription_id AND p.resource_type_id = t.parent_id)) OR (NEW.parent_id IS NULL AND EXISTS ( SELECT 1 FROM portals_resourcetype t WHERE t.id = NEW.resource_type_id AND t.parent_id IS NOT NULL)) OR (NOT EXISTS ( SELECT 1 FROM portals_resourcetype t JOIN portals_subscription s ON s.portal_id = t.portal_id WHERE t.id = NEW.resource_type_id AND s.id = NEW.subscription_id)) THEN RAISE EXCEPTION 'a resource stands below a parent of its own portal and customer' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER resource_in_its_tree_update BEFORE UPDATE ON portals_resource FOR EACH ROW EXECUTE FUNCTION resource_in_its_tree_update()'], sqlite=["CREATE TRIGGER resource_in_its_tree_update BEFORE UPDATE ON portals_resource FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL AND NOT EXISTS ( SELECT 1 FROM portals_resource p JOIN portals_resourcetype t ON t.id = NEW.resource_type_id WHERE p.id = NEW.parent_id AND p.subscription_id = NEW.subscription_id AND p.resource_type_id = t.parent_id)) OR (NEW.parent_id IS NULL AND EXISTS ( SELECT 1 FROM portals_resourcetype t WHERE t.id = NEW.resource_type_id AND t.parent_id IS NOT NULL)) OR (NOT EXISTS ( SELECT 1 FROM portals_resourcetype t JOIN portals_subscription s ON s.portal_id = t.portal_id WHERE t.id = NEW.resource_type_id AND s.id = NEW.subscription_id)) BEGIN SELECT RAISE(ABORT, 'a resource stands below a parent of its own portal and customer'); END"]),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=accounts.triggers.Trigger(name='resource_keeps_its_place_update', postgresql=["CREATE OR REPLACE FUNCTION resource_keeps_its_place_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.subscription_id <> OLD.subscription_id OR NEW.resource_type_id <> OLD.resource_type_id THEN RAISE EXCEPTION 'a resource never moves to another customer, portal or type' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER resource_keeps_its_place_update BEFORE UPDATE ON portals_resource FOR EACH ROW EXECUTE FUNCTION resource_keeps_its_place_update()'], sqlite=["CREATE TRIGGER resource_keeps_its_place_update BEFORE UPDATE ON portals_resource FOR EACH ROW WHEN NEW.subscription_id <> OLD.subscription_id OR NEW.resource_type_id <> OLD.resource_type_id BEGIN SELECT RAISE(ABORT, 'a resource never moves to another customer, portal or type'); END"]),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=accounts.triggers.Trigger(name='owner_is_a_member_insert', postgresql=["CREATE OR REPLACE FUNCTION owner_is_a_member_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.owner_id IS NOT NULL THEN PERFORM 1 FROM accounts_membership WHERE id = NEW.owner_id FOR SHARE; END IF; IF NEW.owner_id IS NOT NULL AND NOT EXISTS ( SELECT 1 FROM accounts_membership m JOIN portals_subscription s ON s.customer_id = m.customer_id WHERE m.id = NEW.owner_id AND s.id = NEW.subscription_id AND m.ended_at IS NULL) THEN RAISE EXCEPTION 'the owner of a resource is a present member of its customer' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER owner_is_a_member_insert BEFORE INSERT ON portals_resource FOR EACH ROW EXECUTE FUNCTION owner_is_a_member_insert()'], sqlite=["CREATE TRIGGER owner_is_a_member_insert BEFORE INSERT ON portals_resource FOR EACH ROW WHEN NEW.owner_id IS NOT NULL AND NOT EXISTS ( SELECT 1 FROM accounts_membership m JOIN portals_subscription s ON s.customer_id = m.customer_id WHERE m.id = NEW.owner_id AND s.id = NEW.subscription_id AND m.ended_at IS NULL) BEGIN SELECT RAISE(ABORT, 'the owner of a resource is a present member of its customer'); END"]),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=accounts.triggers.Trigger(name='owner_is_a_member_update', postgresql=["CREATE OR REPLACE FUNCTION owner_is_a_member_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.owner_id IS NOT NULL THEN PERFORM 1 FROM accounts_membership WHERE id = NEW.owner_id FOR SHARE; END IF; IF NEW.owner_id IS NOT NULL AND NOT EXISTS ( SELECT 1 FROM accounts_membership m JOIN portals_subscription s ON s.customer_id = m.customer_id WHERE m.id = NEW.owner_id AND s.id = NEW.subscription_id AND m.ended_at IS NULL) THEN RAISE EXCEPTION 'the owner of a resource is a present member of its customer' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER owner_is_a_member_update BEFORE UPDATE ON portals_resource FOR EACH ROW EXECUTE FUNCTION owner_is_a_member_update()'], sqlite=["CREATE TRIGGER owner_is_a_member_update BEFORE UPDATE ON portals_resource FOR EACH ROW WHEN NEW.owner_id IS NOT NULL AND NOT EXISTS ( SELECT 1 FROM accounts_membership m JOIN portals_subscription s ON s.customer_id = m.customer_id WHERE m.id = NEW.owner_id AND s.id = NEW.subscription_id AND m.ended_at IS NULL) BEGIN SELECT RAISE(ABORT, 'the owner of a resource is a present member of its customer'); END"]),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=accounts.triggers.Trigger(name='ownership_ends_with_membership', postgresql=['CREATE OR REPLACE FUNCTION ownership_ends_with_membership() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.ended_at IS NOT NULL THEN UPDATE portals_resource SET owner_id = NULL WHERE owner_id = NEW.id; END IF; RETURN NULL; END$$', 'CREATE OR REPLACE TRIGGER ownership_ends_with_membership AFTER UPDATE ON accounts_membership FOR EACH ROW EXECUTE FUNCTION ownership_ends_with_membership()'], sqlite=['CREATE TRIGGER ownership_ends_with_membership AFTER UPDATE ON accounts_membership FOR EACH ROW WHEN NEW.ended_at IS NOT NULL BEGIN UPDATE portals_resource SET owner_id = NULL WHERE owner_id = NEW.id; END']),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=accounts.triggers.Trigger(name='resource_ancestors_of_new', postgresql=['CREATE OR REPLACE FUNCTION resource_ancestors_of_new() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TRUE THEN INSERT INTO portals_resourceancestor (resource_id, ancestor_id) SELECT NEW.id, a.ancestor_id FROM portals_resourceancestor a WHERE a.resource_id = NEW.parent_id; INSERT INTO portals_resourceancestor (resource_id, ancestor_id) VALUES (NEW.id, NEW.id); END IF; RETURN NULL; END$$', 'CREATE OR REPLACE TRIGGER resource_ancestors_of_new AFTER INSERT ON portals_resource FOR EACH ROW EXECUTE FUNCTION resource_ancestors_of_new()'], sqlite=['CREATE TRIGGER resource_ancestors_of_new AFTER INSERT ON portals_resource FOR EACH ROW WHEN TRUE BEGIN INSERT INTO portals_resourceancestor (resource_id, ancestor_id) SELECT NEW.id, a.ancestor_id FROM portals_resourceancestor a WHERE a.resource_id = NEW.parent_id; INSERT INTO portals_resourceancestor (resource_id, ancestor_id) VALUES (NEW.id, NEW.id); END']),
        ),
        migrations.AddConstraint(
            model_name='resource',
            constraint=accounts.triggers.Trigger(name='resource_ancestors_of_moved', postgresql=['CREATE OR REPLACE FUNCTION resource_ancestors_of_moved() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF COALESCE(NEW.parent_id, 0) <> COALESCE(OLD.parent_id, 0) THEN DELETE FROM portals_resourceancestor WHERE resource_id IN (SELECT b.resource_id FROM portals_resourceancestor b WHERE b.ancestor_id = NEW.id) AND ancestor_id NOT IN (SELECT b.resource_id FROM portals_resourceancestor b WHERE b.ancestor_id = NEW.id); INSERT INTO portals_resourceancestor (resource_id, ancestor_id) SELECT d.resource_id, a.ancestor_id FROM portals_resourceancestor d CROSS JOIN portals_resourceancestor a WHERE d.ancestor_id = NEW.id AND a.resource_id = NEW.parent_id; END IF; RETURN NULL; END$$', 'CREATE OR REPLACE TRIGGER resource_ancestors_of_moved AFTER UPDATE ON portals_resource FOR EACH ROW EXECUTE FUNCTION resource_ancestors_of_moved()'], sqlite=['CREATE TRIGGER resource_ancestors_of_moved AFTER UPDATE ON portals_resource FOR EACH ROW WHEN COALESCE(NEW.parent_id, 0) <> COALESCE(OLD.parent_id, 0) BEGIN DELETE FROM portals_resourceancestor WHERE resource_id IN (SELECT b.resource_id FROM portals_resourceancestor b WHERE b.ancestor_id = NEW.id) AND ancestor_id NOT IN (SELECT b.resource_id FROM portals_resourceancestor b WHERE b.ancestor_id = NEW.id); INSERT INTO portals_resourceancestor (resource_id, ancestor_id) SELECT d.resource_id, a.ancestor_id FROM portals_resourceancestor d CROSS JOIN portals_resourceancestor a WHERE d.ancestor_id = NEW.id AND a.resource_id = NEW.parent_id; END']),
        ),
        migrations.AlterUniqueTogether(
            name='teamgrant',
            unique_together={('group', 'permission', 'content_object')},
        ),
    ]
