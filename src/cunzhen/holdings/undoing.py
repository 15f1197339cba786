"""改回: the correction that takes an earlier one back, as the ledger remembers it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Missing
from cunzhen.holdings.changing import OP, recorded_now
from cunzhen.holdings.corrections import ORDER, Correction, Difference, inverse
from cunzhen.holdings.models import Mention
from cunzhen.holdings.queries import get_item
from cunzhen.holdings.rules import NamedPerson, NamedUnit
from cunzhen.ledger.queries import history


@dataclass(frozen=True)
class Undo:
    """What would take a correction back.

    Args:
        correction: of the item as it is now; nothing has been changed yet.
        left: names of the fields that were corrected again since and stay as they are.
        at, reason: of the correction that is taken back.
    """

    correction: Correction
    left: tuple[str, ...]
    at: datetime
    reason: str


def undo_of(actor: Actor, *, item_id: UUID, entry_id: UUID) -> Undo:
    """What takes back the correction that an entry of an item's history records.

    Raises:
        Refused. Missing: ``H-01`` the item, ``H-27`` no such correction, or its detail was erased.
    """
    actor.require("correct_items")
    item = get_item(actor, item_id)
    line = next((h for h in history(item.id) if h.entry_id == entry_id and h.op == OP), None)
    if line is None or line.detail is None:
        raise Missing(
            "H-27",
            "没有这条更正记录，或其明细已删除，无法改回。",
            "There is no such correction, or its detail was erased.",
        )
    correction, left = inverse(item.id, item.version, recorded_now(item), done_by(line.detail))
    mentions = {m.id: m for m in Mention.objects.filter(item=item)}
    retracted = tuple(i for i in _ids(line.detail, "asserted") if i in mentions and mentions[i].retracted_at is None)
    back = _not_standing([mentions[i] for i in _ids(line.detail, "retracted") if i in mentions], mentions)
    correction = dataclasses.replace(
        correction,
        retracted=retracted,
        persons=tuple(_person(m) for m in back if m.kind == "person"),
        units=tuple(_unit(m) for m in back if m.kind == "employer"),
    )
    return Undo(correction, tuple(left), line.at, str(line.detail.get("reason", "")))


def done_by(detail: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What the detail of a correction's entry says was changed, in the order in which people read it."""
    found = [Difference(name, str(b), str(a)) for name, (b, a) in detail.get("changes", {}).items()]
    return tuple(sorted(found, key=lambda d: (ORDER.index(d.name) if d.name in ORDER else len(ORDER), d.name)))


def _ids(detail: Mapping[str, Any], name: str) -> list[UUID]:
    return [UUID(one["id"]) for one in detail.get(name, ())]


def _not_standing(wanted: Iterable[Mention], mentions: Mapping[UUID, Mention]) -> list[Mention]:
    """Those that nobody has asserted again since."""
    standing = {(m.kind, m.name, m.number) for m in mentions.values() if m.retracted_at is None}
    return [m for m in wanted if (m.kind, m.name, m.number) not in standing]


def _person(m: Mention) -> NamedPerson:
    return NamedPerson(m.name, m.number or "", page=m.page, box=tuple(m.box) if m.box else None)


def _unit(m: Mention) -> NamedUnit:
    return NamedUnit(m.name, m.number or "", page=m.page, box=tuple(m.box) if m.box else None)
