"""How often a job is tried, and when again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

# Every worker holds the advisory lock (CLAIM, its number) on a connection of its own for as long as it lives.
CLAIM = 0x435A4A42

# What is unavailable is tried for as long as it takes; from this try on, some minutes later, the log calls it an error.
PATIENT_TRIES = 8
LONGEST_WAIT = timedelta(minutes=5)
# No try is put off further than the longest wait: a time beyond this was noted under a clock that was wrong.
FURTHEST_AHEAD = timedelta(minutes=10)
# From then on a job that waits is shown to people.
LONG = timedelta(minutes=5)

UNKNOWN, CRASHED, GIVEN_UP = "J-01", "J-02", "J-03"
REASONS = {
    UNKNOWN: ("后台工作没有做成，原因没有记下来", "a job failed and left no reason"),
    CRASHED: ("做这项工作的进程异常中止，已交给别的进程", "the worker died over this job; another one takes it"),
    GIVEN_UP: (
        "做这项工作的进程一再异常中止，已停止重试；排除原因后用 cunzhen jobs --retry 重新执行",
        "workers kept dying over this job; it is not tried again until cunzhen jobs --retry says so",
    ),
}

# A worker's death may be the job's fault or the mains', and nobody can tell from one. A job that kills its workers does
# so every time and soon, for the next worker starts within seconds: five deaths within an hour are its own work, while
# four power cuts in one hour leave it its last try. One that takes an hour to kill is stopped by the total instead,
# which is more than the 21 deaths of a week with three cuts a day. A job is some minutes of work (32 papers) and what
# it has read stays, so that the mains would have to hit the same few minutes each time to come that far.
MOST_CRASHES_AN_HOUR = 5
MOST_CRASHES = 25


def wait_before(attempts: int, spread: float) -> timedelta:
    """How long to wait before the next try: doubling from two seconds, spread so that many do not come back at once.

    Args:
        attempts: tries made so far, at least 1.
        spread: 0 to 1, drawn by the caller.
    """
    seconds = float(2 ** min(attempts, 20)) * (0.75 + 0.5 * spread)
    return min(timedelta(seconds=seconds), LONGEST_WAIT)


def may_try_again_after(crashes: Sequence[datetime]) -> bool:
    """Whether a job whose worker died gets another.

    What is merely unavailable (a full disk, a database that restarts) is tried for as long as it takes: papers that
    were acknowledged must go on by themselves when there is room again.

    Args:
        crashes: when workers died while they did it, the last one included; at least one.
    """
    lately = [at for at in crashes if max(crashes) - at < timedelta(hours=1)]
    return len(lately) < MOST_CRASHES_AN_HOUR and len(crashes) < MOST_CRASHES


def reason(code: str) -> tuple[str, str]:
    """Why a job failed for good, in Chinese and English.

    Args:
        code: of the queue's own, of a refusal, or the name of an exception.
    """
    refused = re.fullmatch(r"[A-Z]{1,3}(-[A-Z]{2})?-\d{2}", code)
    return REASONS.get(code) or (
        ("被拒绝，含义见提示代码表", "it was refused; see the list of codes")
        if refused
        else ("程序出错，出错位置见日志", "a fault of the program; the log says where")
    )
