"""Stores of packages: one Protocol, and local disks behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings

from cunzhen.formats import ocfl_recover
from cunzhen.formats.durable import unavailable
from cunzhen.formats.ocfl import INVENTORY, Inventory, object_path
from cunzhen.formats.ocfl_check import Finding, Place, check_object, open_verified, walk_root
from cunzhen.formats.ocfl_recover import Leftover
from cunzhen.formats.ocfl_root import StoreFolder, prepare_store, root_problems
from cunzhen.formats.ocfl_staging import Staging


class Store(Protocol):
    """What the room asks of a store. Every method raises Unavailable where the store cannot serve."""

    @property
    def name(self) -> str:
        """What settings call it."""
        ...

    def prepare(self, *, holds_packages: Callable[[], bool]) -> None:
        """Make it on first use; refuse one that is gone or not ours."""
        ...

    def begin(self, batch: str) -> Staging:
        """Open a batch for writing."""
        ...

    def read_inventory(self, object_id: str, version: str, sha512: str) -> Inventory | None:
        """The inventory of a version, None where this copy has none with that digest."""
        ...

    def open_content(self, object_id: str, path: str, sha512: str) -> BinaryIO | None:
        """A content file whose digest was found right, None where this copy has none."""
        ...

    def has(self, object_id: str) -> bool:
        """Whether the object is there at all."""
        ...

    def check(self, object_id: str, version: str, inventory_sha512: str) -> list[Finding]:
        """Hash everything of one object."""
        ...

    def root_problems(self) -> list[str]:
        """The store's own files that are altered."""
        ...

    def walk(self) -> Iterator[Place]:
        """Everything in the store."""
        ...

    def leftovers(self, before: datetime) -> list[Leftover]:
        """Batches of processes that are gone."""
        ...

    def clear(self, leftover: Leftover) -> None:
        """Remove one from staging."""
        ...

    def set_aside(self, object_id: str) -> None:
        """Move an object to quarantine."""
        ...

    def roll_back(self, object_id: str, version: str) -> bool:
        """Put an object back to a committed version."""
        ...


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

    def prepare(self, *, holds_packages: Callable[[], bool]) -> None:
        """See ``Store``; read again for every batch, for a disk can be unmounted at any time."""
        try:
            exists = (self.folder.path / "store.json").exists()
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

    def check(self, object_id: str, version: str, inventory_sha512: str) -> list[Finding]:
        """See ``Store``."""
        return check_object(self.folder.root / object_path(object_id), object_id, version, inventory_sha512)

    def root_problems(self) -> list[str]:
        """See ``Store``."""
        try:
            return root_problems(self.folder)
        except OSError as error:
            raise unavailable(error, self.name) from error

    def walk(self) -> Iterator[Place]:
        """See ``Store``."""
        try:
            yield from walk_root(self.folder.root)
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
            ocfl_recover.remove(leftover)
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
        except OSError as error:
            raise unavailable(error, self.name) from error


def configured_stores() -> tuple[Store, ...]:
    """The stores that every package is promised to, in the order of the settings; not prepared yet."""
    return _stores(tuple(settings.STORES.items()), settings.NODE)


@lru_cache(maxsize=8)
def _stores(named: tuple[tuple[str, Path], ...], node: str) -> tuple[Store, ...]:
    return tuple(LocalStore(name, path, node) for name, path in named)
