from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("holdings", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="series",
            name="stores",
            field=models.JSONField(blank=True, default=list),
        ),
    ]
