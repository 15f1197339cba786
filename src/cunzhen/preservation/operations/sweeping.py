"""The janitor: what a killed or rolled back run left is cleared by its journal, and only that is looked at."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cunzhen.errors import Unavailable
from cunzhen.formats.ocfl_recover import Leftover
from cunzhen.preservation import queries
from cunzhen.preservation.models import Package
from cunzhen.preservation.operations.claims import claimed
from cunzhen.preservation.rules import SweepReport, object_id, package_id
from cunzhen.preservation.store import Store, configured_names


def sweep_uncommitted(older_than: timedelta) -> SweepReport:
    """Clear staging of batches whose process is gone, and set aside what they placed and nobody committed.

    Objects go to the store's quarantine folder, never away. Only ids in journals of left-over batches are touched,
    so an empty or restored database can never make the janitor clear a store.

    Args:
        older_than: batches younger than this are left alone.

    Raises:
        Unavailable: ``P-10`` to ``P-13``, ``P-41`` on; after the other stores were cleared.
    """
    before = timezone.now() - older_than
    report, refused = SweepReport(), []
    for name in configured_names():
        # One store that is away must not keep the others from being cleared.
        try:
            (store,) = queries.stores({name})
            for leftover in store.leftovers(before):
                report = _settle(store, leftover, report)
        except Unavailable as error:
            refused.append(error)
    if refused:
        raise refused[0]
    return report


def _settle(store: Store, leftover: Leftover, report: SweepReport) -> SweepReport:
    placed = [(package_id(uri), version) for uri, version in leftover.entries]
    new = [i for i, version in placed if i is not None and version == "v1"]
    revised = [i for i, version in placed if i is not None and version != "v1"]
    set_aside, waiting = _set_aside(store, new)
    rolled_back, busy = _roll_back(store, revised)
    if not (waiting or busy):
        store.clear(leftover)
    return SweepReport(
        cleared=report.cleared + (not (waiting or busy)),
        set_aside=(*report.set_aside, *set_aside),
        rolled_back=(*report.rolled_back, *rolled_back),
        waiting=report.waiting + bool(waiting or busy),
    )


def _set_aside(store: Store, ids: list[UUID]) -> tuple[list[UUID], bool]:
    """Ids whose object was set aside, and whether another id is in flight."""
    there = [i for i in ids if store.has(object_id(i))]
    committed = set(Package.objects.filter(id__in=there).values_list("id", flat=True))
    doubtful = [i for i in there if i not in committed]
    if not doubtful:
        return [], False
    with claimed(doubtful) as (free, in_flight):
        for one in sorted(free):
            store.set_aside(object_id(one))
    return sorted(free), bool(in_flight)


def _roll_back(store: Store, ids: list[UUID]) -> tuple[list[UUID], bool]:
    """Ids whose object was put back to its committed version, and whether another one is being revised right now."""
    with transaction.atomic():
        rows = list(Package.objects.select_for_update(skip_locked=True).filter(id__in=ids).order_by("id"))
        rolled_back = [row.id for row in rows if store.roll_back(object_id(row.id), row.version)]
    known = Package.objects.filter(id__in=ids).count()
    return rolled_back, len(rows) < known
