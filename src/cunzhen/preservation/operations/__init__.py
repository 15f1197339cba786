"""Every write of the room: keep packages and new versions, check what is kept, clear what was never committed."""

from __future__ import annotations

from cunzhen.preservation.operations.keeping import keep_packages, revise_packages
from cunzhen.preservation.operations.sweeping import sweep_uncommitted
from cunzhen.preservation.operations.verifying import verify_packages

__all__ = ["keep_packages", "revise_packages", "sweep_uncommitted", "verify_packages"]
