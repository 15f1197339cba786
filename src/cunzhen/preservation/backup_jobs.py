"""What the workers do for backups, where the settings name a folder: the log each minute, a base each day."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from cunzhen.accounts.models import Agency
from cunzhen.accounts.queries import service_actor
from cunzhen.database.tools import end_running
from cunzhen.errors import Conflict
from cunzhen.jobs import every, on_shutdown
from cunzhen.preservation.backups.folder import BackupFolder
from cunzhen.preservation.backups.rules import base_is_due
from cunzhen.preservation.models import BackupState
from cunzhen.preservation.operations.backing_up import back_up, continue_backup

BASE_EVERY = timedelta(days=1)
# What needs a new base: none yet, or a gap in the log.
_NEEDS_BASE = {"B-13", "D-18"}
_BUSY = "B-09"
on_shutdown(end_running)


@every(60.0)
def follow() -> None:
    """Log and packages of the last minute, into every folder that has a base."""
    if not settings.BACKUP_DIRS or not Agency.objects.exists():
        return
    for folder in settings.BACKUP_DIRS:
        try:
            continue_backup(service_actor(), folder=folder, clock=timezone.now)
        except Conflict as error:
            if error.code not in _NEEDS_BASE | {_BUSY}:
                raise


@every(20.0)
def renew() -> None:
    """A base where the last one is a day old, where there is none, or where the log has a gap since."""
    if not settings.BACKUP_DIRS or not Agency.objects.exists():
        return
    for folder in settings.BACKUP_DIRS:
        if _is_due(BackupFolder(folder)):
            try:
                back_up(
                    service_actor(),
                    folder=folder,
                    clock=timezone.now,
                    keep=settings.BACKUP_KEEP,
                    passphrase=settings.BACKUP_PASSPHRASE,
                )
            except Conflict as error:
                if error.code != _BUSY:
                    raise


def _is_due(folder: BackupFolder) -> bool:
    state = BackupState.objects.filter(folder=str(folder.root)).first()
    if state is not None and state.problem in _NEEDS_BASE:
        return True
    bases = folder.whole_bases() if folder.bases.is_dir() else []
    return base_is_due([b for b in bases if b.continuous or not b.end], timezone.now(), BASE_EVERY)
