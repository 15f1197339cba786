"""Indexes that others begin with are taken away: each costs at every filing and finds nothing sooner.

By name: as Django does it each foreign key would be dropped and every row be checked against it anew.
"""

import django.db.models.deletion
from django.db import migrations, models

INDEXES = (
    "capture_transfer_agency_id_da37afa2",
    "capture_draft_transfer_id_db395fd3",
    "capture_sourcefile_draft_id_71694dbc",
    "capture_sheet_draft_id_d0664a95",
)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_refusal'),
        ('capture', '0002_desk_list_orders'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(f"DROP INDEX {', '.join(INDEXES)}")],
            state_operations=[
                migrations.AlterField(
                    model_name='draft',
                    name='transfer',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='drafts', to='capture.transfer'),
                ),
                migrations.AlterField(
                    model_name='sheet',
                    name='draft',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='sheets', to='capture.draft'),
                ),
                migrations.AlterField(
                    model_name='sourcefile',
                    name='draft',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='files', to='capture.draft'),
                ),
                migrations.AlterField(
                    model_name='transfer',
                    name='agency',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='accounts.agency'),
                ),
            ],
        ),
    ]
