"""Counts that cost the same however much there is: exact up to a bound, beyond it what the planner reckons."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db.models import QuerySet

MOST_COUNTED = 100_000  # index entries that a page may pass for one count


@dataclass(frozen=True)
class Counted:
    """How many there are; ``is_exact`` is false where there are more than were counted and ``number`` is reckoned."""

    number: int
    is_exact: bool = True


def counted(rows: QuerySet[Any], most: int = MOST_COUNTED) -> Counted:
    """How many rows a query finds.

    Args:
        rows: any query; its order does not matter.
        most: rows that are counted one by one.
    """
    unordered = rows.order_by()
    found = unordered[: most + 1].count()
    if found <= most:
        return Counted(found)
    plan = json.loads(unordered.explain(format="json"))
    return Counted(max(found, int(plan[0]["Plan"]["Plan Rows"])), is_exact=False)


def refresh_statistics(owner_url: str) -> int:
    """Take the figures anew that the planner reckons with, for tables that were filled at once.

    Args:
        owner_url: of the role that owns the tables; another's is passed over by the server.

    Returns:
        How many tables of the product have figures now.
    """
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        row = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            " AND reltuples >= 0"
        ).fetchone()
    return int(row[0]) if row else 0
