"""The clock of this process against one that nobody can set: a second opinion on what time it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)
# A clock that goes back further than this was wrong before and is right now.
_BELIEVED = timedelta(days=2)


class Steady:
    """Knows what the clock should say by the seconds since it was made.

    Args:
        wall: the clock that people see and set. seconds: one that only ever goes on.
    """

    def __init__(
        self, wall: Callable[[], datetime] = lambda: datetime.now(UTC), seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._seconds = wall, seconds
        self._began, self._from = wall(), seconds()

    def latest(self) -> datetime:
        """The present for what runs out: a clock that is set back by a day makes nothing valid for a day longer."""
        now, should = self._wall(), self._should()
        return should if timedelta(0) < should - now <= _BELIEVED else now

    def has_jumped(self) -> bool:
        """Whether the clock was set, forwards or back, by more than a few minutes."""
        return abs(self._wall() - self._should()) > TOLERANCE

    def _should(self) -> datetime:
        return self._began + timedelta(seconds=self._seconds() - self._from)


steady = Steady()
