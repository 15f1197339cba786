"""The rolling scrub: every byte of every copy against its digests, the oldest check first, bad copies mended at
once.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from itertools import chain
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from cunzhen.accounts.rules import Actor
from cunzhen.database.locks import held
from cunzhen.errors import Conflict, Unavailable
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.ocfl_check import Finding, Problem
from cunzhen.preservation.condition import bad_packages, missed, open_count
from cunzhen.preservation.examining import Examined, Pace, examine, judge, stopped, unreachable
from cunzhen.preservation.fixity import CopyToCheck, ScrubReport, cycle_of, wants_sm3
from cunzhen.preservation.models import Package, Quarantine, ScrubRound, Stray
from cunzhen.preservation.operations import noting, rounds
from cunzhen.preservation.operations.registering import behind_the_ledger, look_at_register
from cunzhen.preservation.operations.repairing import make_promised_stores, mend, mend_root
from cunzhen.preservation.rules import object_id
from cunzhen.preservation.store import Store, configured_stores

_BATCH = 500
# By one thread before it wakes the others to tell of it; copies of one package have the same inventory.
_READ_AT_ONCE = 12
_CONFIRMED_AT_ONCE = 20  # their packages are locked while they are read again
_ENTRY_EVERY = 1_000
_NOTED_EVERY = 10.0  # seconds

Clock = Callable[[], datetime]
Told = Callable[[int, int], None]  # copies checked, copies planned


def scrub_copies(
    actor: Actor,
    *,
    everything: bool,
    clock: Clock,
    megabytes_per_second: float | None = None,
    stop: Callable[[], bool] = lambda: False,
    told: Told = lambda done, planned: None,
) -> ScrubReport:
    """Check copies against their digests, mend what is bad from a good copy, note and record all of it.

    1. A round that was cut off is gone on with, else one is opened; oldest checks first, over all stores.
    2. Copies are read by threads, each file once, into SHA-512 and for a tenth into SM3.
    3. What does not agree is read again while nobody can add a version; only then it is said to be bad.
    4. Bad copies are mended from a good one by digest. 5. Stores are walked for what has no row.

    A store that does not answer is reported and its copies stay as they were. Safe to kill and to run again.

    Args:
        everything: every copy; otherwise those whose last check is old, and those never checked.
        clock: the present.
        megabytes_per_second: limit on reading, 0 for none; the setting's where it is not given.
        stop: asked between files; ``Unavailable P-51`` follows.
        told: hears of progress.

    Raises:
        Refused. Conflict: ``P-52`` where another such round is under way.
        Unavailable: ``P-51``; ``P-12`` where no store at all can be looked at.
    """
    actor.require("scrub_copies")
    with held(rounds.LOCK + everything) as mine:
        if not mine:
            raise Conflict(
                "P-52", "已有一轮巡检正在进行，请等它完成。", "Another such round is under way; wait for its end."
            )
        one = rounds.open_round(everything=everything, by_hand=True, asked_by=actor.id, now=clock())
        rate = settings.SCRUB_MB_PER_SECOND if megabytes_per_second is None else megabytes_per_second
        return _Scrub(actor, one, clock, Pace(rate, stop), stop, told).run()


def roll_scrub(actor: Actor, *, clock: Clock, stop: Callable[[], bool]) -> ScrubReport | None:
    """The worker's part: go on with a round that somebody asked for or that was cut off, else check what is due.

    Many workers may call it at once; one of them works, the others return.

    Args:
        clock, stop: as for ``scrub_copies``.

    Returns:
        None where there was nothing to do.

    Raises:
        Refused. Unavailable: ``P-51``.
    """
    actor.require("scrub_copies")
    everything = rounds.is_asked_for()
    if not everything and not rounds.is_any_due(clock()):
        return None
    with held(rounds.LOCK + everything) as mine:
        if not mine or everything != rounds.is_asked_for():
            return None
        one = rounds.open_round(everything=everything, by_hand=False, asked_by=None, now=clock())
        return _Scrub(actor, one, clock, Pace(settings.SCRUB_MB_PER_SECOND, stop), stop, lambda *_: None).run()


def request_scrub(actor: Actor, *, now: datetime) -> ScrubRound:
    """Ask for a round over every copy; the worker goes on with an open round within seconds.

    Raises:
        Refused.
    """
    actor.require("scrub_copies")
    return rounds.open_round(everything=True, by_hand=True, asked_by=actor.id, now=now)


class _Scrub:
    """One run through what a round still means."""

    def __init__(
        self, actor: Actor, one: ScrubRound, clock: Clock, pace: Pace, stop: Callable[[], bool], told: Told
    ) -> None:
        self._actor = actor
        self._round = one
        self._clock = clock
        self._pace = pace
        self._stop = stop
        self._told = told
        self._names = [store.name for store in configured_stores()]
        self._cycle = cycle_of(one.started_at, settings.SCRUB_DAYS)
        make_promised_stores()
        self._away = unreachable(configured_stores())
        self._skipped: set[UUID] = set()
        self._behind: list[str] = []
        self._unrecorded = 0
        self._since = time.monotonic()

    def run(self) -> ScrubReport:
        """To the end of the round, or until the work is asked to stop."""
        self._look_at_roots()
        self._behind = behind_the_ledger(now=self._now())
        pool = ThreadPoolExecutor(max(2, min(8, os.cpu_count() or 1)), thread_name_prefix="scrub")
        try:
            self._check_all(pool)
        finally:
            pool.shutdown(cancel_futures=True)
        return self._end()

    def _check_all(self, pool: ThreadPoolExecutor) -> None:
        """One batch is read while the one before is noted."""
        waiting: deque[tuple[list[CopyToCheck], list[Future[list[Examined | Unavailable]]]]] = deque()
        while True:
            if self._stop():
                raise stopped()
            batch = self._next([copy.copy_id for copies, _ in waiting for copy in copies])
            if batch:
                parts = [batch[start : start + _READ_AT_ONCE] for start in range(0, len(batch), _READ_AT_ONCE)]
                waiting.append((batch, [pool.submit(self._examine_some, part) for part in parts]))
            if len(waiting) > 1 or (waiting and not batch):
                copies, futures = waiting.popleft()
                self._settle(list(zip(copies, chain.from_iterable(f.result() for f in futures), strict=True)))
            elif not waiting:
                return

    def _now(self) -> datetime:
        """Never before the round began: a clock set back would make it check the same copies for ever."""
        return max(self._clock(), self._round.started_at)

    def _stores(self) -> list[Store]:
        return [store for store in configured_stores() if store.name not in self._away]

    def _next(self, under_way: Collection[UUID]) -> list[CopyToCheck]:
        names = [store.name for store in self._stores()]
        found = rounds.next_copies(self._round, names, [*self._skipped, *under_way], _BATCH, self._now())
        # No more than is read in some seconds, so that a slow round is seen to go on, and little is read twice.
        return found[: self._pace.fits([copy.byte_count for copy in found], _NOTED_EVERY)]

    def _examine_some(self, copies: Sequence[CopyToCheck]) -> list[Examined | Unavailable]:
        """In a thread."""
        return [self._examine(copy) for copy in copies]

    def _examine(self, copy: CopyToCheck) -> Examined | Unavailable:
        """A store that gives out is no error of this copy's."""
        place = self._names.index(copy.store)
        store = configured_stores()[place]
        try:
            return examine(
                store, copy, self._pace, sm3=wants_sm3(copy.package_id, place, len(self._names), self._cycle)
            )
        except Unavailable as error:
            return error

    def _settle(self, batch: Sequence[tuple[CopyToCheck, Examined | Unavailable]]) -> None:
        """Note one batch: what is whole at once, what is not after a second look."""
        seen: list[Examined] = []
        for copy, result in batch:
            if isinstance(result, Examined):
                seen.append(result)
            elif self._stop():
                raise result
            else:
                self._away.add(copy.store)
        suspects: dict[str, list[CopyToCheck]] = defaultdict(list)
        for one in seen:
            if one.findings:
                suspects[one.copy.store].append(one.copy)
        self._away |= unreachable([s for s in self._stores() if s.name in suspects])
        seen = [one for one in seen if one.copy.store not in self._away]
        whole = [one.copy for one in seen if not one.findings]
        failpoint("scrub-read")
        with transaction.atomic():
            noted = noting.note_whole(whole, actor=self._actor, now=self._now())
            self._skipped |= {copy.copy_id for copy in whole} - noted
            self._count(len(noted), sum(one.byte_count for one in seen))
            for one in seen:
                if one.disputed:
                    noting.note_damage(one.disputed, now=self._now(), package_id=one.copy.package_id, store="")
        failpoint("scrub-noted")
        look_at_register([one for one in seen if not one.findings], now=self._now())
        bad: set[UUID] = set()
        for store in self._stores():
            for start in range(0, len(suspects[store.name]), _CONFIRMED_AT_ONCE):
                bad |= self._confirm(store, suspects[store.name][start : start + _CONFIRMED_AT_ONCE])
        self._mend(bad)
        self._told(self._done(), self._round.planned_count)

    def _confirm(self, store: Store, copies: Sequence[CopyToCheck]) -> set[UUID]:
        """Look again under a lock, so that a version being added is no alarm; packages of bad copies."""
        by_package = {copy.package_id: copy for copy in copies}
        with transaction.atomic():
            rows = Package.objects.select_for_update(skip_locked=True).filter(id__in=by_package).order_by("id")
            verdicts: list[tuple[CopyToCheck, list[Finding] | None]] = []
            for row in rows:
                was = by_package[row.id]
                copy = replace(was, version=row.version, inventory_sha512=row.inventory_sha512)
                verdicts.append((copy, self._verdict(store, copy)))
            if not store.reachable():
                self._away.add(store.name)
                return set()
            return self._note(copies, verdicts)

    def _verdict(self, store: Store, copy: CopyToCheck) -> list[Finding] | None:
        try:
            findings = store.check(object_id(copy.package_id), copy.version, copy.inventory_sha512)
            return judge(store, copy, findings, self._now()) if findings else []
        except Unavailable:
            return None

    def _note(
        self, copies: Sequence[CopyToCheck], verdicts: Sequence[tuple[CopyToCheck, list[Finding] | None]]
    ) -> set[UUID]:
        now = self._now()
        whole = [copy for copy, findings in verdicts if findings == []]
        bad = [(copy, findings) for copy, findings in verdicts if findings]
        # In use, or left over by a killed batch: the next round looks at them.
        self._skipped |= {c.copy_id for c in copies} - {c.copy_id for c in whole} - {c.copy_id for c, _ in bad}
        noting.note_whole(whole, actor=self._actor, now=now)
        for copy, findings in bad:
            noting.note_bad(copy, findings, now=now)
        missing = sum(findings[0].code == Problem.MISSING for _, findings in bad)
        self._count(len(whole) + len(bad), 0, damaged=len(bad) - missing, missing=missing)
        return {copy.package_id for copy, _ in bad}

    def _count(self, copies: int, byte_count: int, *, damaged: int = 0, missing: int = 0) -> None:
        until = time.monotonic()
        rounds.note_progress(
            self._round,
            copies=copies,
            byte_count=byte_count,
            seconds=until - self._since,
            damaged=damaged,
            missing=missing,
            now=self._now(),
        )
        self._since = until
        self._unrecorded += copies
        if self._unrecorded >= _ENTRY_EVERY:
            rounds.record_round(self._round, actor=self._actor, now=self._now())
            self._unrecorded = 0

    def _mend(self, packages: Collection[UUID]) -> None:
        if not packages:
            return
        report = mend(sorted(packages), actor=self._actor, clock=self._now, stop=self._stop, pace=self._pace)
        ScrubRound.objects.filter(id=self._round.id).update(mended_count=F("mended_count") + report.count("mended"))

    def _look_at_roots(self) -> None:
        """The stores' own files, which make a folder of files a storage root."""
        for store in self._stores():
            mended = mend_root(store, actor=self._actor, now=self._now())
            if any(one.outcome == "failed" for one in mended):
                self._away |= unreachable([store])

    def _done(self) -> int:
        return int(ScrubRound.objects.values_list("copy_count", flat=True).get(id=self._round.id))

    def _end(self) -> ScrubReport:
        # What a run before could not mend, or was killed over.
        self._mend(bad_packages(quarantined=self._round.everything))
        now = self._now()
        if rounds.should_look_for_strays(self._round, now):
            self._look_for_strays(now)
        self._away = missed(self._away)
        rounds.finish(self._round, actor=self._actor, away=self._away, behind=self._behind, now=self._now())
        failpoint("scrub-finished")
        return self._report()

    def _look_for_strays(self, now: datetime) -> None:
        for store in self._stores():
            try:
                rounds.look_for_strays(store, now=now)
            except Unavailable:
                self._away.add(store.name)
        self._round.strays_seen = True

    def _report(self) -> ScrubReport:
        one = self._round
        one.refresh_from_db()
        quarantined = Quarantine.objects.filter(lifted_at=None).order_by("since", "id")
        return ScrubReport(
            copies=one.copy_count,
            bytes=one.byte_count,
            seconds=one.seconds,
            damaged=one.damaged_count,
            missing=one.missing_count,
            mended=one.mended_count,
            quarantined=tuple(quarantined.values_list("package_id", flat=True)),
            open=open_count(),
            away=tuple(sorted(self._away)),
            extra=tuple(f"{s.store}:{s.path}" for s in Stray.objects.order_by("store", "path")),
            behind=tuple(one.behind),
        )
