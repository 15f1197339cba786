"""Mending bad copies: a whole new copy from right bytes, what was there moved to quarantine, nothing overwritten."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Missing, Unavailable
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.ocfl_check import Finding, Problem
from cunzhen.jobs import enqueue
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.preservation.condition import bad_packages, missed
from cunzhen.preservation.examining import Pace, judge, stopped, unreachable
from cunzhen.preservation.fixity import CopyRepair, CopyToCheck, RepairReport
from cunzhen.preservation.models import Damage, Package, PackageCopy
from cunzhen.preservation.operations import noting
from cunzhen.preservation.recipes import Recipe, recipe_for
from cunzhen.preservation.rules import object_id
from cunzhen.preservation.store import Store, configured_stores

Clock = Callable[[], datetime]


def repair_packages(
    actor: Actor,
    *,
    clock: Clock,
    package_ids: Collection[UUID] | None = None,
    dry_run: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> RepairReport:
    """Mend every copy that is known to be bad, from right bytes found by digest in any copy.

    The register's digest vouches for the inventory and that for the content: never a majority. A package may be put
    together file by file from several copies. Where no copy has the right bytes of some file, the package is
    quarantined and nothing of it is changed.

    Args:
        clock: the present.
        package_ids: these only; every package with a bad copy when None.
        dry_run: only say what would be done.
        stop: asked between packages.

    Returns:
        what became of each bad copy.

    Raises:
        Refused. Unavailable: ``P-51`` where it is asked to stop.
    """
    actor.require("repair_packages")
    if not dry_run:
        make_promised_stores()
    report = RepairReport(away=tuple(sorted(missed(unreachable(configured_stores())))))
    for store in configured_stores():
        if package_ids is None and store.reachable():
            report.copies += mend_root(store, actor=actor, now=clock(), dry_run=dry_run)
    ids = sorted(package_ids) if package_ids is not None else bad_packages()
    done = mend(ids, actor=actor, clock=clock, stop=stop, dry_run=dry_run)
    report.copies += done.copies
    return report


def request_repair(actor: Actor) -> None:
    """Ask the worker to mend what is known to be bad.

    Raises:
        Refused.
    """
    actor.require("repair_packages")
    enqueue("repair_packages", lock="repair_packages", skip=0)


def replace_store(actor: Actor, *, store: str, now: datetime) -> int:
    """A store's disk was lost and an empty one stands in its place: all of its copies are to be made again.

    Args:
        store: name in the settings; its folder must be empty or absent.
        now: aware.

    Returns:
        how many copies are missing now; ``repair_packages`` makes them.

    Raises:
        Refused. Missing: ``P-53`` no such store. Unavailable: ``P-13`` another store lies there.
    """
    actor.require("repair_packages")
    found = next((s for s in configured_stores() if s.name == store), None)
    if found is None:
        raise Missing("P-53", f"设置中没有名为“{store}”的存储。", f"The settings name no store {store!r}.")
    if found.reachable():
        return 0  # It has its card: it is no new disk. What it lacks is found by the scrub.
    found.prepare(holds_packages=lambda: False)
    with transaction.atomic():
        copies = PackageCopy.objects.filter(store=store)
        count = copies.update(state=PackageCopy.State.MISSING, checked_at=now)
        detail = {"store": store, "copies": count}
        record(
            [NewEntry("replace_store", actor.id, actor.agency_id, (Subject(noting.store_id(store)),), detail)], at=now
        )
    return count


def make_promised_stores() -> None:
    """Make the stores that copies are promised to and that nothing was ever written into."""
    for store in configured_stores():
        copies = PackageCopy.objects.filter(store=store.name)
        if copies.exists() and not copies.exclude(state=PackageCopy.State.MISSING).exists():
            with suppress(Unavailable):  # the check that follows says that it is away
                store.prepare(holds_packages=lambda: False)


def mend(
    package_ids: Sequence[UUID],
    *,
    actor: Actor,
    clock: Clock,
    stop: Callable[[], bool],
    pace: Pace | None = None,
    dry_run: bool = False,
) -> RepairReport:
    """Mend some packages, each in a transaction of its own; for operations whose permission was asked already.

    Raises:
        Unavailable: ``P-51``.
    """
    report = RepairReport()
    for package_id in package_ids:
        if stop():
            raise stopped()
        with transaction.atomic():
            row = Package.objects.select_for_update(skip_locked=True).filter(id=package_id).first()
            if row is None:
                report.copies.append(CopyRepair(package_id, "", "waiting"))
                continue
            report.copies += _Mending(actor, row, clock, pace, dry_run).run()
    return report


def mend_root(store: Store, *, actor: Actor, now: datetime, dry_run: bool = False) -> list[CopyRepair]:
    """Write a store's own files anew where they are altered; they are the same in every store of ours."""
    try:
        altered = store.root_problems()
        if altered and not dry_run:
            noting.note_damage(
                [Finding(Problem.ROOT_FILE, path) for path in altered], now=now, package_id=None, store=store.name
            )
            store.mend_root()
    except Unavailable as error:
        return [CopyRepair(None, store.name, "failed", (str(Problem.ROOT_FILE),), code=error.code)]
    if not altered:
        if not dry_run:
            noting.forget_root(store.name, now=now)
        return []
    if not dry_run:
        with transaction.atomic():
            noting.settle_root(store.name, actor=actor, now=now)
    return [CopyRepair(None, store.name, "mended", (str(Problem.ROOT_FILE),))]


@dataclass
class _Looked:
    """The copies of a package as they are at this moment, under its lock."""

    whole: list[CopyToCheck] = field(default_factory=list)
    bad: dict[str, tuple[CopyToCheck, list[Finding]]] = field(default_factory=dict)
    in_doubt: dict[str, CopyToCheck] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)


class _Mending:
    """One package, whose row is locked."""

    def __init__(self, actor: Actor, row: Package, clock: Clock, pace: Pace | None, dry_run: bool) -> None:
        self._actor = actor
        self._row = row
        self._clock = clock
        self._pace = pace
        self._dry_run = dry_run
        self._stores = {store.name: store for store in configured_stores()}

    def run(self) -> list[CopyRepair]:
        """Look, decide, mend."""
        copies = list(PackageCopy.objects.filter(package=self._row).order_by("store"))
        looked = self._look(copies)
        was_bad = {copy.id for copy in copies if copy.state != PackageCopy.State.KEPT}
        done = [self._found_whole(copy) for copy in looked.whole if copy.copy_id in was_bad]
        done += [CopyRepair(self._row.id, name, "waiting") for name in looked.waiting]
        done += [self._left(copy) for copy in looked.in_doubt.values()]
        if not looked.bad:
            return done
        there = [self._stores[c.store] for c in copies if c.store in self._stores and c.store not in looked.waiting]
        recipe = recipe_for(self._copy(copies[0]), there, [self._stores[c.store] for c in looked.whole])
        if recipe.lost:
            return done + self._lost(looked, recipe)
        return done + [self._mended(copy, findings, recipe) for copy, findings in looked.bad.values()]

    def _copy(self, copy: PackageCopy) -> CopyToCheck:
        row = self._row
        return CopyToCheck(copy.id, row.id, copy.store, row.version, row.inventory_sha512, row.byte_count)

    def _look(self, copies: Sequence[PackageCopy]) -> _Looked:
        looked = _Looked()
        for one in copies:
            copy, store = self._copy(one), self._stores.get(one.store)
            if store is None or not store.reachable():
                looked.waiting.append(one.store)
                continue
            try:
                findings = store.check(object_id(copy.package_id), copy.version, copy.inventory_sha512)
                verdict = judge(store, copy, findings, self._clock()) if findings else []
            except Unavailable:
                verdict = None
            if verdict is None or (verdict and not store.reachable()):
                looked.waiting.append(one.store)
            elif not verdict:
                looked.whole.append(copy)
            elif verdict[0].code == Problem.NEWER_VERSION:
                looked.in_doubt[one.store] = copy
            else:
                looked.bad[one.store] = (copy, verdict)
        return looked

    def _found_whole(self, copy: CopyToCheck) -> CopyRepair:
        if not self._dry_run:
            noting.settle(copy, Damage.Outcome.FOUND_WHOLE, sources=(), actor=self._actor, now=self._clock())
        return CopyRepair(copy.package_id, copy.store, "found_whole")

    def _left(self, copy: CopyToCheck) -> CopyRepair:
        """The copy has a newer version that nobody registered: it is the register that is in doubt."""
        finding = Finding(Problem.NEWER_VERSION, "")
        if not self._dry_run:
            noting.note_bad(copy, [finding], now=self._clock())
        return CopyRepair(copy.package_id, copy.store, "left", (str(finding.code),))

    def _lost(self, looked: _Looked, recipe: Recipe) -> list[CopyRepair]:
        """Some bytes are nowhere. With a store away they may be there; otherwise this is the alarm."""
        # A store that gave out in the middle looks like one that has nothing.
        gone = looked.waiting or unreachable([self._stores[name] for name in looked.bad])
        outcome = "waiting" if gone else "quarantined"
        if not self._dry_run:
            for copy, findings in looked.bad.values():
                noting.note_bad(copy, findings, now=self._clock())
            if outcome == "quarantined":
                noting.note_quarantine(self._row, recipe.lost, recipe.file_count, actor=self._actor, now=self._clock())
        return [
            CopyRepair(copy.package_id, copy.store, outcome, _codes(findings), lost=tuple(recipe.lost))
            for copy, findings in looked.bad.values()
        ]

    def _mended(self, copy: CopyToCheck, findings: Sequence[Finding], recipe: Recipe) -> CopyRepair:
        sources = tuple(sorted(recipe.sources))
        if self._dry_run:
            return CopyRepair(copy.package_id, copy.store, "mended", _codes(findings), sources)
        noting.note_bad(copy, findings, now=self._clock())
        if self._pace is not None:
            self._pace.take(copy.byte_count)
        store = self._stores[copy.store]
        failpoint("repair-begun")
        try:
            store.install(object_id(copy.package_id), recipe.files)
            failpoint("repair-installed")
            left = store.check(object_id(copy.package_id), copy.version, copy.inventory_sha512)
        except Unavailable as error:
            return CopyRepair(copy.package_id, copy.store, "failed", _codes(findings), sources, code=error.code)
        if left:
            return CopyRepair(copy.package_id, copy.store, "failed", _codes(left), sources)
        noting.settle(copy, Damage.Outcome.MENDED, sources=sources, actor=self._actor, now=self._clock())
        failpoint("repair-noted")
        return CopyRepair(copy.package_id, copy.store, "mended", _codes(findings), sources)


def _codes(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(f.code) for f in findings))
