"""The register against the ledger: a copy that went back in time shows by the register, the register by the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cunzhen.errors import Unavailable
from cunzhen.formats.ocfl_check import Finding, Problem
from cunzhen.ledger.queries import Subject, named, published_beyond_table
from cunzhen.preservation.examining import Examined
from cunzhen.preservation.fixity import next_version, version_id
from cunzhen.preservation.models import Damage, Package
from cunzhen.preservation.operations import noting

_VERSIONS_AHEAD = 64  # a database that lost more versions of one package than this shows by its other packages


def look_at_register(seen: Sequence[Examined], *, now: datetime) -> None:
    """Compare the register with what the ledger says of packages whose copy was found whole; note where they differ.

    Args:
        seen: whole copies; one of each package is enough.
        now: of the check.
    """
    one_each = {one.copy.package_id: one for one in seen if one.inventory_sha256}
    doubtful = _doubtful({i: (one.copy.version, one.inventory_sha256) for i, one in one_each.items()})
    open_ones = Damage.objects.filter(store="", settled_at=None, problems__0__0=str(Problem.REGISTER))
    settled = [d.id for d in open_ones if d.package_id in one_each and d.package_id not in doubtful]
    if settled:
        Damage.objects.filter(id__in=settled).update(settled_at=now, outcome=Damage.Outcome.FOUND_WHOLE)
    if not doubtful:
        return
    with transaction.atomic():
        # Again, while nobody can add a version.
        rows = Package.objects.select_for_update(skip_locked=True).filter(id__in=doubtful).order_by("id")
        same = [r for r in rows if r.version == one_each[r.id].copy.version]
        for package_id, version in _doubtful(
            {r.id: (r.version, one_each[r.id].inventory_sha256) for r in same}
        ).items():
            noting.note_damage(
                [Finding(Problem.REGISTER, version)], now=now, package_id=package_id, store="", version=version
            )


def _doubtful(whole: dict[UUID, tuple[str, str]]) -> dict[UUID, str]:
    """Packages of which the ledger names a later version, or other bytes of this one; and that version."""
    ids = {i: (version_id(i, version), version_id(i, next_version(version))) for i, (version, _) in whole.items()}
    said = named([one for both in ids.values() for one in both])
    found: dict[UUID, str] = {}
    for package_id, (present, later) in ids.items():
        version, sha256 = whole[package_id]
        if later in said:
            found[package_id] = next_version(version)
        elif present in said and said[present].sha256 != sha256:
            found[package_id] = version
    return found


def behind_the_ledger(*, now: datetime) -> list[str]:
    """What the published ledger names and the database does not know: the database went back in time.

    The published tiles lie outside the database, so this is seen even where a store went back together with it.

    Returns:
        ``<package> v<n>`` for each version of a package that the register does not have, and ``ledger`` first where
        there are such entries at all.
    """
    try:
        lost = published_beyond_table()
    except Unavailable:
        return ["ledger"]  # what was published cannot be trusted or read: the audit says why
    if not lost:
        return []
    found = ["ledger"]
    for subjects in lost:
        found += [f"{package} {version}" for package, version in _versions_named(subjects)]
    known = dict(Package.objects.filter(id__in=[line.split()[0] for line in found[1:]]).values_list("id", "version"))
    return [found[0], *(line for line in dict.fromkeys(found[1:]) if not _has(known, line))]


def _versions_named(subjects: Iterable[Subject]) -> list[tuple[UUID, str]]:
    """Versions can be told from their ids only by trying: an entry names the package first, its version last."""
    ids = [subject.id for subject in subjects]
    last = ids[-1:]
    return [
        (package, f"v{number}")
        for package in ids[:-1]
        for number in range(1, _VERSIONS_AHEAD + 1)
        if version_id(package, f"v{number}") in last
    ]


def _has(known: dict[UUID, str], line: str) -> bool:
    package, version = line.split()
    return int(known.get(UUID(package), "v0")[1:]) >= int(version[1:])
