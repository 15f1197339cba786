"""Drills of the emergency plan (应急预案): what was exercised, when, by whom, how long it took, what came of it."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Invalid
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.preservation.models import Drill

LONGEST_NOTE = 4000
MOST_MINUTES = 60 * 24 * 30


def record_drill(
    actor: Actor, *, kind: str, held_on: date, person: str, result: str, minutes: int, note: str = "", now: datetime
) -> Drill:
    """Note a drill that was held; it is never changed afterwards.

    Args:
        kind, result: words of ``Drill.Kind`` and ``Drill.Result``.
        held_on: not in the future.
        person: who led it.
        minutes: from the alarm until work could go on.
        note: what was seen and what is to be mended.
        now: aware.

    Raises:
        Invalid: ``B-30`` an unknown word, ``B-31`` a date in the future, ``B-32`` nobody led it, ``B-33`` minutes out
            of bounds, ``B-34`` the note is too long.
    """
    actor.require("record_drill")
    _check(kind, held_on, person, result, minutes, note, timezone.localdate(now))
    drill = Drill(
        agency_id=actor.agency_id,
        kind=kind,
        held_on=held_on,
        person=person.strip(),
        result=result,
        minutes=minutes,
        note=note.strip(),
        recorded_by=actor.id,
        recorded_at=now,
    )
    detail: dict[str, object] = {"kind": kind, "held_on": held_on.isoformat(), "result": result, "minutes": minutes}
    with transaction.atomic():
        drill.save(force_insert=True)
        record(
            [
                NewEntry(
                    op="record_drill",
                    actor_id=actor.id,
                    agency_id=actor.agency_id,
                    subjects=(Subject(drill.id),),
                    detail=detail,
                )
            ],
            at=now,
        )
    return drill


def _check(kind: str, held_on: date, person: str, result: str, minutes: int, note: str, today: date) -> None:
    if kind not in Drill.Kind.values or result not in Drill.Result.values:
        raise Invalid("B-30", "请选择演练类型和结果。", "Choose the kind of drill and its result.")
    if held_on > today:
        raise Invalid("B-31", "演练日期不能晚于今天。", "The day of the drill cannot be in the future.")
    if not person.strip() or len(person.strip()) > 60:
        raise Invalid("B-32", "请填写演练负责人（60 字以内）。", "Say who led the drill, in at most 60 characters.")
    if not 0 <= minutes <= MOST_MINUTES:
        raise Invalid(
            "B-33",
            f"用时须为 0 至 {MOST_MINUTES} 的整数（分钟）。",
            f"The minutes must be a whole number from 0 to {MOST_MINUTES}.",
        )
    if len(note) > LONGEST_NOTE:
        raise Invalid(
            "B-34", f"情况说明请控制在 {LONGEST_NOTE} 字以内。", f"Keep the note within {LONGEST_NOTE} characters."
        )
