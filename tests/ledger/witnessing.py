"""Witnesses as processes of their own, and machines that only seem to be some."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

from cunzhen.ledger.witness import WitnessFolder, create
from tests.waiting import until


@dataclass
class Process:
    """One witness: ``cunzhen witness serve`` on a folder and a port."""

    folder: WitnessFolder
    port: int
    running: subprocess.Popen[bytes] | None = None

    @property
    def setting(self) -> str:
        """As CUNZHEN_WITNESSES names it."""
        return f"{self.folder.vkey} http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve; returns once it answers."""
        command = [sys.executable, "-m", "cunzhen.cli.main", "witness", "serve", str(self.folder.root), "--port"]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CUNZHEN_", "DATABASE_URL", "DJANGO_"))}
        self.running = subprocess.Popen(
            [*command, str(self.port)],
            env=kept | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        until(self._answers)

    def stop(self, number: int = signal.SIGKILL) -> None:
        """End it and what it started."""
        if self.running is not None:
            os.killpg(self.running.pid, number)
            self.running.wait()
            self.running = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2) as answer:
                return bool(answer.read().decode() == f"{self.folder.vkey}\n")
        except OSError:
            return False


@contextmanager
def witnesses(root: Path, count: int) -> Iterator[list[Process]]:
    """So many witnesses, running; they trust no log yet."""
    made: list[Process] = []
    try:
        for n in range(count):
            made.append(Process(create(root / f"w{n}", f"witness.example/w{n}"), free_port()))
            made[-1].start()
        yield made
    finally:
        for one in made:
            one.stop()


@contextmanager
def machine(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """The address of a machine that answers each POST by this function."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.body = self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", free_port()), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    """A port that nobody listens on, below those that the system gives out by itself."""
    for port in range(21_000 + os.getpid() % 5_000, 32_000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
