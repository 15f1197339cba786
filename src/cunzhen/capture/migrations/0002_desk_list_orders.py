from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('capture', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='transfer',
            index=models.Index(fields=['agency', 'name', 'id'], name='transfer_by_name'),
        ),
        migrations.AddIndex(
            model_name='draft',
            index=models.Index(condition=models.Q(('state', 'returned')), fields=['-changed_at'], name='draft_returned'),
        ),
        migrations.AddIndex(
            model_name='draft',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['changed_at'], name='draft_waiting_since'),
        ),
    ]
