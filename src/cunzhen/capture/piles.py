"""The pile as it comes: folders, files and zips, listed and copied into the inbox with their digests.

Dot files, README files and the litter of desktop systems are not papers and are left out.
"""

from __future__ import annotations

import errno
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO
from uuid import UUID

from uuid_utils.compat import uuid7

from cunzhen.capture.documents import MAX_FILE_BYTES
from cunzhen.errors import Invalid, Missing, Unavailable
from cunzhen.formats.digests import FileDigests, digest_file
from cunzhen.formats.durable import FileSystemSync

_LITTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
MAX_ZIP_FILES = 20_000
MAX_ZIP_RATIO = 200
MAX_ZIP_BYTES = 20_000_000_000
_BLOCK = 1 << 20
_UTF8_NAME = 0x800
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_LONGEST_PATH = 1000  # characters; as wide as the columns that keep it
_ZIP_TAIL = 65_557  # APPNOTE 4.3.16: the end record and the longest comment after it
_ZIP_END, _ZIP64_COUNT = b"PK\x05\x06", 0xFFFF
_ZIP_ENTRY_BYTES = 400  # of the directory, for one file with a long Chinese path
_BROKEN_ZIP = (
    zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError, RuntimeError, struct.error,
    zlib.error, lzma.LZMAError,
)  # fmt: skip


@dataclass(frozen=True)
class Incoming:
    """One file of the pile: where it lies now, what the sender calls it (POSIX, relative), whether we may link it."""

    path: str
    source: Path
    ours: bool = False


@dataclass(frozen=True)
class Stored:
    """One file in the inbox under its id, with its digests."""

    id: UUID
    path: str
    stored: Path
    digests: FileDigests


class SourceError(OSError):
    """The pile's own disk failed while something was read from it; an error of our disk is a plain ``OSError``."""


@dataclass(frozen=True)
class Rejected:
    """One thing of the pile that could not be taken: its name and the finding's code."""

    path: str
    code: str


def list_pile(sources: Sequence[Path]) -> tuple[list[Incoming], list[Rejected]]:
    """Every file below the given folders and files; a zip stands for itself here (see ``expand_zip``).

    Raises:
        Missing: ``T-PA-01`` where a source does not exist.
    """
    found: list[Incoming] = []
    rejected: list[Rejected] = []
    sources = list({s.resolve() if s.exists() else s: s for s in sources}.values())  # the same one twice counts once
    for source in sources:
        if not source.exists():
            raise Missing("T-PA-01", f"找不到 {source}，请核对路径。", f"There is no {source}.")
        # Several sources keep their own names in front, so that their insides cannot be taken for one another's.
        front = f"{source.resolve().name}/" if len(sources) > 1 else ""
        for one in _walk(source, front) if source.is_dir() else [_look_at(source, source.name, source.stat)]:
            if isinstance(one, Rejected):
                rejected.append(one)
            else:
                found.append(one)
    return distinct(found), rejected


def distinct(incoming: Sequence[Incoming]) -> list[Incoming]:
    """Give every file a name of its own: the second of a name moves into a folder ``(2)``, so that none is lost."""
    taken: set[str] = set()
    named: list[Incoming] = []
    for one in incoming:
        path, number = one.path, 2
        while path in taken:
            path, number = f"({number})/{one.path}", number + 1
        taken.add(path)
        named.append(replace(one, path=path))
    return named


def is_litter(path: str) -> bool:
    """Whether a relative path is no paper: dot files and folders, README files, desktop systems' own files."""
    parts = PurePosixPath(path).parts
    return any(p.startswith(".") or p.lower() in _LITTER for p in parts) or parts[-1].lower().startswith("readme")


def _walk(root: Path, front: str) -> Iterator[Incoming | Rejected]:
    closed: list[OSError] = []
    for folder, folders, files in os.walk(root, onerror=closed.append, followlinks=False):
        folders[:] = sorted(f for f in folders if not is_litter(f))
        for name in folders:
            path = Path(folder) / name
            if os.path.islink(path):  # which takes a path that is too long
                yield Rejected(_shown(front + path.relative_to(root).as_posix()), "T-PA-02")
        for name in sorted(files):
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            if not is_litter(relative):
                yield _look_at(path, front + relative, path.lstat)
    for error in closed:  # a folder that may not be entered, or lies too deep: said, not passed over
        yield Rejected(_shown(front + os.path.relpath(error.filename, root)), "T-PA-05")


def _look_at(path: Path, relative: str, look: Callable[[], os.stat_result]) -> Incoming | Rejected:
    """A file that can be taken in, or why not; nothing is opened, so that a pipe cannot make us wait."""
    try:
        found = look()
    except OSError:
        return Rejected(_shown(relative), "T-PA-05")
    if not stat.S_ISREG(found.st_mode):
        return Rejected(_shown(relative), "T-PA-02")  # links and devices are never followed
    if not _is_text(relative) or len(relative) > _LONGEST_PATH:
        return Rejected(_shown(relative), "T-PA-03")
    if found.st_size > MAX_FILE_BYTES and not relative.lower().endswith(".zip"):
        return Rejected(relative, "T-PA-06")  # it could not be read anyway; refused before it is copied
    return Incoming(relative, path)


def _shown(path: str) -> str:
    return path.encode("utf-8", "replace").decode()[:_LONGEST_PATH]


def _is_text(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def expand_zip(archive: Path, into: Path) -> tuple[list[Incoming], list[Rejected]]:
    """Unpack a zip into a folder of the inbox; nothing ever lands outside it.

    Names without the UTF-8 flag are GB18030 (architecture.md 4a). Links, absolute paths and ``..`` are rejected.

    Raises:
        Invalid: ``T-ZI-01`` not a readable zip, ``T-ZI-02`` a bomb, ``T-ZI-03`` encrypted.
        SourceError: the disk that the zip lies on cannot read it.
    """
    try:
        with _reading():
            _refuse_crowd(archive)
            zipped = zipfile.ZipFile(archive)
        with zipped:
            members = [m for m in zipped.infolist() if not m.is_dir()]
            _refuse_bomb(archive, members)
            return _extract(zipped, members, into)
    except _BROKEN_ZIP as error:
        raise Invalid(
            "T-ZI-01",
            f"压缩包 {archive.name} 打不开，可能没有传完整。请重新压缩后再送。",
            f"The zip {archive.name} cannot be opened ({type(error).__name__}). Pack it again and send it again.",
        ) from error


@contextmanager
def _reading() -> Iterator[None]:
    """What fails in here is the source's fault."""
    try:
        yield
    except OSError as error:
        raise SourceError(error.errno, error.strerror) from error


def _refuse_crowd(archive: Path) -> None:
    """Refuse by the count in the end record, before a directory of a million names is read into memory."""
    with archive.open("rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - _ZIP_TAIL))
        tail = stream.read(_ZIP_TAIL)
    end = tail.rfind(_ZIP_END)
    if end < 0 or len(tail) < end + 22:
        return  # zipfile says what is wrong with it
    count = int.from_bytes(tail[end + 10 : end + 12], "little")
    size = int.from_bytes(tail[end + 12 : end + 16], "little")
    # The count of a directory that needs more than 16 bits, and one that lies about it, show in the directory's size.
    if count == _ZIP64_COUNT or count > MAX_ZIP_FILES or size > MAX_ZIP_FILES * _ZIP_ENTRY_BYTES:
        raise _too_large(archive, count, 0)


def _too_large(archive: Path, count: int, total: int) -> Invalid:
    return Invalid(
        "T-ZI-02",
        f"压缩包 {archive.name} 展开后过大（{count:,} 个文件，{total:,} 字节），未接收。请分批压缩，每包不超过 "
        f"{MAX_ZIP_FILES:,} 个文件。",
        f"The zip {archive.name} would grow too large and was not taken. Send it in smaller parts.",
    )


def _refuse_bomb(archive: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    total = sum(m.file_size for m in members)
    ratio_limit = max(archive.stat().st_size, 1) * MAX_ZIP_RATIO
    if len(members) > MAX_ZIP_FILES or total > MAX_ZIP_BYTES or total > ratio_limit:
        raise _too_large(archive, len(members), total)
    if any(m.flag_bits & 1 for m in members):
        raise Invalid(
            "T-ZI-03",
            f"压缩包 {archive.name} 设有密码，未接收。请去掉密码后再送。",
            f"The zip {archive.name} has a password. Remove it and send the zip again.",
        )


def _extract(
    zipped: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], into: Path
) -> tuple[list[Incoming], list[Rejected]]:
    found: list[Incoming] = []
    rejected: list[Rejected] = []
    for number, member in enumerate(members):
        name = _member_name(member)
        if not _is_safe(name) or stat.S_ISLNK(member.external_attr >> 16):
            rejected.append(Rejected(name.replace("\0", "?"), "T-PA-02"))
            continue
        if is_litter(name):
            continue
        if len(name) > _LONGEST_PATH or not _is_text(name):
            rejected.append(Rejected(_shown(name), "T-PA-03"))
            continue
        if member.file_size > MAX_FILE_BYTES:
            rejected.append(Rejected(name, "T-PA-06"))
            continue
        target = into / f"z{number:06}"
        with _reading():
            source = zipped.open(member)
        with source, target.open("wb") as out:
            _copy_bounded(source, out, member.file_size, zipped.filename or "")
        found.append(Incoming(name, target, ours=True))
    return found, rejected


def _member_name(member: zipfile.ZipInfo) -> str:
    if member.flag_bits & _UTF8_NAME:
        return member.filename
    raw = member.orig_filename.encode("cp437", "replace")
    try:
        return raw.decode("gb18030").replace("\\", "/")
    except UnicodeDecodeError:
        return member.filename


def _is_safe(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\0" not in name and ":" not in parts[0]


def _copy_bounded(source: IO[bytes], out: BinaryIO, size: int, archive: str) -> None:
    """Copy no more than the directory of the zip promised: a lying size is a bomb."""
    left = size
    while block := _block(source):
        left -= len(block)
        if left < 0:
            raise zipfile.BadZipFile(archive)
        out.write(block)


def _block(source: IO[bytes]) -> bytes:
    with _reading():
        return source.read(_BLOCK)


def store_files(incoming: Sequence[Incoming], inbox: Path) -> tuple[list[Stored], list[Rejected]]:
    """Bring the pile into the inbox, each file under an id of its own, digest it and make it durable.

    Returns:
        what was stored, and the files that could not be read where they lay (the others go on).

    Raises:
        Unavailable: ``T-ST-01`` where our own disk is full or fails; nothing has been acknowledged then.
    """
    inbox.mkdir(parents=True, exist_ok=True)
    disk = FileSystemSync(inbox)

    def store(one: Incoming) -> Stored | Rejected:
        file_id = uuid7()
        target = inbox / f"{file_id}{_suffix(one.path)}"
        if one.ours:
            os.link(one.source, target)  # the bytes stay where they are until the receiving is committed
        else:
            try:
                # Should a pipe have taken the file's place since it was listed, opening it must not wait for a writer.
                reader = os.fdopen(os.open(one.source, os.O_RDONLY | os.O_NONBLOCK), "rb")
            except OSError:
                return Rejected(one.path, "T-PA-05")  # gone, or not ours to read
            with reader:
                try:
                    _copy(reader, target)
                except SourceError:
                    target.unlink()
                    return Rejected(one.path, "T-PA-07")
        return Stored(file_id, one.path, target, digest_file(target))

    try:
        with ThreadPoolExecutor(max_workers=2) as threads:
            outcomes = list(threads.map(store, incoming))
        stored = [o for o in outcomes if isinstance(o, Stored)]
        disk.sync([*(s.stored for s in stored), inbox, inbox.parent, inbox.parent.parent])
    except OSError as error:
        raise disk_failed(error) from error
    finally:
        disk.close()
    return stored, [o for o in outcomes if isinstance(o, Rejected)]


def disk_failed(error: OSError) -> Unavailable:
    """The refusal that an error of the home's own disk becomes while a pile is taken in."""
    return Unavailable(
        "T-ST-01",
        "存储空间不足或磁盘写入出错，本批没有接收。请腾出空间后重新提交，原文件没有改动。",
        f"The disk is full or failing ({error.strerror}). Nothing was taken in; make room and send the pile again.",
    )


def _suffix(path: str) -> str:
    suffix = PurePosixPath(path).suffix.lower()
    return suffix if suffix.isascii() and 1 < len(suffix) <= 6 else ".bin"


def _copy(reader: BinaryIO, target: Path) -> None:
    with target.open("wb") as writer:
        size = os.fstat(reader.fileno()).st_size
        sent = 0
        while sent < size and (moved := _moved(reader, writer, size - sent)):
            sent += moved
        if sent < size:
            reader.seek(sent)
            writer.seek(sent)
            while block := _block(reader):
                writer.write(block)


def _moved(reader: BinaryIO, writer: BinaryIO, count: int) -> int:
    """Bytes that the kernel has copied by itself; none where it cannot, as between most two file systems.

    Nor where a disk fails: the kernel does not say which of the two, reading and writing apart does.
    """
    try:
        return os.copy_file_range(reader.fileno(), writer.fileno(), count)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise
        return 0
