"""Indexes that others begin with are taken away: each costs at every filing and finds nothing sooner."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('preservation', '0004_scrub_rounds'),
    ]

    operations = [
        migrations.AlterField(
            model_name='packagecopy',
            name='package',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='copies', to='preservation.package'),
        ),
        migrations.AlterField(
            model_name='pendingchange',
            name='package',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='pending_changes', to='preservation.package'),
        ),
    ]
