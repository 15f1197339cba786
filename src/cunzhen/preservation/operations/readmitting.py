"""Rows of the register put right after it was lost or altered: copies that were found, packages that never were."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from cunzhen.database.rows import copy_rows
from cunzhen.formats.ocfl import INVENTORY
from cunzhen.formats.ocfl_check import Finding, Problem
from cunzhen.preservation.models import Damage, PackageCopy, Quarantine
from cunzhen.preservation.operations import noting

_State = PackageCopy.State


def register_copies(copies: Sequence[PackageCopy], *, now: datetime) -> None:
    """Add the rows of copies that are not registered; one that is damaged is noted as such, so that repair mends it.

    A row that is there stays as it is, but that the version of a whole copy is put right. None was checked yet.

    Args:
        copies: not saved; their packages are in the register.
        now: when they were found.
    """
    present = {
        (row.package_id, row.store): row
        for row in PackageCopy.objects.filter(package_id__in={copy.package_id for copy in copies})
    }
    fresh = [copy for copy in copies if (copy.package_id, copy.store) not in present]
    for copy in copies:
        row = present.get((copy.package_id, copy.store))
        if row is not None and copy.state == row.state == _State.KEPT and copy.version != row.version:
            PackageCopy.objects.filter(id=row.id).update(version=copy.version, checked_at=None)
    copy_rows(fresh)
    for copy in fresh:
        if copy.state == _State.DAMAGED:
            noting.note_damage(
                [Finding(Problem.INVENTORY, INVENTORY)],
                now=now,
                package_id=copy.package_id,
                store=copy.store,
                version=copy.version,
            )


def forget_packages(ids: Collection[UUID]) -> None:
    """Take out what hangs on packages that neither stores nor ledger know; the caller takes out the packages' rows."""
    for table in (PackageCopy, Damage, Quarantine):
        table._default_manager.filter(package_id__in=ids).delete()
