"""Decisions and results of scrub and repair. Pure: no database, no disk, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from cunzhen.formats.ocfl import INVENTORY, SIDECAR
from cunzhen.formats.ocfl_check import Finding, Problem
from cunzhen.ledger.rules import Subject
from cunzhen.preservation.rules import KeptPackage

SM3_TENTH = 10
# A copy is due when this part of the promised days has passed, so that a busy or idle week breaks no promise.
_DUE_PART = 0.75
# What was filed within the last day was read back when it was written.
_FRESH = timedelta(days=1)
_OF_THE_HEAD = {INVENTORY, SIDECAR}


@dataclass(frozen=True, slots=True)
class CopyToCheck:
    """One copy, and what the register says of its package at this moment; ``is_kept`` is what was known of it."""

    copy_id: UUID
    package_id: UUID
    store: str
    version: str
    inventory_sha512: str
    byte_count: int
    is_kept: bool = True


@dataclass(frozen=True, slots=True)
class Due:
    """Which copies a round means: last checked before, or never checked and written before."""

    checked_before: datetime
    written_before: datetime


@dataclass(frozen=True, slots=True)
class ScrubReport:
    """What a scrub did, the whole round so far.

    Args:
        copies, bytes, seconds: checked, and how long it was at work.
        damaged, missing, mended: copies.
        quarantined: packages of which no copy is whole, at its end.
        open: bad copies that are not mended, at its end.
        away: stores that could not be looked at; their copies stay as they were.
        extra: what lies in a store and has no row: ``store:path``.
        behind: packages of which the published ledger names a version that the register does not have.
        finished: whether every copy of the round was looked at.
    """

    copies: int
    bytes: int
    seconds: float
    damaged: int
    missing: int
    mended: int
    quarantined: tuple[UUID, ...] = ()
    open: int = 0
    away: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    finished: bool = True

    @property
    def ok(self) -> bool:
        """Whether all is whole now and everything could be looked at."""
        return not (self.quarantined or self.open or self.away or self.extra or self.behind)


@dataclass(frozen=True, slots=True)
class CopyRepair:
    """What became of one bad copy, or would become of it in a dry run.

    Args:
        outcome: ``mended``, ``found_whole``, ``quarantined`` (no right bytes for some file anywhere), ``waiting`` (a
            store is away or the package is in use), ``left`` (not ours to change: the register is in doubt),
            ``failed`` (the store refused).
        problems: codes of what was wrong.
        sources: stores that the right bytes come from.
        lost: paths of which no copy has the right bytes.
        code: of the refusal, where it failed.
    """

    package_id: UUID | None
    store: str
    outcome: str
    problems: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    code: str = ""


@dataclass(slots=True)
class RepairReport:
    """Every bad copy that a repair looked at."""

    copies: list[CopyRepair] = field(default_factory=list)
    away: tuple[str, ...] = ()

    def count(self, *outcomes: str) -> int:
        """How many ended so."""
        return sum(one.outcome in outcomes for one in self.copies)

    @property
    def ok(self) -> bool:
        """Whether nothing bad is left."""
        return not self.away and self.count("mended", "found_whole") == len(self.copies)


def due(now: datetime, days: float, *, everything: bool, by_hand: bool) -> Due:
    """Which copies a round that begins now means.

    Args:
        now: aware.
        days: within which every copy is promised a check.
        everything: all of them.
        by_hand: somebody asked, so what was filed a moment ago is checked too.
    """
    if everything:
        return Due(now, now)
    return Due(now - timedelta(days=days * _DUE_PART), now if by_hand else now - _FRESH)


def wants_sm3(package_id: UUID, store: int, stores: int, cycle: int) -> bool:
    """Whether this copy is one of those whose SM3 is computed too: a tenth of the packages in each cycle.

    One copy of a package is enough, and each time another: every copy whose SHA-512 is right has the same bytes.

    Args:
        package_id: of the package.
        store, stores: place of the copy's store in the settings, and how many there are.
        cycle: number of the cycle; after ten every package was once among them, in ten times ``stores`` every copy.
    """
    place = package_id.int % 1_000_003
    return (place + cycle) % SM3_TENTH == 0 and (place // SM3_TENTH + cycle // SM3_TENTH) % stores == store


def cycle_of(now: datetime, days: float) -> int:
    """Number of the cycle that a moment lies in."""
    return int(now.timestamp() // timedelta(days=days).total_seconds())


def only_newer(findings: Sequence[Finding], version: str) -> bool:
    """Whether the version that the register names is whole and a newer one lies beside it, half or wholly placed."""
    newer = [f for f in findings if f.code == Problem.SURPLUS and _number(f.path.partition("/")[0]) > _number(version)]
    others = [f for f in findings if f not in newer]
    replaced = {Problem.INVENTORY, Problem.SIDECAR}
    return bool(newer) and all(f.code in replaced and f.path in _OF_THE_HEAD for f in others)


def _number(folder: str) -> int:
    return int(folder[1:]) if folder[:1] == "v" and folder[1:].isdigit() else 0


def version_id(package_id: UUID, version: str) -> UUID:
    """The id by which the ledger names one version of a package."""
    return uuid5(package_id, version)


def version_subject(kept: KeptPackage) -> Subject:
    """How an act's ledger entry names the version that it made, by the digests of its inventory.

    The ledger then says which version of a package is the newest and what it holds, whatever becomes of the stores
    and of the register together. It stands last among the entry's subjects.
    """
    return Subject(version_id(kept.id, kept.version), kept.inventory_sha256, kept.inventory_sm3)


def next_version(version: str) -> str:
    """The version that would follow."""
    return f"v{_number(version) + 1}"


def days_until_full(free: int | None, recent_bytes: int, days: float) -> float | None:
    """When a store will be full if filing goes on as it did: linear, nothing cleverer is known.

    Args:
        free: bytes left; None where the store cannot say.
        recent_bytes: filed into it in the last so many days.
        days: over which that was.

    Returns:
        Days; None where there is nothing to tell it from.
    """
    if free is None or recent_bytes <= 0 or days <= 0:
        return None
    return free / (recent_bytes / days)
