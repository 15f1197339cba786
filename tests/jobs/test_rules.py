"""Waits double, are spread, and end; tries are counted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cunzhen.jobs.rules import LONGEST_WAIT, MOST_CRASHES, MOST_TRIES, may_try_again, wait_before


@pytest.mark.parametrize(("attempts", "low", "high"), [(1, 1.5, 2.5), (2, 3, 5), (3, 6, 10), (7, 96, 160)])
def test_waits_double(attempts: int, low: float, high: float) -> None:
    assert wait_before(attempts, 0.0) == timedelta(seconds=low)
    assert wait_before(attempts, 1.0) == timedelta(seconds=high)


def test_waits_have_an_end() -> None:
    assert wait_before(10_000, 1.0) == LONGEST_WAIT


@pytest.mark.parametrize(("crashed", "most"), [(False, MOST_TRIES), (True, MOST_CRASHES)])
def test_tries_have_an_end(crashed: bool, most: int) -> None:
    assert may_try_again(most - 1, crashed=crashed)
    assert not may_try_again(most, crashed=crashed)
