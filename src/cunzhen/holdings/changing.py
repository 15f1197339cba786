"""From a correction to what the package says from then on: whole new values of the fields that changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from uuid_utils.compat import uuid7

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Conflict
from cunzhen.formats import mets
from cunzhen.formats.change_set import Change
from cunzhen.holdings import kinds
from cunzhen.holdings.corrections import Recorded, Row
from cunzhen.holdings.models import ArchivalCode, Item, Mention, ScheduleRow, Series
from cunzhen.holdings.packaging import date_precision, mention_out, retention_out
from cunzhen.preservation.queries import read_description

OP = "correct_items"


def recorded(item: Item, rows: dict[Any, Row]) -> Recorded:
    """What the catalogue says of an item that was loaded with its series.

    Args:
        rows: rows of schedules by their id.
    """
    return Recorded(
        title=item.title,
        kind=item.kind,
        series=item.series.code,
        year=item.year,
        document_date=item.document_date,
        row=rows.get(item.schedule_row_id),
        term=item.term,
        hold_reason=item.hold_reason,
        security_level=item.security_level,
        case_number=item.case_number,
        extra=kinds.read_extra(item.extra),
    )


def recorded_now(item: Item) -> Recorded:
    """What the catalogue says of one item that was loaded with its series."""
    return recorded(item, {item.schedule_row.id: row_of(item.schedule_row)} if item.schedule_row else {})


def row_of(row: ScheduleRow) -> Row:
    """A row of the schedule as rules take it."""
    return Row(row.id, row.category, row.number, row.material, row.term, row.evidence, row.confirmed)


def said_before(item: Item) -> mets.Description:
    """What the package says up to now, for the new version that the item has already.

    Raises:
        Conflict: ``H-24`` the package is not at the version before. Missing, Unavailable.
    """
    said = read_description(item.id)
    if said.version != item.version - 1:
        raise Conflict(
            "H-24",
            "这件档案的目录与保存包不一致，为防出错没有更正。请先运行 cunzhen verify 并按提示处理。",
            "The catalogue and the package of this item disagree, so it was not changed. Run cunzhen verify first.",
            item=str(item.id),
        )
    return said


def change_of(
    item: Item,
    before: Recorded,
    after: Recorded,
    *,
    series: Series,
    codes: Sequence[ArchivalCode],
    mentions: Sequence[Mention],
    actor: Actor,
    detail: str,
    now: datetime,
) -> Change:
    """What the package's description has from this version on.

    Args:
        item: with its new version, its fonds and that one's schedule.
        series: that it belongs to afterwards.
        codes: every one it bears or bore afterwards, in order; empty where they did not change.
        mentions: every one of it afterwards, in order; empty where none changed.
        detail: of the event.
    """
    values: dict[str, Any] = _plain(before, after)
    if after.series != before.series:
        values["series"] = mets.Series(series.id, series.code, series.name)
    if _retention(after) != _retention(before):
        values["retention"] = retention_out(
            item.fonds,
            after.row,
            term=after.term,
            end=after.retention_end,
            hold=after.hold_reason,
        )
    if codes:
        values["codes"] = tuple(mets.ArchivalCode(c.code, c.keeper_id, c.valid_from, c.valid_to) for c in codes)
    if mentions:
        values["persons"] = tuple(mention_out(m) for m in mentions if m.kind == "person")
        values["employers"] = tuple(mention_out(m) for m in mentions if m.kind == "employer")
    event = mets.Event(uuid7(), OP, now, actor.id, actor.name, detail, "success")
    return Change(item.id, item.version, values, event)


def _plain(before: Recorded, after: Recorded) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: getattr(after, name)
        for name in ("title", "kind", "year", "document_date", "security_level", "case_number")
        if getattr(after, name) != getattr(before, name)
    }
    if "kind" in values:
        values["kind_name"] = kinds.kind_name(after.kind)
    if "document_date" in values:
        values["date_precision"] = date_precision(after.document_date)
    if after.extra != before.extra:
        values["extras"] = tuple(mets.Extra(name, value) for name, value in sorted(after.extra.items()))
    return values


def _retention(of: Recorded) -> tuple[object, ...]:
    return (of.row, of.term, of.retention_end, of.hold_reason)
