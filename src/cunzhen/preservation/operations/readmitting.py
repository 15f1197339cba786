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


def register_copies(copies: Sequence[PackageCopy], *, now: datetime) -> None:
    """Add rows of copies; one that is damaged is noted as such, so that repair mends it. None was checked yet.

    Args:
        copies: not saved; their packages are in the register.
        now: when they were found.
    """
    copy_rows(copies)
    for copy in copies:
        if copy.state == PackageCopy.State.DAMAGED:
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
