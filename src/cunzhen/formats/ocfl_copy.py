"""Copying an object as one of its versions has it, every file compared with its digest on the way.

The source may hold later versions and may be damaged; the copy is valid OCFL with exactly the versions up to the one
asked for. Versions never change, so those that the target has already are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from cunzhen.errors import Invalid
from cunzhen.formats.digests import blocks_of
from cunzhen.formats.ocfl import INVENTORY, OBJECT_NAMASTE, OBJECT_NAMASTE_TEXT, SIDECAR, Inventory, sidecar

OpenRaw = Callable[[str], BinaryIO | None]


@dataclass
class CopiedObject:
    """What was written.

    Args:
        versions: folders that are new, in order.
        files: paths written, for whoever syncs them.
        bytes: of all files.
        bad: path in the source that is missing or altered; empty where the copy is whole.
    """

    versions: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    bytes: int = 0
    bad: str = ""


def copy_object(
    read: OpenRaw, object_id: str, version: str, inventory_sha512: str, target: Path, have: Collection[str] = ()
) -> CopiedObject:
    """Copy what the target lacks of an object; nothing is synced.

    Args:
        read: opens a file of the source by its path below the object, None where there is none.
        object_id, version, inventory_sha512: what is to be copied.
        target: folder of the copy; parts of it may exist.
        have: versions that need not be written.

    Raises:
        OSError: a disk refused.
    """
    done = CopiedObject()
    data, inventory = _inventory(read, object_id, version, inventory_sha512)
    if data is None or inventory is None:
        done.bad = f"{version}/{INVENTORY}"
        return done
    for name in inventory.versions:
        if name in have:
            continue
        own = data if name == version else _own_inventory(read, name)
        if own is None:
            done.bad = f"{name}/{INVENTORY}"
            return done
        _put(done, target / name / INVENTORY, own)
        _put(done, target / name / SIDECAR, sidecar(own))
        for digest, path in inventory.manifest.items():
            if path.startswith(f"{name}/") and not _copied(done, read, path, digest, target):
                done.bad = path
                return done
        done.versions.append(name)
    _put(done, target / OBJECT_NAMASTE, OBJECT_NAMASTE_TEXT)
    _put(done, target / INVENTORY, data)
    _put(done, target / SIDECAR, sidecar(data))
    return done


def _inventory(read: OpenRaw, object_id: str, version: str, sha512: str) -> tuple[bytes, Inventory] | tuple[None, None]:
    for path in (f"{version}/{INVENTORY}", INVENTORY):
        data = _bytes(read, path)
        if data is None or hashlib.sha512(data).hexdigest() != sha512:
            continue
        try:
            found = Inventory.from_bytes(data)
        except Invalid:
            continue
        if found.id == object_id and found.head == version:
            return data, found
    return None, None


def _own_inventory(read: OpenRaw, version: str) -> bytes | None:
    data, beside = _bytes(read, f"{version}/{INVENTORY}"), _bytes(read, f"{version}/{SIDECAR}")
    return data if data is not None and beside == sidecar(data) else None


def _bytes(read: OpenRaw, path: str) -> bytes | None:
    stream = read(path)
    if stream is None:
        return None
    with stream:
        return stream.read()


def _put(done: CopiedObject, path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    done.files.append(path)
    done.bytes += len(data)


def _copied(done: CopiedObject, read: OpenRaw, path: str, sha512: str, target: Path) -> bool:
    stream = read(path)
    if stream is None:
        return False
    hasher = hashlib.sha512()
    place = target / path
    place.parent.mkdir(parents=True, exist_ok=True)
    with stream, place.open("wb") as out:
        for block in blocks_of(stream):
            hasher.update(block)
            out.write(block)
            done.bytes += len(block)
    done.files.append(place)
    return hasher.hexdigest() == sha512
