"""Rebuilding: the whole catalogue from the stores and the published ledger, on an empty database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import transaction

from cunzhen.accounts.models import Agency
from cunzhen.accounts.queries import service_actor
from cunzhen.database.locks import held
from cunzhen.database.rows import copy_rows
from cunzhen.errors import Conflict, CunzhenError, Unavailable
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.registry import records
from cunzhen.holdings import counters, registry
from cunzhen.holdings.changes_waiting import take_in_changes
from cunzhen.holdings.models import Item, Rebuild
from cunzhen.holdings.peopling import people_from_catalogue
from cunzhen.holdings.processes import spread
from cunzhen.holdings.rounds import kept_registry
from cunzhen.holdings.rules import FILING_OPS
from cunzhen.holdings.taking import Part, Taken, parts_of, take_in
from cunzhen.holdings.telling import Untold
from cunzhen.holdings.unclaimed import unclaimed_in
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.operations import NewEntry, record, sequence
from cunzhen.ledger.queries import entries_after, last_number
from cunzhen.ledger.restoring import RestoredLedger, published_size, restore_ledger
from cunzhen.preservation.models import Package
from cunzhen.preservation.store import Store
from cunzhen.preservation.unregistered import reachable_stores

Progress = Callable[[str, int, int], None]  # what is being done, how much of it is done, how much there is
LISTED = 1000
_ONE_AT_A_TIME = 0x63756E7A03  # advisory lock
_ENTRIES = 10_000


@dataclass(slots=True)
class RebuildReport:
    """What a rebuilding did.

    Args:
        items, packages: in the catalogue now.
        ledger: what was put back of it; None where an earlier run had done so.
        lost: packages that the ledger names and that tell nothing that is believed, with the reason; at most 1,000.
        lost_count: of all of them.
        unrecorded: what lies in the stores and the ledger does not name, as ``store:path``; ignored. At most 1,000.
        unrecorded_count: of all of it.
        reserved: numbers that every counter skips, because lost items may have borne them.
        people, seconds: rows of persons and employers made; how long it took.
    """

    items: int = 0
    packages: int = 0
    ledger: RestoredLedger | None = None
    lost: list[Untold] = field(default_factory=list)
    lost_count: int = 0
    unrecorded: list[str] = field(default_factory=list)
    unrecorded_count: int = 0
    reserved: int = 0
    people: int = 0
    seconds: float = 0.0

    def lose(self, untold: Sequence[Untold]) -> None:
        """Note packages that tell nothing."""
        self.lost_count += len(untold)
        self.lost += untold[: LISTED - len(self.lost)]

    def ignore(self, places: Sequence[str]) -> None:
        """Note what the ledger does not name."""
        self.unrecorded_count += len(places)
        self.unrecorded += places[: LISTED - len(self.unrecorded)]

    @property
    def ok(self) -> bool:
        """Whether nothing is lost."""
        return self.lost_count == 0


def rebuild_catalogue(
    *,
    clock: Callable[[], datetime],
    source: Path | None = None,
    without: Collection[str] = (),
    processes: int = 1,
    progress: Progress = lambda what, done, total: None,
) -> RebuildReport:
    """Make the catalogue again from the stores and the ledger. The database must be empty, so nobody can sign in yet.

    1. One at a time; the tables are empty, or an earlier run was cut off. 2. The ledger, all of it proven first.
    3. The registry. 4. Items in the order in which they were filed, some hundred a transaction. 5. What else lies in
    the stores: change-sets are taken in, the rest is listed. 6. Changes that were not folded yet. 7. Persons,
    employers and counters, which follow from the items. 8. The entry. A killed run goes on where it was.

    Args:
        clock: gives the present.
        source: folder of a ledger export; None for the ledger published in this home.
        without: names of stores that are left out on purpose, because they are lost.
        processes: that read packages side by side.
        progress: told how far it is.

    Raises:
        Conflict: ``H-41`` another one is at work, ``H-42`` the database holds something already, ``L-32``.
        Missing: ``L-30``. Unavailable: ``H-43`` no registry, ``H-45`` the ledger is another now; ``L-13``, ``L-33``,
            ``P-12`` and on.
    """
    started = clock()
    report = RebuildReport()
    with held(_ONE_AT_A_TIME) as alone:
        if not alone:
            raise Conflict("H-41", "目录正在由另一个进程重建，请等它完成。", "The catalogue is being rebuilt already.")
        stores = reachable_stores(without)
        rebuild = _begin(source, started)
        if not LedgerEntry.objects.exists():
            report.ledger = restore_ledger(source, lambda done, total: progress("ledger", done, total))
        failpoint("rebuild-1-ledger")
        _take_in_registry(stores, without, started)
        failpoint("rebuild-2-registry")
        _take_in_items(report, without, processes, progress, started)
        failpoint("rebuild-3-items")
        _take_in_others(report, stores, without, progress, started)
        report.lose(take_in_changes(stores))
        failpoint("rebuild-4-changes")
        _finish(report, rebuild, progress, started, clock)
    while sequence():
        pass
    return report


def _begin(source: Path | None, now: datetime) -> Rebuild:
    """The rebuilding that is gone on with, or a new one on an empty database."""
    size = published_size(source)
    rebuild = Rebuild.objects.filter(finished_at=None).first()
    if rebuild is None:
        if any(table._default_manager.exists() for table in (Agency, Item, Package, LedgerEntry)):
            raise Conflict(
                "H-42",
                "数据库中已有内容，不能重建目录。请停机，移走数据库目录，执行 cunzhen init 建立空数据库后再重建。",
                "The database is not empty. Stop, move the database's folder away, run cunzhen init, then rebuild.",
            )
        return Rebuild.objects.create(ledger_size=size, started_at=now)
    if rebuild.ledger_size != size:
        raise Unavailable(
            "H-45",
            "账本与上次中断的重建所用的不同。请使用同一份账本，或移走数据库目录后从头重建。",
            "The ledger is not the one that the interrupted rebuilding began with. Use that, or begin anew.",
        )
    return rebuild


def _take_in_registry(stores: Sequence[Store], without: Collection[str], now: datetime) -> None:
    """Agencies, schedules, fonds and series, all or none."""
    if Agency.objects.exists():
        return
    try:
        said = records(kept_registry(stores))
    except CunzhenError:
        raise Unavailable(
            "H-43",
            "各存储中都没有账本所记的登记包（机构、全宗、类别、保管期限表），无法重建。请核对 CUNZHEN_NODE 和存储的挂载。",
            "No store has the registry that the ledger names (agencies, fonds, series, schedules). Check CUNZHEN_NODE "
            "and that the stores are mounted.",
        ) from None
    with transaction.atomic():
        rows = [registry.row_of(one) for one in said.values()]
        for table in registry.MODELS.values():
            copy_rows([row for row in rows if type(row) is table])
        take_in(Part((registry.own_id(),), tuple(without), now))


def _take_in_items(
    report: RebuildReport, without: Collection[str], processes: int, progress: Progress, now: datetime
) -> None:
    total = LedgerEntry.objects.filter(op__in=FILING_OPS).count()
    done = 0
    for taken in spread(take_in, parts_of(_filed(), without, now), processes):
        done += _noted(report, taken)
        progress("items", done, total)


def _filed() -> Iterator[UUID]:
    """Items in the order in which they were filed: such an entry names its item first."""
    after = -1
    while entries := entries_after(after, _ENTRIES, FILING_OPS):
        yield from (entry.subjects[0].id for entry in entries)
        after = entries[-1].number


def _noted(report: RebuildReport, taken: Taken) -> int:
    report.lose(taken.untold)
    return taken.added + taken.known + len(taken.untold)


def _take_in_others(
    report: RebuildReport, stores: Sequence[Store], without: Collection[str], progress: Progress, now: datetime
) -> None:
    """What lies in the stores and no item's entry names: change-sets, and things that nobody recorded."""
    for number, store in enumerate(stores):
        progress("stores", number, len(stores))
        for unclaimed in unclaimed_in(store):
            taken = take_in(Part(tuple(unclaimed.packages), tuple(without), now))
            unbelieved = {one.id for one in taken.untold}
            report.ignore([*unclaimed.places, *(unclaimed.packages[one] for one in sorted(unbelieved))])
    progress("stores", len(stores), len(stores))


def _finish(
    report: RebuildReport,
    rebuild: Rebuild,
    progress: Progress,
    started: datetime,
    clock: Callable[[], datetime],
) -> None:
    with transaction.atomic():
        report.people = people_from_catalogue(lambda done, total: progress("people", done, total))
        report.reserved = _count_on(report.lost_count)
        failpoint("rebuild-5-people")
        report.items, report.packages = Item.objects.count(), Package.objects.count()
        now = clock()
        report.seconds = (now - started).total_seconds()
        detail = {
            "items": report.items,
            "packages": report.packages,
            "lost": report.lost_count,
            "unrecorded": report.unrecorded_count,
            "ledger": last_number() + 1,
        }
        actor = service_actor()
        record([NewEntry("rebuild_catalogue", actor.id, actor.agency_id, (), detail)], at=now)
        rebuild.finished_at = now
        rebuild.save(update_fields=["finished_at"])


def _count_on(lost: int) -> int:
    """Set the counters so that no number is given twice, those of lost items included.

    A lost item's number is unknown. Numbers missing below the last ones given are its kind; where there are more lost
    items than those, every counter skips so many.
    """
    last, count = counters.given()
    gaps = sum(number - count[key] for key, number in last.items())
    reserved = max(0, lost - gaps)
    counters.write({key: number + reserved for key, number in last.items()})
    return reserved
