"""Filing: the moment at which papers become items with a number, a package, rows and a ledger entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cunzhen.accounts.rules import Actor
from cunzhen.formats.failpoints import failpoint
from cunzhen.holdings import kinds
from cunzhen.holdings.models import (
    Fonds,
    Item,
    Mention,
    ScheduleRow,
    Series,
)
from cunzhen.holdings.numbering import advance, code_of, lock_fonds
from cunzhen.holdings.operations.people import link_people
from cunzhen.holdings.packaging import ItemContext, describe, to_package
from cunzhen.holdings.rows import add_rows, rows_of
from cunzhen.holdings.rules import Filed, NewItem, hold_reason
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.preservation.fixity import version_subject
from cunzhen.preservation.operations import keep_packages
from cunzhen.preservation.rules import KeptPackage


@dataclass(frozen=True)
class _Placed:
    """A new item with its number, its rows of series and schedule, and what follows from them."""

    new: NewItem
    code: str
    series: Series
    row: ScheduleRow | None
    term: str
    hold: str


def file_items(actor: Actor, *, items: Sequence[NewItem], now: datetime) -> list[Filed]:
    """File a batch: numbers without gaps, packages durable in every store, then rows and ledger in one transaction.

    1. the right; 2. fonds and counters locked, so that numbers follow one another and the same content meets itself;
    3. content that is there already is answered with its item; 4. packages are written and synced;
    5. rows and ledger entries. The caller may only tell anybody after its transaction has committed.

    Args:
        items: any number; all or none of the new ones are filed.

    Returns:
        what became of each, in the order given.

    Raises:
        Refused, Missing (``H-03`` the fonds), Unavailable (no space, no key).
    """
    actor.require("file_drafts")
    if not items:
        return []
    with transaction.atomic():
        fonds = lock_fonds(actor, {i.fonds_id for i in items})
        known = _known_content(items)
        fresh: dict[tuple[UUID, str], NewItem] = {}
        for item in items:
            key = (item.fonds_id, item.content_sha256)
            if key not in known:
                fresh.setdefault(key, item)
        placed = _place(fonds, list(fresh.values()), now)
        failpoint("file-1-numbered")
        mentions = link_people([p.new for p in placed], actor_id=actor.id, now=now)
        said = [describe(p.new, _context(p, fonds, mentions, actor), now=now) for p in placed]
        packages = [
            to_package(p.new, one, author=actor.name, stores=p.series.stores)
            for p, one in zip(placed, said, strict=True)
        ]
        kept = keep_packages(packages, now=now)
        failpoint("file-2-packaged")
        texts = [[page.text.to_json() for page in p.new.pages] for p in placed]
        add_rows([rows_of(one, text) for one, text in zip(said, texts, strict=True)])
        record([_entry(p, fonds, actor, k) for p, k in zip(placed, kept, strict=True)], at=now)
        failpoint("file-3-rows")
    package = {k.id: k.inventory_sha512 for k in kept}
    filed = {
        (p.new.fonds_id, p.new.content_sha256): Filed(p.new.id, p.code, False, bool(p.hold), package[p.new.id])
        for p in placed
    }
    return [_outcome(i, filed, known) for i in items]


def _outcome(item: NewItem, filed: dict[tuple[UUID, str], Filed], known: dict[tuple[UUID, str], Filed]) -> Filed:
    key = (item.fonds_id, item.content_sha256)
    if key in known:
        return known[key]
    one = filed[key]
    return one if one.id == item.id else Filed(one.id, one.archival_code, True, one.held, one.package_sha512)


def _known_content(items: Sequence[NewItem]) -> dict[tuple[UUID, str], Filed]:
    digests = {i.content_sha256 for i in items}
    rows = Item.objects.filter(fonds_id__in={i.fonds_id for i in items}, content_sha256__in=digests)
    return {
        (r.fonds_id, r.content_sha256): Filed(r.id, r.archival_code, True, bool(r.hold_reason))
        for r in rows.only("id", "fonds_id", "content_sha256", "archival_code", "hold_reason")
    }


def _place(fonds: dict[UUID, Fonds], items: Sequence[NewItem], now: datetime) -> list[_Placed]:
    series = {(s.fonds_id, s.code): s for s in Series.objects.filter(fonds_id__in=fonds)}
    rows = _schedule_rows(fonds)
    groups: dict[tuple[UUID, int], list[NewItem]] = defaultdict(list)
    for item in items:
        groups[(series[(item.fonds_id, item.series)].id, item.year)].append(item)
    placed: list[_Placed] = []
    for (series_id, year), members in sorted(groups.items()):
        last = advance(series_id, year, len(members))
        for serial, item in enumerate(members, last - len(members) + 1):
            home = fonds[item.fonds_id]
            code = code_of(home, item.series, item.year, serial)
            row = rows.get((home.schedule_id, kinds.schedule_key(item.kind)))
            term = row.term if row else ""
            hold = hold_reason(term, row.confirmed if row else False)
            placed.append(_Placed(item, code, series[(item.fonds_id, item.series)], row, term, hold))
    return placed


def _schedule_rows(fonds: dict[UUID, Fonds]) -> dict[tuple[UUID, tuple[str, str]], ScheduleRow]:
    rows = ScheduleRow.objects.filter(schedule_id__in={f.schedule_id for f in fonds.values()})
    return {(r.schedule_id, (r.category, r.number)): r for r in rows}


def _context(
    placed: _Placed, fonds: dict[UUID, Fonds], mentions: Mapping[UUID, Sequence[Mention]], actor: Actor
) -> ItemContext:
    home = fonds[placed.new.fonds_id]
    return ItemContext(
        fonds=home,
        series=placed.series,
        row=placed.row,
        archival_code=placed.code,
        term=placed.term,
        hold=placed.hold,
        actor_id=actor.id,
        actor_name=actor.name,
        mentions=mentions.get(placed.new.id, ()),
    )


def _entry(placed: _Placed, fonds: dict[UUID, Fonds], actor: Actor, kept: KeptPackage) -> NewEntry:
    """One entry per item: the item by its content digest, each component by its own, the package's version last."""
    components = (Subject(c.id, c.sha256, c.sm3) for c in placed.new.components)
    subjects = (Subject(placed.new.id, placed.new.content_sha256), *components, version_subject(kept))
    detail = {"code": placed.code, "title": placed.new.title, "transfer": str(placed.new.transfer_id)}
    return NewEntry("file_drafts", actor.id, fonds[placed.new.fonds_id].keeper_id, subjects, detail)
