"""Background work of search: entries get their numbers, and the index follows the ledger."""

from __future__ import annotations

from cunzhen.access.operations import follow_ledger
from cunzhen.jobs import every
from cunzhen.ledger.operations import sequence

every(1.0)(sequence)  # the ledger lies beside the jobs and cannot register its own
every(1.0)(follow_ledger)
