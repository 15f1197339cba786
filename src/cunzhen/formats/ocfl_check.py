"""Checking objects against their own inventory and against what the register promises. Findings, never exceptions."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from cunzhen.errors import Invalid
from cunzhen.formats.digests import hexdigest_of_file
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


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem and the path inside the object (or the root) where it is."""

    code: Problem
    path: str


def check_object(folder: Path, object_id: str, version: str, inventory_sha512: str) -> list[Finding]:
    """Hash every file of an object and compare it with its inventory, and that with the register.

    Args:
        folder: of the object.
        object_id, version, inventory_sha512: what the register says of it.
    """
    if folder.is_symlink():
        return [Finding(Problem.FOREIGN, "")]
    try:
        files, findings = _tree(folder)
        if not files and not folder.is_dir():
            return [Finding(Problem.MISSING, "")]
        inventory, found = _inventories(folder, object_id, version, inventory_sha512)
        findings += found
        if inventory is None:
            return findings
        expected = _expected_files(inventory)
        findings += [Finding(Problem.SURPLUS, path) for path in sorted(files - expected)]
        findings += [Finding(Problem.FILE_MISSING, path) for path in sorted(expected - files)]
        if OBJECT_NAMASTE in files and (folder / OBJECT_NAMASTE).read_bytes() != OBJECT_NAMASTE_TEXT:
            findings.append(Finding(Problem.DECLARATION, OBJECT_NAMASTE))
    except OSError:
        return [Finding(Problem.UNREADABLE, "")]
    return findings + [f for digest, path in inventory.manifest.items() if path in files
                       for f in _content(folder, path, digest)]  # fmt: skip


def _content(folder: Path, path: str, digest: str) -> list[Finding]:
    try:
        altered = hexdigest_of_file(folder / path, "sha512") != digest
    except OSError:
        return [Finding(Problem.UNREADABLE, path)]
    return [Finding(Problem.CONTENT, path)] if altered else []


def _tree(folder: Path) -> tuple[set[str], list[Finding]]:
    """Regular files of an object by relative path, and what has no place in it: links, devices, empty folders."""
    files: set[str] = set()
    findings: list[Finding] = []
    waiting = [""]
    while waiting:
        here = waiting.pop()
        entries = list(os.scandir(folder / here)) if (folder / here).is_dir() else []
        if here and not entries:
            findings.append(Finding(Problem.SURPLUS, here))
        for entry in entries:
            path = f"{here}/{entry.name}" if here else entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif entry.is_file(follow_symlinks=False):
                files.add(path)
            else:
                findings.append(Finding(Problem.SURPLUS, path))
    return files, findings


def _expected_files(inventory: Inventory) -> set[str]:
    copies = {f"{version}/{name}" for version in inventory.versions for name in (INVENTORY, SIDECAR)}
    return {OBJECT_NAMASTE, INVENTORY, SIDECAR, *copies, *inventory.manifest.values()}


def _inventories(
    folder: Path, object_id: str, version: str, inventory_sha512: str
) -> tuple[Inventory | None, list[Finding]]:
    """The inventory that the register means, from whichever of its two places is whole, and all that is wrong."""
    findings: list[Finding] = []
    whole = None
    for prefix in ("", f"{version}/"):
        data = _bytes(folder / f"{prefix}{INVENTORY}")
        if data is not None and hashlib.sha512(data).hexdigest() == inventory_sha512:
            whole = data
        elif data is not None:
            findings.append(Finding(Problem.INVENTORY, f"{prefix}{INVENTORY}"))
    if whole is None:
        return None, findings or [Finding(Problem.FILE_MISSING, INVENTORY)]
    for prefix in ("", f"{version}/"):
        beside = _bytes(folder / f"{prefix}{SIDECAR}")
        if beside is not None and beside != sidecar(whole):
            findings.append(Finding(Problem.SIDECAR, f"{prefix}{SIDECAR}"))
    inventory = _read(whole)
    if inventory is None or inventory.id != object_id or inventory.head != version:
        return None, [*findings, Finding(Problem.FOREIGN, INVENTORY)]
    for earlier in list(inventory.versions)[:-1]:
        findings += _earlier(folder, inventory, earlier)
    return inventory, findings


def _earlier(folder: Path, head: Inventory, version: str) -> list[Finding]:
    """An earlier version's inventory has no digest in the register: its sidecar and the head's words vouch for it."""
    data, beside = _bytes(folder / version / INVENTORY), _bytes(folder / version / SIDECAR)
    if data is None:
        return []
    inventory = _read(data)
    if inventory is None or not _agrees(inventory, head, version):
        return [Finding(Problem.INVENTORY, f"{version}/{INVENTORY}")]
    return [] if beside in (None, sidecar(data)) else [Finding(Problem.SIDECAR, f"{version}/{SIDECAR}")]


def _agrees(earlier: Inventory, head: Inventory, version: str) -> bool:
    return (
        earlier.id == head.id
        and earlier.head == version
        and all(head.versions[name] == said for name, said in earlier.versions.items())
        and earlier.manifest.items() <= head.manifest.items()
        and earlier.sha256.items() <= head.sha256.items()
    )


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


def walk_root(root: Path) -> Iterator[Place]:
    """Every object of a root, in the order of its folders, and everything that has no place there.

    Raises:
        OSError: the disk refused.
    """
    for entry in _sorted_entries(root):
        if entry.name in _ROOT_NAMES:
            continue
        yield from _walk(root, entry.name, 1)


_ROOT_NAMES = {README, *(name.split("/")[0] for name in ROOT_FILES)}
_TUPLE = re.compile(rf"[0-9a-f]{{{TUPLE_SIZE}}}")


def _walk(root: Path, path: str, depth: int) -> Iterator[Place]:
    if depth > TUPLES:
        yield Place(path, _object_id(root, path))
        return
    here = root / path
    entries = _sorted_entries(here) if here.is_dir() and not here.is_symlink() else []
    if not entries or not _TUPLE.fullmatch(path.rpartition("/")[2]):
        yield Place(path, "")
        return
    for entry in entries:
        yield from _walk(root, f"{path}/{entry.name}", depth + 1)


def _object_id(root: Path, path: str) -> str:
    """The id that an object's inventory bears, if its folder is where that id belongs."""
    folder = root / path
    data = _bytes(folder / INVENTORY) if folder.is_dir() and not folder.is_symlink() else None
    inventory = _read(data) if data is not None else None
    return inventory.id if inventory is not None and object_path(inventory.id) == path else ""


def _sorted_entries(folder: Path) -> list[os.DirEntry[str]]:
    return sorted(os.scandir(folder), key=lambda e: e.name)


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
