"""Keeping the registry: what packages of items refer to goes into a package of its own, at each change of the
set-up.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from cunzhen.errors import Conflict
from cunzhen.formats.registry import REGISTRY_PATH, Registry, records, write_registry
from cunzhen.holdings import registry
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.ledger.queries import named
from cunzhen.preservation.fixity import version_subject
from cunzhen.preservation.models import Package
from cunzhen.preservation.operations import keep_packages, promise_copies, revise_packages
from cunzhen.preservation.rules import ContentFile, KeptPackage, NewPackage, Revision
from cunzhen.preservation.store import configured_names

_ONE_AT_A_TIME = 0x63756E7A02  # advisory lock: two changes of the set-up never write the same version
_AUTHOR = "存真系统"


def keep_registry(*, actor_id: UUID, agency_id: UUID, changed: Collection[UUID], now: datetime) -> KeptPackage | None:
    """Keep agencies, schedules, fonds and series as they are now; whoever changes one of them calls this at the end.

    1. The lock, for the caller's transaction. 2. What the package has; nothing is done where that is the same.
    3. Only rows that the caller changed may differ, and rows that are new and known to the ledger: a row that was
       altered past the program does not get into the package this way. 4. A version of the package, and its entry.

    Args:
        actor_id, agency_id: for the ledger.
        changed: ids of the rows that the caller added or changed.

    Returns:
        The version that was kept; None where nothing had changed.

    Raises:
        Conflict: ``H-40`` another row differs too. As ``keep_packages`` and ``revise_packages``.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
        before, present = registry.kept(), registry.catalogued()
        if present == before:
            return None
        _require_expected(before, present, changed)
        kept = _keep(write_registry(present), is_first=before is None, now=now)
        subjects = (Subject(kept.id), version_subject(kept))
        record([NewEntry("keep_registry", actor_id, agency_id, subjects, {"version": kept.version})], at=now)
    return kept


def _require_expected(before: Registry | None, present: Registry, changed: Collection[UUID]) -> None:
    old, new = records(before) if before else {}, records(present)
    strange = {i for i in old if new.get(i) != old[i]} - set(changed)
    added = new.keys() - old.keys() - set(changed) if before else set()
    strange |= added - named(added).keys()
    if strange:
        raise Conflict(
            "H-40",
            "机构、全宗、类别或保管期限表中有绕过系统改动的内容，未写入登记包。请先运行 cunzhen verify --catalogue。",
            "Agencies, fonds, series or schedules were altered past the program; the registry was not written. Run "
            "cunzhen verify --catalogue first.",
            rows=len(strange),
        )


def _keep(data: bytes, *, is_first: bool, now: datetime) -> KeptPackage:
    files, one = (ContentFile(REGISTRY_PATH, data),), registry.own_id()
    if is_first:
        new = NewPackage(one, files, "登记", _AUTHOR, now, kind=Package.Kind.REGISTRY.value)
        return keep_packages([new], now=now)[0]
    [kept] = revise_packages([Revision(one, files, "登记变更", _AUTHOR, now)], now=now)
    promise_copies([one], configured_names(), now=now)  # a store that came since gets it by repair
    return kept
