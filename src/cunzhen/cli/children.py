"""Web servers, and the child processes of ``serve``: started, started again when they die, and never left behind."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

log = logging.getLogger("cunzhen.serve")

FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
# A child that has lived so long was well: its next death starts the waiting from the beginning.
HEALTHY_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def web_server(target: str, host: str, port: int, workers: int) -> list[str]:
    """The command line of a web server.

    Args:
        target: module and WSGI application, such as ``cunzhen.config.wsgi:application``.
    """
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", str(workers), "--blocking-threads", "4", "--no-ws", "--respawn-failed-workers",
        "--workers-kill-timeout", "10", "--log-level", "warning", target,
    ]  # fmt: skip


class Child:
    """One child with all its descendants, in a process group of its own.

    Args:
        name: for the log.
        command: program and arguments.
        environment: all of it.
        descriptors: handed on to the child.
    """

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int]
    ) -> None:
        self._name = name
        self._command = list(command)
        self._environment = dict(environment)
        self._descriptors = tuple(descriptors)
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._wait = FIRST_WAIT
        self._again_at = 0.0

    def start(self) -> None:
        """Start it; its standard output is ours for logs, so that ours carries nothing but the ready line."""
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=2,
            pass_fds=self._descriptors,
            start_new_session=True,  # Ctrl-C reaches us alone, and we stop the children in order
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - this process has one thread
        )

    def look_after(self) -> None:
        """Start it again where it has died, after a while that grows with each death."""
        now = time.monotonic()
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                return
            self._kill_group()
            self._process = None
            self._wait = FIRST_WAIT if now - self._began > HEALTHY_SECONDS else min(self._wait * 2, LONGEST_WAIT)
            self._again_at = now + self._wait
            log.error("%s ended with %s; it is started again in %.1f s", self._name, status, self._wait)
        elif now >= self._again_at:
            self.start()

    def ask_to_stop(self) -> None:
        """Ask it to end cleanly."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait_or_kill(self, until: float) -> None:
        """Wait for its end and kill what is left.

        Args:
            until: on the monotonic clock.
        """
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(max(until - time.monotonic(), 0.1))
        self._kill_group()
        self._process.wait()
        self._process = None

    def _kill_group(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _end_with_parent() -> None:
    """Asks the system for SIGTERM when ``serve`` is killed (prctl(2))."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
