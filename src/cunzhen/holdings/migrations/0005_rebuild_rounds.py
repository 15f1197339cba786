"""Rebuildings of the catalogue, so that one that was cut off goes on."""

import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("holdings", "0004_correct_renditions")]

    operations = [
        migrations.CreateModel(
            name="Rebuild",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("ledger_size", models.BigIntegerField()),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at", None)),
                        fields=("finished_at",),
                        name="rebuild_one_at_a_time",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
    ]
