"""Stores of packages: what the room asks of each, and the ones that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import lru_cache
from typing import BinaryIO, Protocol

from django.conf import settings

from cunzhen.formats.ocfl import Inventory
from cunzhen.formats.ocfl_check import Digest, Finding, Place, Skip, no_place, sha512_of
from cunzhen.formats.ocfl_recover import Leftover
from cunzhen.formats.ocfl_write import ObjectSink
from cunzhen.formats.store_address import S3Address, StorePlace
from cunzhen.preservation.bucket import Bucket
from cunzhen.preservation.bucket_values import Limits
from cunzhen.preservation.local_store import LocalStore
from cunzhen.preservation.rules import SourceFile, StoredFile
from cunzhen.preservation.s3_store import S3Store

__all__ = ["LocalStore", "S3Store", "Store", "StoreBatch", "configured_names", "configured_stores"]


class StoreBatch(ObjectSink, AbstractContextManager["StoreBatch"], Protocol):
    """One batch on its way into one store; leaving the context ends its threads."""

    def seal(self) -> None:
        """Make what was written durable and read it back; nothing is visible yet."""
        ...

    def place(self) -> None:
        """Make the objects visible, durably."""
        ...

    def discard(self) -> None:
        """Throw away a batch that was not placed."""
        ...

    def forget(self) -> None:
        """Drop the journal of a batch whose transaction is committed."""
        ...


class Store(Protocol):
    """What the room asks of a store. Every method raises Unavailable where the store cannot serve."""

    @property
    def name(self) -> str:
        """What settings call it."""
        ...

    @property
    def place(self) -> str:
        """Where it is, for operators: a folder or an address, without anything secret."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether every read is a journey; those of this machine are read first."""
        ...

    def prepare(self, *, holds_packages: Callable[[], bool]) -> None:
        """Make it on first use; refuse one that is gone or not ours."""
        ...

    def begin(self, batch: str) -> StoreBatch:
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

    def check(self, object_id: str, version: str, inventory_sha512: str, digest: Digest = sha512_of) -> list[Finding]:
        """Hash everything of one object; ``digest`` reads the files and gives their SHA-512."""
        ...

    def root_problems(self) -> list[str]:
        """The store's own files that are altered."""
        ...

    def mend_root(self) -> None:
        """Write them anew; what was there goes to quarantine."""
        ...

    def walk(self, skip: Skip = no_place) -> Iterator[Place]:
        """Everything in the store but the objects' folders that are passed over; they are asked for in order."""
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

    def files(self, object_id: str) -> list[StoredFile]:
        """Every file of an object as it lies there, by path below the object; nothing where the object is absent."""
        ...

    def open_raw(self, object_id: str, path: str) -> BinaryIO | None:
        """A file's bytes as stored, unchecked; None where there is none."""
        ...

    def install(self, object_id: str, files: Sequence[SourceFile]) -> None:
        """Put a whole object in place, durable and read back; what was there goes to quarantine first."""
        ...

    def free_bytes(self) -> int | None:
        """Space left, None where the store cannot say."""
        ...

    def reachable(self) -> bool:
        """Whether it answers at all."""
        ...


def configured_names() -> tuple[str, ...]:
    """What the settings call their stores, in that order."""
    return tuple(settings.STORES)


def configured_stores() -> tuple[Store, ...]:
    """The stores that the settings name, in that order; not prepared yet."""
    limits = Limits(settings.S3_TIMEOUT_SECONDS, settings.S3_DEADLINE_SECONDS, settings.S3_CONNECTIONS)
    return _stores(tuple(settings.STORES.items()), settings.NODE, limits)


@lru_cache(maxsize=8)
def _stores(named: tuple[tuple[str, StorePlace], ...], node: str, limits: Limits) -> tuple[Store, ...]:
    return tuple(_store(name, place, node, limits) for name, place in named)


def _store(name: str, place: StorePlace, node: str, limits: Limits) -> Store:
    if isinstance(place, S3Address):
        return S3Store(Bucket(name, place, limits, settings.HOME / "spool"), place, node)
    return LocalStore(name, place, node)
