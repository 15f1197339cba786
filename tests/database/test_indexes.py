"""Which indexes there are."""

from __future__ import annotations

import pytest
from django.db import connection

_INDEXES = """
SELECT t.relname, i.relname, x.indkey::text, x.indisunique OR x.indpred IS NOT NULL, x.indpred IS NOT NULL
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_am a ON a.oid = i.relam AND a.amname = 'btree'
WHERE t.relnamespace = 'public'::regnamespace AND t.relname !~ '^(auth|django|procrastinate)_'
"""


@pytest.mark.django_db
def test_no_index_is_only_the_beginning_of_another() -> None:
    """At ten million items such an index costs at each filing and finds nothing sooner."""
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        rows = cursor.fetchall()
    assert len(rows) > 80
    kept = [(table, columns) for table, _, columns, _, is_partial in rows if not is_partial]
    for table, name, columns, has_another_use, _ in rows:
        longer = [k for t, k in kept if t == table and k.startswith(columns + " ")]
        assert has_another_use or not longer, name
