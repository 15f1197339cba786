"""衍生件: further forms of items, kept beside the originals."""

import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("holdings", "0003_desk_item_orders")]

    operations = [
        migrations.CreateModel(
            name="Rendition",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.IntegerField()),
                ("source_number", models.IntegerField()),
                ("path", models.CharField(max_length=255)),
                ("name", models.CharField(max_length=1000)),
                ("note", models.CharField(blank=True, max_length=200)),
                ("size", models.BigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("sm3", models.CharField(max_length=64)),
                ("sha512", models.CharField(max_length=128)),
                ("puid", models.CharField(max_length=30)),
                ("mime", models.CharField(max_length=100)),
                ("format_name", models.CharField(max_length=200)),
                ("added_at", models.DateTimeField()),
                ("added_by", models.UUIDField()),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="renditions", to="holdings.item"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("item", "number"), name="rendition_number_once"),
                    models.UniqueConstraint(fields=("item", "sha256"), name="rendition_content_once"),
                ],
            },
        ),
    ]
