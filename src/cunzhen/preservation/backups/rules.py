"""What a backup folder says of itself, and what can be decided from that alone.

A folder holds *bases* (the database at one moment, with the log that makes it consistent), the *log* written since,
packages, the published ledger, received files, and *marks*. A mark is a moment of which everything is in the folder:
the log up to it and every package that the database names at it. Only marks are restored to, or times before one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from cunzhen.errors import Conflict

FORMAT = "cunzhen-backup-1"
SLOT_START = "cunzhen_backup_"
FULL_AGAIN_AFTER = timedelta(days=7)
_LOCAL_TIME = ZoneInfo("Asia/Shanghai")


class BaseKind(StrEnum):
    """How a base was taken."""

    FULL = "full"
    DIFFERENTIAL = "differential"
    DUMP = "dump"


class MarkKind(StrEnum):
    """How the database is brought to a mark: on through the log, to the end of its base, or by loading its dump."""

    POINT = "point"
    BASE_END = "base_end"
    DUMP = "dump"


@dataclass(frozen=True)
class Card:
    """Whose folder it is. It never changes, so that two archives, or two histories of one, cannot mix in a folder."""

    id: str
    node: str
    origin: str
    vkey: str
    keys_check: str
    system: str
    timeline: int
    segment_bytes: int
    created_at: datetime
    format: str = FORMAT

    @property
    def slot(self) -> str:
        """Name of the replication slot that keeps the log for this folder."""
        return f"{SLOT_START}{self.id}"

    @property
    def is_physical(self) -> bool:
        """Whether bases are copies of the cluster, which the log can carry on, and not dumps."""
        return self.system != ""


@dataclass(frozen=True)
class Base:
    """A whole base; its file is written when everything that it names is in the folder."""

    id: str
    kind: BaseKind
    parent: str
    started_at: datetime
    ended_at: datetime
    start: int
    end: int
    continuous: bool
    sha256: str
    byte_count: int
    mark: int
    postgres: str
    program: str
    node: str
    origin: str
    stores: tuple[str, ...]
    packages: int
    package_bytes: int
    ledger_size: int
    keys_check: str
    keys_sealed: bool
    database: str = ""  # what the server calls it
    format: str = FORMAT


@dataclass(frozen=True)
class Mark:
    """A moment of which the folder has everything.

    Args:
        number: 1 and on.
        kind: how to get there.
        name: of the restore point, empty for other kinds.
        base: of which it is the end, empty for points.
        lsn: place in the log, 0 for a dump.
        at: everything committed by then is in it.
        tail: SHA-256 of the last, unfinished segment up to ``lsn``.
        horizon: transactions from this one on are looked at by the next run.
        checkpoint: the ledger's signed checkpoint that was published then, empty before the first.
        copied, copied_bytes: packages that came with this mark.
        unreadable: packages of which no copy was whole when they were to be copied.
    """

    number: int
    kind: MarkKind
    name: str
    base: str
    lsn: int
    at: datetime
    tail: str
    horizon: int
    checkpoint: str
    copied: int = 0
    copied_bytes: int = 0
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """What to restore: a base, the mark that vouches for it, and a time where one was asked for."""

    base: Base
    mark: Mark
    at: datetime | None = None


@dataclass(frozen=True)
class Damage:
    """Something in a backup folder that is not as it was written; ``path`` is relative to the folder."""

    part: str
    path: str
    detail: str = ""


@dataclass(frozen=True)
class Reach:
    """The times that a folder can restore: moments, and the span within which any time is one."""

    moments: tuple[datetime, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class BackupReport:
    """What one run did."""

    base: str
    kind: str
    at: datetime
    packages: int
    package_bytes: int
    log_bytes: int
    database_bytes: int
    seconds: float
    unreadable: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    keys_sealed: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)


def choose(bases: Sequence[Base], marks: Sequence[Mark], at: datetime | None) -> Target:
    """What to restore for a wish.

    Args:
        bases: whole ones, oldest first.
        marks: oldest first.
        at: as it was then; None for as late as possible.

    Raises:
        Conflict: ``B-02`` nothing to restore, ``B-03`` not to that time.
    """
    if at is None:
        for mark in reversed(marks):
            base = _base_of(bases, mark, mark.at)
            if base is not None:
                return Target(base, mark)
        raise Conflict("B-02", "这个备份文件夹里没有完整的备份。", "There is no whole backup in this folder.")
    for mark in marks:
        if mark.kind == MarkKind.POINT and mark.at >= at:
            base = _base_of(bases, mark, at)
            if base is not None:
                return Target(base, mark, at)
            break
    for mark in marks:
        base = _base_of(bases, mark, mark.at) if mark.at.replace(microsecond=0) == at.replace(microsecond=0) else None
        if base is not None:
            return Target(base, mark)
    raise _out_of_reach(reach(bases, marks))


def _base_of(bases: Sequence[Base], mark: Mark, at: datetime) -> Base | None:
    """The newest base that is complete by that time and leads to the mark."""
    if mark.kind != MarkKind.POINT:
        return next((b for b in bases if b.id == mark.base), None)
    fit = [b for b in bases if b.continuous and b.ended_at <= at and b.end <= mark.lsn]
    return max(fit, key=lambda b: b.end, default=None)


def reach(bases: Sequence[Base], marks: Sequence[Mark]) -> Reach:
    """The times that can be restored."""
    known = {b.id for b in bases}
    moments = tuple(m.at for m in marks if m.kind != MarkKind.POINT and m.base in known)
    ends = [b.ended_at for b in bases if b.continuous]
    points = [m.at for m in marks if m.kind == MarkKind.POINT and ends and m.at >= min(ends)]
    return Reach(moments, min(ends), max(points)) if points else Reach(moments)


def _out_of_reach(found: Reach) -> Conflict:
    span = f"{_told(found.since)} – {_told(found.until)}" if found.since and found.until else ""
    moments = ", ".join(_told(m) for m in found.moments[-5:])
    there = "; ".join(p for p in (span, moments) if p) or "-"
    return Conflict(
        "B-03",
        f"这个备份恢复不到所要的时间。可以恢复到：{there}",
        f"This backup cannot restore that time. It can restore: {there}",
    )


def _told(at: datetime) -> str:
    """As it can be asked for."""
    return f"{at.astimezone(_LOCAL_TIME):%Y-%m-%dT%H:%M:%S%z}"


def kept(bases: Sequence[Base], keep: int) -> set[str]:
    """Ids of the bases that stay: the newest so many, and the full ones that they need.

    Args:
        bases: whole ones, oldest first.
        keep: at least 1.
    """
    newest = bases[-max(keep, 1) :]
    return {b.id for b in newest} | {b.parent for b in newest if b.parent}


def parent_for(bases: Sequence[Base], now: datetime) -> Base | None:
    """The full base that the next one may build on; None where a full one is due.

    A differential base that has grown past half of its full one saves little and costs time at a restore.
    """
    full = next((b for b in reversed(bases) if b.kind == BaseKind.FULL), None)
    if full is None or abs(now - full.started_at) >= FULL_AGAIN_AFTER:
        return None
    latest = bases[-1]
    if latest.parent == full.id and latest.byte_count * 2 > full.byte_count:
        return None
    return full


def base_is_due(bases: Collection[Base], now: datetime, every: timedelta) -> bool:
    """Whether the last base is too old; one of a time that lies ahead was taken under a clock gone wrong."""
    known = [b.started_at for b in bases if b.started_at <= now + every]
    return not known or now - max(known) >= every
