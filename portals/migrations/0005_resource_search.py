from django.db import migrations, models

import accounts.models.search
from accounts.models import triggers
from portals.models import resources


def write_keys(apps, schema_editor):
    resources = apps.get_model("portals", "Resource").objects
    for resource in resources.only("name", "external_id").iterator():
        resource.save(update_fields=["search_name", "search_id"])


def install(apps, schema_editor):
    # SQLite makes the table anew to add a column, and its triggers go with the old one.
    triggers.install(schema_editor.connection, resources.TRIGGERS)


class Migration(migrations.Migration):
    dependencies = [
        ("portals", "0004_requested_grants"),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, install),
        migrations.AddField(
            model_name="resource",
            name="search_id",
            field=accounts.models.search.SearchKeyField(
                default="", editable=False, max_length=600, of="external_id"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="resource",
            name="search_name",
            field=accounts.models.search.SearchKeyField(
                default="", editable=False, max_length=600, of="name"
            ),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="resource",
            index=models.Index(
                fields=["subscription", "search_name"], name="resource_by_search_name"
            ),
        ),
        migrations.AddIndex(
            model_name="resource",
            index=models.Index(fields=["subscription", "search_id"], name="resource_by_search_id"),
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
        migrations.RunPython(write_keys, migrations.RunPython.noop),
    ]
