"""Making writes durable in the right order, and never taking an error for success.

The order that keeps a reader from ever seeing half of something: write under a name nobody reads, sync, rename,
sync the directory that holds the new name. After a failed sync the kernel may have dropped the dirty pages, so a
second sync that succeeds proves nothing: the caller has to throw the files away and start again.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from cunzhen.errors import Unavailable

# From 5.8 on syncfs reports write-back errors of the whole file system to every descriptor opened before them.
_SYNCFS_REPORTS_ERRORS = (5, 8)
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FileSystemSync:
    """One sync for everything written to a file system after this was made.

    Args:
        folder: any existing folder of the file system.

    Make it before the first write: the kernel reports only errors that come after the descriptor was opened.
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._syncfs = _syncfs_function()

    def sync(self, paths: Iterable[Path]) -> None:
        """Wait until everything is on the disk.

        Args:
            paths: files and directories to sync one by one where the kernel's syncfs is not trusted to report errors.

        Raises:
            OSError: the disk refused; nothing written since may be relied on.
        """
        if self._syncfs is None:
            for path in paths:
                fsync_path(path)
            return
        if self._syncfs(self._descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def close(self) -> None:
        """Let the descriptor go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _syncfs_function() -> ctypes._NamedFuncPointer | None:
    release = os.uname().release.split("-")[0].split(".")
    if not all(part.isdigit() for part in release[:2]) or tuple(int(p) for p in release[:2]) < _SYNCFS_REPORTS_ERRORS:
        return None
    library = ctypes.CDLL(None, use_errno=True)
    return getattr(library, "syncfs", None)


def fsync_path(path: Path) -> None:
    """Sync one file or directory by its name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes, *, by_way_of: Path | None = None, mode: int = 0o666) -> None:
    """Put a file in place whole or not at all, durable when it returns.

    Args:
        path: final name; its folder exists.
        data: the whole content.
        by_way_of: folder of the same disk to write it in first, where a cut must leave nothing beside the file; its
            own by default.
        mode: of a new file, less what the process's mask takes away.
    """
    temporary = (by_way_of or path.parent) / f".{path.name}.{os.getpid()}.new"
    try:
        with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    fsync_path(path.parent)


_NO_FILE_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG}


def open_regular(path: Path) -> BinaryIO | None:
    """Open a file that other hands may have replaced by anything: no link is followed, no pipe holds the reader.

    Args:
        path: of the file.

    Returns:
        The open file, unbuffered; None where there is none, or what is there is no regular file.

    Raises:
        OSError: the disk refused.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _NO_FILE_THERE:
            return None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return os.fdopen(descriptor, "rb", buffering=0)


def read_regular(path: Path, most: int) -> bytes | None:
    """So many bytes of such a file; None where there is none.

    Raises:
        OSError: the disk refused.
    """
    stream = open_regular(path)
    if stream is None:
        return None
    with stream:
        return stream.read(most)


def unavailable(error: OSError, where: str) -> Unavailable:
    """The refusal that an error of the disk becomes.

    Args:
        error: as the system gave it.
        where: name of the store (never a path: paths may carry names of people).
    """
    if error.errno in _NO_SPACE:
        return Unavailable(
            "P-10",
            f"存储“{where}”空间不足，本批未保存任何内容。请清理或扩容后重试。",
            f"Store {where!r} has no space left; nothing of this batch was kept. Free or add space, then try again.",
            store=where,
            errno=error.errno,
        )
    return Unavailable(
        "P-11",
        f"存储“{where}”读写失败（{errno.errorcode.get(error.errno or 0, '未知错误')}），本批未确认保存。"
        "请检查磁盘后重试。",
        f"Store {where!r} failed ({os.strerror(error.errno or 0)}); nothing of this batch is acknowledged. "
        "Check the disk, then try again.",
        store=where,
        errno=error.errno,
    )
