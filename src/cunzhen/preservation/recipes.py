"""From which copies a package can be put together again: every file by its digest, never by majority."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from cunzhen.errors import Invalid, Unavailable
from cunzhen.formats.ocfl import (
    INVENTORY,
    OBJECT_NAMASTE,
    OBJECT_NAMASTE_TEXT,
    SIDECAR,
    Inventory,
    earlier_inventory,
    sidecar,
)
from cunzhen.formats.ocfl_check import expected_files, is_earlier
from cunzhen.preservation.examining import unchecked
from cunzhen.preservation.fixity import CopyToCheck
from cunzhen.preservation.rules import SourceFile, object_id
from cunzhen.preservation.store import Store


@dataclass
class Recipe:
    """Every file of a package with its source; ``lost`` are those of which no copy has the right bytes."""

    files: list[SourceFile] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)
    file_count: int = 0


def recipe_for(package: CopyToCheck, stores: Sequence[Store], whole: Sequence[Store]) -> Recipe:
    """Find the right bytes of every file of a package.

    The register's digest vouches for the inventory, the inventory for the content; what stands beside them follows
    from them. How many copies say something else does not matter.

    Args:
        package: what the register says of it.
        stores: those that may have a copy and answer, in any state.
        whole: those of them whose copy was just found whole; their files are not hashed again before they are copied.
    """
    uri = object_id(package.package_id)
    in_order = [*whole, *(store for store in stores if store not in whole)]
    found = Recipe()
    head = _inventory(in_order, uri, package, found)
    if head is None:
        found.file_count, found.lost = 1, [INVENTORY]
        return found
    inventory, data = head
    found.file_count = len(expected_files(inventory))
    _add(found, OBJECT_NAMASTE, OBJECT_NAMASTE_TEXT)
    for prefix in ("", f"{package.version}/"):
        _add_pair(found, prefix, data)
    for version in list(inventory.versions)[:-1]:
        _add_pair(found, f"{version}/", _earlier(in_order, uri, inventory, version))
    sizes = {store.name: {f.path: f.size for f in store.files(uri)} for store in in_order}
    for sha512, path in inventory.manifest.items():
        source = next((s for s in in_order if path in sizes[s.name] and _is_right(s, uri, path, sha512, whole)), None)
        if source is None:
            found.lost.append(path)
            continue
        found.sources.add(source.name)
        found.files.append(SourceFile(path, sizes[source.name][path], sha512, _opener(source, uri, path)))
    return found


def _inventory(
    stores: Sequence[Store], uri: str, package: CopyToCheck, found: Recipe
) -> tuple[Inventory, bytes] | None:
    for store in stores:
        for prefix in ("", f"{package.version}/"):
            data = unchecked(store, uri, f"{prefix}{INVENTORY}")
            if data is not None and hashlib.sha512(data).hexdigest() == package.inventory_sha512:
                try:
                    inventory = Inventory.from_bytes(data)
                except Invalid:
                    return None  # The register's digest names what no inventory of ours is: nothing to go by.
                found.sources.add(store.name)
                return inventory, data
    return None


def _earlier(stores: Sequence[Store], uri: str, head: Inventory, version: str) -> bytes:
    """An earlier version's inventory: as it was written where its sidecar still vouches for it, else from the head."""
    for store in stores:
        data = unchecked(store, uri, f"{version}/{INVENTORY}")
        beside = unchecked(store, uri, f"{version}/{SIDECAR}")
        if data is not None and beside == sidecar(data) and is_earlier(data, head, version):
            return data
    return earlier_inventory(head, version).to_bytes()


def _is_right(store: Store, uri: str, path: str, sha512: str, whole: Sequence[Store]) -> bool:
    if store in whole:
        return True
    try:
        stream = store.open_content(uri, path, sha512)
    except Unavailable:
        return False
    if stream is None:
        return False
    stream.close()
    return True


def _opener(store: Store, uri: str, path: str) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        stream = store.open_raw(uri, path)
        if stream is None:
            raise FileNotFoundError(path)
        return stream

    return opened


def _add_pair(found: Recipe, prefix: str, inventory: bytes) -> None:
    _add(found, f"{prefix}{INVENTORY}", inventory)
    _add(found, f"{prefix}{SIDECAR}", sidecar(inventory))


def _add(found: Recipe, path: str, data: bytes) -> None:
    found.files.append(SourceFile(path, len(data), hashlib.sha512(data).hexdigest(), partial(io.BytesIO, data)))
