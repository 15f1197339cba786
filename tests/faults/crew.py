"""Processes that can be killed at any line, each a fork of one that has loaded everything, for that costs seconds.

Run as a program it takes orders on standard input, one JSON object a line, and answers each with one number.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from urllib.parse import quote
from uuid import UUID

FILE_LIMIT = "CREW_FILE_LIMIT"  # bytes; where there is no disk to fill, no file can grow beyond this
LONGEST_CHILD = 90.0  # seconds; then it says where it hangs and ends


class _Later(ModuleType):
    """Siegfried's Go runtime does not outlive a fork: each child loads it at its first use."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        sys.modules.pop(self.__name__, None)
        return getattr(importlib.import_module(self.__name__), name)


class Crew:
    """The program as a test sees it."""

    def __init__(self, log: Path, preload: Path | None = None) -> None:
        """Start it; ``preload`` is a library that goes before the system's own."""
        from django.db import connection

        s = connection.settings_dict
        url = f"postgresql://{s['USER']}:{quote(s['PASSWORD'])}@/{s['NAME']}?host={quote(s['HOST'], safe='')}"
        path = os.pathsep.join([str(Path(__file__).parents[2]), *(p for p in sys.path if p)])
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": path, "LD_PRELOAD": str(preload or "")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def start(self, task: str, *, environment: Mapping[str, str] | None = None, **arguments: object) -> int:
        """Begin a task of ``TASKS``; the number of its process."""
        return self._order({"start": task, "arguments": arguments, "environment": dict(environment or {})})

    def wait(self, child: int) -> int:
        """Its exit status, negative where a signal ended it; its own children are ended with it."""
        return self._order({"wait": child})

    def run(self, task: str, *, environment: Mapping[str, str] | None = None, **arguments: object) -> int:
        """Begin a task and wait for its end."""
        return self.wait(self.start(task, environment=environment, **arguments))

    def close(self) -> None:
        """Let it go."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self._log.close()

    def _order(self, order: Mapping[str, object]) -> int:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(order, default=str) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def _serve(tasks: Mapping[str, Callable[..., object]]) -> None:
    answers = os.dup(1)
    os.dup2(2, 1)  # what tasks print is no answer
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
            with contextlib.suppress(ProcessLookupError):
                os.killpg(order["wait"], signal.SIGKILL)
        elif not (answer := os.fork()):
            _do(tasks[order["start"]], order["arguments"], order["environment"])
        os.write(answers, b"%d\n" % answer)


def _do(task: Callable[..., object], arguments: Mapping[str, object], environment: Mapping[str, str]) -> None:
    from cunzhen.errors import CunzhenError
    from tests.faults import recorders

    status = 70
    try:
        os.setsid()
        faulthandler.dump_traceback_later(LONGEST_CHILD, exit=True)
        os.environ.update(environment)
        if limit := int(environment.get(FILE_LIMIT, 0)):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        recorders.prepare(environment)
        # Readers are forked here and not served by a fresh interpreter, which would cost a second for each child.
        context = multiprocessing.get_context("fork")
        multiprocessing.get_context = lambda method=None: context  # type: ignore[assignment, misc]
        type(context).set_forkserver_preload = lambda *_: None  # type: ignore[attr-defined]
        status = int(str(task(**arguments) or 0))
    except CunzhenError as error:
        sys.stderr.write(f"{error}\n")
        status = 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def _paths(names: Sequence[str]) -> list[Path]:
    return [Path(name) for name in names]


def main() -> None:
    """Load everything, then take orders."""
    import django

    sys.modules["pygfried"] = _Later("pygfried")
    django.setup()
    from django.utils import timezone

    from cunzhen.access.operations import rebuild_index
    from cunzhen.accounts.queries import service_actor
    from cunzhen.capture.operations import receive_transfer
    from cunzhen.capture.piles import list_pile
    from cunzhen.cli import main as cli
    from cunzhen.jobs.worker import run_worker
    from tests.faults import clerks, correctors, delivered, founders, recorders

    def until_killed(before: str, pile: str, acknowledged: str, point: str) -> None:
        clerks.clerk([Path(before)], Path(acknowledged))
        os.environ["CUNZHEN_FAILPOINT"] = point
        clerks.clerk([Path(pile)], Path(acknowledged))
        if point.startswith("index-rebuild"):
            rebuild_index()

    def receive(transfer: str, paths: list[str]) -> None:
        actor = service_actor()
        incoming, rejected = list_pile(_paths(paths))
        receive_transfer(actor, transfer_id=UUID(transfer), incoming=incoming, rejected=rejected, now=timezone.now())

    def cunzhen(words: list[str], out: str) -> int:
        with Path(out).open("w") as answer:
            os.dup2(answer.fileno(), 1)
            status = cli.main(words)
            sys.stdout.flush()
        return status

    _serve(
        {
            "until_killed": until_killed,
            "clerk": lambda paths, acknowledged: clerks.clerk(_paths(paths), Path(acknowledged)),
            "do_again": lambda paths: clerks.do_again(_paths(paths)),
            "hand_in": lambda paths: clerks.hand_in(_paths(paths)) and 0,
            "work": lambda: run_worker(wait=False) and 0,
            "receive": receive,
            "cunzhen": cunzhen,
            **correctors.TASKS,
            **recorders.TASKS,
            **delivered.TASKS,
            **founders.TASKS,
        }
    )


if __name__ == "__main__":
    main()
