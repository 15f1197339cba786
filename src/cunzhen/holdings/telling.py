"""What a package tells of its item, ready to be compared with the catalogue or to be put into it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from uuid_utils.compat import uuid7

from cunzhen.errors import CunzhenError, Invalid
from cunzhen.formats.change_set import CHANGES_PATH, Change, ChangeSet, overlay, read_change_set
from cunzhen.formats.mets import METS_PATH, Description, read_mets
from cunzhen.holdings.rows import ItemRows, page_words, rows_of, text_paths
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.preservation.rules import SM3_MANIFEST, sm3_listing_bytes
from cunzhen.preservation.store import Store
from cunzhen.preservation.unregistered import FoundPackage, content_bytes, look, read


@dataclass(frozen=True, slots=True)
class Told:
    """One package and, where it is an item's, what it says of it.

    Args:
        package: as stores and ledger have it.
        row: of the register.
        rows: of the catalogue; None for the registry and change-sets.
        pending: changes that wait to be folded into it, in order.
    """

    package: FoundPackage
    row: Package
    rows: ItemRows | None
    description: Description | None
    pending: tuple[tuple[UUID, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Untold:
    """Why nothing is said of a package: a ``Doubt``, or the code of the refusal."""

    id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change that waits in a change-set."""

    change_set: UUID
    change: Change


Changes = Callable[[UUID, int], Sequence[Waiting]]  # item, and the version that its package has


def tell(
    ids: Collection[UUID], stores: Sequence[Store], waiting: Changes | None = None
) -> tuple[list[Told], list[Untold]]:
    """Read packages and say what the register and the catalogue must have of each.

    Args:
        ids: of packages.
        stores: that serve; from ``reachable_stores`` or ``serving_stores``.
        waiting: gives the changes of an item from its version on; without it there are none.

    Returns:
        What is told, and which packages tell nothing that is believed.
    """
    looked = look(ids, stores)
    told = []
    untold = [Untold(one, str(doubt)) for one, doubt in looked.doubts.items()]
    for package_id, package in looked.found.items():
        try:
            told.append(_told(package, stores, waiting or _nothing_waits))
        except CunzhenError as error:
            if error.code not in _OF_ONE_PACKAGE:
                raise
            untold.append(Untold(package_id, error.code))
    return told, untold


# What is wrong with one package; anything else is wrong with a store or with the home.
_OF_ONE_PACKAGE = frozenset({"P-03", "P-04", "P-14", "P-31", "P-70", "P-71", "P-80", "P-81", "P-82"})


def read_changes(package: FoundPackage, stores: Sequence[Store]) -> ChangeSet:
    """The change-set in a package.

    Raises:
        Unavailable: ``P-14``. Invalid: ``P-70``, ``P-82`` it bears another id.
    """
    found = read_change_set(read(package, CHANGES_PATH, stores))
    if found.id != package.id:
        raise _another_id()
    return found


def copies_of(told: Told, promised: Collection[str]) -> list[PackageCopy]:
    """Rows of the copies of a package: those that are there, and those that are promised and are not.

    Args:
        promised: names of stores that shall have it.
    """
    package = told.package
    there = {copy.store: copy.version == package.version for copy in package.copies}
    states = {store: _State.KEPT if whole else _State.DAMAGED for store, whole in there.items()}
    states = dict.fromkeys(promised, _State.MISSING) | states
    return [_copy(package, store, state, package.written_at) for store, state in sorted(states.items())]


_State = PackageCopy.State


def _copy(package: FoundPackage, store: str, state: PackageCopy.State, at: datetime) -> PackageCopy:
    return PackageCopy(
        id=uuid7(), package_id=package.id, store=store, version=package.version, state=state, written_at=at
    )


def _nothing_waits(item: UUID, version: int) -> Sequence[Waiting]:
    return ()


def _told(package: FoundPackage, stores: Sequence[Store], changes: Changes) -> Told:
    if package.kind != Package.Kind.ITEM:
        return Told(package, _row(package, content_bytes(package, stores, {})), None, None)
    data = read(package, METS_PATH, stores)
    folded = read_mets(data)
    if folded.item_id != package.id:
        raise _another_id()
    waiting = changes(package.id, folded.version)
    said = overlay(folded, [one.change for one in waiting])
    sizes, words = {METS_PATH: len(data)}, []
    for path in text_paths(said):
        text = read(package, path, stores)
        sizes[path] = len(text)
        words += page_words(text)
    rows = rows_of(said, words)
    pending = sorted(
        (w.change.version, w.change_set) for w in waiting if folded.version < w.change.version <= said.version
    )
    row = _row(package, content_bytes(package, stores, _known(package, said, sizes)))
    return Told(package, row, rows, said, tuple((change_set, version) for version, change_set in pending))


def _known(package: FoundPackage, said: Description, sizes: dict[str, int]) -> dict[str, int]:
    """Content path to size of what needs no asking: what was read, what the description vouches for, the listing."""
    state = package.inventory.versions[package.version].state
    logical = {c.path: c.size for c in said.components} | {r.path: r.size for r in said.renditions} | sizes
    logical[SM3_MANIFEST] = sm3_listing_bytes(path for path in state if path != SM3_MANIFEST)
    return {package.inventory.manifest[state[path]]: size for path, size in logical.items() if path in state}


def _row(package: FoundPackage, byte_count: int) -> Package:
    return Package(
        id=package.id,
        node=settings.NODE,
        kind=package.kind,
        version=package.version,
        inventory_sha512=package.inventory_sha512,
        byte_count=byte_count,
        file_count=len(package.inventory.manifest),
        created_at=package.created_at,
    )


def _another_id() -> Invalid:
    return Invalid(
        "P-82",
        "保存包的编号与其中著录的编号不一致，未采用。请运行 cunzhen verify。",
        "A package bears another id than the description inside it; it was not used. Run cunzhen verify.",
    )
