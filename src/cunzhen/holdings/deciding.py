"""What is asked of items, what each is now, and what it shall be: every problem is found before anything is changed."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Conflict, Invalid, Missing
from cunzhen.holdings.changing import recorded, row_of
from cunzhen.holdings.corrections import Correction, Recorded, Row, corrected, is_nothing, problems_of
from cunzhen.holdings.fields import FieldProblem, field_problem, text_problem
from cunzhen.holdings.models import ArchivalCode, Item, Mention, ScheduleRow, Series
from cunzhen.holdings.numbering import lock_fonds

MOST = 10_000  # items of one correction
LONGEST_REASON = 500


@dataclass
class Case:
    """One item, what was asked of it, and what comes of that."""

    item: Item
    correction: Correction
    before: Recorded
    after: Recorded
    series: Series
    old_code: str
    codes: list[ArchivalCode] = dataclasses.field(default_factory=list)
    mentions: list[Mention] = dataclasses.field(default_factory=list)  # all of the item's, where any changes

    @property
    def moves(self) -> bool:
        """Whether it gets another series or year, and so another archival code."""
        return (self.after.series, self.after.year) != (self.before.series, self.before.year)

    @property
    def is_nothing(self) -> bool:
        """Whether the item is already as asked."""
        return is_nothing(self.before, self.after, self.correction)


def checked_reason(reason: str) -> str:
    """The reason, trimmed.

    Raises:
        Invalid: ``H-20``.
    """
    reason = reason.strip()
    if not reason or text_problem(reason, LONGEST_REASON):
        raise Invalid(
            "H-20",
            f"请写明更正原因（不超过 {LONGEST_REASON} 个字），供日后查考。",
            f"Say why, in at most {LONGEST_REASON} characters: whoever looks later must be able to tell.",
        )
    return reason


def checked_batch(corrections: Sequence[Correction]) -> None:
    """Whether so many, each item once, can be corrected together.

    Raises:
        Invalid: ``H-25``, ``H-26``.
    """
    if len(corrections) > MOST:
        raise Invalid(
            "H-25",
            f"一次最多更正 {MOST:,} 件，请分批办理。",
            f"At most {MOST:,} items are corrected at once; do it in parts.",
        )
    if len({c.item_id for c in corrections}) != len(corrections):
        raise Invalid("H-26", "同一件档案在这批更正中出现了两次。", "An item stands twice in this batch.")


def decided(actor: Actor, corrections: Sequence[Correction], now: datetime, *, lock: bool) -> list[Case]:
    """What every item is and what it shall be; every problem of every item is told at once.

    Args:
        lock: whether fonds (where codes may change) and items are locked until the caller's transaction ends.

    Raises:
        Missing: ``H-01``. Conflict: ``H-21``. Invalid: ``H-22``.
    """
    items = _loaded(actor, corrections, lock)
    _check_versions(items, corrections)
    series = {(s.fonds_id, s.code): s for s in Series.objects.filter(fonds_id__in={i.fonds_id for i in items.values()})}
    by_schedule, by_id = _rows(list(items.values()))
    retracting = [c.item_id for c in corrections if c.retracted]
    standing: dict[UUID, set[UUID]] = defaultdict(set)
    for item_id, mention in Mention.objects.filter(item_id__in=retracting, retracted_at=None).values_list(
        "item_id", "id"
    ):
        standing[item_id].add(mention)
    cases, wrong = [], {}
    for correction in corrections:
        item = items[correction.item_id]
        rows = by_schedule[item.fonds.schedule_id]
        before = recorded(item, by_id)
        after = corrected(before, correction, rows)
        problems = problems_of(
            before,
            after,
            correction,
            rows=rows,
            mentions=standing[item.id],
            page_count=item.page_count,
            this_year=timezone.localtime(now).year,
        )
        home = series.get((item.fonds_id, after.series))
        if home is None:
            problems.setdefault("series", field_problem("series_of_fonds"))
        if problems:
            wrong[item.id] = problems
        cases.append(Case(item, correction, before, after, home or item.series, item.archival_code))
    if wrong:
        raise _invalid(wrong)
    return cases


def _loaded(actor: Actor, corrections: Sequence[Correction], lock: bool) -> dict[UUID, Item]:
    ids = [c.item_id for c in corrections]
    within = Item.objects.filter(id__in=ids, fonds__keeper_id__in=actor.agency_ids)
    if lock and any(c.may_move for c in corrections):
        # Before the items, as filing does: numbers are decided under this lock.
        lock_fonds(actor, set(within.values_list("fonds_id", flat=True)))
    rows = within.select_for_update(of=("self",)) if lock else within
    loaded = rows.select_related("fonds__schedule", "series").order_by("id")
    items = {i.id: i for i in loaded}
    if len(items) != len(ids):
        raise Missing(
            "H-01",
            "没有找到这件档案，请核对链接或档号。",
            "There is no such item within your reach.",
            count=len(ids) - len(items),
        )
    return items


def _check_versions(items: Mapping[UUID, Item], corrections: Sequence[Correction]) -> None:
    moved = {str(c.item_id): items[c.item_id].version for c in corrections if items[c.item_id].version != c.version}
    if moved:
        raise Conflict(
            "H-21",
            f"其中 {len(moved)} 件在您打开之后已由他人更正，本次没有改动任何内容。请核对现在的内容后再定。",
            f"Somebody corrected {len(moved)} of them since you opened them; nothing was changed. "
            "Compare with what they say now.",
            items=moved,
        )


def _rows(items: Iterable[Item]) -> tuple[dict[UUID, list[Row]], dict[UUID, Row]]:
    """Rows of the schedules of the items' fonds, by schedule, and by id those that the items fall under too."""
    schedules = {i.fonds.schedule_id for i in items}
    held = {i.schedule_row_id for i in items if i.schedule_row_id}
    found: dict[UUID, list[Row]] = {schedule: [] for schedule in schedules}
    by_id: dict[UUID, Row] = {}
    for row in ScheduleRow.objects.filter(Q(schedule_id__in=schedules) | Q(id__in=held)).order_by("id"):
        by_id[row.id] = row_of(row)
        if row.schedule_id in found:
            found[row.schedule_id].append(by_id[row.id])
    return found, by_id


def _invalid(wrong: Mapping[UUID, Mapping[str, FieldProblem]]) -> Invalid:
    items = {str(i): {name: p.zh for name, p in problems.items()} for i, problems in wrong.items()}
    items_en = {str(i): {name: p.en for name, p in problems.items()} for i, problems in wrong.items()}
    one = next(iter(wrong)) if len(wrong) == 1 else None
    return Invalid(
        "H-22",
        f"有 {len(wrong)} 件的更正内容不能接受，本次没有改动任何内容。请按提示修改后重试。",
        f"What was asked of {len(wrong)} items cannot be accepted; nothing was changed. Mend it and try again.",
        items=items,
        items_en=items_en,
        fields=items[str(one)] if one else {},
        fields_en=items_en[str(one)] if one else {},
    )
