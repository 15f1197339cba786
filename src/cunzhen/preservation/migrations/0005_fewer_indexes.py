"""Indexes that others begin with are taken away: each costs at every filing and finds nothing sooner.

By name: as Django does it each foreign key would be dropped and every row be checked against it anew.
"""

import django.db.models.deletion
from django.db import migrations, models

INDEXES = (
    "preservation_packagecopy_package_id_202bb42f",
    "preservation_pendingchange_package_id_d5e7a223",
)


class Migration(migrations.Migration):

    dependencies = [
        ('preservation', '0004_scrub_rounds'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(f"DROP INDEX {', '.join(INDEXES)}")],
            state_operations=[
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
            ],
        ),
    ]
