"""Cursor paging over time-ordered ids: the cursor is the last id of the page before."""

from __future__ import annotations

from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from ninja import Schema

from cunzhen.errors import Invalid

T = TypeVar("T")
M = TypeVar("M", bound=Model)


class Page(Schema, Generic[T]):
    """One page of a list; ``next`` is empty on the last."""

    items: list[T]
    next: str


def page_of(rows: QuerySet[M], cursor: str, limit: int) -> tuple[list[M], str]:
    """The rows of the page after the cursor, newest first, and the cursor of the next one (empty on the last).

    Raises:
        Invalid: ``API-06`` a cursor that this list never gave.
    """
    ordered: QuerySet[Any] = rows.order_by("-id")
    if cursor:
        try:
            ordered = ordered.filter(id__lt=UUID(cursor))
        except ValueError:
            raise Invalid("API-06", "翻页标记无效，请从第一页开始。", "The cursor is not valid.") from None
    found = list(ordered[: limit + 1])
    more = len(found) > limit
    return found[:limit], str(found[limit - 1].pk) if more else ""
