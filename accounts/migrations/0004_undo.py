import django.db.models.deletion
from accounts.models import triggers, undo
from django.db import migrations, models


def install(apps, schema_editor):
    triggers.install(schema_editor.connection, undo.TRIGGERS)


def remove(apps, schema_editor):
    triggers.remove(schema_editor.connection, undo.TRIGGERS)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_requests'),
    ]

    operations = [
        migrations.CreateModel(
            name='Undo',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='undo', to='accounts.auditevent')),
                ('undone_by', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='undoes', to='accounts.auditevent')),
            ],
        ),
        migrations.RunPython(install, remove),
    ]
