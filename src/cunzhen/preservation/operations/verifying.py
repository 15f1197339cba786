"""Checking packages: every byte of every copy against its inventory, that against the register, and both ways round."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from cunzhen.preservation import queries
from cunzhen.preservation.examining import judge
from cunzhen.preservation.fixity import CopyToCheck
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.preservation.operations import noting
from cunzhen.preservation.operations.strays import extra_in, in_batches
from cunzhen.preservation.rules import BadPackage, Finding, PackageReport, Problem, object_id, unknown_store
from cunzhen.preservation.store import Store


def verify_packages(
    sample: int | None = None, *, only: Collection[UUID] | None = None, now: datetime | None = None
) -> PackageReport:
    """Hash every file of packages in every store they are promised to; compare with inventory, sidecar and register.

    1. Packages are taken from the register in batches, hashed by threads, and looked at again under a lock before
       anything bad is said of them, so that a version being added at this moment is no alarm.
    2. Without a sample, each store is walked for what has no row.

    Args:
        sample: how many packages to draw at random; None for all of them. A sample cannot find extra ones.
        only: these packages and nothing else; None for all.
        now: time noted as that of the check; default the present.

    Raises:
        Unavailable: ``P-10`` to ``P-13``, ``P-41`` on, where a store cannot be looked at.
    """
    stores = queries.stores()
    round_ = _Round(stores, now or timezone.now())
    for store in stores:
        round_.bad += [BadPackage(None, store.name, Problem.ROOT_FILE, path) for path in store.root_problems()]
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1), thread_name_prefix="verify") as pool:
        for batch in in_batches(_ids(sample) if only is None else only):
            round_.check(batch, pool)
    if sample is None and only is None:
        for store in stores:
            round_.extra += extra_in(store)
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
        """Check one batch of packages in every store they are promised to and note the result with their copies."""
        rows = list(Package.objects.filter(id__in=ids).order_by("id"))
        promised = _promised(rows)
        for name in sorted(promised.keys() - {store.name for store in self.stores}):
            raise unknown_store(name)
        there = {copy.package_id for copies in promised.values() for copy in copies}
        self.missing |= dict.fromkeys(r.id for r in rows if r.id not in there)
        for store in self.stores:
            copies = promised[store.name]
            found = list(zip(copies, pool.map(partial(_check, store), copies), strict=True))
            with transaction.atomic():
                noting.note_whole([copy for copy, findings in found if not findings], actor=None, now=self.now)
            suspects = {copy.package_id: copy for copy, findings in found if findings}
            if suspects:
                self._confirm(store, suspects)
        self.checked += len(rows)

    def _confirm(self, store: Store, suspects: dict[UUID, CopyToCheck]) -> None:
        """Look again while nobody can add a version; a package being revised right now is left to the next round."""
        with transaction.atomic():
            rows = Package.objects.select_for_update(skip_locked=True).filter(id__in=suspects).order_by("id")
            for row in rows:
                copy = replace(suspects[row.id], version=row.version, inventory_sha512=row.inventory_sha512)
                findings = _check(store, copy)
                verdict = judge(store, copy, findings, self.now) if findings else []
                if verdict:
                    self._note(copy, verdict)
                elif verdict is not None:
                    noting.note_whole([copy], actor=None, now=self.now)

    def _note(self, copy: CopyToCheck, findings: Sequence[Finding]) -> None:
        noting.note_bad(copy, findings, now=self.now)
        if findings[0].code == Problem.MISSING:
            self.missing[copy.package_id] = None
        else:
            self.bad += [BadPackage(copy.package_id, copy.store, f.code, f.path) for f in findings]


def _promised(rows: Sequence[Package]) -> dict[str, list[CopyToCheck]]:
    """The copies of some packages that each store should have."""
    by_id = {row.id: row for row in rows}
    found: dict[str, list[CopyToCheck]] = defaultdict(list)
    for copy in PackageCopy.objects.filter(package_id__in=by_id).order_by("package_id", "store"):
        row = by_id[copy.package_id]
        found[copy.store].append(
            CopyToCheck(
                copy.id,
                row.id,
                copy.store,
                row.version,
                row.inventory_sha512,
                row.byte_count,
                copy.state == PackageCopy.State.KEPT,
            )
        )
    return found


def _check(store: Store, copy: CopyToCheck) -> list[Finding]:
    return store.check(object_id(copy.package_id), copy.version, copy.inventory_sha512)


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
