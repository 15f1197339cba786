"""What every worker does without being asked: number the ledger and bring the index up to it, have it witnessed and
stamped, audit it. The ledger's own room lies below and knows no workers.
"""

from __future__ import annotations

from django.utils import timezone

from cunzhen.access.operations import follow_ledger
from cunzhen.jobs import every
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.stamps import stamp_today
from cunzhen.ledger.watching import watch
from cunzhen.ledger.witnesses import ask_witnesses


@every(1.0)
def follow() -> None:
    """Both are done by one worker at a time; the others find the locks taken and do nothing."""
    sequence()
    follow_ledger()


@every(60.0)
def ask_to_witness() -> None:
    """Each minute, so that nobody can rewrite more than a minute unseen."""
    ask_witnesses(timezone.now())


@every(30.0)
def audit_ledger() -> None:
    """Whenever it is time, by one worker."""
    watch(timezone.now())


@every(600.0)
def stamp_ledger() -> None:
    """Once a day where an authority is configured; a failure is tried again ten minutes later."""
    stamp_today(timezone.now())
