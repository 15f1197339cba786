"""What a package holds, and corrections that wait to be folded into theirs."""

import django.db.models.deletion
import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("preservation", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="package",
            name="kind",
            field=models.CharField(
                choices=[("item", "件"), ("registry", "登记"), ("changes", "变更集")], default="item", max_length=10
            ),
        ),
        migrations.AddConstraint(
            model_name="package",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["item", "registry", "changes"])), name="package_kind_known"
            ),
        ),
        migrations.CreateModel(
            name="PendingChange",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.IntegerField()),
                (
                    "change_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="preservation.package"
                    ),
                ),
                (
                    "package",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pending_changes",
                        to="preservation.package",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("package", "version"), name="pending_change_once_per_version"
                    )
                ],
            },
        ),
    ]
