"""Rounds of the scrub: opening one or going on with it, which copies it still means, its end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet, Sum

from cunzhen.accounts.rules import Actor
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.preservation.fixity import CopyToCheck, due
from cunzhen.preservation.models import PackageCopy, Quarantine, ScrubRound, Stray
from cunzhen.preservation.operations.strays import extra_in
from cunzhen.preservation.store import Store

LOCK = 0x63756E7A02  # advisory lock; the second number tells a round over everything from one over what is due
# Arrays and no lists of placeholders: hundreds of those cost more than the rest of the query.
_NEXT = """
SELECT c.id, c.package_id, c.store, p.version, p.inventory_sha512, p.byte_count, c.state = 'kept'
FROM preservation_packagecopy c JOIN preservation_package p ON p.id = c.package_id
WHERE {which} AND c.store = ANY(%(stores)s) AND c.id <> ALL(%(skip)s::uuid[])
ORDER BY c.checked_at NULLS FIRST LIMIT %(limit)s
"""
# A check or a writing noted for a time that lies ahead was noted under a clock gone wrong.
_AHEAD = timedelta(days=1)
_BETWEEN = timedelta(hours=1)


def open_round(*, everything: bool, by_hand: bool, asked_by: UUID | None, now: datetime) -> ScrubRound:
    """The round of this kind that a killed or stopped run left unfinished, otherwise a new one."""
    means = due(now, settings.SCRUB_DAYS, everything=everything, by_hand=by_hand)
    with transaction.atomic():
        found, made = ScrubRound.objects.select_for_update().get_or_create(
            everything=everything,
            finished_at=None,
            defaults={
                "due_before": means.checked_before,
                "written_before": means.written_before,
                "started_at": now,
                "last_at": now,
                "asked_by": asked_by,
            },
        )
        if not made and by_hand and not everything:
            found.written_before = means.written_before
        if not found.copy_count:
            copies = _meant(found, now)
            found.planned_count = copies.count()
            found.planned_bytes = copies.aggregate(all=Sum("package__byte_count"))["all"] or 0
        found.save()
    return found


def is_asked_for() -> bool:
    """Whether a round over every copy is open."""
    return ScrubRound.objects.filter(everything=True, finished_at=None).exists()


def is_any_due(now: datetime) -> bool:
    """Whether a round was cut off, or a copy waits to be checked or mended and the last round was a while ago."""
    rolling = ScrubRound.objects.filter(everything=False)
    if rolling.filter(finished_at=None).exists():
        return True
    if rolling.filter(finished_at__gt=now - _BETWEEN, finished_at__lte=now).exists():
        return False
    bad = PackageCopy.objects.exclude(state=PackageCopy.State.KEPT)
    hopeless = Quarantine.objects.filter(lifted_at=None).values("package_id")
    if bad.exclude(package_id__in=hopeless).exists():
        return True
    means = due(now, settings.SCRUB_DAYS, everything=False, by_hand=False)
    return any(
        PackageCopy.objects.filter(which).exists() for which in _which(means.checked_before, means.written_before, now)
    )


def next_copies(
    one: ScrubRound, stores: Collection[str], skip: Collection[UUID], limit: int, now: datetime
) -> list[CopyToCheck]:
    """The copies to be checked next: never checked ones first, then those whose check is oldest.

    Args:
        one: the round.
        stores: names of those that can be looked at.
        skip: copies under way or left for later.
        limit: at most so many.
        now: aware.
    """
    found: list[CopyToCheck] = []
    values: dict[str, Any] = {"stores": list(stores), "skip": list(skip), "ahead": now + _AHEAD}
    values |= {"before": one.due_before, "written": one.written_before}
    with connection.cursor() as cursor:
        for which in ("c.checked_at IS NULL AND (c.written_at < %(written)s OR c.written_at > %(ahead)s)",
                      "c.checked_at < %(before)s", "c.checked_at > %(ahead)s"):  # fmt: skip
            if len(found) < limit:
                cursor.execute(_NEXT.format(which=which), values | {"limit": limit - len(found)})
                found += [CopyToCheck(*row) for row in cursor.fetchall()]
    # Copies of one package together: their inventory is then understood once.
    return sorted(found, key=lambda copy: (copy.package_id, copy.store))


def _which(checked_before: datetime, written_before: datetime, now: datetime) -> tuple[Q, ...]:
    """Three conditions, each answered from the index alone; joined by OR they would read all of it."""
    return (
        Q(checked_at=None) & (Q(written_at__lt=written_before) | Q(written_at__gt=now + _AHEAD)),
        Q(checked_at__lt=checked_before),
        Q(checked_at__gt=now + _AHEAD),
    )


def _meant(one: ScrubRound, now: datetime) -> QuerySet[PackageCopy]:
    never, before, ahead = _which(one.due_before, one.written_before, now)
    return PackageCopy.objects.filter(never | before | ahead)


def note_progress(
    one: ScrubRound, *, copies: int, byte_count: int, seconds: float, damaged: int, missing: int, now: datetime
) -> None:
    """Add to a round what was done, in the transaction that notes the copies themselves."""
    ScrubRound.objects.filter(id=one.id).update(
        copy_count=F("copy_count") + copies,
        byte_count=F("byte_count") + byte_count,
        seconds=F("seconds") + seconds,
        damaged_count=F("damaged_count") + damaged,
        missing_count=F("missing_count") + missing,
        last_at=now,
    )


def record_round(one: ScrubRound, *, actor: Actor, now: datetime) -> None:
    """One ledger entry: what the round has done so far. Sums, so that a killed run leaves no gap in them."""
    one.refresh_from_db()
    detail = {
        "copies": one.copy_count,
        "bytes": one.byte_count,
        "damaged": one.damaged_count,
        "missing": one.missing_count,
        "mended": one.mended_count,
        "away": one.away,
        "behind": len(one.behind),
        "finished": one.finished_at is not None,
        "asked_by": str(one.asked_by or ""),
    }
    record([NewEntry("scrub_copies", actor.id, actor.agency_id, (Subject(one.id),), detail)], at=now)


def should_look_for_strays(one: ScrubRound, now: datetime) -> bool:
    """Walking whole stores is done with every round over everything, and otherwise once in the promised days."""
    lately = (now - timedelta(days=settings.SCRUB_DAYS), now + _AHEAD)
    return one.everything or not ScrubRound.objects.filter(strays_seen=True, finished_at__range=lately).exists()


def look_for_strays(store: Store, *, now: datetime) -> None:
    """Walk a store and keep the list of what lies there without a row; what is gone leaves the list.

    Raises:
        Unavailable: the store does not serve.
    """
    paths = {named.partition(":")[2] for named in extra_in(store)}
    with transaction.atomic():
        known = set(Stray.objects.filter(store=store.name).values_list("path", flat=True))
        Stray.objects.filter(store=store.name, path__in=known - paths).delete()
        Stray.objects.bulk_create(
            [Stray(store=store.name, path=path, found_at=now) for path in sorted(paths - known)],
            ignore_conflicts=True,
        )


def finish(one: ScrubRound, *, actor: Actor, away: Collection[str], behind: Sequence[str], now: datetime) -> None:
    """Close a round."""
    with transaction.atomic():
        ScrubRound.objects.filter(id=one.id).update(
            finished_at=now, last_at=now, away=sorted(away), behind=list(behind), strays_seen=one.strays_seen
        )
        one.refresh_from_db()
        if one.everything or one.copy_count or one.mended_count or behind:
            record_round(one, actor=actor, now=now)
