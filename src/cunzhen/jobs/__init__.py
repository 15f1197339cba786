"""Background work: Procrastinate behind one ``enqueue``.

A room that does work in the background has a module ``jobs.py``; the worker imports it, nobody else does::

    @job("read_drafts")
    def read_drafts(drafts: list[str]) -> None: ...

    every(1.0)(follow_ledger)

A job gets ids only, may run twice, and takes up where it was: a worker may be killed at any line of it.
"""

from cunzhen.jobs.operations import enqueue
from cunzhen.jobs.registry import every, job, on_shutdown, stopping

__all__ = ["enqueue", "every", "job", "on_shutdown", "stopping"]
