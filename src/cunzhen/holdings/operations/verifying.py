"""The catalogue against the packages, the ledger and the registry: every row, every column, in one round."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from cunzhen.accounts.rules import Actor
from cunzhen.errors import CunzhenError
from cunzhen.holdings import asserted, verdicts
from cunzhen.holdings.changes_waiting import index_of, is_anywhere
from cunzhen.holdings.comparing import Compared, RowDifference, compare
from cunzhen.holdings.models import Item
from cunzhen.holdings.processes import spread
from cunzhen.holdings.rounds import (
    assertions_of,
    changes_missing,
    counter_differences,
    list_everything,
    listed_chunks,
    orphans,
    series_ids,
    setup_differences,
)
from cunzhen.holdings.telling import Untold
from cunzhen.holdings.verdicts import CatalogueFinding
from cunzhen.ledger.operations import NewEntry, record
from cunzhen.preservation.models import Package
from cunzhen.preservation.store import Store
from cunzhen.preservation.unregistered import Doubt, serving_stores

Progress = Callable[[int, int], None]  # packages compared, packages in all
LISTED = 10_000
_NEVER_FILED = {str(Doubt.UNRECORDED), str(Doubt.NOWHERE)}


@dataclass(slots=True)
class CatalogueReport:
    """What a comparison found.

    Args:
        checked: packages compared.
        missing: packages that no item stands for. extra: items that have no package, or were never filed.
        altered: other packages some row of which differs from what they say.
        findings: each difference and how to mend it; at most 10,000. more: that were not listed.
        away: stores that do not serve; what lies only there is not told.
        lost: packages that the ledger names and that cannot be compared.
        seconds: how long it took.
    """

    checked: int = 0
    missing: tuple[UUID, ...] = ()
    extra: tuple[UUID, ...] = ()
    altered: tuple[UUID, ...] = ()
    findings: list[CatalogueFinding] = field(default_factory=list)
    more: int = 0
    away: tuple[str, ...] = ()
    lost: tuple[UUID, ...] = ()
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether everything agrees."""
        return not (self.findings or self.missing or self.extra or self.altered)


@dataclass(slots=True)
class _Found:
    """What one round has found so far."""

    report: CatalogueReport = field(default_factory=CatalogueReport)
    missing: dict[UUID, None] = field(default_factory=dict)
    extra: dict[UUID, None] = field(default_factory=dict)
    altered: dict[UUID, None] = field(default_factory=dict)
    lost: dict[UUID, None] = field(default_factory=dict)
    numbers: dict[tuple[UUID, str, int], int] = field(default_factory=dict)

    def say(self, findings: Sequence[CatalogueFinding]) -> None:
        """List findings as long as there is room."""
        room = LISTED - len(self.report.findings)
        self.report.findings += findings[:room]
        self.report.more += len(findings[room:])

    def add(self, compared: Compared) -> None:
        """Take in what one chunk gave."""
        self.report.checked += compared.count
        self.say([self._difference(one) for one in compared.differences])
        self.say([self._untold(one) for one in compared.untold])
        for key, number in compared.numbers.items():
            self.numbers[key] = max(number, self.numbers.get(key, 0))

    def _difference(self, one: RowDifference) -> CatalogueFinding:
        is_gone = not one.columns and not one.is_extra
        if is_gone and one.table == Item._meta.db_table:
            self.missing[one.package] = None
            code = verdicts.ITEM_MISSING
        elif is_gone and one.table == Package._meta.db_table:
            self.extra[one.package] = None
            code = verdicts.ROW_MISSING
        else:
            self.altered[one.package] = None
            code = verdicts.ROW_EXTRA if one.is_extra else verdicts.ROW_MISSING if is_gone else verdicts.ROW_ALTERED
        return CatalogueFinding(code, one.table, one.key, one.columns, one.package, one.code)

    def _untold(self, one: Untold) -> CatalogueFinding:
        if one.reason in _NEVER_FILED:
            self.extra[one.id] = None
            return CatalogueFinding(
                verdicts.NEVER_FILED, "holdings_item", str(one.id), package=one.id, reason=one.reason
            )
        self.lost[one.id] = None
        return CatalogueFinding(
            verdicts.NOT_TOLD, "preservation_package", str(one.id), package=one.id, reason=one.reason
        )

    def close(self, away: Sequence[str], seconds: float) -> CatalogueReport:
        """The report."""
        report = self.report
        report.missing = tuple(self.missing)
        report.extra = tuple(one for one in self.extra if one not in self.missing)
        report.altered = tuple(one for one in self.altered if one not in self.missing and one not in self.extra)
        report.lost = tuple(self.lost)
        report.away, report.seconds = tuple(away), seconds
        return report


def verify_catalogue(
    actor: Actor,
    *,
    sample: int | None,
    now: datetime,
    processes: int = 1,
    progress: Progress = lambda done, total: None,
) -> CatalogueReport:
    """Compare every row that follows from packages with what they say, both ways, all in one state of the database.

    1. Set-up against the registry. 2. Every package and item that register, catalogue or ledger know, read from the
    stores by the ledger's digests alone: all tables of an item, column by column, sealed ones opened. 3. Persons,
    employers and counters against what all packages together say. What is filed or corrected meanwhile is not looked
    at, so it is no alarm.

    Args:
        sample: how many packages to open; None for all. Persons, employers and counters need all of them.
        now: for the ledger.
        processes: that read packages side by side.
        progress: told how far it is.

    Raises:
        Refused.
    """
    actor.require("verify_archive")
    started, found = time.perf_counter(), _Found()
    stores, away = serving_stores()
    with _one_state():
        found.say(list(setup_differences(stores)))
        total = list_everything(_changes(stores, found), sample)
        asserted.begin()
        chunks = listed_chunks(_snapshot() if processes > 1 else None)
        for compared in spread(compare, chunks, processes):
            found.add(compared)
            asserted.add(compared.assertions)
            progress(found.report.checked, total)
        if sample is None:
            # Of packages that tell nothing the catalogue's own words stand in, so that nobody seems to lack evidence.
            asserted.add(assertions_of(found.lost))
            found.say(list(orphans()))
            found.say(list(changes_missing()))
            found.say(_together(found, stores))
    report = found.close(away, time.perf_counter() - started)
    detail = {
        "items": report.checked,
        "sample": sample or 0,
        "missing": len(report.missing),
        "extra": len(report.extra),
        "altered": len(report.altered),
        "findings": len(report.findings) + report.more,
    }
    with transaction.atomic():
        record([NewEntry("verify_archive", actor.id, actor.agency_id, (), detail)], at=now)
    return report


@contextmanager
def _one_state() -> Iterator[None]:
    """Look at the database as it is at the beginning, however long it takes."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        if not nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _snapshot() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        return str(cursor.fetchone()[0])


def _changes(stores: Sequence[Store], found: _Found) -> Iterator[tuple[UUID, UUID, int]]:
    """Every change of every change-set in the register."""
    sets = Package.objects.filter(kind=Package.Kind.CHANGES).order_by("id").values_list("id", flat=True)
    for change_set in sets:
        try:
            yield from index_of(change_set, stores)
        except CunzhenError as error:
            # A row of the register that stands for nothing is told as such when its turn comes.
            if is_anywhere(change_set, stores):
                found.add(Compared(untold=[Untold(change_set, error.code)]))


def _together(found: _Found, stores: Sequence[Store]) -> list[CatalogueFinding]:
    """What follows from all packages together."""
    asserted.complete()
    people = [CatalogueFinding(verdicts.PEOPLE, d.table, d.key, d.columns) for d in asserted.differences()]
    series = series_ids(stores)
    wanted = {
        (series[fonds_id, code], year): number
        for (fonds_id, code, year), number in found.numbers.items()
        if (fonds_id, code) in series
    }
    return [*people, *counter_differences(wanted, len(found.lost))]
