import django.db.models.fields.composite
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Refusal',
            fields=[
                ('pk', models.CompositePrimaryKey('actor_id', 'operation', blank=True, editable=False, primary_key=True, serialize=False)),
                ('actor_id', models.UUIDField()),
                ('operation', models.CharField(max_length=60)),
                ('at', models.DateTimeField()),
            ],
        ),
    ]
