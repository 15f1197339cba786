"""Counts that do not grow dear: exact below the bound, reckoned beyond it."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from psycopg.conninfo import make_conninfo

from cunzhen.accounts.models import Agency
from cunzhen.database.counting import Counted, counted, refresh_statistics

pytestmark = pytest.mark.django_db


def _agencies(count: int) -> None:
    Agency.objects.bulk_create(
        Agency(node="n", name=f"{n}", short_name="", region_code="1", valid_from=date(2000, 1, 1)) for n in range(count)
    )


def test_few_are_counted_exactly() -> None:
    rows = Agency.objects.filter(node="n").order_by("name")
    assert counted(rows) == Counted(0)
    _agencies(30)
    assert counted(rows) == counted(rows, 30) == Counted(30)


def test_many_are_reckoned_and_said_to_be() -> None:
    _agencies(3_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_agency")
    found = counted(Agency.objects.filter(node="n"), 100)
    assert not found.is_exact and 2_000 < found.number < 4_000
    assert counted(Agency.objects.all(), 100).number >= 101


@pytest.mark.django_db(transaction=True)
def test_tables_filled_at_once_get_their_figures() -> None:
    """As after a rebuilding: of rows that nobody has counted, lists would say any number."""
    _agencies(3_000)
    names = ("dbname", "user", "password", "host", "port")
    parts = {n: v for n, v in connection.get_connection_params().items() if n in names and v}
    assert refresh_statistics(make_conninfo(**parts)) > 30
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'accounts_agency'")
        assert cursor.fetchone() == (3_000,)
    found = counted(Agency.objects.filter(node="n"), 100)
    assert not found.is_exact and 2_900 <= found.number <= 3_100


def test_no_more_rows_are_passed_than_the_bound() -> None:
    _agencies(500)
    with CaptureQueriesContext(connection) as asked:
        counted(Agency.objects.filter(node="n"), 100)
    assert "LIMIT 101" in asked.captured_queries[0]["sql"]
    assert asked.captured_queries[1]["sql"].startswith("EXPLAIN") and len(asked) == 2
