"""The rules the database itself keeps are installed after every migration: preferences.signals."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("preferences", "0001_initial")]
    operations = []
