"""Indexes that others begin with are taken away: each costs at every filing and finds nothing sooner.

By name: as Django does it each foreign key would be dropped and every row be checked against it anew.
"""

import django.db.models.deletion
from django.db import migrations, models

INDEXES = (
    "holdings_archivalcode_keeper_id_821b54ab",
    "holdings_codecounter_series_id_1811c12f",
    "holdings_component_item_id_1201190d",
    "holdings_employername_employer_id_969f9864",
    "holdings_fonds_keeper_id_b82d6ba4",
    "holdings_item_fonds_id_f31c30f2",
    "holdings_item_series_id_91f25762",
    "holdings_page_item_id_3f0f8673",
    "holdings_personname_person_id_92cf4250",
    "holdings_rendition_item_id_435aeeed",
    "holdings_schedulerow_schedule_id_2831eae2",
    "holdings_series_fonds_id_280cbee6",
)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_refusal'),
        ('holdings', '0005_rebuild_rounds'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(f"DROP INDEX {', '.join(INDEXES)}")],
            state_operations=[
                migrations.AlterField(
                    model_name='archivalcode',
                    name='keeper',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='accounts.agency'),
                ),
                migrations.AlterField(
                    model_name='codecounter',
                    name='series',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='holdings.series'),
                ),
                migrations.AlterField(
                    model_name='component',
                    name='item',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='components', to='holdings.item'),
                ),
                migrations.AlterField(
                    model_name='employername',
                    name='employer',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='names', to='holdings.employer'),
                ),
                migrations.AlterField(
                    model_name='fonds',
                    name='keeper',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='kept_fonds', to='accounts.agency'),
                ),
                migrations.AlterField(
                    model_name='item',
                    name='fonds',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='holdings.fonds'),
                ),
                migrations.AlterField(
                    model_name='item',
                    name='series',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='items', to='holdings.series'),
                ),
                migrations.AlterField(
                    model_name='page',
                    name='item',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='pages', to='holdings.item'),
                ),
                migrations.AlterField(
                    model_name='personname',
                    name='person',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='names', to='holdings.person'),
                ),
                migrations.AlterField(
                    model_name='rendition',
                    name='item',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='renditions', to='holdings.item'),
                ),
                migrations.AlterField(
                    model_name='schedulerow',
                    name='schedule',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='rows', to='holdings.retentionschedule'),
                ),
                migrations.AlterField(
                    model_name='series',
                    name='fonds',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='series', to='holdings.fonds'),
                ),
            ],
        ),
    ]
