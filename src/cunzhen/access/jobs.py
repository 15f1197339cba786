"""What every worker does each second: number the ledger, then bring the index up to it."""

from __future__ import annotations

from cunzhen.access.operations import follow_ledger
from cunzhen.jobs import every
from cunzhen.ledger.operations import sequence


@every(1.0)
def follow() -> None:
    """Both are done by one worker at a time; the others find the locks taken and do nothing."""
    sequence()
    follow_ledger()
