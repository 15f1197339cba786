"""The janitor: clears what a killed batch left in staging."""

from __future__ import annotations

from datetime import timedelta

from cunzhen.jobs import every
from cunzhen.preservation.operations import sweep_uncommitted

LEFT_ALONE = timedelta(minutes=5)


@every(120.0)
def sweep() -> None:
    """Batches older than five minutes that never committed."""
    sweep_uncommitted(LEFT_ALONE)
