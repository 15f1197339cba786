"""Somebody who founds a fonds, in a process that can be killed at any line."""

from __future__ import annotations

import os
from collections.abc import Callable

from django.utils import timezone

from cunzhen.accounts.models import Agency
from cunzhen.holdings.models import RetentionSchedule
from cunzhen.holdings.operations import found_fonds


def found(code: str, point: str = "") -> None:
    """A fonds of the first agency: its rows, and with them a version of the registry's package."""
    os.environ["CUNZHEN_FAILPOINT"] = point
    keeper = Agency.objects.order_by("id")[0]
    found_fonds(
        keeper=keeper,
        code=code,
        name=keeper.name,
        schedule=RetentionSchedule.objects.get(),
        actor_id=keeper.id,
        now=timezone.now(),
    )


TASKS: dict[str, Callable[..., None]] = {"found": found}
