"""Mending the catalogue: rows that disagree with their packages are put back from them, never the other way round."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db import DataError, IntegrityError, connection, transaction

from cunzhen.accounts.rules import Actor
from cunzhen.database.rows import copy_rows
from cunzhen.errors import Conflict, Missing
from cunzhen.formats.registry import records
from cunzhen.holdings import counters, registry
from cunzhen.holdings.changes_waiting import changes_from, known_changes, take_in_changes
from cunzhen.holdings.comparing import differences
from cunzhen.holdings.models import Item
from cunzhen.holdings.operations.registering import keep_registry
from cunzhen.holdings.peopling import people_from_catalogue
from cunzhen.holdings.rounds import kept_registry, lost_count
from cunzhen.holdings.taking import PART, Part, policies, replace, take_away, take_in, with_rows
from cunzhen.holdings.telling import Told, Untold, copies_of, tell
from cunzhen.holdings.unclaimed import unclaimed_in
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.ledger.queries import named
from cunzhen.preservation.models import Package
from cunzhen.preservation.operations import forget_packages, register_copies
from cunzhen.preservation.store import Store
from cunzhen.preservation.unregistered import Doubt, reachable_stores

OP = "mend_catalogue"


@dataclass(slots=True)
class MendReport:
    """What was mended.

    Args:
        items: packages whose rows were put back. removed: items that nobody filed, taken out of the catalogue.
        untold: packages that tell nothing, and why; their rows stay as they are.
        setup, derived: rows of the set-up, and of persons, employers and counters, that were put back.
    """

    items: int = 0
    removed: int = 0
    untold: list[Untold] = field(default_factory=list)
    setup: int = 0
    derived: int = 0


def mend_catalogue(
    actor: Actor,
    *,
    item_ids: Collection[UUID] = (),
    setup: bool = False,
    missing: bool = False,
    derived: bool = False,
    now: datetime,
) -> MendReport:
    """Put rows back from packages, registry and ledger, all of what is asked or nothing of it.

    Upkeep of the whole node, as the scrub is: only the machine may, and no agency's reach bounds it.

    Args:
        item_ids: items, or packages, whose rows are made what the packages say. An item that neither stores nor
            ledger know was never filed: it is taken out.
        setup: agencies, schedules, fonds and series, from the registry.
        missing: packages that stores and ledger have and the register lacks are taken in.
        derived: persons, employers and counters, which follow from the items.

    Returns:
        what was mended; each item has its ledger entry, which the index follows.

    Raises:
        Refused. Missing: ``H-01`` nothing knows such an item. Conflict: ``H-44`` a row of another item stands in the
            way, ``H-46`` something that the registry does not have is in use. Unavailable: a store does not serve.
    """
    actor.require("mend_catalogue")
    report, stores = MendReport(), reachable_stores()
    with transaction.atomic():
        if setup:
            report.setup = _mend_setup(actor, stores, now)
        rest = iter(sorted(item_ids))
        while some := list(islice(rest, PART)):
            _mend_some(actor, some, stores, report, now)
        if missing:
            _mend_missing(actor, stores, report, now)
        if derived or report.removed:
            report.derived = _mend_derived()
        if setup or derived or missing:
            detail = {"setup": report.setup, "derived": report.derived, "items": report.items}
            record([NewEntry(OP, actor.id, actor.agency_id, (), detail)], at=now)
    return report


def _mend_some(actor: Actor, ids: Sequence[UUID], stores: Sequence[Store], report: MendReport, now: datetime) -> None:
    # In the order of ids, as everywhere, so that two can never wait for each other in a ring.
    list(Package.objects.select_for_update().filter(id__in=ids).order_by("id").values_list("id"))
    list(Item.objects.select_for_update().filter(id__in=ids).order_by("id").values_list("id"))
    known, unreadable = known_changes(set(ids), stores)
    told, untold = tell(ids, stores, changes_from(known, stores))
    nowhere = [one.id for one in untold if one.reason == Doubt.NOWHERE]
    report.untold += [*(one for one in untold if one.reason != Doubt.NOWHERE), *unreadable]
    _require_known(nowhere)
    wrong: dict[UUID, set[str]] = {}
    for one in differences(told):
        wrong.setdefault(one.package, set()).add(one.table)
    _put_back([one for one in told if one.package.id in wrong], now)
    _take_out(actor, nowhere, report, now)
    record([_entry(actor, one, wrong[one.package.id]) for one in told if one.package.id in wrong], at=now)
    report.items += len(wrong)


def _require_known(ids: Sequence[UUID]) -> None:
    """What neither stores nor ledger know must at least have a row that can be taken out."""
    if not set(ids) <= with_rows(ids):
        raise Missing("H-01", "没有找到这件档案，请核对链接或档号。", "There is no such item within your reach.")


def _put_back(told: Sequence[Told], now: datetime) -> None:
    try:
        replace(told)
    except (IntegrityError, DataError):
        raise Conflict(
            "H-44",
            "目录中另一件档案的行占了位置，这次没有改动。请运行 cunzhen verify --catalogue，把列出的几件一起修复。",
            "A row of another item stands in the way; nothing was changed. Run cunzhen verify --catalogue and mend the "
            "items that it names together.",
        ) from None
    wanted = policies(told)
    register_copies([copy for t in told for copy in copies_of(t, wanted[t.package.id])], now=now)


def _take_out(actor: Actor, ids: Sequence[UUID], report: MendReport, now: datetime) -> None:
    """Items that nobody filed: what they said goes into the ledger's detail."""
    if not ids:
        return
    rows = {item.id: item for item in Item.objects.filter(id__in=ids)}
    entries = []
    for one in ids:
        said = {"code": rows[one].archival_code, "title": rows[one].title} if one in rows else {}
        entries.append(NewEntry(OP, actor.id, actor.agency_id, (Subject(one),), {"removed": True, **said}))
    take_away(ids)
    forget_packages(ids)
    record(entries, at=now)
    report.removed += len(ids)


def _entry(actor: Actor, told: Told, tables: Collection[str]) -> NewEntry:
    content = told.description.content_sha256 if told.description is not None else ""
    return NewEntry(OP, actor.id, actor.agency_id, (Subject(told.package.id, content),), {"tables": sorted(tables)})


def _mend_missing(actor: Actor, stores: Sequence[Store], report: MendReport, now: datetime) -> None:
    """Items first, then what waits in change-sets for them."""
    for store in stores:
        for unclaimed in unclaimed_in(store):
            taken = take_in(Part(tuple(unclaimed.packages), (), now))
            unbelieved = {one.id for one in taken.untold}
            report.untold += taken.untold
            entries = [
                NewEntry(OP, actor.id, actor.agency_id, (Subject(one),), {"taken_in": True})
                for one in unclaimed.packages
                if one not in unbelieved
            ]
            record(entries, at=now)
            report.items += len(entries)
    report.untold += take_in_changes(stores)


def _mend_derived() -> int:
    """Persons and employers, and counters; a counter that is ahead stays so while filed items are missing."""
    count = people_from_catalogue()
    last, _ = counters.given()
    present = counters.recorded()
    if lost_count():
        last = {key: max(last.get(key, 0), present.get(key, 0)) for key in {*last, *present}}
    return count + counters.write(last)


def _mend_setup(actor: Actor, stores: Sequence[Store], now: datetime) -> int:
    """What the registry has is put back; what it lacks is kept where the ledger knows it, else taken out."""
    kept, present = records(kept_registry(stores)), records(registry.catalogued())
    wrong = [key for key, said in kept.items() if present.get(key) != said]
    extra = present.keys() - kept.keys()
    foreign = extra - named(extra).keys()
    try:
        with transaction.atomic(), connection.wrap_database_errors, connection.cursor() as cursor:
            for table in reversed(registry.MODELS.values()):
                gone = [key for key in (*wrong, *foreign) if key in present and _is(present[key], table)]
                cursor.execute(f"DELETE FROM {table._meta.db_table} WHERE id = ANY(%s)", [gone])  # noqa: S608
            for table in registry.MODELS.values():
                copy_rows([registry.row_of(kept[key]) for key in wrong if _is(kept[key], table)])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except (IntegrityError, DataError):
        raise Conflict(
            "H-46",
            "目录中有登记包里没有的机构、全宗、类别或期限行，且已被使用，没有改动。请先修复使用它的各件，再由安全审计员查明来历。",
            "An agency, fonds, series or row that the registry does not have is in use; nothing was changed. Mend the "
            "items that use it first, and have the audit officer find out where it came from.",
        ) from None
    if extra - foreign:
        keep_registry(actor_id=actor.id, agency_id=actor.agency_id, changed=extra, now=now)
    return len(wrong) + len(extra)


def _is(one: object, table: type[object]) -> bool:
    return registry.MODELS[type(one)] is table  # type: ignore[index]  # a record of the registry


__all__ = ["OP", "MendReport", "mend_catalogue"]
