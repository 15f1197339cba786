"""Another series or year is another archival code: the next number there; the old one stays the item's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cunzhen.database.rows import copy_rows
from cunzhen.formats.archival_code import parse_template
from cunzhen.holdings.models import ArchivalCode, Fonds, Item, Series
from cunzhen.holdings.numbering import advance, code_of


@dataclass(frozen=True)
class Move:
    """An item on its way to another series or year."""

    item: Item
    series: Series
    year: int


def move_items(moves: Sequence[Move], *, now: datetime) -> dict[UUID, list[ArchivalCode]]:
    """Give each item its new code, gap-free and in the order of the old ones; fonds are locked by the caller.

    An item that comes back to a series and year gets the code back that it bore there: no other item ever bore it.

    Returns:
        by item, every code it bears or bore, in order; the current one is the one without an end.
    """
    codes: dict[UUID, list[ArchivalCode]] = defaultdict(list)
    ids = [m.item.id for m in moves]
    for row in ArchivalCode.objects.filter(item_id__in=ids).order_by("item_id", "valid_from", "id"):
        codes[row.item_id].append(row)
    ArchivalCode.objects.filter(item_id__in=ids, valid_to=None).update(valid_to=now)
    fresh: dict[tuple[UUID, int], list[Move]] = defaultdict(list)
    for move in moves:
        for row in codes[move.item.id]:
            row.valid_to = row.valid_to or now
        own = next((r for r in codes[move.item.id] if _is_of(move, r.code)), None)
        if own is None:
            fresh[move.series.id, move.year].append(move)
        else:
            own.valid_to = None
            own.save(update_fields=["valid_to"])
    _number(fresh, codes, now)
    return dict(codes)


def _number(
    fresh: Mapping[tuple[UUID, int], Sequence[Move]], codes: Mapping[UUID, list[ArchivalCode]], now: datetime
) -> None:
    for (series_id, year), members in sorted(fresh.items()):
        last = advance(series_id, year, len(members))
        in_order = sorted(members, key=lambda m: m.item.archival_code)
        for serial, move in enumerate(in_order, last - len(members) + 1):
            code = code_of(move.item.fonds, move.series.code, year, serial)
            row = ArchivalCode(item_id=move.item.id, keeper_id=move.item.fonds.keeper_id, code=code, valid_from=now)
            codes[move.item.id].append(row)
    copy_rows([r for members in fresh.values() for m in members for r in codes[m.item.id][-1:]])


def _is_of(move: Move, code: str) -> bool:
    """Whether a code that the item bore is one of the series and year; one of an older template is not."""
    return _parts(move.item.fonds, code) == (move.series.code, str(move.year))


def _parts(fonds: Fonds, code: str) -> tuple[str, str]:
    template = parse_template(fonds.code_template)
    if template.problems(code):
        return "", ""
    parts = template.parse(code)
    return parts.get("类别", ""), parts.get("年度", "")
