"""Values of the room: what is handed over to keep, what was kept, what a check found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cunzhen.errors import Invalid
from cunzhen.formats.ocfl import ContentFile, VersionInfo
from cunzhen.formats.ocfl_check import Finding, Problem

__all__ = [
    "BadPackage",
    "ContentFile",
    "Finding",
    "KeptPackage",
    "NewPackage",
    "PackageReport",
    "Problem",
    "Revision",
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
    """

    id: UUID
    files: tuple[ContentFile, ...]
    message: str
    author: str
    created_at: datetime


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
class KeptPackage:
    """What was kept, durable in every promised store.

    Args:
        id: of the package.
        version: ``v1`` and on.
        inventory_sha512: of the inventory; vouches for every byte of the package.
        bytes, files: content of all versions, each content counted once.
    """

    id: UUID
    version: str
    inventory_sha512: str
    bytes: int
    files: int


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


def read_sm3_listing(data: bytes) -> dict[str, str]:
    """Logical path to SM3, as ``sm3_listing`` wrote it."""
    pairs = (line.split("  ", 1) for line in data.decode().splitlines())
    return {path: digest for digest, path in pairs}
