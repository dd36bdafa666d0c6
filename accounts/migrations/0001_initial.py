import accounts.models.search
import accounts.triggers
import accounts.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditChain',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('last_sequence', models.PositiveBigIntegerField(default=0)),
                ('last_hash', models.CharField(default='0000000000000000000000000000000000000000000000000000000000000000', max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(unique=True, validators=[accounts.validators.validate_short_name], verbose_name='short name')),
                ('name', models.CharField(max_length=150, validators=[accounts.validators.validate_name], verbose_name='name')),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('active', 'Active'), ('suspended', 'Suspended'), ('closed', 'Closed')], default='pending', max_length=10)),
                ('language', models.CharField(choices=[('en', 'English'), ('fr', 'Français')], default='en', max_length=2, verbose_name='language')),
                ('phone', models.CharField(blank=True, max_length=40, validators=[accounts.validators.validate_phone], verbose_name='phone')),
                ('street', models.CharField(blank=True, max_length=200, validators=[accounts.validators.validate_plain_text], verbose_name='street address')),
                ('city', models.CharField(blank=True, max_length=100, validators=[accounts.validators.validate_plain_text], verbose_name='city')),
                ('region', models.CharField(blank=True, max_length=100, validators=[accounts.validators.validate_plain_text], verbose_name='province or state')),
                ('postal_code', models.CharField(blank=True, max_length=20, validators=[accounts.validators.validate_plain_text], verbose_name='postal code')),
                ('country', models.CharField(blank=True, max_length=100, validators=[accounts.validators.validate_plain_text], verbose_name='country')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('search_name', accounts.models.search.SearchKeyField(editable=False, max_length=600, of='name')),
                ('search_slug', accounts.models.search.SearchKeyField(editable=False, max_length=50, of='slug')),
            ],
            options={
                'ordering': ['slug'],
                'indexes': [models.Index(fields=['search_name', 'id'], name='customer_by_name'), models.Index(fields=['search_slug'], name='customer_by_short_name')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'active', 'suspended', 'closed'])), name='customer_status_known'), accounts.triggers.Trigger(name='main_super_user_is_live_insert', postgresql=["CREATE OR REPLACE FUNCTION main_super_user_is_live_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.main_super_user_id IS NOT NULL AND NOT EXISTS ( SELECT 1 FROM accounts_membership m WHERE m.id = NEW.main_super_user_id AND m.customer_id = NEW.id AND m.role = 'super_user' AND m.suspended_at IS NULL AND m.ends_at IS NULL AND m.ended_at IS NULL) THEN RAISE EXCEPTION 'the main Super User is a live Super User of this customer' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER main_super_user_is_live_insert BEFORE INSERT ON accounts_customer FOR EACH ROW EXECUTE FUNCTION main_super_user_is_live_insert()'], sqlite=["CREATE TRIGGER main_super_user_is_live_insert BEFORE INSERT ON accounts_customer FOR EACH ROW WHEN NEW.main_super_user_id IS NOT NULL AND NOT EXISTS ( SELECT 1 FROM accounts_membership m WHERE m.id = NEW.main_super_user_id AND m.customer_id = NEW.id AND m.role = 'super_user' AND m.suspended_at IS NULL AND m.ends_at IS NULL AND m.ended_at IS NULL) BEGIN SELECT RAISE(ABORT, 'the main Super User is a live Super User of this customer'); END"]), accounts.triggers.Trigger(name='main_super_user_is_live_update', postgresql=["CREATE OR REPLACE FUNCTION main_super_user_is_live_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.main_super_user_id IS NOT NULL AND NOT EXISTS ( SELECT 1 FROM accounts_membership m WHERE m.id = NEW.main_super_user_id AND m.customer_id = NEW.id AND m.role = 'super_user' AND m.suspended_at IS NULL AND m.ends_at IS NULL AND m.ended_at IS NULL) THEN RAISE EXCEPTION 'the main Super User is a live Super User of this customer' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER main_super_user_is_live_update BEFORE UPDATE ON accounts_customer FOR EACH ROW EXECUTE FUNCTION main_super_user_is_live_update()'], sqlite=["CREATE TRIGGER main_super_user_is_live_update BEFORE UPDATE ON accounts_customer FOR EACH ROW WHEN NEW.main_super_user_id IS NOT NULL AND NOT EXISTS ( SELECT 1 FROM accounts_membership m WHERE m.id = NEW.main_super_user_id AND m.customer_id = NEW.id AND m.role = 'super_user' AND m.suspended_at IS NULL AND m.ends_at IS NULL AND m.ended_at IS NULL) BEGIN SELECT RAISE(ABORT, 'the main Super User is a live Super User of this customer'); END"]), accounts.triggers.Trigger(name='customer_is_pending_once_update', postgresql=["CREATE OR REPLACE FUNCTION customer_is_pending_once_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.status = 'pending' AND OLD.status <> 'pending' THEN RAISE EXCEPTION 'a customer that had a main Super User is never without one again' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER customer_is_pending_once_update BEFORE UPDATE ON accounts_customer FOR EACH ROW EXECUTE FUNCTION customer_is_pending_once_update()'], sqlite=["CREATE TRIGGER customer_is_pending_once_update BEFORE UPDATE ON accounts_customer FOR EACH ROW WHEN NEW.status = 'pending' AND OLD.status <> 'pending' BEGIN SELECT RAISE(ABORT, 'a customer that had a main Super User is never without one again'); END"])],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('sub', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail address')),
                ('name', models.CharField(max_length=150, validators=[accounts.validators.validate_name], verbose_name='name')),
                ('language', models.CharField(choices=[('en', 'English'), ('fr', 'Français')], default='en', max_length=2, verbose_name='language')),
                ('is_active', models.BooleanField(default=True)),
                ('is_staff', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('session_epoch', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('search_name', accounts.models.search.SearchKeyField(editable=False, max_length=600, of='name')),
                ('search_address', accounts.models.search.SearchKeyField(editable=False, max_length=300, of='email')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'permissions': [('use_desk', 'May use the support desk'), ('use_provider', "May use the provider's pages")],
                'indexes': [models.Index(fields=['search_name', 'id'], name='person_by_name'), models.Index(fields=['search_address'], name='person_by_address')],
                'constraints': [models.CheckConstraint(condition=models.Q(('is_superuser', False)), name='no_superuser'), models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='address_is_lower_case')],
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chain', models.CharField(max_length=40)),
                ('sequence', models.PositiveBigIntegerField()),
                ('at', models.DateTimeField()),
                ('kind', models.CharField(max_length=60)),
                ('actor_name', models.CharField(max_length=200)),
                ('data', models.JSONField(default=dict)),
                ('previous_hash', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('customer', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='audit_events', to='accounts.customer')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['customer', '-id'], name='event_by_customer'), models.Index(fields=['person', '-id'], name='event_by_person'), models.Index(fields=['actor', '-id'], name='event_by_actor'), models.Index(fields=['customer', 'kind', '-id'], name='event_by_kind'), models.Index(fields=['customer', 'at'], name='event_by_time')],
                'constraints': [models.UniqueConstraint(fields=('chain', 'sequence'), name='event_sequence_once'), accounts.triggers.Trigger(name='accounts_auditevent_append_only_update', postgresql=["CREATE OR REPLACE FUNCTION accounts_auditevent_append_only_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TRUE THEN RAISE EXCEPTION 'accounts_auditevent is append-only' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER accounts_auditevent_append_only_update BEFORE UPDATE ON accounts_auditevent FOR EACH ROW EXECUTE FUNCTION accounts_auditevent_append_only_update()'], sqlite=["CREATE TRIGGER accounts_auditevent_append_only_update BEFORE UPDATE ON accounts_auditevent FOR EACH ROW WHEN TRUE BEGIN SELECT RAISE(ABORT, 'accounts_auditevent is append-only'); END"]), accounts.triggers.Trigger(name='accounts_auditevent_append_only_delete', postgresql=["CREATE OR REPLACE FUNCTION accounts_auditevent_append_only_delete() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TRUE THEN RAISE EXCEPTION 'accounts_auditevent is append-only' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END$$", 'CREATE OR REPLACE TRIGGER accounts_auditevent_append_only_delete BEFORE DELETE ON accounts_auditevent FOR EACH ROW EXECUTE FUNCTION accounts_auditevent_append_only_delete()'], sqlite=["CREATE TRIGGER accounts_auditevent_append_only_delete BEFORE DELETE ON accounts_auditevent FOR EACH ROW WHEN TRUE BEGIN SELECT RAISE(ABORT, 'accounts_auditevent is append-only'); END"]), accounts.triggers.Trigger(name='accounts_auditevent_append_only_truncate', postgresql=["CREATE OR REPLACE FUNCTION accounts_auditevent_append_only_truncate() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'accounts_auditevent is append-only' USING ERRCODE = 'check_violation'; END$$", 'CREATE OR REPLACE TRIGGER accounts_auditevent_append_only_truncate BEFORE TRUNCATE ON accounts_auditevent FOR EACH STATEMENT EXECUTE FUNCTION accounts_auditevent_append_only_truncate()'], sqlite=[])],
            },
        ),
        migrations.CreateModel(
            name='AuditEventPerson',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='person_rows', to='accounts.auditevent')),
                ('person', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('person', 'event'), name='event_concerns_once'), accounts.triggers.Trigger(name='accounts_auditeventperson_append_only_update', postgresql=["CREATE OR REPLACE FUNCTION accounts_auditeventperson_append_only_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TRUE THEN RAISE EXCEPTION 'accounts_auditeventperson is append-only' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER accounts_auditeventperson_append_only_update BEFORE UPDATE ON accounts_auditeventperson FOR EACH ROW EXECUTE FUNCTION accounts_auditeventperson_append_only_update()'], sqlite=["CREATE TRIGGER accounts_auditeventperson_append_only_update BEFORE UPDATE ON accounts_auditeventperson FOR EACH ROW WHEN TRUE BEGIN SELECT RAISE(ABORT, 'accounts_auditeventperson is append-only'); END"]), accounts.triggers.Trigger(name='accounts_auditeventperson_append_only_delete', postgresql=["CREATE OR REPLACE FUNCTION accounts_auditeventperson_append_only_delete() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TRUE THEN RAISE EXCEPTION 'accounts_auditeventperson is append-only' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END$$", 'CREATE OR REPLACE TRIGGER accounts_auditeventperson_append_only_delete BEFORE DELETE ON accounts_auditeventperson FOR EACH ROW EXECUTE FUNCTION accounts_auditeventperson_append_only_delete()'], sqlite=["CREATE TRIGGER accounts_auditeventperson_append_only_delete BEFORE DELETE ON accounts_auditeventperson FOR EACH ROW WHEN TRUE BEGIN SELECT RAISE(ABORT, 'accounts_auditeventperson is append-only'); END"]), accounts.triggers.Trigger(name='accounts_auditeventperson_append_only_truncate', postgresql=["CREATE OR REPLACE FUNCTION accounts_auditeventperson_append_only_truncate() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'accounts_auditeventperson is append-only' USING ERRCODE = 'check_violation'; END$$", 'CREATE OR REPLACE TRIGGER accounts_auditeventperson_append_only_truncate BEFORE TRUNCATE ON accounts_auditeventperson FOR EACH STATEMENT EXECUTE FUNCTION accounts_auditeventperson_append_only_truncate()'], sqlite=[])],
            },
        ),
        migrations.CreateModel(
            name='AuditEventResource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('resource', models.BigIntegerField()),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='resource_rows', to='accounts.auditevent')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('resource', 'event'), name='event_speaks_once'), accounts.triggers.Trigger(name='accounts_auditeventresource_append_only_update', postgresql=["CREATE OR REPLACE FUNCTION accounts_auditeventresource_append_only_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TRUE THEN RAISE EXCEPTION 'accounts_auditeventresource is append-only' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER accounts_auditeventresource_append_only_update BEFORE UPDATE ON accounts_auditeventresource FOR EACH ROW EXECUTE FUNCTION accounts_auditeventresource_append_only_update()'], sqlite=["CREATE TRIGGER accounts_auditeventresource_append_only_update BEFORE UPDATE ON accounts_auditeventresource FOR EACH ROW WHEN TRUE BEGIN SELECT RAISE(ABORT, 'accounts_auditeventresource is append-only'); END"]), accounts.triggers.Trigger(name='accounts_auditeventresource_append_only_delete', postgresql=["CREATE OR REPLACE FUNCTION accounts_auditeventresource_append_only_delete() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TRUE THEN RAISE EXCEPTION 'accounts_auditeventresource is append-only' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END$$", 'CREATE OR REPLACE TRIGGER accounts_auditeventresource_append_only_delete BEFORE DELETE ON accounts_auditeventresource FOR EACH ROW EXECUTE FUNCTION accounts_auditeventresource_append_only_delete()'], sqlite=["CREATE TRIGGER accounts_auditeventresource_append_only_delete BEFORE DELETE ON accounts_auditeventresource FOR EACH ROW WHEN TRUE BEGIN SELECT RAISE(ABORT, 'accounts_auditeventresource is append-only'); END"]), accounts.triggers.Trigger(name='accounts_auditeventresource_append_only_truncate', postgresql=["CREATE OR REPLACE FUNCTION accounts_auditeventresource_append_only_truncate() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'accounts_auditeventresource is append-only' USING ERRCODE = 'check_violation'; END$$", 'CREATE OR REPLACE TRIGGER accounts_auditeventresource_append_only_truncate BEFORE TRUNCATE ON accounts_auditeventresource FOR EACH STATEMENT EXECUTE FUNCTION accounts_auditeventresource_append_only_truncate()'], sqlite=[])],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('role', models.CharField(choices=[('super_user', 'Super User'), ('user', 'User')], default='user', max_length=10, verbose_name='role')),
                ('work_name', models.CharField(max_length=150, validators=[accounts.validators.validate_name], verbose_name='name at work')),
                ('work_phone', models.CharField(blank=True, max_length=40, validators=[accounts.validators.validate_phone], verbose_name='phone at work')),
                ('joined_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('suspended_at', models.DateTimeField(blank=True, null=True)),
                ('ends_at', models.DateTimeField(blank=True, help_text='The planned last moment.', null=True)),
                ('end_announced_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('search_name', accounts.models.search.SearchKeyField(editable=False, max_length=600, of='work_name')),
                ('search_address', accounts.models.search.SearchKeyField(editable=False, max_length=300, of='user.email')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='accounts.customer')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['customer', 'search_name', 'id'], name='membership_by_name'), models.Index(fields=['customer', 'search_address', 'id'], name='membership_by_address'), models.Index(condition=models.Q(('ended_at', None), ('ends_at__isnull', False)), fields=['ends_at'], name='membership_by_end'), models.Index(fields=['customer', 'joined_at', 'id'], name='membership_by_age'), models.Index(fields=['customer', 'role', 'search_name', 'id'], name='membership_by_role'), models.Index(condition=models.Q(('suspended_at__isnull', False)), fields=['customer', 'search_name', 'id'], name='membership_suspended'), models.Index(condition=models.Q(('ends_at__isnull', False)), fields=['customer', 'search_name', 'id'], name='membership_offboarding')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('customer', 'user'), name='one_present_membership'), models.CheckConstraint(condition=models.Q(('role__in', ['super_user', 'user'])), name='role_known'), accounts.triggers.Trigger(name='main_super_user_stays_update', postgresql=["CREATE OR REPLACE FUNCTION main_super_user_stays_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM 1 FROM accounts_customer WHERE id = OLD.customer_id FOR UPDATE; IF EXISTS (SELECT 1 FROM accounts_customer c WHERE c.id = OLD.customer_id AND c.main_super_user_id = OLD.id) AND (NEW.role <> 'super_user' OR NEW.suspended_at IS NOT NULL OR NEW.ends_at IS NOT NULL OR NEW.ended_at IS NOT NULL) THEN RAISE EXCEPTION 'the main Super User keeps a live Super User membership without an end' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER main_super_user_stays_update BEFORE UPDATE ON accounts_membership FOR EACH ROW EXECUTE FUNCTION main_super_user_stays_update()'], sqlite=["CREATE TRIGGER main_super_user_stays_update BEFORE UPDATE ON accounts_membership FOR EACH ROW WHEN EXISTS (SELECT 1 FROM accounts_customer c WHERE c.id = OLD.customer_id AND c.main_super_user_id = OLD.id) AND (NEW.role <> 'super_user' OR NEW.suspended_at IS NOT NULL OR NEW.ends_at IS NOT NULL OR NEW.ended_at IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'the main Super User keeps a live Super User membership without an end'); END"]), accounts.triggers.Trigger(name='main_super_user_stays_delete', postgresql=["CREATE OR REPLACE FUNCTION main_super_user_stays_delete() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM 1 FROM accounts_customer WHERE id = OLD.customer_id FOR UPDATE; IF EXISTS (SELECT 1 FROM accounts_customer c WHERE c.id = OLD.customer_id AND c.main_super_user_id = OLD.id) THEN RAISE EXCEPTION 'the main Super User keeps a live Super User membership without an end' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END$$", 'CREATE OR REPLACE TRIGGER main_super_user_stays_delete BEFORE DELETE ON accounts_membership FOR EACH ROW EXECUTE FUNCTION main_super_user_stays_delete()'], sqlite=["CREATE TRIGGER main_super_user_stays_delete BEFORE DELETE ON accounts_membership FOR EACH ROW WHEN EXISTS (SELECT 1 FROM accounts_customer c WHERE c.id = OLD.customer_id AND c.main_super_user_id = OLD.id) BEGIN SELECT RAISE(ABORT, 'the main Super User keeps a live Super User membership without an end'); END"]), accounts.triggers.Trigger(name='membership_keeps_its_person_update', postgresql=["CREATE OR REPLACE FUNCTION membership_keeps_its_person_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.customer_id <> OLD.customer_id OR NEW.user_id <> OLD.user_id THEN RAISE EXCEPTION 'a membership never moves to another person or customer' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER membership_keeps_its_person_update BEFORE UPDATE ON accounts_membership FOR EACH ROW EXECUTE FUNCTION membership_keeps_its_person_update()'], sqlite=["CREATE TRIGGER membership_keeps_its_person_update BEFORE UPDATE ON accounts_membership FOR EACH ROW WHEN NEW.customer_id <> OLD.customer_id OR NEW.user_id <> OLD.user_id BEGIN SELECT RAISE(ABORT, 'a membership never moves to another person or customer'); END"])],
            },
        ),
        migrations.CreateModel(
            name='HandOver',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('state', models.CharField(choices=[('open', 'Waiting'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn'), ('lapsed', 'Ran out')], default='open', max_length=10)),
                ('offered_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('expires_at', models.DateTimeField()),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hand_overs', to='accounts.customer')),
                ('giver', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.membership')),
                ('receiver', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hand_overs', to='accounts.membership')),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('customer',), name='one_open_hand_over'), models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('state', 'open')), models.Q(('settled_at__isnull', False), ('state__in', ['accepted', 'declined', 'withdrawn', 'lapsed'])), _connector='OR'), name='hand_over_settled_at_a_moment'), models.CheckConstraint(condition=models.Q(('giver', models.F('receiver')), _negated=True), name='hand_over_between_two_people'), accounts.triggers.Trigger(name='hand_over_settled_once_update', postgresql=["CREATE OR REPLACE FUNCTION hand_over_settled_once_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF OLD.state <> 'open' THEN RAISE EXCEPTION 'an offer of the main role is settled once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER hand_over_settled_once_update BEFORE UPDATE ON accounts_handover FOR EACH ROW EXECUTE FUNCTION hand_over_settled_once_update()'], sqlite=["CREATE TRIGGER hand_over_settled_once_update BEFORE UPDATE ON accounts_handover FOR EACH ROW WHEN OLD.state <> 'open' BEGIN SELECT RAISE(ABORT, 'an offer of the main role is settled once'); END"]), accounts.triggers.Trigger(name='hand_over_keeps_its_people_update', postgresql=["CREATE OR REPLACE FUNCTION hand_over_keeps_its_people_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.customer_id <> OLD.customer_id OR NEW.giver_id <> OLD.giver_id OR NEW.receiver_id <> OLD.receiver_id THEN RAISE EXCEPTION 'an offer of the main role is for one person' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER hand_over_keeps_its_people_update BEFORE UPDATE ON accounts_handover FOR EACH ROW EXECUTE FUNCTION hand_over_keeps_its_people_update()'], sqlite=["CREATE TRIGGER hand_over_keeps_its_people_update BEFORE UPDATE ON accounts_handover FOR EACH ROW WHEN NEW.customer_id <> OLD.customer_id OR NEW.giver_id <> OLD.giver_id OR NEW.receiver_id <> OLD.receiver_id BEGIN SELECT RAISE(ABORT, 'an offer of the main role is for one person'); END"]), accounts.triggers.Trigger(name='hand_over_within_customer_insert', postgresql=["CREATE OR REPLACE FUNCTION hand_over_within_customer_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF EXISTS (SELECT 1 FROM accounts_membership m WHERE m.id IN (NEW.giver_id, NEW.receiver_id) AND m.customer_id <> NEW.customer_id) THEN RAISE EXCEPTION 'the main role stays within the customer' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER hand_over_within_customer_insert BEFORE INSERT ON accounts_handover FOR EACH ROW EXECUTE FUNCTION hand_over_within_customer_insert()'], sqlite=["CREATE TRIGGER hand_over_within_customer_insert BEFORE INSERT ON accounts_handover FOR EACH ROW WHEN EXISTS (SELECT 1 FROM accounts_membership m WHERE m.id IN (NEW.giver_id, NEW.receiver_id) AND m.customer_id <> NEW.customer_id) BEGIN SELECT RAISE(ABORT, 'the main role stays within the customer'); END"])],
            },
        ),
        migrations.AddField(
            model_name='customer',
            name='main_super_user',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.membership'),
        ),
        migrations.CreateModel(
            name='AccessRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('access', 'Access'), ('name', 'Name at work'), ('phone', 'Phone at work'), ('address', 'E-mail address'), ('leave', 'Leaving the company'), ('other', 'Something else'), ('add', 'Adding a service'), ('end', 'Ending a service')], max_length=10)),
                ('about', models.CharField(blank=True, help_text='Of what there is one open request: a portal.', max_length=40)),
                ('text', models.CharField(blank=True, max_length=500, validators=[accounts.validators.validate_plain_lines], verbose_name='why')),
                ('wanted', models.JSONField(default=dict, help_text='The new value, by its field.')),
                ('state', models.CharField(choices=[('open', 'Waiting'), ('approved', 'Approved'), ('refused', 'Refused'), ('withdrawn', 'Withdrawn')], default='open', max_length=10)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('waiting_since', models.DateTimeField(default=django.utils.timezone.now, help_text="When the Super Users' time to answer began.")),
                ('reminders', models.PositiveSmallIntegerField(default=0, help_text='How many they got since then.')),
                ('passed_at', models.DateTimeField(blank=True, help_text='When the provider came to answer it too.', null=True)),
                ('answer', models.CharField(blank=True, max_length=500, validators=[accounts.validators.validate_plain_lines], verbose_name='answer')),
                ('answered_at', models.DateTimeField(blank=True, help_text='Or when it was withdrawn.', null=True)),
                ('by_provider', models.BooleanField(default=False, help_text="Answered by the provider's staff.")),
                ('answered_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('customer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='accounts.customer')),
                ('membership', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='accounts.membership')),
            ],
            options={
                'indexes': [models.Index(fields=['customer', 'state', 'id'], name='request_by_state'), models.Index(condition=models.Q(('passed_at', None), ('state', 'open')), fields=['waiting_since'], name='request_by_wait'), models.Index(condition=models.Q(('passed_at__isnull', False)), fields=['state', 'id'], name='request_with_provider')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['access', 'name', 'phone', 'address', 'leave', 'other', 'add', 'end'])), name='request_kind_known'), models.CheckConstraint(condition=models.Q(models.Q(('answered_at', None), ('answered_by', None), ('state', 'open')), models.Q(('answered_at__isnull', False), ('answered_by', None), ('state', 'withdrawn')), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False), ('state__in', ['approved', 'refused'])), _connector='OR'), name='request_answered_by_someone_at_a_moment'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'refused'), _negated=True), models.Q(('answer', ''), _negated=True), _connector='OR'), name='request_refused_with_a_reason'), models.UniqueConstraint(condition=models.Q(('kind__in', ['name', 'phone', 'address', 'leave']), ('state', 'open')), fields=('membership', 'kind'), name='one_open_request_of_a_kind'), models.UniqueConstraint(condition=models.Q(('kind__in', ['add', 'end']), ('state', 'open')), fields=('customer', 'kind', 'about'), name='one_open_request_about_a_service'), models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['add', 'end']), _negated=True), models.Q(('passed_at__isnull', False), models.Q(('about', ''), _negated=True)), _connector='OR'), name='service_is_asked_of_the_provider'), models.CheckConstraint(condition=models.Q(('by_provider', False), models.Q(('passed_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='provider_answers_what_was_passed_on'), models.CheckConstraint(condition=models.Q(('reminders__lte', 2)), name='request_reminders_end'), accounts.triggers.Trigger(name='request_answered_once_update', postgresql=["CREATE OR REPLACE FUNCTION request_answered_once_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF OLD.state <> 'open' THEN RAISE EXCEPTION 'a request is answered once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER request_answered_once_update BEFORE UPDATE ON accounts_accessrequest FOR EACH ROW EXECUTE FUNCTION request_answered_once_update()'], sqlite=["CREATE TRIGGER request_answered_once_update BEFORE UPDATE ON accounts_accessrequest FOR EACH ROW WHEN OLD.state <> 'open' BEGIN SELECT RAISE(ABORT, 'a request is answered once'); END"]), accounts.triggers.Trigger(name='request_within_customer_insert', postgresql=["CREATE OR REPLACE FUNCTION request_within_customer_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF (SELECT m.customer_id FROM accounts_membership m WHERE m.id = NEW.membership_id) <> NEW.customer_id THEN RAISE EXCEPTION 'a request stands in the customer of whoever asks' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER request_within_customer_insert BEFORE INSERT ON accounts_accessrequest FOR EACH ROW EXECUTE FUNCTION request_within_customer_insert()'], sqlite=["CREATE TRIGGER request_within_customer_insert BEFORE INSERT ON accounts_accessrequest FOR EACH ROW WHEN (SELECT m.customer_id FROM accounts_membership m WHERE m.id = NEW.membership_id) <> NEW.customer_id BEGIN SELECT RAISE(ABORT, 'a request stands in the customer of whoever asks'); END"]), accounts.triggers.Trigger(name='request_within_customer_update', postgresql=["CREATE OR REPLACE FUNCTION request_within_customer_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF (SELECT m.customer_id FROM accounts_membership m WHERE m.id = NEW.membership_id) <> NEW.customer_id THEN RAISE EXCEPTION 'a request stands in the customer of whoever asks' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER request_within_customer_update BEFORE UPDATE ON accounts_accessrequest FOR EACH ROW EXECUTE FUNCTION request_within_customer_update()'], sqlite=["CREATE TRIGGER request_within_customer_update BEFORE UPDATE ON accounts_accessrequest FOR EACH ROW WHEN (SELECT m.customer_id FROM accounts_membership m WHERE m.id = NEW.membership_id) <> NEW.customer_id BEGIN SELECT RAISE(ABORT, 'a request stands in the customer of whoever asks'); END"])],
            },
        ),
        migrations.CreateModel(
            name='Offboarding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('leaves_at', models.DateTimeField(verbose_name='leaves')),
                ('former_end', models.DateTimeField(blank=True, help_text='Their own end before the plan; it is back without it.', null=True)),
                ('reason', models.CharField(blank=True, max_length=500, validators=[accounts.validators.validate_plain_lines], verbose_name='reason')),
                ('planned_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('state', models.CharField(choices=[('open', 'Planned'), ('done', 'Done'), ('cancelled', 'Cancelled')], default='open', max_length=10)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('event', models.OneToOneField(blank=True, help_text='The end it came to, in the trail.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.auditevent')),
                ('membership', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offboardings', to='accounts.membership')),
                ('planned_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('request', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='offboarding', to='accounts.accessrequest')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('event', None), ('settled_at', None), ('state', 'open')), models.Q(('settled_at__isnull', False), ('state', 'cancelled')), models.Q(('event__isnull', False), ('settled_at__isnull', False), ('state', 'done')), _connector='OR'), name='offboarding_settled_at_a_moment'), models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('membership',), name='one_open_offboarding'), accounts.triggers.Trigger(name='offboarding_settled_once_update', postgresql=["CREATE OR REPLACE FUNCTION offboarding_settled_once_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF OLD.state <> 'open' THEN RAISE EXCEPTION 'a leaving is settled once' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER offboarding_settled_once_update BEFORE UPDATE ON accounts_offboarding FOR EACH ROW EXECUTE FUNCTION offboarding_settled_once_update()'], sqlite=["CREATE TRIGGER offboarding_settled_once_update BEFORE UPDATE ON accounts_offboarding FOR EACH ROW WHEN OLD.state <> 'open' BEGIN SELECT RAISE(ABORT, 'a leaving is settled once'); END"]), accounts.triggers.Trigger(name='offboarding_answers_its_own_insert', postgresql=["CREATE OR REPLACE FUNCTION offboarding_answers_its_own_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.request_id IS NOT NULL AND NEW.membership_id <> ( SELECT r.membership_id FROM accounts_accessrequest r WHERE r.id = NEW.request_id) THEN RAISE EXCEPTION 'a leaving answers a request of the person who leaves' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER offboarding_answers_its_own_insert BEFORE INSERT ON accounts_offboarding FOR EACH ROW EXECUTE FUNCTION offboarding_answers_its_own_insert()'], sqlite=["CREATE TRIGGER offboarding_answers_its_own_insert BEFORE INSERT ON accounts_offboarding FOR EACH ROW WHEN NEW.request_id IS NOT NULL AND NEW.membership_id <> ( SELECT r.membership_id FROM accounts_accessrequest r WHERE r.id = NEW.request_id) BEGIN SELECT RAISE(ABORT, 'a leaving answers a request of the person who leaves'); END"]), accounts.triggers.Trigger(name='offboarding_answers_its_own_update', postgresql=["CREATE OR REPLACE FUNCTION offboarding_answers_its_own_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.request_id IS NOT NULL AND NEW.membership_id <> ( SELECT r.membership_id FROM accounts_accessrequest r WHERE r.id = NEW.request_id) THEN RAISE EXCEPTION 'a leaving answers a request of the person who leaves' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER offboarding_answers_its_own_update BEFORE UPDATE ON accounts_offboarding FOR EACH ROW EXECUTE FUNCTION offboarding_answers_its_own_update()'], sqlite=["CREATE TRIGGER offboarding_answers_its_own_update BEFORE UPDATE ON accounts_offboarding FOR EACH ROW WHEN NEW.request_id IS NOT NULL AND NEW.membership_id <> ( SELECT r.membership_id FROM accounts_accessrequest r WHERE r.id = NEW.request_id) BEGIN SELECT RAISE(ABORT, 'a leaving answers a request of the person who leaves'); END"])],
            },
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=100, validators=[accounts.validators.validate_name], verbose_name='name')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='teams', to='accounts.customer')),
                ('group', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='team', to='auth.group')),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(models.F('customer'), django.db.models.functions.text.Lower('name'), name='team_name_once')],
            },
        ),
        migrations.CreateModel(
            name='ReassignedTeam',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('words', models.CharField(help_text='What it was called, should it go.', max_length=100)),
                ('offboarding', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reassigned_teams', to='accounts.offboarding')),
                ('receiver', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.membership')),
                ('team', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.team')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('offboarding', 'team'), name='team_reassigned_once'), accounts.triggers.Trigger(name='accounts_reassignedteam_to_a_colleague_insert', postgresql=["CREATE OR REPLACE FUNCTION accounts_reassignedteam_to_a_colleague_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NOT EXISTS ( SELECT 1 FROM accounts_offboarding l JOIN accounts_membership m ON m.id = l.membership_id JOIN accounts_membership r ON r.id = NEW.receiver_id WHERE l.id = NEW.offboarding_id AND r.customer_id = m.customer_id AND r.id <> m.id) THEN RAISE EXCEPTION 'access is reassigned within the customer, and not to the leaver' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER accounts_reassignedteam_to_a_colleague_insert BEFORE INSERT ON accounts_reassignedteam FOR EACH ROW EXECUTE FUNCTION accounts_reassignedteam_to_a_colleague_insert()'], sqlite=["CREATE TRIGGER accounts_reassignedteam_to_a_colleague_insert BEFORE INSERT ON accounts_reassignedteam FOR EACH ROW WHEN NOT EXISTS ( SELECT 1 FROM accounts_offboarding l JOIN accounts_membership m ON m.id = l.membership_id JOIN accounts_membership r ON r.id = NEW.receiver_id WHERE l.id = NEW.offboarding_id AND r.customer_id = m.customer_id AND r.id <> m.id) BEGIN SELECT RAISE(ABORT, 'access is reassigned within the customer, and not to the leaver'); END"]), accounts.triggers.Trigger(name='accounts_reassignedteam_to_a_colleague_update', postgresql=["CREATE OR REPLACE FUNCTION accounts_reassignedteam_to_a_colleague_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NOT EXISTS ( SELECT 1 FROM accounts_offboarding l JOIN accounts_membership m ON m.id = l.membership_id JOIN accounts_membership r ON r.id = NEW.receiver_id WHERE l.id = NEW.offboarding_id AND r.customer_id = m.customer_id AND r.id <> m.id) THEN RAISE EXCEPTION 'access is reassigned within the customer, and not to the leaver' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER accounts_reassignedteam_to_a_colleague_update BEFORE UPDATE ON accounts_reassignedteam FOR EACH ROW EXECUTE FUNCTION accounts_reassignedteam_to_a_colleague_update()'], sqlite=["CREATE TRIGGER accounts_reassignedteam_to_a_colleague_update BEFORE UPDATE ON accounts_reassignedteam FOR EACH ROW WHEN NOT EXISTS ( SELECT 1 FROM accounts_offboarding l JOIN accounts_membership m ON m.id = l.membership_id JOIN accounts_membership r ON r.id = NEW.receiver_id WHERE l.id = NEW.offboarding_id AND r.customer_id = m.customer_id AND r.id <> m.id) BEGIN SELECT RAISE(ABORT, 'access is reassigned within the customer, and not to the leaver'); END"])],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('address', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('name', models.CharField(blank=True, max_length=150, validators=[accounts.validators.validate_name], verbose_name='name')),
                ('role', models.CharField(choices=[('super_user', 'Super User'), ('user', 'User')], default='user', max_length=10, verbose_name='role')),
                ('as_main_super_user', models.BooleanField(default=False, help_text='The first Super User of a pending customer.')),
                ('work_phone', models.CharField(blank=True, max_length=40, validators=[accounts.validators.validate_phone], verbose_name='phone at work')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('sent_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, help_text='The last time.')),
                ('times_sent', models.PositiveIntegerField(default=1, editable=False)),
                ('bounced_at', models.DateTimeField(blank=True, help_text='When mail to the address was refused for good.', null=True)),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('accepted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='accounts.customer')),
                ('invited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.team')),
            ],
            options={
                'ordering': ['-created_at'],
                'indexes': [models.Index(fields=['customer', 'sent_at'], name='invitation_by_sending')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('accepted_at', None), ('revoked_at', None)), fields=('customer', 'address'), name='one_open_invitation'), models.CheckConstraint(condition=models.Q(('accepted_at', None), ('revoked_at', None), _connector='OR'), name='accepted_or_revoked'), models.CheckConstraint(condition=models.Q(('as_main_super_user', False), ('role', 'super_user'), _connector='OR'), name='main_invitation_is_super_user'), accounts.triggers.Trigger(name='invitation_is_bound_update', postgresql=["CREATE OR REPLACE FUNCTION invitation_is_bound_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.address <> OLD.address OR NEW.customer_id <> OLD.customer_id OR NEW.role <> OLD.role OR NEW.as_main_super_user <> OLD.as_main_super_user THEN RAISE EXCEPTION 'an invitation is for one address, customer and role' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER invitation_is_bound_update BEFORE UPDATE ON accounts_invitation FOR EACH ROW EXECUTE FUNCTION invitation_is_bound_update()'], sqlite=["CREATE TRIGGER invitation_is_bound_update BEFORE UPDATE ON accounts_invitation FOR EACH ROW WHEN NEW.address <> OLD.address OR NEW.customer_id <> OLD.customer_id OR NEW.role <> OLD.role OR NEW.as_main_super_user <> OLD.as_main_super_user BEGIN SELECT RAISE(ABORT, 'an invitation is for one address, customer and role'); END"]), accounts.triggers.Trigger(name='invitation_is_used_once_update', postgresql=["CREATE OR REPLACE FUNCTION invitation_is_used_once_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF (OLD.accepted_at IS NOT NULL AND NEW.accepted_at IS NULL) OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL) THEN RAISE EXCEPTION 'an invitation that was accepted or withdrawn is never open again' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER invitation_is_used_once_update BEFORE UPDATE ON accounts_invitation FOR EACH ROW EXECUTE FUNCTION invitation_is_used_once_update()'], sqlite=["CREATE TRIGGER invitation_is_used_once_update BEFORE UPDATE ON accounts_invitation FOR EACH ROW WHEN (OLD.accepted_at IS NOT NULL AND NEW.accepted_at IS NULL) OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL) BEGIN SELECT RAISE(ABORT, 'an invitation that was accepted or withdrawn is never open again'); END"]), accounts.triggers.Trigger(name='invitation_within_customer_insert', postgresql=["CREATE OR REPLACE FUNCTION invitation_within_customer_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF (SELECT t.customer_id FROM accounts_team t WHERE t.id = NEW.team_id) <> NEW.customer_id THEN RAISE EXCEPTION 'an invitation names a team of its own customer' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER invitation_within_customer_insert BEFORE INSERT ON accounts_invitation FOR EACH ROW EXECUTE FUNCTION invitation_within_customer_insert()'], sqlite=["CREATE TRIGGER invitation_within_customer_insert BEFORE INSERT ON accounts_invitation FOR EACH ROW WHEN (SELECT t.customer_id FROM accounts_team t WHERE t.id = NEW.team_id) <> NEW.customer_id BEGIN SELECT RAISE(ABORT, 'an invitation names a team of its own customer'); END"]), accounts.triggers.Trigger(name='invitation_within_customer_update', postgresql=["CREATE OR REPLACE FUNCTION invitation_within_customer_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF (SELECT t.customer_id FROM accounts_team t WHERE t.id = NEW.team_id) <> NEW.customer_id THEN RAISE EXCEPTION 'an invitation names a team of its own customer' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER invitation_within_customer_update BEFORE UPDATE ON accounts_invitation FOR EACH ROW EXECUTE FUNCTION invitation_within_customer_update()'], sqlite=["CREATE TRIGGER invitation_within_customer_update BEFORE UPDATE ON accounts_invitation FOR EACH ROW WHEN (SELECT t.customer_id FROM accounts_team t WHERE t.id = NEW.team_id) <> NEW.customer_id BEGIN SELECT RAISE(ABORT, 'an invitation names a team of its own customer'); END"])],
            },
        ),
        migrations.CreateModel(
            name='TeamMembership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('membership', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='team_memberships', to='accounts.membership')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='team_memberships', to='accounts.team')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('team', 'membership'), name='in_a_team_once'), accounts.triggers.Trigger(name='team_within_customer_insert', postgresql=["CREATE OR REPLACE FUNCTION team_within_customer_insert() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF (SELECT t.customer_id FROM accounts_team t WHERE t.id = NEW.team_id) <> (SELECT m.customer_id FROM accounts_membership m WHERE m.id = NEW.membership_id) THEN RAISE EXCEPTION 'a team holds people of its own customer only' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER team_within_customer_insert BEFORE INSERT ON accounts_teammembership FOR EACH ROW EXECUTE FUNCTION team_within_customer_insert()'], sqlite=["CREATE TRIGGER team_within_customer_insert BEFORE INSERT ON accounts_teammembership FOR EACH ROW WHEN (SELECT t.customer_id FROM accounts_team t WHERE t.id = NEW.team_id) <> (SELECT m.customer_id FROM accounts_membership m WHERE m.id = NEW.membership_id) BEGIN SELECT RAISE(ABORT, 'a team holds people of its own customer only'); END"]), accounts.triggers.Trigger(name='team_within_customer_update', postgresql=["CREATE OR REPLACE FUNCTION team_within_customer_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF (SELECT t.customer_id FROM accounts_team t WHERE t.id = NEW.team_id) <> (SELECT m.customer_id FROM accounts_membership m WHERE m.id = NEW.membership_id) THEN RAISE EXCEPTION 'a team holds people of its own customer only' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER team_within_customer_update BEFORE UPDATE ON accounts_teammembership FOR EACH ROW EXECUTE FUNCTION team_within_customer_update()'], sqlite=["CREATE TRIGGER team_within_customer_update BEFORE UPDATE ON accounts_teammembership FOR EACH ROW WHEN (SELECT t.customer_id FROM accounts_team t WHERE t.id = NEW.team_id) <> (SELECT m.customer_id FROM accounts_membership m WHERE m.id = NEW.membership_id) BEGIN SELECT RAISE(ABORT, 'a team holds people of its own customer only'); END"])],
            },
        ),
        migrations.CreateModel(
            name='Undo',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='undo', to='accounts.auditevent')),
                ('undone_by', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='undoes', to='accounts.auditevent')),
            ],
            options={
                'constraints': [accounts.triggers.Trigger(name='accounts_undo_append_only_update', postgresql=["CREATE OR REPLACE FUNCTION accounts_undo_append_only_update() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TRUE THEN RAISE EXCEPTION 'accounts_undo is append-only' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END$$", 'CREATE OR REPLACE TRIGGER accounts_undo_append_only_update BEFORE UPDATE ON accounts_undo FOR EACH ROW EXECUTE FUNCTION accounts_undo_append_only_update()'], sqlite=["CREATE TRIGGER accounts_undo_append_only_update BEFORE UPDATE ON accounts_undo FOR EACH ROW WHEN TRUE BEGIN SELECT RAISE(ABORT, 'accounts_undo is append-only'); END"]), accounts.triggers.Trigger(name='accounts_undo_append_only_delete', postgresql=["CREATE OR REPLACE FUNCTION accounts_undo_append_only_delete() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF TRUE THEN RAISE EXCEPTION 'accounts_undo is append-only' USING ERRCODE = 'check_violation'; END IF; RETURN OLD; END$$", 'CREATE OR REPLACE TRIGGER accounts_undo_append_only_delete BEFORE DELETE ON accounts_undo FOR EACH ROW EXECUTE FUNCTION accounts_undo_append_only_delete()'], sqlite=["CREATE TRIGGER accounts_undo_append_only_delete BEFORE DELETE ON accounts_undo FOR EACH ROW WHEN TRUE BEGIN SELECT RAISE(ABORT, 'accounts_undo is append-only'); END"]), accounts.triggers.Trigger(name='accounts_undo_append_only_truncate', postgresql=["CREATE OR REPLACE FUNCTION accounts_undo_append_only_truncate() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'accounts_undo is append-only' USING ERRCODE = 'check_violation'; END$$", 'CREATE OR REPLACE TRIGGER accounts_undo_append_only_truncate BEFORE TRUNCATE ON accounts_undo FOR EACH STATEMENT EXECUTE FUNCTION accounts_undo_append_only_truncate()'], sqlite=[])],
            },
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('main_super_user__isnull', False), ('status__in', ['pending', 'closed']), _connector='OR'), name='live_customer_has_main_super_user'),
        ),
    ]
