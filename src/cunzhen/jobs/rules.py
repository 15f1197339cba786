"""How often a job is tried, and when again."""

from __future__ import annotations

from datetime import timedelta

MOST_TRIES = 8  # of a job that meets something unavailable: about ten minutes all in all
MOST_CRASHES = 3  # of a job whose worker dies: it may be the job that kills it
LONGEST_WAIT = timedelta(minutes=5)


def wait_before(attempts: int, spread: float) -> timedelta:
    """How long to wait before the next try: doubling from two seconds, spread so that many do not come back at once.

    Args:
        attempts: tries made so far, at least 1.
        spread: 0 to 1, drawn by the caller.
    """
    seconds = float(2 ** min(attempts, 20)) * (0.75 + 0.5 * spread)
    return min(timedelta(seconds=seconds), LONGEST_WAIT)


def may_try_again(attempts: int, *, crashed: bool) -> bool:
    """Whether one more try is left.

    Args:
        attempts: tries made so far, this one included.
        crashed: whether the last one ended because its worker died.
    """
    return attempts < (MOST_CRASHES if crashed else MOST_TRIES)
