"""Waits double, are spread, and end; a worker's deaths are counted by the hour and in all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from cunzhen.jobs.rules import LONGEST_WAIT, MOST_CRASHES, MOST_CRASHES_AN_HOUR, may_try_again_after, wait_before

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.mark.parametrize(("attempts", "low", "high"), [(1, 1.5, 2.5), (2, 3, 5), (3, 6, 10), (7, 96, 160)])
def test_waits_double(attempts: int, low: float, high: float) -> None:
    assert wait_before(attempts, 0.0) == timedelta(seconds=low)
    assert wait_before(attempts, 1.0) == timedelta(seconds=high)


def test_waits_have_an_end() -> None:
    assert wait_before(10_000, 1.0) == LONGEST_WAIT


def _deaths(moments: Iterable[timedelta]) -> int:
    """How many workers die over a job before it is given up, each at its moment; -1 where it never is."""
    crashes: list[datetime] = []
    for moment in moments:
        crashes.append(NOON + moment)
        if not may_try_again_after(crashes):
            return len(crashes)
    return -1


@pytest.mark.parametrize(
    ("after", "most"),
    [
        (timedelta(seconds=2), MOST_CRASHES_AN_HOUR),
        (timedelta(minutes=10), MOST_CRASHES_AN_HOUR),
        (timedelta(hours=1), MOST_CRASHES),
        (timedelta(days=3), MOST_CRASHES),
    ],
)
def test_a_job_that_kills_its_workers_is_given_up_however_long_it_takes(after: timedelta, most: int) -> None:
    assert _deaths(after * n for n in range(1, 1000)) == most


def test_a_bad_week_of_power_cuts_gives_no_job_up() -> None:
    """Three cuts a day, all of them in the middle of the same job."""
    assert _deaths(timedelta(days=day, hours=hour) for day in range(7) for hour in (1, 2, 11)) == -1


def test_mains_that_flicker_four_times_give_no_job_up() -> None:
    assert _deaths(timedelta(minutes=minute) for minute in (0, 1, 2, 5)) == -1
