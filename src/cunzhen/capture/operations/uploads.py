"""Files sent over the line, piece by piece, resumable at the last byte that is on disk (tus 1.0.0, creation)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from uuid_utils.compat import uuid7

from cunzhen.accounts.rules import Actor
from cunzhen.capture.models import Transfer, Upload
from cunzhen.capture.operations.transfers import receive_transfer
from cunzhen.capture.piles import Incoming, Rejected, is_litter
from cunzhen.capture.queries import get_transfer, get_upload
from cunzhen.capture.rules import TransferState
from cunzhen.errors import Conflict, Invalid, Unavailable
from cunzhen.formats.durable import fsync_path

_BLOCK = 1 << 20
_SPARE_BYTES = 200_000_000  # what must stay free on the disk after an upload
_LONGEST_PATH = 900


def upload_path(upload: Upload) -> Path:
    """Where the bytes of an upload lie."""
    return Path(settings.HOME) / "uploads" / str(upload.transfer_id) / str(upload.id)


def add_file(
    actor: Actor, *, transfer_id: UUID, path: str, size: int, now: datetime, body: BinaryIO | None = None
) -> Upload:
    """Add a file; the same path and size again goes on with the first.

    Args:
        path: relative POSIX path as the sender calls it.
        size: bytes.
        body: all of its bytes, from the first one; None where they follow with ``append_upload``.

    Raises:
        Invalid: ``T-UP-01`` an impossible path, ``T-UP-02`` too large, ``T-UP-05`` more bytes than announced.
        Conflict: ``T-RE-01`` the transfer is received already, ``T-UP-08`` a file of that name was sent with other
        content. Unavailable: ``T-ST-01`` no room on the disk.
    """
    actor.require("add_files")
    transfer = get_transfer(actor, transfer_id)
    upload = _announce(transfer, path, size, now)
    if body is None:
        return upload
    with transaction.atomic():
        upload = Upload.objects.select_for_update().get(id=upload.id)
        _skip_what_is_kept(upload, body)
        return _extend(upload, body)


def _announce(transfer: Transfer, path: str, size: int, now: datetime) -> Upload:
    clean = _clean_path(path)
    if not 0 <= size <= settings.UPLOAD_LIMIT_BYTES:
        limit = settings.UPLOAD_LIMIT_BYTES // 1_000_000
        raise Invalid(
            "T-UP-02", f"文件 {clean} 超过单个 {limit:,} MB 的上限，请拆分后再送。", f"{clean} is over {limit:,} MB."
        )
    with transaction.atomic():
        _lock_open(transfer)
        earlier = Upload.objects.filter(transfer=transfer, path=clean).first()
        if earlier and earlier.size == size:
            return earlier
        folder = Path(settings.HOME) / "uploads" / str(transfer.id)
        upload = Upload(id=uuid7(), transfer=transfer, path=clean, size=size, created_at=now)
        with _disk():
            folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(folder).free < size + _SPARE_BYTES:
                raise Unavailable(
                    "T-ST-01",
                    "存储空间不足，请联系系统管理员腾出空间后继续上传。",
                    "The disk is full; make room, then go on.",
                )
            upload_path(upload).touch()
            for changed in (folder, folder.parent, folder.parent.parent):  # or a power cut takes the name away
                fsync_path(changed)
        if earlier:  # the same name with another size: the sender has replaced the file
            earlier.delete()
        upload.save(force_insert=True)
    return upload


def _clean_path(path: str) -> str:
    pure = PurePosixPath(path.replace("\\", "/").lstrip("/"))
    if not pure.parts or ".." in pure.parts or "\0" in path or len(str(pure)) > _LONGEST_PATH:
        raise Invalid("T-UP-01", "文件名或路径不合要求，请改名后重试。", "The file's name or path is not acceptable.")
    return str(pure)


def _skip_what_is_kept(upload: Upload, body: BinaryIO) -> None:
    """What was kept of an earlier sending must be this file's beginning, or two papers would become one.

    Raises:
        Conflict: ``T-UP-08``.
    """
    left = upload.offset
    with upload_path(upload).open("rb") as kept:
        while left:
            size = min(left, _BLOCK)
            if kept.read(size) != body.read(size):
                raise Conflict(
                    "T-UP-08",
                    "同名文件已经传过，但内容不同。请改名后再传，或另开一个批次。",
                    "A file of that name was sent already with other content. Rename it or open another transfer.",
                )
            left -= size


def append_upload(actor: Actor, *, upload_id: UUID, offset: int, body: BinaryIO) -> Upload:
    """Append bytes at the offset and acknowledge only what is on disk.

    Raises:
        Conflict: ``T-UP-04`` the offset is not where the upload stands; ask again and resume there.
        Invalid: ``T-UP-05`` more bytes than announced.
    """
    upload = get_upload(actor, upload_id)
    with transaction.atomic():
        upload = Upload.objects.select_for_update().get(id=upload.id)
        if upload.offset != offset:
            raise Conflict("T-UP-04", "续传位置不符，将自动从断点继续。", "The offset is not where the upload stands.")
        return _extend(upload, body)


def _extend(upload: Upload, body: BinaryIO) -> Upload:
    """The locked upload with these bytes after those that it has."""
    with _disk():
        upload.offset = _append(upload, body)
    upload.save(update_fields=["offset"])
    return upload


@contextmanager
def _disk() -> Iterator[None]:
    """Turn errors of the home's disk into the refusal after which an upload can go on."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "T-ST-01",
            "存储空间不足或磁盘写入出错，上传已暂停。腾出空间后可继续。",
            f"The disk is full or failing ({error.strerror}); the upload can go on once there is room.",
        ) from error


def _append(upload: Upload, body: BinaryIO) -> int:
    with upload_path(upload).open("r+b") as out:
        out.truncate(upload.offset)
        out.seek(upload.offset)
        at = upload.offset
        try:
            while block := body.read(_BLOCK):
                if at + len(block) > upload.size:
                    raise Invalid("T-UP-05", "收到的内容比声明的多，请重新上传。", "More bytes came than announced.")
                out.write(block)
                at += len(block)
        except ConnectionError:
            pass  # the line broke: what came is kept, the sender resumes after it
        out.flush()
        os.fsync(out.fileno())
    return at


def receive_uploads(actor: Actor, *, transfer_id: UUID, now: datetime) -> Transfer:
    """Receive everything that was sent whole; what broke off is listed as not taken.

    The sent bytes stay where they are until all of it is committed, whoever began the transaction.

    Raises:
        Conflict: ``T-RE-01`` received already. Invalid: ``T-UP-06`` nothing was sent.
    """
    transfer = get_transfer(actor, transfer_id)
    with transaction.atomic():
        _lock_open(transfer)
        uploads = list(Upload.objects.select_for_update().filter(transfer=transfer).order_by("id"))
        whole = [u for u in uploads if u.offset == u.size and not is_litter(u.path)]
        broken = [Rejected(u.path, "T-UP-07") for u in uploads if u.offset != u.size]
        if not whole:
            raise Invalid("T-UP-06", "还没有传完的文件，请先添加文件。", "No file has been sent whole yet.")
        incoming = [Incoming(u.path, upload_path(u), ours=True) for u in whole]
        received = receive_transfer(actor, transfer_id=transfer.id, incoming=incoming, rejected=broken, now=now)
        Upload.objects.filter(id__in=[u.id for u in uploads]).delete()
        folder = Path(settings.HOME) / "uploads" / str(transfer.id)
        transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))
    return received


def _lock_open(transfer: Transfer) -> None:
    """Hold the transfer's row, so that nobody adds a file while it is received or receives it while one is added."""
    state = Transfer.objects.select_for_update().values_list("state", flat=True).get(id=transfer.id)
    if state != TransferState.OPEN:
        raise Conflict(
            "T-RE-01", f"批次 {transfer.number} 已经接收，不能再添加文件。", "The transfer is received already."
        )
