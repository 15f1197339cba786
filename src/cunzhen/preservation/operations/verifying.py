"""Checking packages: every byte of every copy against its inventory, that against the register, and both ways round."""

from __future__ import annotations

import os
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from cunzhen.formats.ocfl import object_path
from cunzhen.preservation import queries
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.preservation.operations.claims import claimed
from cunzhen.preservation.rules import BadPackage, Finding, PackageReport, Problem, object_id, package_id
from cunzhen.preservation.store import Store

_BATCH = 500
_State = PackageCopy.State
_T = TypeVar("_T")


def verify_packages(sample: int | None = None, *, now: datetime | None = None) -> PackageReport:
    """Hash every file of packages in every store and compare with inventory, sidecar and register.

    1. Packages are taken from the register in batches, hashed by threads, and looked at again under a lock before
       anything bad is said of them, so that a version being added at this moment is no alarm.
    2. Without a sample, each store is walked for what has no row.

    Args:
        sample: how many packages to draw at random; None for all of them. A sample cannot find extra ones.
        now: time noted as that of the check; default the present.

    Raises:
        Unavailable: ``P-10`` to ``P-13``, where a store cannot be looked at.
    """
    stores = queries.stores()
    round_ = _Round(stores, now or timezone.now())
    for store in stores:
        round_.bad += [BadPackage(None, store.name, Problem.ROOT_FILE, path) for path in store.root_problems()]
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1), thread_name_prefix="verify") as pool:
        for batch in _batches(_ids(sample)):
            round_.check(batch, pool)
    if sample is None:
        for store in stores:
            damaged = {object_path(object_id(b.id)) for b in round_.bad if b.id and b.store == store.name}
            round_.extra += _extra(store, damaged)
    return PackageReport(round_.checked, tuple(round_.bad), tuple(round_.extra), tuple(round_.missing))


@dataclass
class _Round:
    """What one round has found so far."""

    stores: Sequence[Store]
    now: datetime
    checked: int = 0
    bad: list[BadPackage] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    missing: dict[UUID, None] = field(default_factory=dict)  # in the order found, each once

    def check(self, ids: Sequence[UUID], pool: ThreadPoolExecutor) -> None:
        """Check one batch of packages in every store and note the result with their copies."""
        rows = list(Package.objects.filter(id__in=ids).order_by("id"))
        for store in self.stores:
            found = dict(zip([r.id for r in rows], pool.map(partial(_check, store), rows), strict=True))
            suspects = {i: findings for i, findings in found.items() if findings}
            confirmed = _confirm(store, suspects) if suspects else {}
            self._note(store, confirmed, [i for i in found if i not in suspects])
        self.checked += len(rows)

    def _note(self, store: Store, confirmed: dict[UUID, list[Finding]], whole: list[UUID]) -> None:
        missing = [i for i, findings in confirmed.items() if findings and findings[0].code == Problem.MISSING]
        damaged = [i for i, findings in confirmed.items() if findings and i not in missing]
        self.missing |= dict.fromkeys(missing)
        self.bad += [BadPackage(i, store.name, f.code, f.path) for i in damaged for f in confirmed[i]]
        whole += [i for i, findings in confirmed.items() if not findings]
        for state, ids in ((_State.KEPT, whole), (_State.MISSING, missing), (_State.DAMAGED, damaged)):
            PackageCopy.objects.filter(store=store.name, package_id__in=ids).update(state=state, checked_at=self.now)


def _check(store: Store, row: Package) -> list[Finding]:
    return store.check(object_id(row.id), row.version, row.inventory_sha512)


def _confirm(store: Store, suspects: dict[UUID, list[Finding]]) -> dict[UUID, list[Finding]]:
    """Look again while nobody can add a version; a package being revised right now is left to the next round."""
    with transaction.atomic():
        rows = Package.objects.select_for_update(skip_locked=True).filter(id__in=suspects).order_by("id")
        return {row.id: _check(store, row) for row in rows}


def _ids(sample: int | None) -> Iterator[UUID]:
    if sample is not None:
        yield from _drawn(sample)
        return
    yield from Package.objects.order_by("id").values_list("id", flat=True).iterator(chunk_size=10_000)


def _drawn(sample: int) -> list[UUID]:
    """Ids drawn at random, each with the same chance, without sorting the whole table."""
    total = Package.objects.count()
    # Somewhat more than asked for, so that the draw below hardly ever comes short.
    share = min(100.0, 100.0 * (sample * 1.2 + 50) / total) if total else 100.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM preservation_package TABLESAMPLE BERNOULLI (%s)", [share])
        found = [row[0] for row in cursor.fetchall()]
    return sorted(random.SystemRandom().sample(found, min(sample, len(found))))


def _extra(store: Store, damaged: Collection[str]) -> list[str]:
    """What lies in the store and has no row, as ``store:path``; a package known to be damaged may not tell its id."""
    extra: list[str] = []
    for places in _batches(store.walk()):
        ids = {package_id(p.object_id): p.path for p in places}
        extra += [p.path for p in places if package_id(p.object_id) is None and p.path not in damaged]
        known = set(Package.objects.filter(id__in=[i for i in ids if i]).values_list("id", flat=True))
        doubtful = [i for i in ids if i is not None and i not in known]
        if doubtful:
            with claimed(doubtful) as (free, _):
                extra += [ids[i] for i in free]
    return [f"{store.name}:{path}" for path in sorted(extra)]


def _batches(things: Iterable[_T]) -> Iterator[list[_T]]:
    iterator = iter(things)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
