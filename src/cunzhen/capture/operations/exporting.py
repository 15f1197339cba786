"""The list of transfers as a file that leaves the house."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from cunzhen.accounts.rules import Actor
from cunzhen.capture.models import Transfer
from cunzhen.capture.queries import counts_of_many, visible_transfers
from cunzhen.capture.rules import MOST_TRANSFERS_EXPORTED, TransferExport, TransferRow, TransferState
from cunzhen.errors import Invalid
from cunzhen.ledger.operations import NewEntry, record

_AT_ONCE = 500


def export_transfers(actor: Actor, *, state: TransferState | None, form: str, now: datetime) -> TransferExport:
    """Take out the list of transfers, newest first, with how many items of each stand where.

    Args:
        state: only those in this state; None for all.
        form: of the file, such as ``csv``; noted in the ledger.

    Returns:
        The number of transfers and their rows, which are read as they are asked for.

    Raises:
        Refused. Invalid: ``T-EX-01`` more than can be taken out at once.
    """
    actor.require("export_transfers")
    with transaction.atomic():
        rows = visible_transfers(actor)
        rows = rows.filter(state=state.value) if state else rows
        latest = rows.values_list("id", flat=True).first()
        rows = rows.filter(id__lte=latest) if latest else rows.none()
        count = rows.order_by()[: MOST_TRANSFERS_EXPORTED + 1].count()
        if count > MOST_TRANSFERS_EXPORTED:
            raise Invalid(
                "T-EX-01",
                f"批次超过 {MOST_TRANSFERS_EXPORTED:,} 个，请按状态筛选后再导出。",
                f"More than {MOST_TRANSFERS_EXPORTED:,} transfers; choose a state and export again.",
            )
        detail = {"count": count, "form": form, "state": state.value if state else ""}
        record([NewEntry("export_transfers", actor.id, actor.agency_id, (), detail)], at=now)
    return TransferExport(count, _read(rows))


def _read(rows: QuerySet[Transfer]) -> Iterator[TransferRow]:
    last: UUID | None = None
    while True:
        part = list((rows.filter(id__lt=last) if last else rows)[:_AT_ONCE])
        counts = counts_of_many([t.id for t in part])
        for t in part:
            yield TransferRow(
                t.number, t.name, t.fonds.code, t.state, counts[t.id], t.opened_at, t.received_at, t.closed_at
            )
        if len(part) < _AT_ONCE:
            return
        last = part[-1].id
