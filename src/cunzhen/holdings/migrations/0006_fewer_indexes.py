"""Indexes that others begin with are taken away: each costs at every filing and finds nothing sooner."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_refusal'),
        ('holdings', '0005_rebuild_rounds'),
    ]

    operations = [
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
    ]
