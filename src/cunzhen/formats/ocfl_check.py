"""Checking objects against their own inventory and against what the register promises. Findings, never exceptions."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from cunzhen.errors import Invalid
from cunzhen.formats.digests import blocks_of
from cunzhen.formats.ocfl import (
    INVENTORY,
    OBJECT_NAMASTE,
    OBJECT_NAMASTE_TEXT,
    SIDECAR,
    TUPLE_SIZE,
    TUPLES,
    Inventory,
    object_path,
    sidecar,
)
from cunzhen.formats.ocfl_root import README, ROOT_FILES

# No inventory grows beyond this; anything larger in its place is not read into memory.
_INVENTORY_BYTES_AT_MOST = 256 * 1024 * 1024
_SMALL_BYTES = 32 * 1024


class Problem(StrEnum):
    """What can be wrong with a package; the wording is in ``preservation/data/problems.json``."""

    MISSING = "P-V-01"
    DECLARATION = "P-V-02"
    INVENTORY = "P-V-03"
    SIDECAR = "P-V-04"
    CONTENT = "P-V-05"
    FILE_MISSING = "P-V-06"
    SURPLUS = "P-V-07"
    UNREADABLE = "P-V-08"
    ROOT_FILE = "P-V-09"
    FOREIGN = "P-V-10"
    OLD_VERSION = "P-V-11"
    NEWER_VERSION = "P-V-12"
    SM3 = "P-V-13"
    REGISTER = "P-V-14"
    LOCK = "P-V-20"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem and the path inside the object (or the root) where it is."""

    code: Problem
    path: str


Digest = Callable[[str, BinaryIO], str]


def sha512_of(path: str, stream: BinaryIO) -> str:
    """The plain way to the SHA-512 (hex) of a file of an object; ``path`` is below the object."""
    sha512 = hashlib.sha512()
    for block in blocks_of(stream):
        sha512.update(block)
    return sha512.hexdigest()


def check_object(
    folder: Path, object_id: str, version: str, inventory_sha512: str, digest: Digest = sha512_of
) -> list[Finding]:
    """Hash every file of an object and compare it with its inventory, and that with the register.

    Args:
        folder: of the object.
        object_id, version, inventory_sha512: what the register says of it.
        digest: reads a file and gives its SHA-512; every inventory and content file passes it, each once.
    """
    top = str(folder)
    if os.path.islink(top):
        return [Finding(Problem.FOREIGN, "")]
    try:
        files, findings = _tree(top)
        if not files and not os.path.isdir(top):
            return [Finding(Problem.MISSING, "")]
    except OSError:
        return [Finding(Problem.UNREADABLE, "")]
    return findings + check_files(files, lambda path: _open(top, path), object_id, version, inventory_sha512, digest)


def check_files(
    files: Collection[str],
    open_file: Callable[[str], BinaryIO | None],
    object_id: str,
    version: str,
    inventory_sha512: str,
    digest: Digest = sha512_of,
) -> list[Finding]:
    """The same for an object wherever it lies.

    Args:
        files: paths of all that it has.
        open_file: opens one; what it raises but OSError goes to the caller.
        object_id, version, inventory_sha512, digest: as for ``check_object``.
    """
    there = frozenset(files)
    if not there:
        return [Finding(Problem.MISSING, "")]
    seen = _Seen(there, open_file, digest)
    inventory = seen.inventory(object_id, version, inventory_sha512)
    if inventory is None:
        return seen.findings
    expected = expected_files(inventory)
    seen.findings += [Finding(Problem.SURPLUS, told(path)) for path in sorted(there - expected)]
    seen.findings += [Finding(Problem.FILE_MISSING, path) for path in sorted(expected - there)]
    if OBJECT_NAMASTE in there and seen.data(OBJECT_NAMASTE) not in (None, OBJECT_NAMASTE_TEXT):
        seen.found(Problem.DECLARATION, OBJECT_NAMASTE)
    for sha512, path in inventory.manifest.items():
        if path in there and seen.sha512(path) not in (None, sha512):
            seen.found(Problem.CONTENT, path)
    return seen.findings


class _Seen:
    """What was read of one object, and what is wrong with it. A file that cannot be read is a finding of its own."""

    def __init__(self, files: frozenset[str], open_file: Callable[[str], BinaryIO | None], digest: Digest) -> None:
        self.findings: list[Finding] = []
        self._files = files
        self._open = open_file
        self._digest = digest

    def found(self, code: Problem, path: str) -> None:
        """Note a problem."""
        self.findings.append(Finding(code, path))

    def sha512(self, path: str) -> str | None:
        """Digest of a file that is there; None where it cannot be read."""
        try:
            stream = self._open(path)
            if stream is not None:
                with stream:
                    return self._digest(path, stream)
        except OSError:
            pass
        self.found(Problem.UNREADABLE, path)
        return None

    def data(self, path: str) -> bytes | None:
        """Bytes of a small file; None where it is not there, or cannot be read."""
        if path not in self._files:
            return None
        try:
            stream = self._open(path)
            if stream is not None:
                with stream:
                    return read_small(stream)
        except OSError:
            pass
        self.found(Problem.UNREADABLE, path)
        return None

    def inventory(self, object_id: str, version: str, sha512: str) -> Inventory | None:
        """The inventory that the register means, from whichever of its two places is whole."""
        whole = None
        for prefix in ("", f"{version}/"):
            data = self.data(f"{prefix}{INVENTORY}")
            if data is not None and self._digest(f"{prefix}{INVENTORY}", io.BytesIO(data)) == sha512:
                whole = data
            elif data is not None:
                self.found(Problem.INVENTORY, f"{prefix}{INVENTORY}")
        if whole is None:
            if not self.findings:
                self.found(Problem.FILE_MISSING, INVENTORY)
            return None
        for prefix in ("", f"{version}/"):
            if self.data(f"{prefix}{SIDECAR}") not in (None, sidecar(whole)):
                self.found(Problem.SIDECAR, f"{prefix}{SIDECAR}")
        inventory = _read_again(whole)
        if inventory is None or inventory.id != object_id or inventory.head != version:
            self.found(Problem.FOREIGN, INVENTORY)
            return None
        for earlier in list(inventory.versions)[:-1]:
            self._earlier(inventory, earlier)
        return inventory

    def _earlier(self, head: Inventory, version: str) -> None:
        data = self.data(f"{version}/{INVENTORY}")
        if data is None:
            return
        if not is_earlier(data, head, version):
            self.found(Problem.INVENTORY, f"{version}/{INVENTORY}")
        elif self.data(f"{version}/{SIDECAR}") not in (None, sidecar(data)):
            self.found(Problem.SIDECAR, f"{version}/{SIDECAR}")


def expected_files(inventory: Inventory) -> set[str]:
    """Every file that an object with this inventory has, and no other."""
    copies = {f"{version}/{name}" for version in inventory.versions for name in (INVENTORY, SIDECAR)}
    return {OBJECT_NAMASTE, INVENTORY, SIDECAR, *copies, *inventory.manifest.values()}


def is_earlier(data: bytes, head: Inventory, version: str) -> bool:
    """Whether these are an inventory of an earlier version that says what the head says of it.

    It has no digest in the register: the head's words vouch for its sense, and its sidecar for its bytes.
    """
    inventory = _read(data)
    return inventory is not None and _agrees(inventory, head, version)


def read_small(stream: BinaryIO) -> bytes:
    """All of a small file, or as much of a large one as no inventory has."""
    blocks: list[bytes] = []
    left = _INVENTORY_BYTES_AT_MOST
    # A raw file makes room for all that it is asked for before it reads, so it is asked for little at a time.
    while left > 0 and (block := stream.read(min(left, _SMALL_BYTES))):
        blocks.append(block)
        left -= len(block)
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def _open(top: str, path: str) -> BinaryIO:
    # Not blocking, no link followed: other hands may have put anything in a file's place.
    return open(os.open(f"{top}/{path}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0)


def _tree(top: str) -> tuple[set[str], list[Finding]]:
    """Regular files of an object by relative path, and what has no place in it: links, devices, empty folders."""
    files: set[str] = set()
    findings: list[Finding] = []
    waiting = [""]
    while waiting:
        here = waiting.pop()
        try:
            entries = list(os.scandir(f"{top}/{here}"))
        except (FileNotFoundError, NotADirectoryError):
            entries = []
        if here and not entries:
            findings.append(Finding(Problem.SURPLUS, told(here[:-1])))
        for entry in entries:
            path = f"{here}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                waiting.append(f"{path}/")
            elif entry.is_file(follow_symlinks=False):
                files.add(path)
            else:
                findings.append(Finding(Problem.SURPLUS, told(path)))
    return files, findings


def _agrees(earlier: Inventory, head: Inventory, version: str) -> bool:
    return (
        earlier.id == head.id
        and earlier.head == version
        and all(head.versions[name] == said for name, said in earlier.versions.items())
        and earlier.manifest.items() <= head.manifest.items()
        and earlier.sha256.items() <= head.sha256.items()
    )


# The copies of one package are looked at one after the other, and whole ones have the same inventory.
@lru_cache(maxsize=32)
def _read_again(data: bytes) -> Inventory | None:
    return _read(data)


def _read(data: bytes) -> Inventory | None:
    try:
        return Inventory.from_bytes(data)
    except Invalid:
        return None


def _bytes(path: Path) -> bytes | None:
    """A regular file's bytes, None for anything else: a pipe would hold the reader for ever."""
    try:
        return path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else None
    except FileNotFoundError:
        return None


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of the root: ``object_id`` is what its inventory says, empty where it is no object in its place."""

    path: str
    object_id: str


Skip = Callable[[str], bool]


def told(path: str) -> str:
    """A path that can be written down: bytes that are no UTF-8, which any name may hold, become ``\\xb2`` and so on."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def no_place(path: str) -> bool:
    """Pass over no folder of a root."""
    return False


def walk_root(root: Path, skip: Skip = no_place) -> Iterator[Place]:
    """Every object of a root, in the order of its folders, and everything that has no place there.

    Args:
        root: the storage root.
        skip: asked of each object's folder, in order; one that it passes over is neither read nor given.

    Raises:
        OSError: the disk refused.
    """
    for entry in _sorted_entries(str(root)):
        if entry.name not in _ROOT_NAMES:
            yield from _walk(root, entry, entry.name, 1, skip)


_ROOT_NAMES = {README, *(name.split("/")[0] for name in ROOT_FILES)}
_TUPLE = re.compile(rf"[0-9a-f]{{{TUPLE_SIZE}}}")


def _walk(root: Path, entry: os.DirEntry[str], path: str, depth: int, skip: Skip) -> Iterator[Place]:
    if depth > TUPLES:
        if not skip(path):
            yield Place(told(path), _object_id(root, path))
        return
    entries = _sorted_entries(entry.path) if entry.is_dir(follow_symlinks=False) else []
    if not entries or not _TUPLE.fullmatch(entry.name):
        yield Place(told(path), "")
        return
    for inner in entries:
        yield from _walk(root, inner, f"{path}/{inner.name}", depth + 1, skip)


def _object_id(root: Path, path: str) -> str:
    """The id that an object's inventory bears, if its folder is where that id belongs."""
    folder = root / path
    data = _bytes(folder / INVENTORY) if folder.is_dir() and not folder.is_symlink() else None
    inventory = _read(data) if data is not None else None
    return inventory.id if inventory is not None and object_path(inventory.id) == path else ""


def _sorted_entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda e: e.name)
    except FileNotFoundError:  # the janitor has just removed a folder that had become empty
        return []


def open_verified(path: Path, sha512: str) -> BinaryIO | None:
    """Open a file after its digest was found right; None where it is missing, unreadable or altered."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        stream = path.open("rb")
    except OSError:
        return None
    try:
        right = hashlib.file_digest(stream, "sha512").hexdigest() == sha512
        stream.seek(0)
    except OSError:
        right = False
    if not right:
        stream.close()
        return None
    return stream
