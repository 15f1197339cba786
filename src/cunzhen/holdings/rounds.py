"""Parts of a comparison that are asked of the database as a whole: what is to be compared, and what belongs to no
item.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, models

from cunzhen.database.rows import copy_tuples
from cunzhen.errors import CunzhenError, Unavailable
from cunzhen.formats.registry import REGISTRY_PATH, Registry, read_registry, records
from cunzhen.holdings import counters, registry, verdicts
from cunzhen.holdings.asserted import Assertion, assertion_of
from cunzhen.holdings.comparing import Chunk
from cunzhen.holdings.models import Item, Mention
from cunzhen.holdings.rows import TABLES
from cunzhen.holdings.rules import FILING_OPS
from cunzhen.holdings.verdicts import CatalogueFinding
from cunzhen.preservation.fixity import version_id
from cunzhen.preservation.models import Package, PackageCopy, PendingChange
from cunzhen.preservation.queries import no_copy
from cunzhen.preservation.store import Store
from cunzhen.preservation.unregistered import look, read

_CHUNK = 200
_LISTED = """
CREATE TEMPORARY TABLE listed ON COMMIT DROP AS
SELECT id FROM preservation_package UNION SELECT id FROM holdings_item
UNION SELECT (convert_from(body, 'UTF8')::json -> 'subjects' -> 0 ->> 'id')::uuid FROM ledger_entry WHERE op = ANY(%s)
"""
_WAITING = "CREATE TEMPORARY TABLE waiting (item uuid, change_set uuid, version integer) ON COMMIT DROP"
_SAMPLED = """
DELETE FROM listed WHERE id NOT IN (SELECT id FROM listed ORDER BY gen_random_uuid() LIMIT %s)
"""
_INDEXED = "CREATE INDEX ON waiting (item); CREATE UNIQUE INDEX ON listed (id); ANALYZE waiting; ANALYZE listed"
_NEXT = "SELECT id FROM listed WHERE id > %s ORDER BY id LIMIT %s"
_OF_THESE = "SELECT item, change_set, version FROM waiting WHERE item = ANY(%s)"
# Corrections whose entry ends with a version that is none of the item's own package end with a change-set's.
_CORRECTED = """
SELECT c.item, c.last, coalesce(p.version, 'v0') FROM (
    SELECT DISTINCT (convert_from(body, 'UTF8')::json -> 'subjects' -> 0 ->> 'id')::uuid AS item,
        (convert_from(body, 'UTF8')::json -> 'subjects' -> -1 ->> 'id')::uuid AS last
    FROM ledger_entry WHERE op = 'correct_items'
) c LEFT JOIN preservation_package p ON p.id = c.item
"""
_LOST = """
SELECT count(*) FROM ledger_entry e WHERE e.op = ANY(%s) AND NOT EXISTS (
    SELECT FROM holdings_item i WHERE i.id = (convert_from(e.body, 'UTF8')::json -> 'subjects' -> 0 ->> 'id')::uuid)
"""
_AT_ONCE = 10_000


def list_everything(changes: Iterable[tuple[UUID, UUID, int]], sample: int | None) -> int:
    """Note, in temporary tables, every package that register, catalogue or ledger know, and every change of an item.

    Args:
        changes: item, change-set and version.
        sample: how many packages to leave in the list, drawn at random; None for all.

    Returns:
        how many are in the list.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LISTED, [list(FILING_OPS)])
        cursor.execute(_WAITING)
    rest = iter(changes)
    while some := list(islice(rest, _AT_ONCE)):
        copy_tuples("waiting", ("item", "change_set", "version"), some)
    with connection.cursor() as cursor:
        if sample is not None:
            cursor.execute(_SAMPLED, [sample])
        cursor.execute(_INDEXED)
        cursor.execute("SELECT count(*) FROM listed")
        return int(cursor.fetchone()[0])


def listed_chunks(snapshot: str | None) -> Iterator[Chunk]:
    """What was listed, some hundred at a time."""
    after = UUID(int=0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_NEXT, [after, _CHUNK])
            ids = tuple(row[0] for row in cursor.fetchall())
            if not ids:
                return
            cursor.execute(_OF_THESE, [list(ids)])
            waiting = tuple(cursor.fetchall())
        yield Chunk(ids, snapshot, waiting)
        after = ids[-1]


def assertions_of(items: Collection[UUID]) -> list[Assertion]:
    """What the catalogue has of the mentions of some items; a number that cannot be opened says nothing."""
    found = []
    for key in Mention.objects.filter(item_id__in=items).order_by("id").values_list("id", flat=True):
        try:
            found.append(assertion_of(Mention.objects.get(id=key)))
        except Unavailable:
            continue
    return [one for one in found if one is not None]


def lost_count() -> int:
    """Items that the ledger saw filed and that the catalogue lacks."""
    with connection.cursor() as cursor:
        cursor.execute(_LOST, [list(FILING_OPS)])
        return int(cursor.fetchone()[0])


def orphans() -> Iterator[CatalogueFinding]:
    """Rows whose item or package does not exist at all, which the database's own rules do not let be."""
    owners: dict[type[models.Model], str] = {table: "item_id" for table in TABLES if table is not Item}
    for table, owner in (owners | {PackageCopy: "package_id", PendingChange: "package_id"}).items():
        name = table._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT r.id, r.{owner} FROM {name} r WHERE NOT EXISTS (SELECT FROM listed l WHERE l.id = r.{owner})"  # noqa: S608
                " ORDER BY r.id"
            )
            for key, item in cursor.fetchall():
                yield CatalogueFinding(verdicts.ROW_EXTRA, name, str(key), package=item)


def changes_missing() -> Iterator[CatalogueFinding]:
    """Change-sets that corrections in the ledger name and the register lacks; they are known by their version's id."""
    kept = Package.objects.filter(kind=Package.Kind.CHANGES).values_list("id", flat=True)
    known = {version_id(one, "v1") for one in kept}
    missing: dict[UUID, None] = {}
    with connection.chunked_cursor() as cursor:  # one row a correction: not all of them in memory
        cursor.execute(_CORRECTED)
        for item, last, version in cursor:
            if last not in known and last not in missing and not _is_own(item, last, version):
                missing[last] = None
    for last in missing:
        yield CatalogueFinding(verdicts.CHANGES_MISSING, "preservation_package", f"version {last}")


def _is_own(item: UUID, last: UUID, version: str) -> bool:
    return any(version_id(item, f"v{n}") == last for n in range(1, int(version[1:]) + 1))


def counter_differences(wanted: Mapping[tuple[UUID, int], int], lost: int) -> Iterator[CatalogueFinding]:
    """Counters that are not where the codes in all packages put them.

    Args:
        wanted: the highest number given, by series and year.
        lost: packages that tell nothing; a counter may be ahead by as many numbers.
    """
    present = counters.recorded()
    for series, year in sorted({*present, *wanted}, key=str):
        ahead = present.get((series, year), 0) - wanted.get((series, year), 0)
        if not 0 <= ahead <= lost:
            yield CatalogueFinding(verdicts.COUNTER, "holdings_codecounter", f"{series} {year}", ("last",))


def setup_differences(stores: Sequence[Store]) -> Iterator[CatalogueFinding]:
    """Agencies, schedules, fonds and series that differ from the registry's package."""
    own = registry.own_id()
    present = records(registry.catalogued())
    try:
        kept = records(kept_registry(stores))
    except CunzhenError as error:
        yield CatalogueFinding(verdicts.NOT_TOLD, "preservation_package", str(own), package=own, reason=error.code)
        return
    for key in sorted({*present, *kept}):
        mine, said = present.get(key), kept.get(key)
        if mine != said:
            one: Any = mine or said
            table = registry.MODELS[type(one)]._meta.db_table
            yield CatalogueFinding(verdicts.SETUP, table, str(key), _columns(mine, said))


def kept_registry(stores: Sequence[Store]) -> Registry:
    """The registry as the stores and the ledger have it.

    Raises:
        Unavailable: ``P-14``. Invalid: ``P-80``.
    """
    own = registry.own_id()
    found = look([own], stores).found.get(own)
    if found is None:
        raise no_copy(own)
    return read_registry(read(found, REGISTRY_PATH, stores))


def series_ids(stores: Sequence[Store]) -> dict[tuple[UUID, str], UUID]:
    """Series by fonds and letters, as the registry has them; as the catalogue does where that cannot be read."""
    try:
        known = kept_registry(stores)
    except CunzhenError:
        known = registry.catalogued()
    return {(one.fonds_id, one.code): one.id for one in known.series}


def _columns(mine: Any, said: Any) -> tuple[str, ...]:
    if mine is None or said is None:
        return ()
    return tuple(f.name for f in fields(said) if getattr(mine, f.name) != getattr(said, f.name))
