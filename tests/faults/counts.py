"""How much of it runs: a seeded tenth in ``make test``, everything in ``make faults``."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

SEED = int(os.environ.get("CUNZHEN_TEST_SEED", "20261122"))
FULL = os.environ.get("CUNZHEN_FAULTS") == "full"


def some(values: Sequence[T], least: int = 1) -> list[T]:
    """All of them, or a tenth drawn with the seed, in their order."""
    if FULL:
        return list(values)
    drawn = random.Random(SEED).sample(range(len(values)), max(least, len(values) // 10))
    return [values[i] for i in sorted(drawn)]


def times(full: int) -> int:
    """How often: so many times, or a tenth."""
    return full if FULL else max(1, full // 10)
