"""Many rows at once by COPY: eleven times faster than bulk_create (architecture.md 4)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, models
from psycopg import sql


def copy_rows(rows: Sequence[models.Model]) -> None:
    """Insert model instances of one class, in the current transaction.

    Args:
        rows: unsaved instances with their keys set by the caller; nothing is read back, ``auto_now`` and database
            defaults do not apply, constraints do.
    """
    if not rows:
        return
    model = type(rows[0])
    fields = [
        f for f in model._meta.local_concrete_fields if not isinstance(f, models.AutoField) or rows[0].pk is not None
    ]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table), sql.SQL(", ").join(sql.Identifier(f.column) for f in fields)
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([f.get_db_prep_save(getattr(row, f.attname), connection) for f in fields])
    for row in rows:
        row._state.adding = False
        row._state.db = connection.alias
