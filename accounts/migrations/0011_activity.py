"""Find events by what they are about: kind, time, and the resources their data speaks of."""

from accounts.models import audit, triggers

from django.db import migrations, models
import django.db.models.deletion


def install(apps, schema_editor):
    triggers.install(schema_editor.connection, audit.TRIGGERS)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection, audit.TRIGGERS)


def fill(apps, schema_editor):
    """What was recorded before is found as well."""
    event = apps.get_model("accounts", "AuditEvent")
    resource = apps.get_model("accounts", "AuditEventResource")
    rows = []
    for pk, data in event.objects.order_by("pk").values_list("pk", "data").iterator():
        told = [data, *data.get("grants", [])]
        keys = {one["resource_id"] for one in told if isinstance(one.get("resource_id"), int)}
        rows += [resource(event_id=pk, resource=key) for key in sorted(keys)]
        if len(rows) > 1000:
            resource.objects.bulk_create(rows)
            rows = []
    resource.objects.bulk_create(rows)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_handed_to_a_colleague")]

    operations = [
        migrations.CreateModel(
            name="AuditEventResource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("resource", models.BigIntegerField()),
                ("event", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="resource_rows", to="accounts.auditevent")),
            ],
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["customer", "kind", "-id"], name="event_by_kind"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["customer", "at"], name="event_by_time"),
        ),
        migrations.AddConstraint(
            model_name="auditeventresource",
            constraint=models.UniqueConstraint(fields=("resource", "event"), name="event_speaks_once"),
        ),
        migrations.RunPython(install, remove),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
