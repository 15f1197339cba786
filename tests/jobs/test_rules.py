"""Waits double, are spread, and end; crashes are counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cunzhen.jobs.rules import LONGEST_WAIT, MOST_CRASHES, may_try_again_after, wait_before


@pytest.mark.parametrize(("attempts", "low", "high"), [(1, 1.5, 2.5), (2, 3, 5), (3, 6, 10), (7, 96, 160)])
def test_waits_double(attempts: int, low: float, high: float) -> None:
    assert wait_before(attempts, 0.0) == timedelta(seconds=low)
    assert wait_before(attempts, 1.0) == timedelta(seconds=high)


def test_waits_have_an_end() -> None:
    assert wait_before(10_000, 1.0) == LONGEST_WAIT


def test_a_job_that_keeps_killing_its_workers_is_given_up() -> None:
    assert may_try_again_after(MOST_CRASHES - 1)
    assert not may_try_again_after(MOST_CRASHES)
