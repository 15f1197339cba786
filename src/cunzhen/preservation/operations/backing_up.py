"""Backups while filing runs: a base now and then, and between bases the log and packages of the last minute.

Order is everything. The database's state comes first and what it names after it, so that no state in the folder ever
names a package that the folder lacks; packages too many do no harm. The ledger's checkpoint comes before the state, so
that no restored table is shorter than the checkpoint restored with it. What makes a step count is written last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zlib import crc32

from django.conf import settings

from cunzhen.accounts.rules import Actor
from cunzhen.database.launcher import attached
from cunzhen.database.locks import held
from cunzhen.errors import Conflict, CunzhenError
from cunzhen.preservation.backups.folder import BackupFolder, disk_of
from cunzhen.preservation.backups.rules import BackupReport
from cunzhen.preservation.backups.taking import Run, card_for
from cunzhen.preservation.models import BackupState

LOCK = 0x435A424B
_WAIT_SECONDS = 900.0
_NO_TROUBLE = {"B-09", "B-13"}


def back_up(
    actor: Actor,
    *,
    folder: Path,
    clock: Callable[[], datetime],
    keep: int = 7,
    full: bool = False,
    is_new: bool = False,
    passphrase: str = "",
) -> BackupReport:
    """Take a base and everything it names into a backup folder; it counts when its manifest is written, last of all.

    1. The folder is this archive's, or empty and becomes it.
    2. The published ledger and the received files; then the database; then packages, each once, only what is new.
    3. Where the folder is one of the settings', the log from here on, up to a named point.
    4. The manifest, the ledger entry, and away with bases that are no longer kept.

    Args:
        folder: absolute; an earlier run that was killed is gone on with.
        clock: gives the present, aware.
        keep: how many bases stay.
        full: do not build on an earlier base.
        is_new: the folder may be empty though backups were made into it before.
        passphrase: seals the key store into the folder; none leaves it out.

    Raises:
        Conflict: ``B-05`` the folder holds other things, ``B-09`` a run is under way, ``B-12`` it is another archive's.
        Unavailable: ``B-04`` damaged, ``B-07`` no space, ``B-08`` disk error, ``B-11`` not mounted, ``D-13`` to
        ``D-17``.
        Invalid: ``K-05`` a weak passphrase.
    """
    actor.require("back_up")
    with _noted(folder, clock), disk_of(folder), _alone(folder, LOCK):
        run = _run(folder, clock, is_new=is_new)
        report = run.take_base(
            full=full, passphrase=passphrase, mark_lock=lambda: _alone(folder, LOCK + 1, seconds=_WAIT_SECONDS)
        )
        run.record(actor, report)
        return replace(report, removed=run.rotate(keep))


def continue_backup(actor: Actor, *, folder: Path, clock: Callable[[], datetime]) -> BackupReport | None:
    """Bring the log and the packages since the last mark into a folder that has a base; None where there is
    nothing new.

    Args:
        folder: one of the settings' backup folders.
        clock: gives the present, aware.

    Raises:
        Conflict: ``B-09``, ``B-12``, ``B-13`` there is no base yet, ``D-18`` the log has a gap: a new base is needed.
        Unavailable: as for ``back_up``.
    """
    actor.require("back_up")
    with _noted(folder, clock), disk_of(folder), _alone(folder, LOCK + 1):
        run = _run(folder, clock, is_new=False)
        return run.go_on()


def _run(root: Path, clock: Callable[[], datetime], *, is_new: bool) -> Run:
    server = attached(settings.HOME)
    folder = BackupFolder(root)
    state = BackupState.objects.filter(folder=str(root)).exclude(card="").first()
    card = card_for(folder, server, clock(), may_make=is_new or state is None)
    return Run(folder, card, server, clock, continuous=root in settings.BACKUP_DIRS and card.is_physical)


@contextmanager
def _alone(folder: Path, lock: int, seconds: float = 0.0) -> Iterator[None]:
    """Hold a folder's lock in the database: its server is the one thing that all who write into the folder share.

    Args:
        folder: the backup.
        lock: for bases, or for marks.
        seconds: how long to wait for another run.

    Raises:
        Conflict: ``B-09``.
    """
    key = [lock, crc32(str(folder).encode()) - (1 << 31)]
    with held(*key, seconds=seconds) as alone:
        if not alone:
            raise Conflict(
                "B-09",
                "另一个备份正在写这个文件夹，请等它完成。",
                "Another backup is being written into this folder; wait until it is done.",
            )
        yield


@contextmanager
def _noted(folder: Path, clock: Callable[[], datetime]) -> Iterator[None]:
    """Keep the code of what went wrong, for the page and for ``cunzhen check``."""
    try:
        yield
    except CunzhenError as error:
        if error.code not in _NO_TROUBLE:
            problem = {"problem": error.code, "problem_at": clock()}
            BackupState.objects.update_or_create(folder=str(folder), defaults=problem)
        raise
    BackupState.objects.filter(folder=str(folder)).exclude(problem="").update(problem="", problem_at=None)
