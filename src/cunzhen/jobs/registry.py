"""What the worker can do: jobs by name, things done every few seconds, things to end before it goes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cunzhen.errors import CunzhenError

JobFunction = TypeVar("JobFunction", bound=Callable[..., object])
TickFunction = TypeVar("TickFunction", bound=Callable[[], object])


@dataclass(frozen=True)
class Tick:
    """A function that every worker calls again and again, each in its own thread."""

    name: str
    seconds: float
    call: Callable[[], object]


JOBS: dict[str, Callable[..., object]] = {}
TICKS: dict[str, Tick] = {}
SHUTDOWN: list[Callable[[], object]] = []
_stopping = threading.Event()
_troubles: dict[str, CunzhenError] = {}


def job(op: str) -> Callable[[JobFunction], JobFunction]:
    """Register the function that does the job ``op``; its arguments are what ``enqueue`` was given.

    Args:
        op: the operation's name.
    """

    def register(function: JobFunction) -> JobFunction:
        if JOBS.get(op, function) is not function:
            raise ValueError(f"two functions want to do the job {op}")
        JOBS[op] = function
        return function

    return register


def every(seconds: float) -> Callable[[TickFunction], TickFunction]:
    """Register a function that the worker calls at this pace; it must bear being called by many workers at once.

    Args:
        seconds: from the end of one call to the start of the next.
    """

    def register(function: TickFunction) -> TickFunction:
        name = f"{function.__module__}.{function.__qualname__}"
        TICKS[name] = Tick(name, seconds, function)
        return function

    return register


def on_shutdown(function: Callable[[], object]) -> None:
    """Call a function when the worker goes: for processes that a job started and left running.

    Args:
        function: takes nothing, returns soon, may be called twice.
    """
    if function not in SHUTDOWN:
        SHUTDOWN.append(function)


def stopping() -> bool:
    """Whether the worker was asked to go; a long job asks between two steps and leaves by raising ``Unavailable``."""
    return _stopping.is_set()


def announce_start() -> None:
    """A worker of this process begins."""
    _stopping.clear()
    _troubles.clear()


def note_trouble(error: CunzhenError) -> None:
    """A job of this process could not be done."""
    _troubles[error.code] = error


def troubles() -> list[CunzhenError]:
    """Why jobs of this process's last worker could not be done, each cause once; for the person who waits for them."""
    return list(_troubles.values())


def announce_stop() -> None:
    """Tell running jobs and ticks that the worker goes."""
    _stopping.set()


def announce_end() -> None:
    """The worker that did what it could has gone; its process may go on with other things."""
    _stopping.clear()


def wait_for_stop(seconds: float) -> bool:
    """Sleep, but wake when the worker goes.

    Args:
        seconds: how long at most.

    Returns:
        whether the worker goes.
    """
    return _stopping.wait(seconds)
