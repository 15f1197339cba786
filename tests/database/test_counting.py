"""Counts that do not grow dear: exact below the bound, reckoned beyond it."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cunzhen.accounts.models import Agency
from cunzhen.database.counting import Counted, counted

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


def test_no_more_rows_are_passed_than_the_bound() -> None:
    _agencies(500)
    with CaptureQueriesContext(connection) as asked:
        counted(Agency.objects.filter(node="n"), 100)
    assert "LIMIT 101" in asked.captured_queries[0]["sql"]
    assert asked.captured_queries[1]["sql"].startswith("EXPLAIN") and len(asked) == 2
