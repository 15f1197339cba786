"""Indexes that others begin with are taken away: each costs at every filing and finds nothing sooner."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_refusal'),
        ('capture', '0002_desk_list_orders'),
    ]

    operations = [
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
    ]
