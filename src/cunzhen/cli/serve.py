"""``cunzhen serve``: the database, the web server and a worker as one thing that starts, lives and stops together.

The database stops last. A child that dies is started again, later each time; a killed database is started again and the
children find it by themselves. Where this process is killed the system ends its children, and the next start uses the
database that was left running.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, closing
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from cunzhen.cli.children import Child, web_server
from cunzhen.cli.init import bring_up
from cunzhen.cli.main import open_keys, set_up
from cunzhen.cli.terminal import say
from cunzhen.database.launcher import Server, ensure_running
from cunzhen.errors import Unavailable

if TYPE_CHECKING:
    from cunzhen.database.schema import Hold

HELP = "启动数据库、网页服务和后台工作，直到被要求停止"
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
LOOK_SECONDS = 0.2
RENEW_LOOKS = 10


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--host", default="127.0.0.1", help="监听地址（缺省 127.0.0.1）")
    parser.add_argument("--port", type=int, default=8000, help="监听端口（缺省 8000）")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="网页服务进程数（缺省 2）")
    parser.add_argument("--no-worker", action="store_true", help="不启动后台工作（另用 cunzhen worker）")


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; 0 after a clean stop."""
    stop = _StopSignal()
    open_keys(args.home)
    with ExitStack() as stack:
        server = stack.enter_context(ensure_running(args.home))
        _prepare(server)
        hold = stack.enter_context(closing(_hold(server)))
        check_port(args.host, args.port)
        children = _children(args, server)
        try:
            for child in children:
                child.start()
            if _wait_ready(args, children, stop):
                say(f"ready http://{_shown(args.host)}:{args.port}")
                _supervise(children, server, hold, stop)
        finally:
            _stop_all(children)
    return 0


class _StopSignal:
    """Set by SIGTERM and SIGINT; the loops look at it between two steps."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def _prepare(server: Server) -> None:
    """Tables and static files as this version needs them; then this process needs the database no more."""
    os.environ.update(server.environment)
    set_up()
    bring_up(server)
    _collect_static()


def _hold(server: Server) -> Hold:
    """While the desk is up nobody migrates the tables under it."""
    from cunzhen.database.schema import Hold

    return Hold(server.app_url)


def _collect_static() -> None:
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    made = manifest.stat().st_mtime if manifest.exists() else 0.0
    sources = (Path(store.path(name)) for finder in get_finders() for name, store in finder.list([]))
    if not manifest.exists() or any(source.stat().st_mtime > made for source in sources):
        call_command("collectstatic", interactive=False, verbosity=0)


def check_port(host: str, port: int) -> None:
    """See that nobody listens there: the web server would share the port without a word.

    Raises:
        Unavailable: ``C-01``.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Unavailable(
                "C-01",
                f"无法监听 {host}:{port}（{error.strerror}）。请用 --port 另选端口，或停掉占用它的程序。",
                f"Cannot listen on {host}:{port} ({error.strerror}). Choose another --port, or stop what uses it.",
            ) from error


def _children(args: argparse.Namespace, server: Server) -> list[Child]:
    # The children sign in as the role that owns nothing and never learn the owner's password.
    environment = {k: v for k, v in os.environ.items() if k != "CUNZHEN_OWNER_URL"}
    environment |= {"DATABASE_URL": server.app_url, "PYTHONUNBUFFERED": "1"}
    locks = (server.lock,) if server.lock is not None else ()
    web = web_server("cunzhen.config.wsgi:application", args.host, args.port, args.workers)
    work = [sys.executable, "-m", "cunzhen.cli.main", "--home", str(args.home), "worker"]
    children = [Child("web", web, environment, locks)]
    return children if args.no_worker else [*children, Child("worker", work, environment, locks)]


def _wait_ready(args: argparse.Namespace, children: list[Child], stop: _StopSignal) -> bool:
    address = f"http://{_shown(args.host)}:{args.port}/healthz"
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if stop.asked:
            return False
        if _answers(address):
            return True
        for child in children:
            child.look_after()
        time.sleep(0.05)
    raise Unavailable(
        "C-02", f"网页服务在 {READY_SECONDS:.0f} 秒内没有应答，原因见上面的日志。",
        f"The web server did not answer within {READY_SECONDS:.0f} seconds; see the log above.",
    )  # fmt: skip


def _shown(host: str) -> str:
    """The address under which a server that listens on ``host`` is reached from here."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _answers(address: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        return error.code == 400  # another name in CUNZHEN_HOSTS: it answers all the same
    except OSError:
        return False


def _supervise(children: list[Child], server: Server, hold: Hold, stop: _StopSignal) -> None:
    looks = 0
    while not stop.asked:
        server.revive()
        looks += 1
        if looks % RENEW_LOOKS == 0:
            hold.renew()
        for child in children:
            child.look_after()
        time.sleep(LOOK_SECONDS)


def _stop_all(children: list[Child]) -> None:
    for child in children:
        child.ask_to_stop()
    until = time.monotonic() + STOP_SECONDS
    for child in children:
        child.wait_or_kill(until)
