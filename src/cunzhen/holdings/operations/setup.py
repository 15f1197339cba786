"""What a home needs before the first paper: the schedule in force and a fonds with its series."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from cunzhen.accounts.models import Agency
from cunzhen.errors import Conflict
from cunzhen.formats.archival_code import DEFAULT_TEMPLATE
from cunzhen.holdings.kinds import categories, schedule_data
from cunzhen.holdings.models import Fonds, RetentionSchedule, ScheduleRow, Series
from cunzhen.holdings.operations.registering import keep_registry
from cunzhen.ledger.operations import NewEntry, Subject, record


def install_schedule(*, actor_id: UUID, agency_id: UUID, now: datetime) -> RetentionSchedule:
    """Install the shipped 归档范围与保管期限表; a version that is there already is left as it is.

    Rows whose term nobody has confirmed stay 待确认 or unconfirmed: their items are filed and held.
    """
    data = schedule_data()
    existing = RetentionSchedule.objects.filter(version=data.version).first()
    if existing:
        return existing
    schedule = RetentionSchedule(version=data.version, jurisdiction="000000", in_force_from=data.in_force_from)
    rows = [
        ScheduleRow(
            schedule=schedule,
            category=row.category,
            number=row.number,
            material=row.material,
            term=row.term,
            evidence=row.evidence,
            confirmed=row.confirmed,
            note=row.note,
        )
        for row in data.rows
    ]
    with transaction.atomic():
        schedule.save(force_insert=True)
        ScheduleRow.objects.bulk_create(rows)
        entry = NewEntry("install_schedule", actor_id, agency_id, (Subject(schedule.id),), {"version": data.version})
        record([entry], at=now)
        changed = {schedule.id, *(row.id for row in rows)}
        keep_registry(actor_id=actor_id, agency_id=agency_id, changed=changed, now=now)
    return schedule


def found_fonds(
    *, keeper: Agency, code: str, name: str, schedule: RetentionSchedule, actor_id: UUID, now: datetime
) -> Fonds:
    """Register a fonds with the nine categories of Order No. 3 as its series.

    Raises:
        Conflict: ``H-02`` the number is taken within the keeper.
    """
    if Fonds.objects.filter(keeper=keeper, code=code).exists():
        raise Conflict("H-02", f"全宗号 {code} 已被使用，请换一个。", f"The fonds number {code} is taken.")
    fonds = Fonds(
        node=settings.NODE,
        code=code,
        name=name,
        keeper=keeper,
        creator=keeper,
        insurance_owner=keeper,
        schedule=schedule,
        code_template=DEFAULT_TEMPLATE,
    )
    with transaction.atomic():
        fonds.save(force_insert=True)
        series = Series.objects.bulk_create(Series(fonds=fonds, code=c.code, name=c.name) for c in categories())
        record([NewEntry("found_fonds", actor_id, keeper.id, (Subject(fonds.id),), {"code": code})], at=now)
        changed = {fonds.id, *(s.id for s in series)}
        keep_registry(actor_id=actor_id, agency_id=keeper.id, changed=changed, now=now)
    return fonds
