"""The pile as it comes: folders, files and zips, listed and copied into the inbox with their digests.

Dot files, README files and the litter of desktop systems are not papers and are left out.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import UUID

from uuid_utils.compat import uuid7

from cunzhen.errors import Invalid, Missing, Unavailable
from cunzhen.formats.digests import FileDigests, digest_file
from cunzhen.formats.durable import FileSystemSync

_LITTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
MAX_ZIP_FILES = 20_000
MAX_ZIP_RATIO = 200
MAX_ZIP_BYTES = 20_000_000_000
_BLOCK = 1 << 20
_UTF8_NAME = 0x800


@dataclass(frozen=True)
class Incoming:
    """One file of the pile: where it lies now, what the sender calls it (POSIX, relative), whether it is ours to link."""

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
    for source in sources:
        if not source.exists():
            raise Missing("T-PA-01", f"找不到 {source}，请核对路径。", f"There is no {source}.")
        if source.is_dir():
            for incoming in _walk(source):
                if isinstance(incoming, Rejected):
                    rejected.append(incoming)
                else:
                    found.append(incoming)
        else:
            found.append(Incoming(source.name, source))
    return found, rejected


def is_litter(path: str) -> bool:
    """Whether a relative path is no paper: dot files and folders, README files, desktop systems' own files."""
    parts = PurePosixPath(path).parts
    return any(p.startswith(".") or p.lower() in _LITTER for p in parts) or parts[-1].lower().startswith("readme")


def _walk(root: Path) -> Iterator[Incoming | Rejected]:
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = sorted(f for f in folders if not is_litter(f))
        for name in sorted(files):
            path = Path(folder) / name
            relative = path.relative_to(root).as_posix()
            if is_litter(relative):
                continue
            if not stat.S_ISREG(path.lstat().st_mode):
                yield Rejected(relative, "T-PA-02")  # links and devices are never followed
            elif not _is_text(relative):
                yield Rejected(relative.encode("utf-8", "replace").decode(), "T-PA-03")
            else:
                yield Incoming(relative, path)


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
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = [m for m in zipped.infolist() if not m.is_dir()]
            _refuse_bomb(archive, members)
            return _extract(zipped, members, into)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zipfile.LargeZipFile) as error:
        raise Invalid(
            "T-ZI-01",
            f"压缩包 {archive.name} 打不开，可能没有传完整。请重新压缩后再送。",
            f"The zip {archive.name} cannot be opened ({type(error).__name__}). Pack it again and send it again.",
        ) from error


def _refuse_bomb(archive: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    total = sum(m.file_size for m in members)
    ratio_limit = max(archive.stat().st_size, 1) * MAX_ZIP_RATIO
    if len(members) > MAX_ZIP_FILES or total > MAX_ZIP_BYTES or total > ratio_limit:
        raise Invalid(
            "T-ZI-02",
            f"压缩包 {archive.name} 展开后过大（{len(members):,} 个文件，{total:,} 字节），未接收。请分批压缩，每包不超过 "
            f"{MAX_ZIP_FILES:,} 个文件。",
            f"The zip {archive.name} would grow too large and was not taken. Send it in smaller parts.",
        )
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
        target = into / f"z{number:06}"
        with zipped.open(member) as source, target.open("wb") as out:
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


def _copy_bounded(source: object, out: object, size: int, archive: str) -> None:
    """Copy no more than the directory of the zip promised: a lying size is a bomb."""
    left = size
    while block := source.read(_BLOCK):  # type: ignore[attr-defined]
        left -= len(block)
        if left < 0:
            raise zipfile.BadZipFile(archive)
        out.write(block)  # type: ignore[attr-defined]


def store_files(incoming: Sequence[Incoming], inbox: Path) -> list[Stored]:
    """Bring the pile into the inbox, each file under an id of its own, digest it and make it durable.

    Raises:
        Unavailable: ``T-ST-01`` where the disk is full or fails; nothing has been acknowledged then.
    """
    inbox.mkdir(parents=True, exist_ok=True)
    disk = FileSystemSync(inbox)

    def store(one: Incoming) -> Stored:
        file_id = uuid7()
        target = inbox / f"{file_id}{_suffix(one.path)}"
        if one.ours:
            os.link(one.source, target)  # the bytes stay where they are until the receiving is committed
        else:
            _copy(one.source, target)
        return Stored(file_id, one.path, target, digest_file(target))

    try:
        with ThreadPoolExecutor(max_workers=2) as threads:
            stored = list(threads.map(store, incoming))
        disk.sync([*(s.stored for s in stored), inbox, inbox.parent])
    except OSError as error:
        raise Unavailable(
            "T-ST-01",
            "存储空间不足或磁盘写入出错，本批没有接收。请腾出空间后重新提交，原文件没有改动。",
            f"The disk is full or failing ({error.strerror}). Nothing was taken in; make room and send the pile again.",
        ) from error
    finally:
        disk.close()
    return stored


def _suffix(path: str) -> str:
    suffix = PurePosixPath(path).suffix.lower()
    return suffix if suffix.isascii() and 1 < len(suffix) <= 6 else ".bin"


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        size = os.fstat(reader.fileno()).st_size
        sent = 0
        while sent < size:
            moved = os.copy_file_range(reader.fileno(), writer.fileno(), size - sent)
            if moved == 0:
                break
            sent += moved
        if sent < size:
            reader.seek(sent)
            writer.seek(sent)
            while block := reader.read(_BLOCK):
                writer.write(block)
