"""Every write of the room: keep packages and new versions, check what is kept, clear what was never committed."""

from __future__ import annotations

from cunzhen.preservation.operations.changing import fold_changes, keep_change_set, revise_descriptions
from cunzhen.preservation.operations.keeping import keep_packages, revise_packages
from cunzhen.preservation.operations.promising import promise_copies
from cunzhen.preservation.operations.proving import prove_locks
from cunzhen.preservation.operations.readmitting import forget_packages, register_copies
from cunzhen.preservation.operations.repairing import repair_packages, replace_store, request_repair
from cunzhen.preservation.operations.scrubbing import request_scrub, roll_scrub, scrub_copies
from cunzhen.preservation.operations.sweeping import sweep_uncommitted
from cunzhen.preservation.operations.verifying import verify_packages

__all__ = [
    "fold_changes",
    "forget_packages",
    "keep_change_set",
    "keep_packages",
    "promise_copies",
    "prove_locks",
    "register_copies",
    "repair_packages",
    "replace_store",
    "request_repair",
    "request_scrub",
    "revise_descriptions",
    "revise_packages",
    "roll_scrub",
    "scrub_copies",
    "sweep_uncommitted",
    "verify_packages",
]
