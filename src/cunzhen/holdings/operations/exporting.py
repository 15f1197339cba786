"""A list of items that leaves the house: recorded with what it was narrowed to, read while it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from cunzhen.accounts.rules import Actor
from cunzhen.holdings.models import Item
from cunzhen.holdings.queries import item_rows, listed_items
from cunzhen.holdings.rules import MOST_EXPORTED, ItemExport, ItemFilter, ItemRow, check_export
from cunzhen.ledger.operations import NewEntry, record

_AT_ONCE = 1_000


def export_items(actor: Actor, *, chosen: ItemFilter, form: str, now: datetime) -> ItemExport:
    """Take out the list of items as it is narrowed, newest first, with what was filed up to now.

    Args:
        chosen: as on the page.
        form: of the file, such as ``csv``; noted in the ledger.

    Returns:
        The number of items and their rows, which are read as they are asked for.

    Raises:
        Refused. Invalid: ``H-08`` more than can be taken out at once.
    """
    actor.require("export_items")
    with transaction.atomic():
        rows, _ = listed_items(actor, chosen)
        latest = rows.order_by("-id").values_list("id", flat=True).first()
        rows = rows.filter(id__lte=latest) if latest else rows.none()
        count = rows.order_by()[: MOST_EXPORTED + 1].count()
        check_export(count)
        detail = {"count": count, "form": form, "filter": asdict(chosen)}
        record([NewEntry("export_items", actor.id, actor.agency_id, (), detail)], at=now)
    return ItemExport(count, _read(rows))


def _read(rows: QuerySet[Item]) -> Iterator[ItemRow]:
    """By key, so that neither memory nor a transaction grows with the list."""
    last: UUID | None = None
    while True:
        part = rows.filter(id__lt=last) if last else rows
        ids = list(part.order_by("-id").values_list("id", flat=True)[:_AT_ONCE])
        yield from item_rows(ids)
        if len(ids) < _AT_ONCE:
            return
        last = ids[-1]
