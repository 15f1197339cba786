"""How often a job is tried, and when again."""

from __future__ import annotations

from datetime import timedelta

PATIENT_TRIES = (
    8  # what is still unavailable then, about ten minutes on, is logged as an error; it is tried on all the same
)
MOST_CRASHES = 8  # of a job whose worker dies: it may be the job that kills it, or a bad week for the mains
LONGEST_WAIT = timedelta(minutes=5)


def wait_before(attempts: int, spread: float) -> timedelta:
    """How long to wait before the next try: doubling from two seconds, spread so that many do not come back at once.

    Args:
        attempts: tries made so far, at least 1.
        spread: 0 to 1, drawn by the caller.
    """
    seconds = float(2 ** min(attempts, 20)) * (0.75 + 0.5 * spread)
    return min(timedelta(seconds=seconds), LONGEST_WAIT)


def may_try_again_after(crashes: int) -> bool:
    """Whether a job whose worker died gets another.

    What is merely unavailable (a full disk, a database that restarts) is tried for as long as it takes: papers that
    were acknowledged must go on by themselves when there is room again.

    Args:
        crashes: workers that died while they did it, the last one included.
    """
    return crashes < MOST_CRASHES
