"""One run into one backup folder: a base with its mark, or a mark alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

import cunzhen
from cunzhen.accounts.rules import Actor
from cunzhen.database import base_backup
from cunzhen.database.launcher import Server
from cunzhen.errors import Conflict, Unavailable
from cunzhen.formats.digests import hexdigest_of_file
from cunzhen.formats.durable import fsync_path, replace_file
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.wal import Segments
from cunzhen.keys import escrow, keystore
from cunzhen.ledger import tiles
from cunzhen.ledger.models import LedgerPending
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.ledger.queries import size_of_table
from cunzhen.preservation import queries
from cunzhen.preservation.backups import packages, parts
from cunzhen.preservation.backups.folder import BackupFolder
from cunzhen.preservation.backups.rules import (
    BackupReport,
    Base,
    BaseKind,
    Card,
    Mark,
    MarkKind,
    kept,
    parent_for,
)
from cunzhen.preservation.models import BackupState, Package
from cunzhen.preservation.store import Store, configured_stores

_SUBJECTS = UUID("5b0c1b7e-9b1e-5c60-8f58-5d9a3a0f7b11")
_WRITERS_SECONDS = 600.0
_QUIET = timedelta(minutes=4)
Lock = Callable[[], AbstractContextManager[None]]


def card_for(folder: BackupFolder, server: Server, now: datetime, *, may_make: bool) -> Card:
    """The folder's card, made where the folder is new; refuses one that is another archive's, or another history's.

    Raises:
        Conflict: ``B-05``, ``B-12``. Unavailable: ``B-04``, ``B-11``, ``D-16``, ``D-17``.
    """
    cluster = base_backup.card_of(server.backup_url) if server.backup_url else None
    keys = keystore.load(settings.HOME / "keys")
    wanted = Card(
        id=os.urandom(4).hex(),
        node=settings.NODE,
        origin=settings.LEDGER_ORIGIN,
        vkey=tiles.own_vkey(),
        keys_check=escrow.fingerprint(keys),
        system=cluster.system if cluster else "",
        timeline=cluster.timeline if cluster else 0,
        segment_bytes=cluster.segment_bytes if cluster else 0,
        created_at=now,
    )
    found = folder.card()
    if found is None:
        if not may_make:
            raise Unavailable(
                "B-11",
                f"{folder.root} 是空的，而以前往这里备份过：备份磁盘可能没有挂载。确要重新开始时用 cunzhen backup --new。",
                f"{folder.root} is empty though backups were made into it: its disk may not be mounted. "
                "Use cunzhen backup --new to begin anew.",
            )
        folder.make(wanted)
        return wanted
    if replace(wanted, id=found.id, created_at=found.created_at) != found:
        raise Conflict(
            "B-12",
            f"{folder.root} 是另一套档案的备份，或者是数据库恢复（或重建）以前的备份。请另用一个新的备份文件夹。",
            f"{folder.root} holds backups of another archive, or from before the database was restored. "
            f"Name a new one.",
        )
    return found


@dataclass
class Run:
    """One run.

    Args:
        folder, card: where to.
        server: what is backed up.
        clock: gives the present, aware.
        continuous: whether the server keeps its log for this folder.
    """

    folder: BackupFolder
    card: Card
    server: Server
    clock: Callable[[], datetime]
    continuous: bool

    def take_base(self, *, full: bool, passphrase: str, mark_lock: Lock) -> BackupReport:
        """A base, then the mark that makes it whole, then its manifest."""
        began, started_at = time.monotonic(), self.clock()
        if passphrase:
            content = keystore.load(settings.HOME / "keys").to_bytes()
            replace_file(self.folder.keys, escrow.seal_keys(content, passphrase))
        for left in self.folder.unfinished():
            self.folder.drop_base(left)
        checkpoint = parts.bring_ledger(self.folder)
        parts.bring_received(self.folder, settings.HOME / "inbox", started_at)
        base = self._copy_database(started_at, full=full)
        failpoint("backup-base-copied")
        with mark_lock():
            mark = self._mark(base, None if self.continuous else checkpoint)
        whole = self._finished(base, mark)
        self.folder.finish(whole)
        failpoint("backup-base-finished")
        database = base.byte_count
        return self._report(whole.id, whole.kind, mark, database, time.monotonic() - began)

    def go_on(self) -> BackupReport | None:
        """A mark alone.

        Raises:
            Conflict: ``B-13``, ``D-18``.
        """
        began = time.monotonic()
        bases = self.folder.whole_bases()
        marks = self.folder.marks()
        if marks and self._is_idle(marks[-1]):
            return None
        if not self.continuous or not any(b.continuous for b in bases):
            raise _no_base()
        mark = self._mark(None, None)
        return self._report("", "", mark, 0, time.monotonic() - began)

    def _is_idle(self, last: Mark) -> bool:
        """Nothing was done since the last mark; after some minutes there is one all the same."""
        size = tiles.trusted(last.checkpoint).size if last.checkpoint else 0
        quiet = not LedgerPending.objects.exists() and size_of_table() == size
        return quiet and self.clock() - last.at < _QUIET

    def rotate(self, keep: int) -> tuple[str, ...]:
        """Remove bases beyond those kept, and the log, marks and received files that only they needed."""
        bases = self.folder.whole_bases()
        stay = kept(bases, keep)
        away = [b for b in bases if b.id not in stay]
        for base in away:
            self.folder.drop_base(base.id)
        left = [b for b in bases if b.id in stay]
        if away and left:
            oldest = min((b.ended_at for b in left if b.continuous), default=None)
            self.folder.keep_marks(
                [
                    m
                    for m in self.folder.marks()
                    if (m.base in stay if m.kind != MarkKind.POINT else oldest is not None and m.at >= oldest)
                ]
            )
            starts = [b.start for b in left if b.continuous]
            if starts:
                parts.drop_segments(self.folder, self._segments().name(min(starts)))
            parts.drop_received(self.folder, min(b.started_at for b in left))
        return tuple(b.id for b in away)

    def record(self, actor: Actor, report: BackupReport) -> None:
        """Tell the ledger and the page of a whole base."""
        state = {
            "card": self.card.id,
            "base": report.base,
            "base_at": report.at,
            "base_bytes": report.database_bytes,
            "base_seconds": report.seconds,
            "mark_at": report.at,
            "packages": Package.objects.count(),
            "unreadable": len(report.unreadable),
        }
        detail: dict[str, object] = {
            "folder": self.card.id,
            "base": report.base,
            "kind": report.kind,
            "packages": report.packages,
            "unreadable": len(report.unreadable),
            "seconds": round(report.seconds, 1),
        }
        subject = Subject(uuid5(_SUBJECTS, f"{self.card.id}/{report.base}"))
        with transaction.atomic():
            BackupState.objects.update_or_create(folder=str(self.folder.root), defaults=state)
            record(
                [
                    NewEntry(
                        op="back_up",
                        actor_id=actor.id,
                        agency_id=actor.agency_id,
                        subjects=(subject,),
                        detail=detail,
                    )
                ],
                at=self.clock(),
            )

    def _copy_database(self, started_at: datetime, *, full: bool) -> Base:
        """The database as it is at the end of the copy; the base does not count yet."""
        bases = self.folder.whole_bases()
        base_id = f"{started_at:%Y%m%dT%H%M%S}-{os.urandom(3).hex()}"
        place = self.folder.bases / base_id
        place.mkdir(mode=0o700)
        if not self.card.is_physical:
            target = place / "database.dump"
            base_backup.dump(self.server.owner_url, target)
            fsync_path(target)
            return self._base(base_id, BaseKind.DUMP, "", started_at, (0, 0), hexdigest_of_file(target, "sha256"))
        url = self.server.backup_url
        if self.continuous:
            base_backup.reserve(url, self.card.slot)
        parent = None if full or not base_backup.may_increment(url) else parent_for(bases, started_at)
        span = self._copy_cluster(url, place / "data", parent)
        if span is None:
            parent, span = None, self._copy(url, place / "data", None)
        kind = BaseKind.DIFFERENTIAL if parent else BaseKind.FULL
        digest = hexdigest_of_file(place / "data" / base_backup.MANIFEST, "sha256")
        return self._base(base_id, kind, parent.id if parent else "", started_at, (span.start, span.end), digest)

    def _copy_cluster(self, url: str, target: Path, parent: Base | None) -> base_backup.BaseRange | None:
        """What changed since the parent; None where the server no longer knows that."""
        if parent is None:
            return None
        try:
            return self._copy(url, target, self.folder.base_folder(parent) / base_backup.MANIFEST)
        except Unavailable as error:
            if error.code != "D-15":
                raise
            return None

    def _copy(self, url: str, target: Path, since: Path | None) -> base_backup.BaseRange:
        return base_backup.copy_base(url, target, since, settings.BACKUP_MB_PER_SECOND)

    def _base(
        self, base_id: str, kind: BaseKind, parent: str, started_at: datetime, span: tuple[int, int], sha256: str
    ) -> Base:
        ended_at = base_backup.clock_of(self.server.backup_url) if self.card.is_physical else self.clock()
        return Base(
            id=base_id,
            kind=kind,
            parent=parent,
            started_at=started_at,
            ended_at=ended_at,
            start=span[0],
            end=span[1],
            continuous=self.continuous,
            sha256=sha256,
            byte_count=_size(self.folder.bases / base_id),
            mark=0,
            postgres=base_backup.card_of(self.server.backup_url).version if self.card.is_physical else "",
            program=cunzhen.__version__,
            node=settings.NODE,
            origin=settings.LEDGER_ORIGIN,
            stores=tuple(settings.STORES),
            packages=0,
            package_bytes=0,
            ledger_size=0,
            keys_check=self.card.keys_check,
            keys_sealed=self.folder.keys.exists(),
            database=str(settings.DATABASES["default"]["NAME"]),
        )

    def _finished(self, base: Base, mark: Mark) -> Base:
        total = Package.objects.aggregate(bytes=Sum("byte_count"))["bytes"] or 0
        size = tiles.trusted(mark.checkpoint).size if mark.checkpoint else 0
        return replace(
            base, mark=mark.number, packages=Package.objects.count(), package_bytes=int(total), ledger_size=size
        )

    def _mark(self, base: Base | None, checkpoint: str | None) -> Mark:
        """Everything that the database names at a moment, and the moment itself.

        Args:
            base: where the mark completes one; every package is then compared, not only those of the last run.
            checkpoint: published before the state that the mark stands for; None to take it now.
        """
        marks = self.folder.marks()
        last = marks[-1] if marks else None
        if checkpoint is None:
            checkpoint = parts.bring_ledger(self.folder)
            parts.bring_received(self.folder, settings.HOME / "inbox", self.clock())
        number = last.number + 1 if last else 1
        mark = self._moment(number, base, checkpoint)
        self._wait_for_writers()
        seen = packages.horizon()
        stores = _readable()
        fresh = packages.bring(self.folder, stores, packages.wanted_since(last.horizon if last else None), listed=False)
        if base is not None and last is not None:
            others = packages.bring(self.folder, stores, packages.wanted_since(None), listed=True)
            fresh.packages += others.packages
            fresh.bytes += others.bytes
            fresh.unreadable = sorted({*fresh.unreadable, *others.unreadable})
        parts.bring_received(self.folder, settings.HOME / "inbox", self.clock())
        if mark.kind == MarkKind.POINT:
            mark = replace(mark, tail=self._bring_log(mark, base))
        mark = replace(
            mark,
            horizon=seen,
            copied=fresh.packages,
            copied_bytes=fresh.bytes,
            unreadable=tuple(fresh.unreadable),
        )
        failpoint("backup-before-mark")
        self.folder.add_mark(mark)
        failpoint("backup-marked")
        state = {"mark_at": mark.at, "card": self.card.id, "packages": Package.objects.count()}
        BackupState.objects.update_or_create(folder=str(self.folder.root), defaults=state)
        return mark

    def _moment(self, number: int, base: Base | None, checkpoint: str) -> Mark:
        if self.continuous:
            point = base_backup.set_restore_point(self.server.backup_url, f"cunzhen {self.card.id} {number}")
            return Mark(number, MarkKind.POINT, point.name, "", point.lsn, point.at, "", 0, checkpoint)
        if base is None:
            raise _no_base()
        kind = MarkKind.BASE_END if self.card.is_physical else MarkKind.DUMP
        return Mark(number, kind, "", base.id, base.end, base.ended_at, "", 0, checkpoint)

    def _wait_for_writers(self) -> None:
        """A transaction may be in the log and not yet be visible: wait until those that were writing are over."""
        there, until = set(packages.writers()), time.monotonic() + _WRITERS_SECONDS
        while there & set(packages.writers()):
            if time.monotonic() > until:
                raise Unavailable(
                    "B-14",
                    "有一批归档长时间没有结束，备份暂缓，稍后自动再试。",
                    "A filing batch has been open for long; the backup waits and tries again.",
                )
            time.sleep(0.05)

    def _bring_log(self, mark: Mark, base: Base | None) -> str:
        """The log up to the mark, without a gap since the newest base; returns the digest of its last segment so
        far.
        """
        base_backup.receive_log(self.server.backup_url, self.card.slot, self.folder.wal, mark.lsn)
        failpoint("backup-log-received")
        parts.list_segments(self.folder)
        start = base.start if base else max(b.start for b in self.folder.whole_bases() if b.continuous)
        missing = parts.gaps(self.folder, self._segments(), start, mark.lsn)
        tail = parts.tail_digest(self.folder, self._segments(), mark.lsn)
        if missing or not tail:
            raise Conflict(
                "D-18",
                "备份中的数据库日志有缺口，接不上了。将重做一次基础备份。",
                "The database's log in the backup has a gap; a new base has to be taken.",
            )
        return tail

    def _segments(self) -> Segments:
        return Segments(self.card.timeline, self.card.segment_bytes)

    def _report(self, base: str, kind: str, mark: Mark, database: int, seconds: float) -> BackupReport:
        return BackupReport(
            base=base,
            kind=kind,
            at=mark.at,
            packages=mark.copied,
            package_bytes=mark.copied_bytes,
            log_bytes=_size(self.folder.wal),
            database_bytes=database,
            seconds=seconds,
            unreadable=mark.unreadable,
            keys_sealed=self.folder.keys.exists(),
        )


def _no_base() -> Conflict:
    return Conflict(
        "B-13",
        "这个文件夹还没有可以接续的基础备份，请先运行 cunzhen backup。",
        "This folder has no base to go on from yet; run cunzhen backup first.",
    )


def _readable() -> list[Store]:
    """The stores that answer: one that is away does not keep the others from being read."""
    return [store for store in configured_stores() if store.reachable()] or list(queries.stores())


def _size(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
