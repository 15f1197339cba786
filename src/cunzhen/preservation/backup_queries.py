"""How backups and drills stand: for the page, the command and the self-check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min, QuerySet

from cunzhen.accounts.rules import Actor
from cunzhen.ledger.models import LedgerEntry
from cunzhen.preservation.models import BackupState, Drill


@dataclass(frozen=True)
class BackupLine:
    """One backup folder.

    Args:
        folder: its path.
        is_continuous: whether the workers back up into it all the time.
        base_at, mark_at: when the last base was whole, and up to when anything can be restored; None before the first.
        base_bytes, base_seconds: of the last base.
        packages: in it.
        unreadable: packages of which no copy was whole when it was taken.
        problem: code of what went wrong last, empty where nothing did.
        problem_at: when.
    """

    folder: str
    is_continuous: bool
    base_at: datetime | None
    mark_at: datetime | None
    base_bytes: int
    base_seconds: float
    packages: int
    unreadable: int
    problem: str
    problem_at: datetime | None


@dataclass(frozen=True)
class BackupStatus:
    """How backups stand as a whole.

    Args:
        lines: one for each folder.
        base_at: when the last base anywhere was whole.
        mark_at: up to when anything can be restored.
        is_late: the last base is older than the settings allow.
        problem: code of what keeps a folder from being backed up into, empty where nothing does.
    """

    lines: tuple[BackupLine, ...]
    base_at: datetime | None
    mark_at: datetime | None
    is_late: bool
    problem: str


@dataclass(frozen=True)
class DrillStatus:
    """How drills stand: the last restore drill that was passed, when the next is due, whether that is over."""

    last: Drill | None
    due_at: datetime
    is_late: bool


def backup_status(now: datetime) -> BackupStatus:
    """How backups stand.

    Args:
        now: aware.
    """
    configured = [str(folder) for folder in settings.BACKUP_DIRS]
    states = {s.folder: s for s in BackupState.objects.all()}
    names = [*configured, *sorted(set(states) - set(configured))]
    lines = tuple(_line(name, states.get(name), name in configured) for name in names)
    base_at = max((line.base_at for line in lines if line.base_at), default=None)
    mark_at = max((line.mark_at for line in lines if line.mark_at and line.base_at), default=None)
    since = base_at or _beginning(now)
    return BackupStatus(
        lines,
        base_at,
        mark_at,
        abs(now - since) > timedelta(days=settings.BACKUP_DAYS),  # ahead of a clock that was set right: no word on now
        next((line.problem for line in lines if line.is_continuous and line.problem), ""),
    )


def drill_status(now: datetime) -> DrillStatus:
    """How restore drills stand: on the machine as a whole, for a restore brings back all of it.

    Args:
        now: aware.
    """
    passed = Drill.objects.filter(kind=Drill.Kind.RESTORE, result=Drill.Result.PASSED)
    passed = passed.filter(recorded_at__lte=now + timedelta(days=1))  # none from under a clock that was ahead
    last = passed.order_by("-held_on", "-id").first()
    since = last.recorded_at if last else _beginning(now)
    due_at = since + timedelta(days=settings.DRILL_DAYS)
    return DrillStatus(last, due_at, now > due_at)


def visible_drills(actor: Actor) -> QuerySet[Drill]:
    """The drills of the actor's agencies, newest first."""
    return Drill.objects.filter(agency_id__in=actor.agency_ids).order_by("-held_on", "-id")


def _line(name: str, state: BackupState | None, is_continuous: bool) -> BackupLine:
    if state is None:
        return BackupLine(name, is_continuous, None, None, 0, 0.0, 0, 0, "", None)
    return BackupLine(
        name,
        is_continuous,
        state.base_at,
        state.mark_at,
        state.base_bytes,
        state.base_seconds,
        state.packages,
        state.unreadable,
        state.problem,
        state.problem_at,
    )


def _beginning(now: datetime) -> datetime:
    """When work began here: a home of yesterday need not have a backup of last week."""
    first = LedgerEntry.objects.aggregate(first=Min("at"))["first"]
    return first if isinstance(first, datetime) else now
