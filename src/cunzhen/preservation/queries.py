"""Reading packages: every byte that leaves here was compared with its digest first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import BinaryIO
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q

from cunzhen.database.counting import Counted, counted
from cunzhen.errors import Missing, Unavailable
from cunzhen.formats.change_set import CHANGES_PATH, Change, changes_by_item, overlay, read_change_set
from cunzhen.formats.mets import METS_PATH, Description, read_mets
from cunzhen.formats.ocfl import Inventory
from cunzhen.preservation.models import Package, PackageCopy, PendingChange
from cunzhen.preservation.rules import SM3_MANIFEST, PackageVersion, StoreState, object_id, unknown_store
from cunzhen.preservation.store import Store, configured_names, configured_stores


def stores(names: Collection[str] | None = None) -> tuple[Store, ...]:
    """Stores, each made on its first use.

    Args:
        names: of those that are wanted; None for all that the settings name.

    Raises:
        Unavailable: ``P-12`` gone, ``P-13`` not ours, ``P-10`` or ``P-11`` the disk refused, ``P-41`` not in the
            settings, ``P-42`` on an object store does not serve.
    """
    for name in sorted(names or ()):
        if name not in configured_names():
            raise unknown_store(name)
    found = tuple(s for s in configured_stores() if names is None or s.name in names)
    for store in found:
        # Copies that are only promised so far do not make an empty folder a disk that is not mounted.
        written = PackageCopy.objects.filter(store=store.name).exclude(state=PackageCopy.State.MISSING)
        store.prepare(holds_packages=written.exists)
    return found


def store_states() -> list[StoreState]:
    """Every store that the settings name: whether it answers, what it should have, what of that is not whole."""
    not_whole = Count("id", filter=~Q(state=PackageCopy.State.KEPT))
    counted = PackageCopy.objects.values("store").order_by("store").annotate(all=Count("id"), not_whole=not_whole)
    counts = {row["store"]: (row["all"], row["not_whole"]) for row in counted}
    found = []
    for store in configured_stores():
        answers = store.reachable()
        free = store.free_bytes() if answers else None
        found.append(StoreState(store.name, store.place, answers, free, *counts.get(store.name, (0, 0))))
    return found


def open_content(package_id: UUID, path: str) -> BinaryIO:
    """Open a file of the newest version of a package, from the first store that has it whole.

    Args:
        package_id: of the item.
        path: logical path, such as ``originals/0001.pdf``.

    Raises:
        Missing: ``P-08`` no such package, ``P-03`` no such file in it.
        Unavailable: ``P-14`` no copy of it is whole; wrong bytes are never given out.
    """
    return _open(*_package(package_id), path)


def read_loaded(package: Package, path: str) -> bytes:
    """Bytes of a file of a package that was loaded with its copies, with no question to the database.

    Raises:
        Missing: ``P-03``. Unavailable: ``P-14``.
    """
    with _open(package, _names(package.copies.all()), path) as stream:
        return stream.read()


def _open(package: Package, names: tuple[str, ...], path: str) -> BinaryIO:
    content, digest = _inventory(package.id, package.version, package.inventory_sha512, names).content_path(path)
    for store in _readable(names):
        stream = store.open_content(object_id(package.id), content, digest)
        if stream is not None:
            return stream
    raise no_copy(package.id)


def read_content(package_id: UUID, path: str) -> bytes:
    """The bytes that ``open_content`` opens."""
    with open_content(package_id, path) as stream:
        return stream.read()


def content_paths(package_id: UUID) -> tuple[str, ...]:
    """Logical paths of the newest version of a package.

    Raises:
        Missing: ``P-08``. Unavailable: ``P-14``.
    """
    package, names = _package(package_id)
    inventory = _inventory(package.id, package.version, package.inventory_sha512, names)
    return tuple(inventory.versions[inventory.head].state)


def read_description(package_id: UUID) -> Description:
    """What is known of a package's item: its own description with the corrections that wait to be folded into it.

    Raises:
        Missing: ``P-08``, ``P-03``. Unavailable: ``P-14``. Invalid: ``P-31`` it cannot be understood, ``P-70`` a
            change-set cannot.
    """
    # First what waits: if it is folded meanwhile, the description read next has it and the overlay passes it over.
    waiting = pending_changes([package_id]).get(package_id, [])
    return overlay(read_mets(read_content(package_id, METS_PATH)), waiting)


def pending_changes(package_ids: Collection[UUID]) -> dict[UUID, list[Change]]:
    """Corrections that wait in change-sets, by package, in the order in which they were made.

    Raises:
        Unavailable: ``P-14``. Invalid: ``P-70``.
    """
    found: dict[UUID, list[Change]] = {}
    rows = PendingChange.objects.filter(package_id__in=package_ids).order_by("package_id", "version")
    for package_id, change_set in rows.values_list("package_id", "change_set_id"):
        found.setdefault(package_id, []).append(_changes(change_set)[package_id])
    return found


# A change-set never changes. Two of them: one that is being folded, one that is being looked at.
@lru_cache(maxsize=2)
def _changes(change_set: UUID) -> dict[UUID, Change]:
    return changes_by_item(read_change_set(read_content(change_set, CHANGES_PATH)).changes)


def inventory_of(package: Package) -> Inventory:
    """The inventory that the register's digest names, from the first store that has it whole.

    Raises:
        Unavailable: ``P-14``.
    """
    return _inventory(package.id, package.version, package.inventory_sha512, _names(package.copies.all()))


# An inventory is named by its own digest, so what is kept here can never be out of date.
@lru_cache(maxsize=4096)
def _inventory(package_id: UUID, version: str, sha512: str, names: tuple[str, ...]) -> Inventory:
    for store in _readable(names):
        inventory = store.read_inventory(object_id(package_id), version, sha512)
        if inventory is not None:
            return inventory
    raise no_copy(package_id)


def package_versions(package_id: UUID) -> list[PackageVersion]:
    """Every version of a package, the newest first.

    Raises:
        Missing: ``P-08``. Unavailable: ``P-14``.
    """
    package, names = _package(package_id)
    inventory = _inventory(package.id, package.version, package.inventory_sha512, names)
    found: list[PackageVersion] = []
    before: Mapping[str, str] = {}
    for name, version in inventory.versions.items():
        added = tuple(sorted(p for p, digest in version.state.items() if before.get(p) != digest and p != SM3_MANIFEST))
        removed = tuple(sorted(before.keys() - version.state.keys()))
        info, before = version.info, version.state
        found.append(PackageVersion(name, info.created_at, info.message, info.author, added, removed))
    return found[::-1]


def preserved_count(package_ids: Collection[UUID]) -> int:
    """How many of some packages have the copies they are promised, none of them known to be bad."""
    bad = PackageCopy.objects.filter(package=OuterRef("pk")).exclude(state=PackageCopy.State.KEPT)
    kept = PackageCopy.objects.filter(package=OuterRef("pk"), state=PackageCopy.State.KEPT)
    return Package.objects.filter(Exists(kept), ~Exists(bad), id__in=package_ids).count()


def _readable(names: tuple[str, ...]) -> Iterator[Store]:
    """Stores that serve, those of this machine first; one that is gone or not ours does not keep others from it."""
    wanted = [store for store in configured_stores() if store.name in names]
    for store in sorted(wanted, key=lambda store: (store.is_remote, names.index(store.name))):
        try:
            store.prepare(holds_packages=lambda: True)
        except Unavailable:
            continue
        yield store


def _package(package_id: UUID) -> tuple[Package, tuple[str, ...]]:
    """A package and the stores that should have it, in one query."""
    copies = list(PackageCopy.objects.select_related("package").filter(package_id=package_id))
    if copies:
        return copies[0].package, _names(copies)
    if Package.objects.filter(id=package_id).exists():
        raise no_copy(package_id)
    raise Missing("P-08", "没有这个保存包。", "There is no such package.", package=str(package_id))


def _names(copies: Iterable[PackageCopy]) -> tuple[str, ...]:
    """Names of the stores that copies lie in: whole ones first, for of a bad one most files may still be right."""
    order = {name: number for number, name in enumerate(configured_names())}
    found = sorted(copies, key=lambda c: (c.state != PackageCopy.State.KEPT, order.get(c.store, len(order)), c.store))
    return tuple(copy.store for copy in found)


def no_copy(package_id: UUID) -> Unavailable:
    """The refusal where no copy of a package is whole."""
    return Unavailable(
        "P-14",
        "这件档案的各份副本目前都读不出完好的内容，为防出错不予显示。请通知系统管理员执行校验与修复。",
        "No copy of this package can be read whole at present; wrong bytes are never shown. Tell the system officer.",
        package=str(package_id),
    )


@dataclass(frozen=True)
class Keeping:
    """How the packages of items stand, in figures that cost the same however many there are.

    Args:
        packages, copies: what is registered, all stores together.
        not_whole: copies that are damaged or missing as far as is known, at most a thousand counted.
        unchecked: copies that were never checked since they were written, at most a thousand counted.
        checked_at: when a copy was last checked; None where none ever was.
        oldest_check: of the copies that were checked, when the one was that has waited longest.
    """

    packages: Counted
    copies: Counted
    not_whole: int
    unchecked: int
    checked_at: datetime | None
    oldest_check: datetime | None


def keeping() -> Keeping:
    """How the packages of items stand now."""
    copies = PackageCopy.objects.order_by()
    checked = copies.filter(checked_at__isnull=False).values_list("checked_at", flat=True)
    when = F("checked_at")
    return Keeping(
        packages=counted(Package.objects.filter(kind=Package.Kind.ITEM), _MOST_REGISTERED),
        copies=counted(copies.filter(package__kind=Package.Kind.ITEM), _MOST_REGISTERED),
        not_whole=copies.exclude(state=PackageCopy.State.KEPT)[:_MOST_COUNTED].count(),
        unchecked=copies.filter(checked_at=None)[:_MOST_COUNTED].count(),
        checked_at=checked.order_by(when.desc(nulls_last=True)).first(),
        oldest_check=checked.order_by(when.asc(nulls_first=True)).first(),
    )


_MOST_COUNTED = 1_000
_MOST_REGISTERED = 20_000
