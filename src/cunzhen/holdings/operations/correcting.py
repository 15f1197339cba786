"""更正: what was filed is put right, with a reason, and what it was before stays on record."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from uuid_utils.compat import uuid7

from cunzhen.accounts.rules import Actor
from cunzhen.database.rows import copy_rows, update_rows
from cunzhen.errors import Invalid
from cunzhen.formats.change_set import Change, ChangeSet, changed
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.identifiers import mask
from cunzhen.holdings import kinds
from cunzhen.holdings.changing import change_of, said_before
from cunzhen.holdings.corrections import SOURCE, Correction, Difference, differences
from cunzhen.holdings.deciding import Case, checked_batch, checked_reason, decided
from cunzhen.holdings.models import Mention
from cunzhen.holdings.moving import Move, move_items
from cunzhen.holdings.operations.people import link_people
from cunzhen.holdings.rules import NamedPerson, NamedUnit
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.preservation.fixity import version_subject
from cunzhen.preservation.operations import keep_change_set, revise_descriptions
from cunzhen.preservation.rules import KeptPackage, NewDescription

DIRECT = 50  # so many go into their packages at once; more into one change-set, folded in later
_WRITTEN = (
    *("title", "document_date", "kind", "series", "year", "schedule_row", "term", "retention_end", "hold_reason"),
    *("security_level", "case_number", "extra", "archival_code", "version"),
)


@dataclass(frozen=True)
class CorrectedItem:
    """What became of one item; ``is_changed`` is False where it was already as asked."""

    id: UUID
    version: int
    archival_code: str
    is_changed: bool


@dataclass(frozen=True)
class Corrected:
    """What became of a batch, in the order given; ``change_set_id`` where one was written."""

    items: tuple[CorrectedItem, ...]
    change_set_id: UUID | None = None

    @property
    def changed_count(self) -> int:
        """How many items changed."""
        return sum(i.is_changed for i in self.items)


@dataclass(frozen=True)
class PreviewedItem:
    """What a correction would do to one item.

    Args:
        differences: every field that would change, what follows from others included.
        moves: whether it would get another archival code.
        is_changed: whether anything would change at all; whom it names included.
    """

    id: UUID
    archival_code: str
    title: str
    version: int
    differences: tuple[Difference, ...]
    moves: bool
    is_changed: bool


@dataclass(frozen=True)
class _Naming:
    """Whom a correction asserts that an item names."""

    id: UUID
    persons: tuple[NamedPerson, ...]
    units: tuple[NamedUnit, ...]


def correct_items(actor: Actor, *, corrections: Sequence[Correction], reason: str, now: datetime) -> Corrected:
    """Put descriptions right: all of the corrections or none; what was there before stays in packages and ledger.

    1. the right; 2. fonds locked where codes may change, items locked, within reach; 3. every item still as the
    person saw it; 4. decided, every problem of every item told at once; 5. codes, mentions, rows; 6. the packages: up
    to 50 get a new version at once, more go into one change-set that a job folds in; 7. one ledger entry an item.

    Args:
        corrections: each item once, at most 10,000.
        reason: why; stands in the packages and, salted, in the ledger.

    Raises:
        Refused: ``A-01``. Missing: ``H-01``. Conflict: ``H-21`` corrected by somebody else meanwhile, with
        ``params["items"]``, id to present version; ``H-24`` a package says otherwise than the catalogue.
        Invalid: ``H-20`` no reason, ``H-22`` with ``params["items"]``, id to field to message, and for one item
        ``params["fields"]``; ``H-23`` nothing would change; ``H-25`` too many; ``H-26`` an item twice. Unavailable.
    """
    actor.require("correct_items")
    reason = checked_reason(reason)
    checked_batch(corrections)
    with transaction.atomic():
        cases = decided(actor, corrections, now, lock=True)
        changing = [c for c in cases if not c.is_nothing]
        if not changing:
            raise Invalid("H-23", "这些档案已经是所填的内容，没有需要更正的。", "The items already are as asked.")
        failpoint("correct-1-decided")
        _move(changing, now)
        _name(changing, actor, now)
        _write_rows(changing)
        failpoint("correct-2-rows")
        change_set_id, kept = _keep(changing, actor, reason, now)
        failpoint("correct-3-kept")
        record([_entry(c, actor, reason, change_set_id, kept[c.item.id]) for c in changing], at=now)
        failpoint("correct-4-recorded")
    found = {c.item.id: c for c in cases}
    return Corrected(tuple(_outcome(found[c.item_id]) for c in corrections), change_set_id)


def preview_corrections(actor: Actor, *, corrections: Sequence[Correction], now: datetime) -> list[PreviewedItem]:
    """What corrections would do, in the order given; nothing is changed, locked or recorded.

    Raises:
        as ``correct_items``, but for the reason and ``H-23``.
    """
    actor.require("correct_items")
    checked_batch(corrections)
    return [
        PreviewedItem(
            id=c.item.id,
            archival_code=c.old_code,
            title=c.before.title,
            version=c.item.version,
            differences=differences(c.before, c.after),
            moves=c.moves,
            is_changed=not c.is_nothing,
        )
        for c in decided(actor, corrections, now, lock=False)
    ]


def _move(cases: Sequence[Case], now: datetime) -> None:
    """Codes of those that get another series or year."""
    moving = [c for c in cases if c.moves]
    if not moving:
        return
    codes = move_items([Move(c.item, c.series, c.after.year) for c in moving], now=now)
    for case in moving:
        case.codes = codes[case.item.id]
        case.item.archival_code = next(row.code for row in case.codes if row.valid_to is None)


def _name(cases: Sequence[Case], actor: Actor, now: datetime) -> None:
    """Take back and assert whom the papers name; nothing is erased."""
    naming = [c for c in cases if c.correction.persons or c.correction.units or c.correction.retracted]
    if not naming:
        return
    by_item = {c.item.id: c for c in naming}
    for row in Mention.objects.filter(item_id__in=by_item).order_by("id"):
        by_item[row.item_id].mentions.append(row)
    retracted = [i for c in naming for i in c.correction.retracted]
    Mention.objects.filter(id__in=retracted, retracted_at=None).update(retracted_at=now)
    wanted = [_Naming(c.item.id, *_asserted(c.correction)) for c in naming]
    asserted = link_people(wanted, actor_id=actor.id, now=now)
    for case in naming:
        for row in case.mentions:
            if row.id in case.correction.retracted:
                row.retracted_at = now
        case.mentions += asserted[case.item.id]
    copy_rows([row for rows in asserted.values() for row in rows])


def _asserted(correction: Correction) -> tuple[tuple[NamedPerson, ...], tuple[NamedUnit, ...]]:
    return (
        tuple(dataclasses.replace(p, source=SOURCE, confidence=1.0) for p in correction.persons),
        tuple(dataclasses.replace(u, source=SOURCE, confidence=1.0) for u in correction.units),
    )


def _write_rows(cases: Sequence[Case]) -> None:
    for case in cases:
        item, after = case.item, case.after
        item.title, item.document_date, item.kind = after.title, after.document_date, after.kind
        item.series, item.year = case.series, after.year
        item.schedule_row_id = after.row.id if after.row else None
        item.term, item.retention_end, item.hold_reason = after.term, after.retention_end, after.hold_reason
        item.security_level, item.case_number = after.security_level, after.case_number
        item.extra = kinds.extra_json(after.extra)
        item.version += 1
    update_rows([c.item for c in cases], _WRITTEN)


def _keep(
    cases: Sequence[Case], actor: Actor, reason: str, now: datetime
) -> tuple[UUID | None, dict[UUID, KeptPackage]]:
    """The packages, or the change-set that stands for them: its id, and by item what vouches for the change."""
    change_set_id = uuid7() if len(cases) > DIRECT else None
    detail = f"{reason}（变更集 {change_set_id}）" if change_set_id else reason
    changes = {
        c.item.id: change_of(
            c.item, c.before, c.after, series=c.series, codes=c.codes, mentions=c.mentions, actor=actor, detail=detail,
            now=now,
        )
        for c in cases
    }  # fmt: skip
    if change_set_id is None:
        revised = [_revised(c, changes[c.item.id], actor, now) for c in cases]
        return None, {k.id: k for k in revise_descriptions(revised, now=now)}
    change_set = ChangeSet(change_set_id, settings.NODE, now, tuple(changes.values()))
    kept = keep_change_set(change_set, author=actor.name, message=f"更正 {len(cases)} 件", now=now)
    return change_set_id, dict.fromkeys(changes, kept)


def _revised(case: Case, change: Change, actor: Actor, now: datetime) -> NewDescription:
    said = said_before(case.item)
    return NewDescription(case.item.id, changed(said, change), f"更正 {case.item.archival_code}", actor.name, now)


def _entry(case: Case, actor: Actor, reason: str, change_set_id: UUID | None, kept: KeptPackage) -> NewEntry:
    """The item first, the version that holds the change last; words and names in the salted detail alone."""
    detail: dict[str, object] = {
        "code": case.item.archival_code,
        "reason": reason,
        "version": case.item.version,
        "changes": {d.name: [d.before, d.after] for d in differences(case.before, case.after)},
    }
    if case.old_code != case.item.archival_code:
        detail["old_code"] = case.old_code
    if case.mentions:
        retracted = set(case.correction.retracted)
        detail["retracted"] = [_said(m) for m in case.mentions if m.id in retracted]
        new = len(case.mentions) - len(case.correction.persons) - len(case.correction.units)
        detail["asserted"] = [_said(m) for m in case.mentions[new:]]
    if change_set_id is not None:
        detail["change_set"] = str(change_set_id)
    subjects = (Subject(case.item.id, case.item.content_sha256), version_subject(kept))
    return NewEntry("correct_items", actor.id, case.item.fonds.keeper_id, subjects, detail)


def _said(mention: Mention) -> dict[str, object]:
    """Enough to say it in words and to take it back; the number itself stays with the mention."""
    number = mention.number or ""
    return {
        "id": str(mention.id),
        "kind": mention.kind,
        "name": mention.name,
        "number": mask(number) if number and mention.kind == "person" else number,
        "page": mention.page,
    }


def _outcome(case: Case) -> CorrectedItem:
    return CorrectedItem(case.item.id, case.item.version, case.item.archival_code, not case.is_nothing)
