"""What tests of scrub and repair share: three stores with packages in them, flipped bits, and who acts."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from uuid_utils.compat import uuid7

from cunzhen.accounts.rules import Actor
from cunzhen.formats.ocfl import object_path
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.queries import history
from cunzhen.preservation.fixity import ScrubReport
from cunzhen.preservation.operations import keep_packages, scrub_copies
from cunzhen.preservation.rules import NewPackage, object_id
from tests.preservation.conftest import NOW, content

LATER = NOW + timedelta(days=2)
ACTOR = Actor(
    id=UUID(int=7),
    name="存真系统",
    kind="service",
    agency_id=UUID(int=8),
    agency_ids=frozenset({UUID(int=8)}),
    permissions=frozenset({"scrub_copies", "repair_packages"}),
)


def at(moment: datetime = LATER) -> object:
    """A clock that stands."""
    return lambda: moment


def scrub(*, everything: bool = True, moment: datetime = LATER, **more: object) -> ScrubReport:
    """One scrub without a limit on its pace."""
    more.setdefault("megabytes_per_second", 0)
    return scrub_copies(ACTOR, everything=everything, clock=lambda: moment, **more)  # type: ignore[arg-type]


def keep(count: int, *, seed: int = 1, size: int = 3000) -> list[NewPackage]:
    """Packages with content of their own, kept in every store."""
    draw = random.Random(seed)
    packages = [
        NewPackage(
            id=uuid7(),
            files=(
                content("originals/0001.tif", draw.randbytes(size)),
                content("originals/0002.pdf", draw.randbytes(size // 2)),
                content("text/pages.json", draw.randbytes(200).hex().encode()),
                content("mets.xml", f"<mets n='{n}'/>".encode()),
            ),
            message="归档",
            author="王样本",
            created_at=NOW,
        )
        for n in range(count)
    ]
    keep_packages(packages, now=NOW)
    return packages


def folder(store: Path, package: NewPackage | UUID) -> Path:
    """Where a package lies in a store."""
    found = package if isinstance(package, UUID) else package.id
    return store / "ocfl" / object_path(object_id(found))


def flip(path: Path, draw: random.Random) -> None:
    """One bit of a file, in place, as rot does it."""
    with path.open("r+b") as file:
        place = draw.randrange(os.fstat(file.fileno()).st_size)
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1 << draw.randrange(8)]))


def tree(store: Path) -> dict[str, bytes]:
    """Every file of a storage root."""
    root = store / "ocfl"
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def entries(op: str) -> int:
    """How many entries of the ledger are of this operation."""
    return LedgerEntry.objects.filter(op=op).count()


def repairs_of(packages: Sequence[NewPackage]) -> list[dict[str, object]]:
    """What the ledger says of repairs of some packages."""
    return [line.detail or {} for p in packages for line in history(p.id) if line.op == "repair_package"]
