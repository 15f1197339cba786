"""Corrected descriptions: into their packages at once, or by the thousand into a change-set that is folded in later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from cunzhen.accounts.rules import Actor
from cunzhen.database.rows import copy_rows
from cunzhen.errors import CunzhenError, Unavailable
from cunzhen.formats.change_set import CHANGES_PATH, Change, ChangeSet, changed, write_change_set
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.mets import METS_PATH, Description, read_mets, write_mets
from cunzhen.jobs import enqueue, stopping
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.preservation import queries
from cunzhen.preservation.fixity import version_subject
from cunzhen.preservation.models import Package, PackageCopy, PendingChange
from cunzhen.preservation.operations.keeping import keep_packages, revise_packages
from cunzhen.preservation.rules import ContentFile, KeptPackage, NewDescription, NewPackage, Revision

_BATCH = 100  # packages of one transaction; its entry names each of them, and an entry has a longest length
# What is wrong with one package and no reason to leave the others as they are.
_OF_ONE_PACKAGE = frozenset({"P-03", "P-08", "P-14", "P-15", "P-31", "P-70", "P-71"})


def revise_descriptions(revised: Sequence[NewDescription], *, now: datetime) -> list[KeptPackage]:
    """Put new descriptions, and files that come with them, into packages as a new version of each.

    The caller holds the items, has read each description by ``queries.read_description`` and built upon it, so what
    waited to be folded in is in it.

    Raises:
        as ``revise_packages``. Invalid: ``P-30`` a description cannot be written.
    """
    revisions = [Revision(r.id, (*r.files, _mets(r.description)), r.message, r.author, r.created_at) for r in revised]
    with transaction.atomic():
        kept = revise_packages(revisions, now=now)
        PendingChange.objects.filter(package_id__in=[r.id for r in revised]).delete()
    return kept


def keep_change_set(change_set: ChangeSet, *, author: str, message: str, now: datetime) -> KeptPackage:
    """Keep a change-set, durable in every store that has a copy of a package it changes; a job folds it in later.

    From the caller's commit on ``queries.read_description`` reads the packages with it.

    Args:
        change_set: its id becomes that of the package that holds it.
        author, message: stand in its inventory.

    Raises:
        as ``keep_packages``. Invalid: ``P-72`` an item stands in it twice.
    """
    ids = [change.item_id for change in change_set.changes]
    copies = PackageCopy.objects.filter(package_id__in=ids).order_by("store")
    new = NewPackage(
        id=change_set.id,
        files=(ContentFile(CHANGES_PATH, write_change_set(change_set)),),
        message=message,
        author=author,
        created_at=now,
        stores=tuple(copies.values_list("store", flat=True).distinct()),
        kind=Package.Kind.CHANGES.value,
    )
    with transaction.atomic():
        [kept] = keep_packages([new], now=now)
        copy_rows([_pending(change, change_set.id) for change in change_set.changes])
        enqueue("fold_changes", change_set=str(change_set.id))
    return kept


def fold_changes(actor: Actor, *, change_set_id: UUID, clock: Callable[[], datetime]) -> int:
    """Fold what waits of a change-set into its packages, a batch a transaction; safe to repeat and to be cut off.

    1. Packages are taken in the order of their ids and locked, so that two never fold the same.
    2. Whatever waits for a package, of this change-set or of others, goes into one new version of it that names them.
    3. Rows and one ledger entry a batch. A package that cannot be read is passed over and the others are folded.

    Args:
        change_set_id: of the change-set.
        clock: gives the present.

    Returns:
        How many packages were folded.

    Raises:
        Refused. Unavailable: ``P-73`` asked to stop, ``P-74`` where some packages could not be folded; and as
        ``revise_packages`` where a store does not serve. The rest stays as it is and waits.
    """
    actor.require("fold_changes")
    folded = left = 0
    last = UUID(int=0)
    while ids := _waiting(change_set_id, last):
        _go_on()
        done = _fold_some(actor, change_set_id, ids, clock())
        folded, left, last = folded + done, left + len(ids) - done, ids[-1]
    if left:
        raise Unavailable(
            "P-74",
            f"{left} 个保存包暂时无法并入更正：各份副本读不出完好的内容。请先修复副本，之后会自动并入。",
            f"{left} packages cannot take in their corrections: no copy of them is whole. Repair them first.",
            packages=left,
        )
    return folded


def _go_on() -> None:
    if stopping():
        raise Unavailable(
            "P-73", "系统正在停止，其余更正稍后并入。", "The worker is asked to stop; the rest is folded later."
        )


def _waiting(change_set_id: UUID, after: UUID) -> list[UUID]:
    rows = PendingChange.objects.filter(change_set_id=change_set_id, package_id__gt=after).order_by("package_id")
    return list(rows.values_list("package_id", flat=True)[:_BATCH])


def _fold_some(actor: Actor, change_set_id: UUID, ids: Sequence[UUID], now: datetime) -> int:
    """How many of them were folded; where one stands in the way of a batch, each for itself."""
    try:
        _fold(actor, change_set_id, ids, now)
        return len(ids)
    except CunzhenError as error:
        if error.code not in _OF_ONE_PACKAGE:
            raise
    return 0 if len(ids) == 1 else sum(_fold_some(actor, change_set_id, [one], now) for one in ids)


def _fold(actor: Actor, change_set_id: UUID, ids: Sequence[UUID], now: datetime) -> None:
    with transaction.atomic():
        # In the order of ids, as everywhere, so that two can never wait for each other in a ring.
        loaded = Package.objects.select_for_update().filter(id__in=ids).order_by("id").prefetch_related("copies")
        packages = {package.id: package for package in loaded}
        waiting = queries.pending_changes(ids)
        failpoint("fold-1-locked")
        folded = {one: _folded(packages[one], changes) for one, changes in waiting.items()}
        messages = _messages(ids)
        revised = [
            NewDescription(one, description, messages[one], actor.name, now)
            for one, description in folded.items()
            if description is not None
        ]
        kept = revise_descriptions(revised, now=now)
        PendingChange.objects.filter(package_id__in=list(waiting)).delete()
        failpoint("fold-2-kept")
        if kept:
            subjects = (Subject(change_set_id), *(Subject(k.id) for k in kept), *map(version_subject, kept))
            record([NewEntry("fold_changes", actor.id, actor.agency_id, subjects, {"packages": len(kept)})], at=now)
        failpoint("fold-3-recorded")


def _folded(package: Package, changes: Sequence[Change]) -> Description | None:
    """The description with what waits for it, None where it has all of that already."""
    before = read_mets(queries.read_loaded(package, METS_PATH))
    description = before
    for change in changes:
        if change.version > description.version:
            description = changed(description, change)
    return None if description is before else description


def _messages(ids: Sequence[UUID]) -> dict[UUID, str]:
    """What the new version of each package is called: it names the change-sets that it takes in."""
    sets: dict[UUID, list[str]] = {}
    rows = PendingChange.objects.filter(package_id__in=ids).order_by("package_id", "version")
    for package_id, change_set in rows.values_list("package_id", "change_set_id"):
        sets.setdefault(package_id, []).append(str(change_set))
    return {package_id: f"并入变更集 {'、'.join(names)}" for package_id, names in sets.items()}


def _mets(description: Description) -> ContentFile:
    return ContentFile(METS_PATH, write_mets(description))


def _pending(change: Change, change_set_id: UUID) -> PendingChange:
    return PendingChange(id=uuid7(), package_id=change.item_id, change_set_id=change_set_id, version=change.version)
