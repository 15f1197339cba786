"""Promising further copies of packages that are kept already; repair makes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from cunzhen.database.rows import copy_rows
from cunzhen.preservation.models import Package, PackageCopy


def promise_copies(package_ids: Collection[UUID], stores: Sequence[str], *, now: datetime) -> int:
    """Register a copy, marked missing, wherever a package has none in one of some stores.

    Args:
        package_ids: packages; those that are not kept are passed over.
        stores: names of stores.

    Returns:
        how many copies are promised now that were not before.
    """
    with transaction.atomic():
        # In the order of ids, as everywhere, so that two can never wait for each other in a ring.
        packages = list(Package.objects.select_for_update().filter(id__in=package_ids).order_by("id"))
        known = set(
            PackageCopy.objects.filter(package_id__in=package_ids, store__in=stores).values_list("package_id", "store")
        )
        rows = [
            PackageCopy(
                id=uuid7(),
                package_id=package.id,
                store=store,
                version=package.version,
                state=PackageCopy.State.MISSING,
                written_at=now,
            )
            for package in packages
            for store in stores
            if (package.id, store) not in known
        ]
        copy_rows(rows)
    return len(rows)
