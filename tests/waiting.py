"""Waiting for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(true: Callable[[], object], seconds: float = 40.0) -> None:
    """Ask every tenth of a second until it is true; an AssertionError when it never is.

    Args:
        true: What must come true.
        seconds: How long to wait at most.
    """
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
