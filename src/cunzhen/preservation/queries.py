"""Reading packages: every byte that leaves here was compared with its digest first."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import BinaryIO
from uuid import UUID

from django.db.models import Count

from cunzhen.errors import Missing, Unavailable
from cunzhen.formats.mets import METS_PATH, Description, read_mets
from cunzhen.formats.ocfl import Inventory
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.preservation.rules import object_id
from cunzhen.preservation.store import Store, configured_stores


def stores() -> tuple[Store, ...]:
    """The promised stores, each made on its first use.

    Raises:
        Unavailable: ``P-12`` gone, ``P-13`` not ours, ``P-10`` or ``P-11`` the disk refused.
    """
    found = configured_stores()
    for store in found:
        store.prepare(holds_packages=PackageCopy.objects.filter(store=store.name).exists)
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
    package = _package(package_id)
    content, digest = inventory_of(package).content_path(path)
    for store in _readable():
        stream = store.open_content(object_id(package.id), content, digest)
        if stream is not None:
            return stream
    raise _no_copy(package_id)


def read_content(package_id: UUID, path: str) -> bytes:
    """The bytes that ``open_content`` opens."""
    with open_content(package_id, path) as stream:
        return stream.read()


def content_paths(package_id: UUID) -> tuple[str, ...]:
    """Logical paths of the newest version of a package.

    Raises:
        Missing: ``P-08``. Unavailable: ``P-14``.
    """
    inventory = inventory_of(_package(package_id))
    return tuple(inventory.versions[inventory.head].state)


def read_description(package_id: UUID) -> Description:
    """What the package says of its item.

    Raises:
        Missing: ``P-08``, ``P-03``. Unavailable: ``P-14``. Invalid: ``P-31`` it cannot be understood.
    """
    return read_mets(read_content(package_id, METS_PATH))


def inventory_of(package: Package) -> Inventory:
    """The inventory that the register's digest names, from the first store that has it whole.

    Raises:
        Unavailable: ``P-14``.
    """
    return _inventory(package.id, package.version, package.inventory_sha512)


# An inventory is named by its own digest, so what is kept here can never be out of date.
@lru_cache(maxsize=4096)
def _inventory(package_id: UUID, version: str, sha512: str) -> Inventory:
    for store in _readable():
        inventory = store.read_inventory(object_id(package_id), version, sha512)
        if inventory is not None:
            return inventory
    raise _no_copy(package_id)


def preserved_count(package_ids: Collection[UUID]) -> int:
    """How many of some packages are registered in every promised store, none of their copies known to be bad."""
    promised = len(configured_stores())
    return (
        PackageCopy.objects.filter(package_id__in=package_ids, state=PackageCopy.State.KEPT)
        .values("package_id")
        .annotate(whole=Count("store"))
        .filter(whole__gte=promised)
        .count()
    )


def _readable() -> Iterator[Store]:
    """Stores in the order of the settings; one that is gone or not ours does not keep the others from serving."""
    for store in configured_stores():
        try:
            store.prepare(holds_packages=lambda: True)
        except Unavailable:
            continue
        yield store


def _package(package_id: UUID) -> Package:
    package = Package.objects.filter(id=package_id).first()
    if package is None:
        raise Missing("P-08", "没有这个保存包。", "There is no such package.", package=str(package_id))
    return package


def _no_copy(package_id: UUID) -> Unavailable:
    return Unavailable(
        "P-14",
        "这件档案的各份副本目前都读不出完好的内容，为防出错不予显示。请通知系统管理员执行校验与修复。",
        "No copy of this package can be read whole at present; wrong bytes are never shown. Tell the system officer.",
        package=str(package_id),
    )
