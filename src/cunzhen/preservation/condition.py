"""Condition of what is kept (保管状况): reads for the page, the self-check and the scrub itself.

Reads that name packages take ``among``: ids of the packages that whoever asks may know of.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.utils.timezone import localtime

from cunzhen.preservation.fixity import days_until_full
from cunzhen.preservation.models import Damage, Package, PackageCopy, Quarantine, ScrubRound, Stray
from cunzhen.preservation.queries import store_states
from cunzhen.preservation.rules import StoreState

_State = PackageCopy.State
_LOOKED_BACK = timedelta(days=90)
_AHEAD = timedelta(days=1)
_FULL_SOON_DAYS = 60
_FAR_DAYS = 3_652
LEAST_FREE_BYTES = 2_000_000_000

Among = QuerySet[Package] | None


@dataclass(frozen=True, slots=True)
class StoreCondition:
    """A store with its copies and its room.

    Args:
        state: as it answers now; None where copies are registered in a store that the settings do not name.
        kept, damaged, missing: copies.
        byte_count: of the packages that lie in it.
        daily_bytes: filed into it a day, over the last ninety days or since the first filing.
        days_left: until it is full at that pace; None where nothing tells.
        full_on: the day that this comes to, where it lies within ten years.
        strays: things that lie there without a row.
    """

    name: str
    state: StoreState | None
    kept: int
    damaged: int
    missing: int
    byte_count: int
    daily_bytes: float
    days_left: float | None
    full_on: date | None
    strays: int

    @property
    def is_away(self) -> bool:
        """Whether it has copies that cannot be looked at."""
        return self.state is None or (not self.state.reachable and not self.is_new)

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever written into it; it is made by its first package."""
        return not (self.kept or self.damaged or self.missing)

    @property
    def daily(self) -> int:
        """``daily_bytes`` as a whole number."""
        return round(self.daily_bytes)

    @property
    def is_nearly_full(self) -> bool:
        """Whether somebody has to see to more room now."""
        free = self.state.free_bytes if self.state else None
        short = free is not None and free < LEAST_FREE_BYTES
        return short or (self.days_left is not None and self.days_left < _FULL_SOON_DAYS)


@dataclass(frozen=True, slots=True)
class ScrubState:
    """How the checking of copies stands.

    Args:
        oldest_check: of any copy, its writing where it was never checked; None where nothing is kept.
        overdue: copies whose check, or writing, is older than the promised days.
        running: the round under way, the one that was asked for before the rolling one.
        last: the last round that checked anything and came to its end.
    """

    oldest_check: datetime | None
    overdue: int
    running: ScrubRound | None
    last: ScrubRound | None


def open_count() -> int:
    """Bad copies that are not mended, and what is wrong with stores' own files or the register."""
    elsewhere = Damage.objects.filter(Q(package=None) | Q(store=""), settled_at=None)
    return PackageCopy.objects.exclude(state=_State.KEPT).count() + elsewhere.count()


def missed(names: Collection[str]) -> set[str]:
    """Which of some stores should have copies; one that nothing was ever written into is not missed."""
    return {name for name in names if PackageCopy.objects.filter(store=name).exists()}


def known_bad(limit: int) -> int:
    """Copies known to be bad, for a menu: counted no further than it shows."""
    return PackageCopy.objects.exclude(state=_State.KEPT).order_by()[:limit].count()


def bad_packages(*, quarantined: bool = True) -> list[UUID]:
    """Packages with a copy that is known to be bad, those waiting longest first.

    Args:
        quarantined: those of which no copy is whole too.
    """
    bad = PackageCopy.objects.exclude(state=_State.KEPT)
    if not quarantined:
        bad = bad.exclude(package_id__in=Quarantine.objects.filter(lifted_at=None).values("package_id"))
    return list(dict.fromkeys(bad.order_by("checked_at", "package_id").values_list("package_id", flat=True)))


def store_conditions(now: datetime) -> list[StoreCondition]:
    """Every store that the settings or the register name."""
    states = {state.name: state for state in store_states()}
    counts = {
        row["store"]: row
        for row in PackageCopy.objects.values("store")
        .order_by("store")
        .annotate(
            kept=Count("id", filter=Q(state=_State.KEPT)),
            damaged=Count("id", filter=Q(state=_State.DAMAGED)),
            missing=Count("id", filter=Q(state=_State.MISSING)),
            bytes=Sum("package__byte_count", filter=~Q(state=_State.MISSING)),
            recent=Sum("package__byte_count", filter=Q(written_at__gt=now - _LOOKED_BACK)),
            first=Min("written_at"),
        )
    }
    strays = dict(Stray.objects.values_list("store").order_by("store").annotate(all=Count("id")))
    return [
        _condition(name, states.get(name), counts.get(name, {}), strays.get(name, 0), now)
        for name in [*states, *(name for name in counts if name not in states)]
    ]


def _condition(
    name: str, state: StoreState | None, row: dict[str, object], strays: int, now: datetime
) -> StoreCondition:
    recent, first = int(str(row.get("recent") or 0)), row.get("first")
    age = now - first if isinstance(first, datetime) else timedelta(0)
    days = max(1.0, min(_LOOKED_BACK, age) / timedelta(days=1))
    left = days_until_full(state.free_bytes if state else None, recent, days)
    return StoreCondition(
        name=name,
        state=state,
        kept=int(str(row.get("kept") or 0)),
        damaged=int(str(row.get("damaged") or 0)),
        missing=int(str(row.get("missing") or 0)),
        byte_count=int(str(row.get("bytes") or 0)),
        daily_bytes=recent / days,
        days_left=left,
        full_on=localtime(now + timedelta(days=left)).date() if left is not None and left < _FAR_DAYS else None,
        strays=strays,
    )


def scrub_state(now: datetime) -> ScrubState:
    """How the checking of copies stands."""
    never = PackageCopy.objects.filter(checked_at=None).aggregate(oldest=Min("written_at"))["oldest"]
    checked = PackageCopy.objects.exclude(checked_at=None).aggregate(oldest=Min("checked_at"))["oldest"]
    before = now - timedelta(days=settings.SCRUB_DAYS)
    overdue = Q(checked_at__lt=before) | Q(checked_at=None, written_at__lt=before)
    rounds = ScrubRound.objects.order_by("-everything", "-started_at")
    # One that ended at a time that lies ahead ended under a clock gone wrong; others are made since.
    ended = ScrubRound.objects.filter(finished_at__lte=now + _AHEAD, copy_count__gt=0)
    return ScrubState(
        oldest_check=min((at for at in (never, checked) if at is not None), default=None),
        overdue=PackageCopy.objects.filter(overdue).count(),
        running=rounds.filter(finished_at=None).first(),
        last=ended.order_by("-finished_at").first(),
    )


def damage_found(
    among: Among,
    *,
    store: str = "",
    state: str = "",
    found_from: datetime | None = None,
    found_before: datetime | None = None,
) -> QuerySet[Damage]:
    """Damage, the newest first.

    Args:
        among: ids that whoever asks may know of; damage of stores' own files belongs to everybody.
        store: of one store.
        state: ``open``, or an outcome.
        found_from, found_before: aware bounds of the time of finding.
    """
    rows = Damage.objects.select_related("package")
    if among is not None:
        rows = rows.filter(Q(package=None) | Q(package_id__in=among.values("id")))
    if store:
        rows = rows.filter(store=store)
    if state == "open":
        rows = rows.filter(settled_at=None)
    elif state in Damage.Outcome.values:
        rows = rows.filter(outcome=state)
    if found_from:
        rows = rows.filter(found_at__gte=found_from)
    if found_before:
        rows = rows.filter(found_at__lt=found_before)
    return rows.order_by("-found_at", "-id")


def quarantined(among: Among) -> QuerySet[Quarantine]:
    """Packages of which no copy is whole, the oldest alarm first."""
    rows = Quarantine.objects.filter(lifted_at=None).select_related("package").order_by("since", "id")
    return rows if among is None else rows.filter(package_id__in=among.values("id"))


def quarantined_among(ids: Collection[UUID]) -> set[UUID]:
    """Which of some packages are quarantined."""
    return set(Quarantine.objects.filter(lifted_at=None, package_id__in=ids).values_list("package_id", flat=True))


def strays(limit: int) -> list[Stray]:
    """What lies in stores without a row, the latest found first."""
    return list(Stray.objects.order_by("-found_at", "store", "path")[:limit])


def packages_among(ids: Collection[UUID] | QuerySet[Any]) -> QuerySet[Package]:
    """Packages of these ids, and those that hold the set-up of this node and belong to nobody."""
    return Package.objects.filter(Q(id__in=ids) | ~Q(kind=Package.Kind.ITEM))


def round_ends_at(one: ScrubRound, megabytes_per_second: float, now: datetime) -> datetime | None:
    """When a round will be done at the pace it has had, at most the limit's.

    Args:
        one: the round.
        megabytes_per_second: the limit; 0 for none.
        now: aware.
    """
    left = max(0, one.planned_bytes - one.byte_count)
    pace = one.byte_count / one.seconds if one.seconds else megabytes_per_second * 1e6
    if megabytes_per_second:
        pace = min(pace, megabytes_per_second * 1e6)
    return now + timedelta(seconds=left / pace) if pace else None
