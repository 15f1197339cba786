"""The folders that received files lie in until they are filed: held by one receiver, cleared when nobody needs them."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from cunzhen.capture.models import Draft, Transfer, Upload
from cunzhen.capture.piles import disk_failed
from cunzhen.capture.queries import retriable
from cunzhen.capture.rules import TransferState
from cunzhen.errors import Conflict

_ATTEMPTS = 5


@contextmanager
def alone_in(inbox: Path) -> Iterator[None]:
    """Hold an inbox, made where it is missing; the kernel lets it go when the process is killed.

    Raises:
        Conflict: ``T-RE-01`` another receiver holds it. Unavailable: ``T-ST-01``.
    """
    descriptor = _hold(inbox)
    try:
        yield
    finally:
        os.close(descriptor)


def _hold(inbox: Path) -> int:
    for _ in range(_ATTEMPTS):
        try:
            inbox.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(inbox, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # the janitor was faster
        except OSError as error:
            raise disk_failed(error) from error
        if _locked(descriptor, inbox):
            return descriptor
        os.close(descriptor)
    raise Conflict("T-RE-01", "这个批次正在接收，请稍候。", "This transfer is being received at this moment.")


def _locked(descriptor: int, folder: Path) -> bool:
    """Whether we hold it now and it is still the folder of that name."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def clear(inbox: Path) -> None:
    """Empty a folder but keep it: a lock may be on it."""
    for one in inbox.iterdir():
        if one.is_dir():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)


def sweep_inboxes(*, older_than: timedelta, now: datetime) -> int:
    """Remove what killed runs left: copies of piles that were never received, and files of transfers that are done.

    A folder whose transfer the database does not know is left alone, so that a restored database costs no papers.

    Args:
        older_than: folders changed since are left alone.

    Returns:
        how many folders were removed.
    """
    removed = 0
    for folder in _folders("inbox", now - older_than):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with transaction.atomic():
                if _locked(descriptor, folder) and _is_done_with(UUID(folder.name)):
                    shutil.rmtree(folder, ignore_errors=True)
                    removed += 1
        finally:
            os.close(descriptor)
    for folder in _folders("uploads", now - older_than):
        if Transfer.objects.filter(id=folder.name).exclude(state=TransferState.OPEN.value).exists():
            Upload.objects.filter(transfer_id=folder.name).delete()
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def _folders(kind: str, before: datetime) -> list[Path]:
    root = Path(settings.HOME) / kind
    found = [f for f in root.iterdir() if f.is_dir() and _is_id(f.name)] if root.is_dir() else []
    return sorted(f for f in found if f.stat().st_mtime <= before.timestamp())


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


def _is_done_with(transfer_id: UUID) -> bool:
    """Nobody is receiving it (we hold its folder) and nothing of it will be read again; its row stays locked."""
    transfer = Transfer.objects.select_for_update(skip_locked=True).filter(id=transfer_id).first()
    if transfer is None or transfer.state == TransferState.WORKING:
        return False
    return not Draft.objects.filter(retriable(), transfer=transfer).exists()
