"""The same work on many parts, in child processes with this process's settings and a database connection each."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import Any, TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")
_AHEAD = 2  # parts a process that wait for it, so that memory does not grow with their number


def spread(work: Callable[[Part], Result], parts: Iterable[Part], processes: int) -> Iterator[Result]:
    """Do the work on each part and hand out the results in the order of the parts.

    Args:
        work: a function of a module; it must bear being done again, for a killed run is started anew.
        parts: small values; taken from their source only as they are needed.
        processes: children; with one, or with a single part, the work is done here.

    Raises:
        what the work raises; parts that were begun are finished first.
    """
    source = iter(parts)
    first = list(islice(source, 2))
    if processes <= 1 or len(first) < 2:
        for part in (*first, *source):
            yield work(part)
        return
    context = multiprocessing.get_context("spawn")  # a forked child would share the parent's sockets
    with ProcessPoolExecutor(processes, context, _begin, _settings()) as pool:
        waiting: deque[Future[Result]] = deque()
        for part in (*first, *source):
            waiting.append(pool.submit(work, part))
            if len(waiting) >= processes * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _settings() -> tuple[Any, ...]:
    from django.conf import settings
    from django.db import connection

    database = {key: connection.settings_dict[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")}
    return os.getpid(), database, settings.STORES


def _begin(parent: int, database: dict[str, Any], stores: dict[str, Any]) -> None:
    """In a child: Django, the parent's database and stores, and an eye on the parent."""
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    connection.settings_dict.update(database)
    settings.STORES = stores


def _leave_with(parent: int) -> None:
    """A child whose parent was killed waits for work for ever; nothing of it is lost when it goes."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
