"""PostgreSQL's own programs for backups, run with the password in their environment and never among their arguments."""

from __future__ import annotations

import logging
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cunzhen.database.places import client_program
from cunzhen.errors import Unavailable

log = logging.getLogger("cunzhen.database")
_running: set[subprocess.Popen[bytes]] = set()
_guard = threading.Lock()


def run(program: str, words: Sequence[str | Path], url: str = "") -> str:
    """Run one of PostgreSQL's client programs to its end.

    Args:
        program: such as ``pg_basebackup``.
        words: its arguments.
        url: of the server it works on, none for programs that look at files only.

    Returns:
        what it wrote to standard error.

    Raises:
        Unavailable: ``D-13`` the program is not there, ``D-14`` no space left, ``D-15`` it failed.
    """
    path = client_program(program)
    if path is None:
        raise Unavailable(
            "D-13",
            f"找不到 PostgreSQL 程序 {program}。请安装与服务器同版本的 PostgreSQL 客户端程序，或取消 CUNZHEN_POSTGRES_BIN。",
            f"PostgreSQL's program {program} is not there. Install the client programs, or unset CUNZHEN_POSTGRES_BIN.",
        )
    status, said = _run([*_tied(), str(path), *_connection(url), *(str(w) for w in words)], _environment(url))
    if status != 0:
        raise _failed(program, said)
    return said


def end_running() -> None:
    """End the programs that this process still runs; for a worker that goes."""
    with _guard:
        for process in _running:
            process.terminate()


def _run(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    with tempfile.TemporaryFile() as said:
        with _guard:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env=environment,
                umask=0o077,
                start_new_session=True,
            )
            _running.add(process)
        try:
            status = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            with _guard:
                _running.discard(process)
        said.seek(0)
        return status, said.read().decode("utf-8", "replace")


def _tied() -> list[str]:
    """So that the program does not outlive us after a kill -9; where the system has no such command, a lock waits."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


def _connection(url: str) -> list[str]:
    if not url:
        return []
    parts = {k: str(v) for k, v in conninfo_to_dict(url).items() if k not in {"password", "application_name"}}
    return ["--no-password", "--dbname", make_conninfo(**parts)]


def _environment(url: str) -> dict[str, str]:
    found = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    password = conninfo_to_dict(url).get("password") if url else None
    return found | ({"PGPASSWORD": str(password)} if password else {})


def _failed(program: str, said: str) -> Unavailable:
    last = (said.strip().splitlines() or [""])[-1]
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return Unavailable(
            "D-14",
            "磁盘空间不足，备份没有完成；以前的备份不受影响。请腾出空间后重试。",
            f"{program} ran out of disk space. Earlier backups are as they were. Make room, then try again.",
        )
    log.error("%s failed: %s", program, last)
    return Unavailable(
        "D-15",
        f"PostgreSQL 程序 {program} 没有成功：{last}",
        f"PostgreSQL's program {program} failed: {last}",
        program=program,
    )
