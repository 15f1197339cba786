from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import cunzhen.keys.fields
from cunzhen.keys.sealing import blind, seal


def seal_kept(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Seal the answers that are kept already: a request sent again must still meet its first answer."""
    kept = apps.get_model("api", "IdempotencyKey")
    for row in kept.objects.using(editor.connection.alias).order_by("id").iterator():
        row.body = seal("api.answer", bytes(row.body))
        row.request_blind = blind("api.request", row.request_blind).hex()
        row.save(update_fields=["body", "request_blind"])


class Migration(migrations.Migration):

    dependencies = [
        ("api", "0001_initial"),
    ]

    operations = [
        migrations.RenameField("idempotencykey", "request_sha256", "request_blind"),
        migrations.RunPython(seal_kept, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="idempotencykey",
            name="body",
            field=cunzhen.keys.fields.SealedField(purpose="api.answer"),
        ),
    ]
