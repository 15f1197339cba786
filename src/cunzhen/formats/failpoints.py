"""Numbered points at which a test can kill the process, so that recovery is shown and not assumed."""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "CUNZHEN_FAILPOINT"
_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """End this process at once, as kill -9 would, where the environment asks for it here; otherwise do nothing.

    Args:
        name: the point's name, such as ``sequence-2``. ``CUNZHEN_FAILPOINT=sequence-2`` kills at its first passing,
            ``sequence-2@5`` at its fifth.
    """
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    wanted_name, _, count = wanted.partition("@")
    if wanted_name != name:
        return
    _passed[name] += 1
    if _passed[name] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
