"""A store of packages in a folder of this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from cunzhen.errors import Unavailable
from cunzhen.formats import ocfl_recover
from cunzhen.formats.durable import unavailable
from cunzhen.formats.ocfl import INVENTORY, Inventory, object_path
from cunzhen.formats.ocfl_check import (
    Digest,
    Finding,
    Place,
    Skip,
    check_object,
    no_place,
    open_verified,
    sha512_of,
    walk_root,
)
from cunzhen.formats.ocfl_install import install_object, object_files, open_stored
from cunzhen.formats.ocfl_recover import Leftover
from cunzhen.formats.ocfl_root import StoreFolder, mend_root, prepare_store, root_problems
from cunzhen.formats.ocfl_staging import Staging
from cunzhen.preservation.bucket_refusals import copy_not_whole
from cunzhen.preservation.rules import SourceFile, StoredFile


class LocalStore:
    """A store in a folder of this machine.

    Args:
        name: what settings call it.
        path: its folder.
        node: name of this node.
    """

    def __init__(self, name: str, path: Path, node: str) -> None:
        self.folder = StoreFolder(name, path)
        self._node = node

    @property
    def name(self) -> str:
        """See ``Store``."""
        return self.folder.name

    @property
    def place(self) -> str:
        """See ``Store``."""
        return str(self.folder.path)

    @property
    def is_remote(self) -> bool:
        """See ``Store``."""
        return False

    def prepare(self, *, holds_packages: Callable[[], bool]) -> None:
        """See ``Store``; read again for every batch, for a disk can be unmounted at any time."""
        try:
            exists = os.path.lexists(self.folder.path / "store.json")
            prepare_store(self.folder, node=self._node, may_create=exists or not holds_packages())
        except OSError as error:
            raise unavailable(error, self.name) from error

    def begin(self, batch: str) -> Staging:
        """See ``Store``."""
        return Staging(self.folder, batch)

    def read_inventory(self, object_id: str, version: str, sha512: str) -> Inventory | None:
        """See ``Store``; read from the version's own folder, which never changes."""
        stream = self.open_content(object_id, f"{version}/{INVENTORY}", sha512)
        if stream is None:
            stream = self.open_content(object_id, INVENTORY, sha512)
        if stream is None:
            return None
        with stream:
            return Inventory.from_bytes(stream.read())

    def open_content(self, object_id: str, path: str, sha512: str) -> BinaryIO | None:
        """See ``Store``."""
        return open_verified(self.folder.root / object_path(object_id) / path, sha512)

    def has(self, object_id: str) -> bool:
        """See ``Store``."""
        return ocfl_recover.has_object(self.folder, object_id)

    def check(self, object_id: str, version: str, inventory_sha512: str, digest: Digest = sha512_of) -> list[Finding]:
        """See ``Store``."""
        return check_object(self.folder.root / object_path(object_id), object_id, version, inventory_sha512, digest)

    def root_problems(self) -> list[str]:
        """See ``Store``."""
        try:
            return root_problems(self.folder)
        except OSError as error:
            raise unavailable(error, self.name) from error

    def mend_root(self) -> None:
        """See ``Store``."""
        try:
            mend_root(self.folder)
        except OSError as error:
            raise unavailable(error, self.name) from error

    def walk(self, skip: Skip = no_place) -> Iterator[Place]:
        """See ``Store``."""
        try:
            yield from walk_root(self.folder.root, skip)
        except OSError as error:
            raise unavailable(error, self.name) from error

    def leftovers(self, before: datetime) -> list[Leftover]:
        """See ``Store``."""
        try:
            return ocfl_recover.leftovers(self.folder, before)
        except OSError as error:
            raise unavailable(error, self.name) from error

    def clear(self, leftover: Leftover) -> None:
        """See ``Store``."""
        try:
            ocfl_recover.remove(self.folder, leftover)
        except OSError as error:
            raise unavailable(error, self.name) from error

    def set_aside(self, object_id: str) -> None:
        """See ``Store``."""
        try:
            ocfl_recover.set_aside(self.folder, object_path(object_id))
        except OSError as error:
            raise unavailable(error, self.name) from error

    def roll_back(self, object_id: str, version: str) -> bool:
        """See ``Store``."""
        try:
            return ocfl_recover.roll_back(self.folder, object_id, version)
        except FileNotFoundError:
            raise copy_not_whole(self.name) from None
        except OSError as error:
            raise unavailable(error, self.name) from error

    def files(self, object_id: str) -> list[StoredFile]:
        """See ``Store``; links and devices, which no package of ours has, are not listed."""
        try:
            return [StoredFile(path, size) for path, size in object_files(self.folder, object_id)]
        except OSError as error:
            raise unavailable(error, self.name) from error

    def open_raw(self, object_id: str, path: str) -> BinaryIO | None:
        """See ``Store``."""
        try:
            return open_stored(self.folder, object_id, path)
        except OSError as error:
            raise unavailable(error, self.name) from error

    def install(self, object_id: str, files: Sequence[SourceFile]) -> None:
        """See ``Store``."""
        try:
            install_object(self.folder, object_id, files)
        except OSError as error:
            raise unavailable(error, self.name) from error

    def free_bytes(self) -> int | None:
        """See ``Store``; before its first package, of the disk that it will lie on."""
        there = next(p for p in (self.folder.path, *self.folder.path.parents) if p.exists())
        try:
            return shutil.disk_usage(there).free
        except OSError as error:
            raise unavailable(error, self.name) from error

    def reachable(self) -> bool:
        """See ``Store``: its card is there and is its own, and the root with it."""
        try:
            self.prepare(holds_packages=lambda: True)
        except Unavailable:
            return False
        return True
