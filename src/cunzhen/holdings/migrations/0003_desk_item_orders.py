from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('holdings', '0002_stores_series_stores'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='item',
            index=models.Index(fields=['fonds', 'term', '-id'], name='item_term'),
        ),
        migrations.AddIndex(
            model_name='item',
            index=models.Index(condition=models.Q(('hold_reason', ''), _negated=True), fields=['fonds', '-id'], name='item_held'),
        ),
        migrations.AddIndex(
            model_name='item',
            index=models.Index(fields=['fonds', 'archival_code', 'id'], name='item_by_code'),
        ),
        migrations.AddIndex(
            model_name='item',
            index=models.Index(fields=['fonds', 'document_date', 'id'], name='item_by_date'),
        ),
    ]
