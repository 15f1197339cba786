"""Which base and which mark a wish leads to, which bases stay, and when a full one is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cunzhen.errors import Conflict
from cunzhen.preservation.backups.rules import (
    Base,
    BaseKind,
    Mark,
    MarkKind,
    base_is_due,
    choose,
    kept,
    parent_for,
    reach,
)

T = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def _base(
    name: str, hours: float, end: int, *, kind: BaseKind = BaseKind.FULL, parent: str = "", size: int = 100
) -> Base:
    at = T + timedelta(hours=hours)
    return Base(
        id=name, kind=kind, parent=parent, started_at=at, ended_at=at + timedelta(minutes=5), start=end - 10, end=end,
        continuous=True, sha256="", byte_count=size, mark=1, postgres="18.6", program="0", node="n", origin="o",
        stores=("a",), packages=0, package_bytes=0, ledger_size=0, keys_check="", keys_sealed=False,
    )  # fmt: skip


def _mark(number: int, hours: float, lsn: int, *, kind: MarkKind = MarkKind.POINT, base: str = "") -> Mark:
    return Mark(number, kind, f"m{number}", base, lsn, T + timedelta(hours=hours), "", 0, "")


BASES = [_base("one", 0, 100), _base("two", 24, 500)]
MARKS = [_mark(1, 0.2, 110), _mark(2, 12, 300), _mark(3, 24.2, 510), _mark(4, 30, 700)]


def test_as_late_as_possible() -> None:
    found = choose(BASES, MARKS, None)
    assert (found.base.id, found.mark.number, found.at) == ("two", 4, None)


@pytest.mark.parametrize(
    ("hours", "base", "mark"),
    [(0.15, "one", 1), (5, "one", 2), (12, "one", 2), (24, "one", 3), (24.15, "two", 3), (29, "two", 4)],
)
def test_a_time(hours: float, base: str, mark: int) -> None:
    found = choose(BASES, MARKS, T + timedelta(hours=hours))
    assert (found.base.id, found.mark.number) == (base, mark)
    assert found.base.ended_at <= T + timedelta(hours=hours) <= found.mark.at


@pytest.mark.parametrize("hours", [-1, 0.01, 31])
def test_a_time_out_of_reach(hours: float) -> None:
    with pytest.raises(Conflict) as refused:
        choose(BASES, MARKS, T + timedelta(hours=hours))
    assert refused.value.code == "B-03"
    assert "2026-11-23T22:00:00+0800" in refused.value.message


def test_nothing_whole() -> None:
    with pytest.raises(Conflict) as refused:
        choose([], [_mark(1, 0, 10)], None)
    assert refused.value.code == "B-02"


def test_moments_of_single_backups() -> None:
    base = _base("usb", 0, 100)
    marks = [
        _mark(1, 0.1, 100, kind=MarkKind.BASE_END, base="usb"),
        _mark(2, 5, 900, kind=MarkKind.BASE_END, base="gone"),
    ]
    assert choose([base], marks, None).mark.number == 1, "the base of the newer mark is gone"
    assert choose([base], marks, marks[0].at.replace(microsecond=0)).base.id == "usb"
    with pytest.raises(Conflict):
        choose([base], marks, T + timedelta(hours=3))
    assert reach([base], marks).moments == (marks[0].at,)


def test_what_stays() -> None:
    full = [_base(str(n), n, n * 10) for n in range(3)]
    small = [_base(f"d{n}", n + 0.5, n, kind=BaseKind.DIFFERENTIAL, parent="0") for n in range(2)]
    assert kept([*full, *small], 2) == {"d0", "d1", "0"}
    assert kept(full, 1) == {"2"}
    assert kept(full, 0) == {"2"}


def test_when_a_full_base_is_due() -> None:
    full = _base("full", 0, 100, size=1000)
    assert parent_for([], T) is None
    assert parent_for([full], T + timedelta(days=1)) == full
    assert parent_for([full], T + timedelta(days=7)) is None
    grown = _base("grown", 24, 200, kind=BaseKind.DIFFERENTIAL, parent="full", size=600)
    assert parent_for([full, grown], T + timedelta(days=2)) is None


def test_when_a_base_is_due() -> None:
    day = timedelta(days=1)
    assert base_is_due([], T, day)
    assert not base_is_due([_base("one", 0, 1)], T + timedelta(hours=23), day)
    assert base_is_due([_base("one", 0, 1)], T + day, day)
    ahead = _base("ahead", 24 * 3650, 1)
    assert base_is_due([ahead], T, day) and parent_for([ahead], T) is None, "taken under a clock that was ahead"
