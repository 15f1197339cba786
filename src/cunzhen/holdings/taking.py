"""Taking packages into an empty place of the catalogue, or in place of rows that do not agree with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db import DataError, IntegrityError, connection, models, transaction
from uuid_utils.compat import uuid7

from cunzhen.database.rows import copy_rows
from cunzhen.holdings import asserted
from cunzhen.holdings.models import Item, Series
from cunzhen.holdings.rows import TABLES, add_rows
from cunzhen.holdings.telling import Told, Untold, copies_of, tell
from cunzhen.preservation.models import Package, PackageCopy, PendingChange
from cunzhen.preservation.operations import register_copies
from cunzhen.preservation.store import configured_names
from cunzhen.preservation.unregistered import reachable_stores

PART = 200  # packages of one transaction
IN_THE_WAY = "H-44"


@dataclass(frozen=True, slots=True)
class Part:
    """Some packages; stores that are left out on purpose; the time that is noted with damaged copies."""

    ids: tuple[UUID, ...]
    without: tuple[str, ...]
    now: datetime


@dataclass(slots=True)
class Taken:
    """How many packages are in the catalogue now that were not, and which could not be taken in."""

    added: int = 0
    known: int = 0
    untold: list[Untold] = field(default_factory=list)


def parts_of(ids: Iterable[UUID], without: Collection[str], now: datetime) -> Iterator[Part]:
    """Packages in their order, some hundred at a time."""
    rest = iter(ids)
    while some := tuple(islice(rest, PART)):
        yield Part(some, tuple(without), now)


def take_in(part: Part) -> Taken:
    """Add the rows of packages that the register does not have yet; the others are passed over.

    Raises:
        Unavailable: a store does not serve.
    """
    known = set(Package.objects.filter(id__in=part.ids).values_list("id", flat=True))
    fresh = [one for one in part.ids if one not in known]
    if not fresh:
        return Taken(known=len(known))
    told, untold = tell(fresh, reachable_stores(part.without))
    added, clashing = _add_some(told, part.now)
    return Taken(added, len(known), [*untold, *(Untold(one, IN_THE_WAY) for one in clashing)])


def replace(told: Sequence[Told]) -> None:
    """Put what packages say in the place of what register and catalogue have of them; copies stay as they are.

    Runs in the caller's transaction.

    Raises:
        IntegrityError, DataError: a row of another item stands in the way.
    """
    with connection.wrap_database_errors:  # COPY speaks to the driver itself
        take_away([t.package.id for t in told])
        _add(told)


def take_away(ids: Collection[UUID]) -> None:
    """Take rows of packages and items away; what refers to them has to be there again, or to go, before the commit."""
    for table in reversed(TABLES):
        _delete(table, "id" if table is Item else "item_id", ids)
    _delete(PendingChange, "package_id", ids)
    _delete(Package, "id", ids)


def with_rows(ids: Collection[UUID]) -> set[UUID]:
    """Which of some packages and items have any row, be it one that refers to an item that does not exist."""
    columns: dict[type[models.Model], str] = dict.fromkeys(TABLES, "item_id")
    columns |= {Item: "id", Package: "id", PackageCopy: "package_id", PendingChange: "package_id"}
    found: set[UUID] = set()
    for table, column in columns.items():
        found |= set(table._default_manager.filter(**{f"{column}__in": ids}).values_list(column, flat=True))
    return found


def _add_some(told: Sequence[Told], now: datetime) -> tuple[int, list[UUID]]:
    """In one transaction; where one stands in the way of a batch, each for itself."""
    try:
        with transaction.atomic(), connection.wrap_database_errors:
            _add(told)
            wanted = policies(told)
            register_copies([c for t in told for c in copies_of(t, wanted[t.package.id])], now=now)
        return len(told), []
    except (IntegrityError, DataError):
        if len(told) == 1:
            return 0, [told[0].package.id]
    added: int = 0
    clashing: list[UUID] = []
    for one in told:
        count, wrong = _add_some([one], now)
        added, clashing = added + count, clashing + wrong
    return added, clashing


def _add(told: Sequence[Told]) -> None:
    copy_rows([t.row for t in told])
    items = [t.rows for t in told if t.rows is not None]
    asserted.put_subjects([m for rows in items for m in rows.mentions])
    add_rows(items)
    copy_rows(
        [
            PendingChange(id=uuid7(), package_id=t.package.id, change_set_id=change_set, version=version)
            for t in told
            for change_set, version in t.pending
        ]
    )
    with connection.cursor() as cursor:  # now, while it can still be told which batch it was
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def policies(told: Sequence[Told]) -> dict[UUID, list[str]]:
    """Stores that each package is promised to: by the policy of its series, all of them where it has none."""
    series = {t.package.id: t.description.series.id for t in told if t.description is not None}
    named = dict(Series.objects.filter(id__in=series.values()).values_list("id", "stores"))
    every = configured_names()
    wanted = {one: named.get(series[one]) if one in series else None for one in (t.package.id for t in told)}
    return {one: [name for name in every if not names or name in names] for one, names in wanted.items()}


def _delete(table: type[models.Model], column: str, ids: Collection[UUID]) -> None:
    """Without Django's own look at what refers to the rows: the database looks at the end."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table._meta.db_table} WHERE {column} = ANY(%s)", [list(ids)])  # noqa: S608
