"""Noting what a check or a repair found: states of copies, what is wrong, and the ledger's entries, in one place."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.db import connection

from cunzhen.accounts.rules import Actor
from cunzhen.formats.ocfl_check import Finding, Problem
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.preservation.fixity import CopyToCheck
from cunzhen.preservation.models import Damage, Package, PackageCopy, Quarantine

log = logging.getLogger("cunzhen.preservation")
_LISTED = 20
_State = PackageCopy.State

# The version goes along: a copy that got a new one since it was read is not said to be whole. A copy that somebody
# holds is left alone: whoever adds a version locks many copies in another order, and neither may wait for the other.
_WHOLE = """
WITH free AS (
    SELECT c.id FROM preservation_packagecopy c
    JOIN unnest(%(ids)s::uuid[], %(versions)s::text[]) AS checked(id, version) ON checked.id = c.id
    JOIN preservation_package p ON p.id = c.package_id
    WHERE p.version = checked.version AND c.version = checked.version AND c.state = 'kept'
    FOR UPDATE OF c SKIP LOCKED
)
UPDATE preservation_packagecopy c SET checked_at = %(now)s FROM free WHERE c.id = free.id RETURNING c.id
"""


def note_whole(copies: Sequence[CopyToCheck], *, actor: Actor | None, now: datetime) -> set[UUID]:
    """Copies were found whole; those that were known to be bad are settled as found whole. Call it in a transaction.

    Args:
        copies: as they were checked.
        actor: recorded where a bad copy is found whole; None where a mere look leaves no entry.
        now: of the check.

    Returns:
        Ids of the copies that this was noted of; the others got a new version, or are getting one.
    """
    noted = _settle_whole([copy for copy in copies if not copy.is_kept], actor, now)
    fresh = [copy for copy in copies if copy.is_kept]
    with connection.cursor() as cursor:
        cursor.execute(_WHOLE, {"now": now, "ids": [c.copy_id for c in fresh], "versions": [c.version for c in fresh]})
        return noted | {row[0] for row in cursor.fetchall()}


def _settle_whole(copies: Sequence[CopyToCheck], actor: Actor | None, now: datetime) -> set[UUID]:
    """Those that were bad when they were read, unless another version has come since."""
    ids = {copy.package_id for copy in copies}
    rows = Package.objects.select_for_update(skip_locked=True).filter(id__in=ids).order_by("id")
    versions = {row.id: row.version for row in rows} if ids else {}
    same = [copy for copy in copies if versions.get(copy.package_id) == copy.version]
    for copy in same:
        settle(copy, Damage.Outcome.FOUND_WHOLE, sources=(), actor=actor, now=now)
    return {copy.copy_id for copy in same}


def note_bad(copy: CopyToCheck, findings: Sequence[Finding], *, now: datetime) -> bool:
    """A copy is damaged or missing.

    Returns:
        whether that is news.
    """
    state = _State.MISSING if findings[0].code == Problem.MISSING else _State.DAMAGED
    row = PackageCopy.objects.filter(id=copy.copy_id)
    # A copy that was promised later and never made yet is no damage.
    is_promised = state == _State.MISSING and row.filter(state=_State.MISSING).exists()
    row.update(state=state, checked_at=now)
    return not is_promised and note_damage(
        findings, now=now, package_id=copy.package_id, store=copy.store, version=copy.version
    )


def note_damage(
    findings: Sequence[Finding], *, now: datetime, package_id: UUID | None, store: str, version: str = ""
) -> bool:
    """Keep what is wrong until it is settled; each thing is open once.

    Args:
        findings: at least one.
        now: when it was found.
        package_id: None where it is in a store's own files.
        store: empty where it is in the register.
        version: that the package should have.

    Returns:
        whether that is news.
    """
    problems = [[str(f.code), f.path] for f in findings[:_LISTED]]
    said = {"problems": problems, "problem_count": len(findings), "version": version}
    _, made = Damage.objects.update_or_create(
        package_id=package_id, store=store, settled_at=None, defaults=said, create_defaults=said | {"found_at": now}
    )
    if made:
        log.warning("P-V %s: package %s, store %s", problems[0][0], package_id or "-", store or "-")
    return made


def settle(
    copy: CopyToCheck, outcome: Damage.Outcome, *, sources: Collection[str], actor: Actor | None, now: datetime
) -> None:
    """A copy that was bad is whole: its state, its damage, its quarantine, and one entry of the ledger.

    Args:
        copy: with the version that it has now.
        outcome: how that came about.
        sources: stores that the right bytes came from.
        actor: who acts; None records nothing.
        now: aware time.
    """
    PackageCopy.objects.filter(id=copy.copy_id).update(state=_State.KEPT, version=copy.version, checked_at=now)
    found = Damage.objects.filter(package_id=copy.package_id, store=copy.store, settled_at=None)
    problems = sorted({code for damage in found for code, _ in damage.problems})
    found.update(settled_at=now, outcome=outcome, sources=sorted(sources))
    Quarantine.objects.filter(package_id=copy.package_id, lifted_at=None).update(lifted_at=now)
    if actor is None:
        return
    detail = {
        "store": copy.store,
        "version": copy.version,
        "problems": problems,
        "from": sorted(sources),
        "outcome": str(outcome),
    }
    record([NewEntry("repair_package", actor.id, actor.agency_id, (Subject(copy.package_id),), detail)], at=now)


def settle_root(store: str, *, actor: Actor, now: datetime) -> None:
    """A store's own files were written anew: its damage, and one entry of the ledger."""
    found = Damage.objects.filter(package=None, store=store, settled_at=None)
    paths = [path for damage in found for _, path in damage.problems]
    found.update(settled_at=now, outcome=Damage.Outcome.MENDED)
    detail = {"store": store, "files": paths, "problems": [str(Problem.ROOT_FILE)]}
    record([NewEntry("repair_package", actor.id, actor.agency_id, (Subject(store_id(store)),), detail)], at=now)


def forget_root(store: str, *, now: datetime) -> None:
    """A store's own files are as they should be again, by other hands than ours."""
    Damage.objects.filter(package=None, store=store, settled_at=None).update(
        settled_at=now, outcome=Damage.Outcome.FOUND_WHOLE
    )


def store_id(name: str) -> UUID:
    """The id by which the ledger names a store."""
    return uuid5(NAMESPACE_URL, f"urn:x-cunzhen:store:{settings.NODE}:{name}")


def note_quarantine(package: Package, lost: Sequence[str], files: int, *, actor: Actor, now: datetime) -> bool:
    """No copy of a package is whole and none can be put together. Recorded once, until it is lifted.

    Returns:
        whether that is news.
    """
    _, made = Quarantine.objects.get_or_create(
        package=package, lifted_at=None, defaults={"since": now, "file_count": files, "lost": list(lost)}
    )
    if not made:
        Quarantine.objects.filter(package=package, lifted_at=None).update(lost=list(lost), file_count=files)
        return False
    log.error("P-50 package %s: no copy has the right bytes of %d of %d files", package.id, len(lost), files)
    detail = {"version": package.version, "files": files, "lost": len(lost)}
    record([NewEntry("quarantine_package", actor.id, actor.agency_id, (Subject(package.id),), detail)], at=now)
    return True
