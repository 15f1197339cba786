"""Finding out, without trusting any clock, whether an object without a row belongs to a transaction in flight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from django.db import IntegrityError, OperationalError, connection, transaction

from cunzhen.preservation.models import Package

_WAIT_MS = 500


@contextmanager
def claimed(ids: Sequence[UUID]) -> Iterator[tuple[set[UUID], set[UUID]]]:
    """Hold the ids that no transaction has committed or is about to commit.

    A row of each id is added and taken back at the end: while it stands nobody can keep a package of that id, and
    adding it waits for whoever is doing so.

    Args:
        ids: packages without a committed row, as far as anybody knows.

    Yields:
        (ids that are nobody's, ids that are in flight: a transaction holds them); the rest are committed.
    """
    free: set[UUID] = set()
    in_flight: set[UUID] = set()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {_WAIT_MS}")
        for package_id in sorted(ids):
            try:
                with transaction.atomic():
                    _claim(package_id)
                free.add(package_id)
            except IntegrityError:
                continue
            except OperationalError:
                in_flight.add(package_id)
        yield free, in_flight
        transaction.set_rollback(True)


def _claim(package_id: UUID) -> None:
    Package(
        id=package_id,
        node="",
        version="v1",
        inventory_sha512="0" * 128,
        byte_count=0,
        file_count=0,
        created_at=datetime(1970, 1, 1, tzinfo=UTC),
    ).save(force_insert=True)
