"""Packages by the stores and the ledger alone: no row of the register is asked.

A package is believed where a store has an inventory with the digest that the ledger names for its newest version, and
a file of it where its bytes have the digest of that inventory. Each store gives what the others lack.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cunzhen.errors import Invalid, Unavailable
from cunzhen.formats.change_set import CHANGES_PATH
from cunzhen.formats.mets import METS_PATH
from cunzhen.formats.ocfl import INVENTORY, Inventory
from cunzhen.formats.registry import REGISTRY_PATH
from cunzhen.ledger.queries import Subject, named
from cunzhen.preservation.fixity import version_id
from cunzhen.preservation.models import Package
from cunzhen.preservation.queries import no_copy
from cunzhen.preservation.rules import object_id
from cunzhen.preservation.store import Store, configured_stores

_THREADS = 16
_INVENTORY_BYTES_AT_MOST = 256 * 1024 * 1024
_VERSIONS_AHEAD = 8  # beyond what any store has, looked for in the ledger
_KINDS = ((REGISTRY_PATH, Package.Kind.REGISTRY), (CHANGES_PATH, Package.Kind.CHANGES), (METS_PATH, Package.Kind.ITEM))


class Doubt(StrEnum):
    """Why a package is not believed."""

    ABSENT = "absent"  # no store has anything of it
    DAMAGED = "damaged"  # no store has an inventory with the ledger's digest
    UNRECORDED = "unrecorded"  # a store has something, and the ledger does not name it
    NOWHERE = "nowhere"  # neither stores nor ledger know it


@dataclass(frozen=True, slots=True)
class FoundCopy:
    """One copy of a package: ``version`` is the newest whole one it has, empty where none is."""

    store: str
    version: str


@dataclass(frozen=True, slots=True)
class FoundPackage:
    """A package as the ledger and at least one store have it."""

    id: UUID
    kind: Package.Kind
    inventory: Inventory
    inventory_sha512: str
    copies: tuple[FoundCopy, ...]

    @property
    def version(self) -> str:
        """The newest one."""
        return self.inventory.head

    @property
    def created_at(self) -> datetime:
        """When its first version was made."""
        return self.inventory.versions["v1"].info.created_at

    @property
    def written_at(self) -> datetime:
        """When its newest version was made."""
        return self.inventory.versions[self.inventory.head].info.created_at


@dataclass(frozen=True, slots=True)
class Look:
    """What was found of some packages, and why the others are not believed."""

    found: Mapping[UUID, FoundPackage]
    doubts: Mapping[UUID, Doubt]


def reachable_stores(without: Collection[str] = ()) -> tuple[Store, ...]:
    """Every store of the settings, none of them made; those of this machine first.

    Args:
        without: names of stores that are left out on purpose.

    Raises:
        Unavailable: ``P-12`` gone, ``P-13`` not ours, ``P-42`` on an object store does not serve.
    """
    stores = [s for s in configured_stores() if s.name not in without]
    for store in stores:
        store.prepare(holds_packages=lambda: True)
    return tuple(sorted(stores, key=lambda s: s.is_remote))


def serving_stores() -> tuple[tuple[Store, ...], tuple[str, ...]]:
    """The stores of the settings that serve now, those of this machine first, and the names of the others."""
    serving, away = [], []
    for store in configured_stores():
        try:
            store.prepare(holds_packages=lambda: True)
            serving.append(store)
        except Unavailable:
            away.append(store.name)
    return tuple(sorted(serving, key=lambda s: s.is_remote)), tuple(away)


def look(ids: Collection[UUID], stores: Sequence[Store]) -> Look:
    """Find packages.

    Args:
        ids: of packages.
        stores: to look into; from ``reachable_stores``.
    """
    heads = {store.name: _heads(store, ids) for store in stores}
    newest = _newest({i: [heads[s.name][i] for s in stores] for i in ids})
    found, doubts = {}, {}
    for one in ids:
        there = {store: heads[store.name][one] for store in stores}
        if one not in newest:
            doubts[one] = Doubt.UNRECORDED if any(there.values()) else Doubt.NOWHERE
        elif not any(there.values()):
            doubts[one] = Doubt.ABSENT
        else:
            package = _found(one, newest[one], there)
            if package is None:
                doubts[one] = Doubt.DAMAGED
            else:
                found[one] = package
    return Look(found, doubts)


def read(package: FoundPackage, path: str, stores: Sequence[Store]) -> bytes:
    """A file of a package's newest version, from the first store that has its bytes right.

    Args:
        package: from ``look``.
        path: logical path.
        stores: to read from.

    Raises:
        Missing: ``P-03``. Unavailable: ``P-14``.
    """
    content, digest = package.inventory.content_path(path)
    whole = {copy.store for copy in package.copies if copy.version == package.version}
    for store in sorted(stores, key=lambda s: s.name not in whole):
        data = _raw(store, package.id, content)
        if data is not None and hashlib.sha512(data).hexdigest() == digest:
            return data
    raise no_copy(package.id)


def content_bytes(package: FoundPackage, stores: Sequence[Store], known: Mapping[str, int]) -> int:
    """Bytes of all content of a package, each content counted once.

    Args:
        package: from ``look``.
        stores: to ask for sizes.
        known: content path to size, of files whose size is known; the others are asked for.
    """
    sizes = dict(known)
    wanted = set(package.inventory.manifest.values())
    for store in stores:
        if wanted <= sizes.keys():
            break
        sizes = {f.path: f.size for f in store.files(object_id(package.id))} | sizes
    return sum(sizes.get(path, 0) for path in wanted)


def _heads(store: Store, ids: Collection[UUID]) -> dict[UUID, bytes | None]:
    """The inventory that lies at the top of each object, unchecked."""
    if not store.is_remote:
        return {one: _raw(store, one, INVENTORY) for one in ids}
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="look") as pool:
        return dict(zip(ids, pool.map(lambda one: _raw(store, one, INVENTORY), ids), strict=True))


def _raw(store: Store, package_id: UUID, path: str) -> bytes | None:
    """Bytes as they lie there; None where there are none, or the disk cannot read them."""
    try:
        stream = store.open_raw(object_id(package_id), path)
        if stream is None:
            return None
        with stream:
            return stream.read(_INVENTORY_BYTES_AT_MOST)
    except OSError:
        return None
    except Unavailable as error:
        if error.code != "P-11":  # one file that cannot be read is no store that does not serve
            raise
        return None


def _newest(heads: Mapping[UUID, Sequence[bytes | None]]) -> dict[UUID, tuple[str, Subject]]:
    """The newest version of each package that the ledger names, and how."""
    found: dict[UUID, tuple[str, Subject]] = {}
    after = {one: 0 for one in heads}
    ahead = {one: max((_head_number(data) for data in there), default=0) for one, there in heads.items()}
    while after:
        asked = {
            version_id(one, f"v{n}"): (one, n)
            for one, start in after.items()
            for n in range(start + 1, max(start, ahead[one]) + _VERSIONS_AHEAD + 1)
        }
        further: dict[UUID, int] = {}
        for key, subject in named(asked.keys()).items():
            one, number = asked[key]
            if number > further.get(one, 0):
                further[one], found[one] = number, (f"v{number}", subject)
        # Where the ledger is ahead of the stores, there may be more still.
        after = {one: number for one, number in further.items() if number > ahead[one]}
    return found


def _head_number(data: bytes | None) -> int:
    inventory = _inventory(data)
    return len(inventory.versions) if inventory else 0


def _inventory(data: bytes | None) -> Inventory | None:
    try:
        return None if data is None else Inventory.from_bytes(data)
    except Invalid:
        return None


def _found(package_id: UUID, newest: tuple[str, Subject], there: Mapping[Store, bytes | None]) -> FoundPackage | None:
    version, subject = newest
    whole: bytes | None = None
    copies = []
    for store, head in there.items():
        data = next((d for d in _candidates(store, package_id, version, head) if _is(d, subject)), None)
        whole = whole or data
        if data is not None:
            copies.append(FoundCopy(store.name, version))
        elif head is not None:
            copies.append(FoundCopy(store.name, ""))
    inventory = _inventory(whole)
    if whole is None or inventory is None or (inventory.id, inventory.head) != (object_id(package_id), version):
        return None
    kind = next((k for path, k in _KINDS if path in inventory.versions[version].state), None)
    if kind is None:
        return None
    return FoundPackage(package_id, kind, inventory, hashlib.sha512(whole).hexdigest(), tuple(copies))


def _candidates(store: Store, package_id: UUID, version: str, head: bytes | None) -> Iterator[bytes]:
    """The inventory at the top, then the version's own, which stands where a killed batch placed a newer version."""
    if head is not None:
        yield head
    own = _raw(store, package_id, f"{version}/{INVENTORY}")
    if own is not None:
        yield own


def _is(data: bytes, subject: Subject) -> bool:
    return hashlib.sha256(data).hexdigest() == subject.sha256
