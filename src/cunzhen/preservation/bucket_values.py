"""What goes into a bucket, what a listing of it says, and how long it is tried."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how widely a bucket is tried.

    Args:
        timeout: seconds for one request.
        deadline: seconds for an act as a whole, sizes aside.
        connections: requests at a time.
    """

    timeout: float
    deadline: float
    connections: int


class Body(Protocol):
    """Bytes to write: ``size`` in bytes, ``sha512`` (hex), and ``blocks``, which gives them in parts of a size."""

    @property
    def size(self) -> int: ...

    @property
    def sha512(self) -> str: ...

    def blocks(self, size: int) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Small:
    """A body in memory."""

    data: bytes

    @property
    def size(self) -> int:
        """See ``Body``."""
        return len(self.data)

    @property
    def sha512(self) -> str:
        """See ``Body``."""
        return hashlib.sha512(self.data).hexdigest()

    def blocks(self, size: int) -> Iterator[bytes]:
        """See ``Body``."""
        for low in range(0, len(self.data), size):
            yield self.data[low : low + size]


@dataclass(frozen=True, slots=True)
class Listed:
    """A key as a listing has it; listings can be stale."""

    key: str
    size: int
    modified: datetime


@dataclass(slots=True)
class Patience:
    """What is left of the time of one act; several threads may share it, and one that fails ends the others' tries."""

    seconds: float
    ended: threading.Event = field(default_factory=threading.Event)
    until: float = field(init=False)

    def __post_init__(self) -> None:
        self.until = time.monotonic() + self.seconds

    def pause(self, attempt: int) -> bool:
        """Wait before the next try; False where no time is left for one."""
        left = self.until - time.monotonic()
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
        pause = random.uniform(longest / 2, longest)  # noqa: S311 # spreads tries, keeps no secret
        return left > pause and not self.ended.wait(pause)
