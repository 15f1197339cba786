"""Upkeep of the API: kept answers are dropped after a week."""

from __future__ import annotations

from django.utils import timezone

from cunzhen.accounts.clock import steady
from cunzhen.api.idempotency import forget_old_keys
from cunzhen.jobs import every


@every(3600.0)
def forget_keys() -> None:
    """Several workers doing it at once is harmless. Nothing is old only because the clock was set."""
    if not steady.has_jumped():
        forget_old_keys(timezone.now())
