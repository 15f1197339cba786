"""Counts that cost the same however much there is: exact up to a bound, beyond it what the planner reckons."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

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
