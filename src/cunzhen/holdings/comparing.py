"""The tables against the packages, some hundred packages at a time, all of them in one state of the database."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction

from cunzhen.errors import Unavailable
from cunzhen.holdings import asserted, counters
from cunzhen.holdings.asserted import Assertion
from cunzhen.holdings.changes_waiting import changes_from
from cunzhen.holdings.models import ArchivalCode, Item, Page
from cunzhen.holdings.queries import open_words
from cunzhen.holdings.rows import TABLES
from cunzhen.holdings.telling import Told, Untold, copies_of, tell
from cunzhen.keys.fields import SealedField
from cunzhen.keys.sealing import unseal
from cunzhen.preservation.models import Package, PackageCopy, PendingChange
from cunzhen.preservation.unregistered import serving_stores

_COMPARED: tuple[type[models.Model], ...] = (Package, *TABLES, PendingChange)
_OWNER = {Package: "id", Item: "id", PendingChange: "package_id"}
# What makes a row the same row where its own key means nothing; such a key is not compared.
_KEYS: dict[type[models.Model], tuple[str, ...]] = {ArchivalCode: ("code",), PendingChange: ("version",)}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Packages to compare.

    Args:
        ids: of packages or items.
        snapshot: state of the database to look at; None for the present one.
        waiting: (item, change-set, version) of every change of these items in a change-set.
    """

    ids: tuple[UUID, ...]
    snapshot: str | None = None
    waiting: tuple[tuple[UUID, UUID, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A row that is not what its package says; no columns where all of it is missing or too much.

    Args:
        table: as the database calls it. key: of the row. columns: that differ.
        package: that it belongs to. code: archival code by the package, empty where it has none.
        is_extra: whether no package says such a row.
    """

    table: str
    key: str
    columns: tuple[str, ...]
    package: UUID
    code: str = ""
    is_extra: bool = False


@dataclass(slots=True)
class Compared:
    """What one chunk gave."""

    count: int = 0
    differences: list[RowDifference] = field(default_factory=list)
    untold: list[Untold] = field(default_factory=list)
    assertions: list[Assertion] = field(default_factory=list)
    numbers: dict[tuple[UUID, str, int], int] = field(default_factory=dict)


def compare(chunk: Chunk) -> Compared:
    """Compare every row of some packages and their items, column by column."""
    if chunk.snapshot is None or connection.in_atomic_block:  # the process that holds this state itself
        return _compare(chunk)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET TRANSACTION SNAPSHOT %s", [chunk.snapshot])
        return _compare(chunk)


def _compare(chunk: Chunk) -> Compared:
    stores, _ = serving_stores()
    known: dict[UUID, list[tuple[int, UUID]]] = {}
    for item, change_set, version in chunk.waiting:
        known.setdefault(item, []).append((version, change_set))
    told, untold = tell(chunk.ids, stores, changes_from(known, stores))
    found = Compared(count=len(told), differences=differences(told), untold=untold)
    for one in told:
        if one.rows is not None and one.description is not None:
            said = [asserted.assertion_of(m) for m in one.rows.mentions]
            found.assertions += [assertion for assertion in said if assertion is not None]
            for key, number in counters.numbers_in(one.description):
                found.numbers[key] = max(number, found.numbers.get(key, 0))
    return found


def differences(told: Sequence[Told]) -> list[RowDifference]:
    """Every row of some packages and their items that is not what the packages say."""
    ids = [one.package.id for one in told]
    present = {table: _present(table, ids) for table in _COMPARED}
    copies = _copies(ids)
    return [d for one in told for d in (*_differences(one, present), *_copy_differences(one, copies))]


def _differences(
    told: Told, present: dict[type[models.Model], dict[UUID, list[tuple[Any, ...]]]]
) -> Iterator[RowDifference]:
    package = told.package.id
    code = told.rows.item.archival_code if told.rows is not None else ""
    expected: list[tuple[type[models.Model], Sequence[models.Model]]] = [(Package, (told.row,))]
    expected += told.rows.by_table if told.rows is not None else [(table, ()) for table in TABLES]
    pending = [PendingChange(package_id=package, change_set_id=s, version=v) for s, v in told.pending]
    expected.append((PendingChange, pending))
    for table, rows in expected:
        shape = _shape(table)
        said = {shape.key(values): values for values in map(shape.of_model, rows)}
        for values in present[table].get(package, ()):
            key = shape.key(values)
            wanted = said.pop(key, None)
            columns = () if wanted is None else shape.differing(wanted, values)
            if wanted is None or columns:
                yield RowDifference(shape.table, shape.shown(key), columns, package, code, wanted is None)
        for key in said:
            yield RowDifference(shape.table, shape.shown(key), (), package, code)


def _copies(ids: Sequence[UUID]) -> dict[tuple[UUID, str], tuple[str, str]]:
    rows = PackageCopy.objects.filter(package_id__in=ids).values_list("package_id", "store", "version", "state")
    return {(package, store): (version, state) for package, store, version, state in rows}


def _copy_differences(told: Told, present: dict[tuple[UUID, str], tuple[str, str]]) -> Iterator[RowDifference]:
    """Copies that lie in stores and that the register does not know, or has another version of; their state is the
    scrub's to judge.
    """
    table, package = PackageCopy._meta.db_table, told.package.id
    code = told.rows.item.archival_code if told.rows is not None else ""
    for copy in copies_of(told, ()):
        known = present.get((package, copy.store))
        if known is None:
            yield RowDifference(table, copy.store, (), package, code)
        elif copy.state == known[1] == PackageCopy.State.KEPT and known[0] != copy.version:
            yield RowDifference(table, copy.store, ("version",), package, code)


@dataclass(frozen=True)
class _Shape:
    """The columns of a table that are compared, and how a value of each is read."""

    table: str
    names: tuple[str, ...]
    columns: tuple[str, ...]
    readers: tuple[Callable[[Any], Any], ...]
    at_key: tuple[int, ...]

    def key(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """What makes a row the same row."""
        return tuple(values[n] for n in self.at_key)

    def shown(self, key: tuple[Any, ...]) -> str:
        """The key as people read it."""
        return " ".join(map(str, key))

    def of_model(self, row: models.Model) -> tuple[Any, ...]:
        """The values of a row that was not saved."""
        return tuple(getattr(row, name) for name in self.names)

    def of_record(self, record: Sequence[Any]) -> tuple[Any, ...]:
        """The values of a row as the driver gives it."""
        return tuple(read(value) for read, value in zip(self.readers, record, strict=True))

    def differing(self, wanted: tuple[Any, ...], found: tuple[Any, ...]) -> tuple[str, ...]:
        """Columns in which two rows differ."""
        pairs = zip(self.columns, wanted, found, strict=True)
        return tuple(column for column, expected, value in pairs if expected != value)


@cache
def _shape(table: type[models.Model]) -> _Shape:
    natural = _KEYS.get(table)
    fields = [f for f in table._meta.local_concrete_fields if not (natural and f.primary_key)]
    names = tuple(f.attname for f in fields)
    key = natural or (next(f.attname for f in fields if f.primary_key),)
    return _Shape(
        table._meta.db_table,
        names,
        tuple(f.column or f.attname for f in fields),
        tuple(_reader(table, f) for f in fields),
        tuple(names.index(name) for name in key),
    )


def _present(table: type[models.Model], ids: Sequence[UUID]) -> dict[UUID, list[tuple[Any, ...]]]:
    """Rows of some packages or items as the table has them; values are opened here, so that an altered one shows."""
    shape, owner = _shape(table), _OWNER.get(table, "item_id")
    columns = ", ".join(f'"{column}"' for column in (owner, *shape.columns))
    found: dict[UUID, list[tuple[Any, ...]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {shape.table} WHERE {owner} = ANY(%s)", [list(ids)])  # noqa: S608
        for record in cursor.fetchall():
            found.setdefault(record[0], []).append(shape.of_record(record[1:]))
    return found


class _Unreadable:
    """A value that cannot be opened: it equals nothing."""


def _reader(table: type[models.Model], column: Any) -> Callable[[Any], Any]:
    if table is Page and column.attname == "words":
        return lambda value: _opened(lambda: open_words(value))
    if isinstance(column, SealedField):
        return lambda value: None if value is None else _opened(lambda: unseal(column.purpose, bytes(value)).decode())
    if isinstance(column, models.JSONField):
        return lambda value: json.loads(value) if isinstance(value, str) else value
    return lambda value: value


def _opened(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Unavailable as error:
        if error.code != "K-03":
            raise
        return _Unreadable()
    except (ValueError, zlib.error):
        return _Unreadable()
