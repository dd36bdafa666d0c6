"""Complaints are counted from the complaints, not from every report of a campaign."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('preferences', '0009_suspended_companies'),
    ]

    operations = [
        migrations.AlterField(
            model_name='escalation',
            name='how',
            field=models.CharField(blank=True, choices=[('delivered', 'Delivered, as a mail server says'), ('read', 'Read in the hub'), ('phone', 'Reached by phone'), ('post', 'Reached by post'), ('gave_up', 'Every way was tried')], max_length=10),
        ),
        migrations.AddIndex(
            model_name='deliveryevent',
            index=models.Index(condition=models.Q(('kind', 'complaint')), fields=['message'], name='delivery_event_complaint'),
        ),
    ]
