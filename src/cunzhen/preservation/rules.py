"""Values of the room: what is handed over to keep, what was kept, what a check found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

from cunzhen.errors import Invalid, Unavailable
from cunzhen.formats.mets import Description
from cunzhen.formats.ocfl import ContentFile, VersionInfo
from cunzhen.formats.ocfl_check import Finding, Problem

__all__ = [
    "BadPackage",
    "ContentFile",
    "Finding",
    "KeptPackage",
    "LockProof",
    "NewDescription",
    "NewPackage",
    "PackageReport",
    "PackageVersion",
    "Problem",
    "Revision",
    "SourceFile",
    "StoreState",
    "StoredFile",
    "SweepReport",
]

SM3_MANIFEST = "manifest-sm3.txt"


@dataclass(frozen=True, slots=True)
class NewPackage:
    """A package to keep.

    Args:
        id: of the item; becomes ``urn:uuid:<id>``.
        files: content with the digests that were registered when it came in.
        message, author: stand in the inventory, for people who read it without us.
        created_at: aware time of the version.
        stores: names of the stores it is promised to; none means all that the settings name.
        kind: ``item``, ``registry`` or ``changes``.
    """

    id: UUID
    files: tuple[ContentFile, ...]
    message: str
    author: str
    created_at: datetime
    stores: tuple[str, ...] = ()
    kind: str = "item"


@dataclass(frozen=True, slots=True)
class Revision:
    """A new version of a package that is kept already: files added or replaced, and logical paths removed."""

    id: UUID
    files: tuple[ContentFile, ...]
    message: str
    author: str
    created_at: datetime
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewDescription:
    """What a package says of its item from now on, and files that come with it; see ``Revision``."""

    id: UUID
    description: Description
    message: str
    author: str
    created_at: datetime
    files: tuple[ContentFile, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptPackage:
    """What was kept, durable in every promised store.

    Args:
        id: of the package.
        version: ``v1`` and on.
        inventory_sha512: of the inventory; vouches for every byte of the package.
        bytes, files: content of all versions, each content counted once.
        inventory_sha256, inventory_sm3: of the inventory too; by these the ledger names the version.
    """

    id: UUID
    version: str
    inventory_sha512: str
    bytes: int
    files: int
    inventory_sha256: str = ""
    inventory_sm3: str = ""


@dataclass(frozen=True, slots=True)
class PackageVersion:
    """One version of a package as its inventory has it.

    Args:
        name: ``v1`` and on.
        added: logical paths that are new in it or have new content; ``removed``: those it no longer has.
    """

    name: str
    created_at: datetime
    message: str
    author: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of an object as it lies in a store; ``path`` is below the object, ``size`` in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to put into a store as part of a whole object.

    Args:
        path: below the object.
        size: bytes.
        sha512: of its bytes; what is written is read back and compared.
        open: opens it from its first byte, each time anew.
    """

    path: str
    size: int
    sha512: str
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class StoreState:
    """A store as operators look at it.

    Args:
        name, place: what settings call it, and where it is.
        reachable: whether it answers now.
        free_bytes: space left, None where it cannot say.
        copies: of packages that it should have.
        not_whole: those of them known to be damaged or missing.
    """

    name: str
    place: str
    reachable: bool
    free_bytes: int | None
    copies: int
    not_whole: int


@dataclass(frozen=True, slots=True)
class LockProof:
    """What became of the attempts to break a store's object lock; ``passed`` should be empty."""

    store: str
    tried: tuple[str, ...]
    passed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BadPackage:
    """One problem in one copy; ``id`` is None where it belongs to the store itself."""

    id: UUID | None
    store: str
    problem: str
    path: str


@dataclass(frozen=True, slots=True)
class PackageReport:
    """What a check found.

    Args:
        checked: packages whose every copy was hashed.
        bad: problems in copies.
        extra: what lies in a store and has no row: ``store:path``.
        missing: packages with a row that at least one promised store does not have at all.
    """

    checked: int
    bad: tuple[BadPackage, ...] = ()
    extra: tuple[str, ...] = ()
    missing: tuple[UUID, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing at all was found."""
        return not (self.bad or self.extra or self.missing)


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What the janitor did: batches cleared from staging, objects set aside, revisions rolled back, left for later."""

    cleared: int = 0
    set_aside: tuple[UUID, ...] = ()
    rolled_back: tuple[UUID, ...] = ()
    waiting: int = 0


def object_id(package_id: UUID) -> str:
    """URI of a package in OCFL and METS."""
    return f"urn:uuid:{package_id}"


def promised_stores(wanted: Sequence[str], configured: Sequence[str]) -> tuple[str, ...]:
    """Stores that a package is promised to, in the order of the settings.

    Args:
        wanted: by the policy of its series; none means all.
        configured: what the settings name.

    Raises:
        Unavailable: ``P-41`` where the policy names a store that the settings do not.
    """
    for name in wanted:
        if name not in configured:
            raise unknown_store(name)
    return tuple(name for name in configured if not wanted or name in wanted)


def unknown_store(name: str) -> Unavailable:
    """The refusal where something is promised to a store that the settings do not name."""
    return Unavailable(
        "P-41",
        f"副本策略或登记中的存储“{name}”没有在 CUNZHEN_STORES 中配置。请系统管理员补上配置或更改类别的副本策略。",
        f"Store {name!r} is promised copies but is not in CUNZHEN_STORES. Configure it, or change the series' policy.",
        store=name,
    )


def package_id(uri: str) -> UUID | None:
    """The package that a URI names, None for any other URI."""
    try:
        found = UUID(uri.removeprefix("urn:uuid:"))
    except ValueError:
        return None
    return found if uri == object_id(found) else None


def version_info(new: NewPackage | Revision, node: str) -> VersionInfo:
    """Who made the version, as the inventory says it.

    Raises:
        Invalid: ``P-07`` for a time without a zone.
    """
    if new.created_at.tzinfo is None:
        raise Invalid("P-07", "保存包的时间缺少时区。", "The time of a package has no zone.")
    return VersionInfo(new.created_at, new.message, new.author, f"urn:x-cunzhen:node:{node}")


def sm3_listing(digests: Mapping[str, str]) -> bytes:
    """Content of ``manifest-sm3.txt``: the SM3 of every other file, in the form that ``cksum -a sm3`` reads.

    SM3 is in no table of OCFL digests, and validators refuse objects whose fixity block has it; as content it is
    covered by the manifest, goes into every copy and can be checked with a common command.

    Args:
        digests: logical path to SM3.
    """
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests)).encode(errors="replace")


def sm3_listing_bytes(paths: Iterable[str]) -> int:
    """How long ``sm3_listing`` of files with these logical paths is."""
    return sum(64 + 2 + len(path.encode(errors="replace")) + 1 for path in paths)


def read_sm3_listing(data: bytes) -> dict[str, str]:
    """Logical path to SM3, as ``sm3_listing`` wrote it."""
    pairs = (line.split("  ", 1) for line in data.decode().splitlines())
    return {path: digest for digest, path in pairs}
