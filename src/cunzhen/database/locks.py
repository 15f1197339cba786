"""Locks of the database that last longer than a transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def held(*key: int, seconds: float = 0.0) -> Iterator[bool]:
    """Hold an advisory lock for the session, for work that spans transactions; a process that dies lets go of it.

    Args:
        key: one number of 64 bits, or two of 32.
        seconds: how long to go on asking for a lock that another session holds.

    Returns:
        Whether it is held; nobody else's work is waited for beyond ``seconds``.
    """
    until = time.monotonic() + seconds
    while not (taken := _asked("pg_try_advisory_lock", key)) and time.monotonic() < until:
        time.sleep(0.1)
    try:
        yield taken
    finally:
        if taken and connection.connection is not None and not connection.connection.closed:
            _asked("pg_advisory_unlock", key)


def _asked(function: str, key: tuple[int, ...]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}({', '.join(['%s'] * len(key))})", key)
        return bool(cursor.fetchone() == (True,))
