"""One cluster on disk: made whole or not at all, started, watched and stopped by signals of its own.

Nothing here trusts ``postmaster.pid`` alone: after a kill -9 its number may belong to another program. A process counts
as this cluster's server only while it works in the data folder, which every PostgreSQL process does.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import time
from pathlib import Path

import psutil

from cunzhen.database.places import Place, own
from cunzhen.errors import Unavailable
from cunzhen.formats.durable import FileSystemSync, fsync_path

SUPERUSER = "postgres"
START_SECONDS = 120.0
STOP_SECONDS = 60.0
LOG_LIMIT_BYTES = 10_000_000

# Statements and values never reach the log: they hold names and numbers of people.
SETTINGS = """\
# Written at every start. Use ALTER SYSTEM for settings of your own: those win over this file.
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = 60
shared_buffers = 192MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB
random_page_cost = 1.1
jit = off
max_parallel_workers_per_gather = 1
fsync = on
synchronous_commit = on
full_page_writes = on
wal_compression = on
max_wal_size = 2GB
min_wal_size = 128MB
checkpoint_timeout = 15min
recovery_init_sync_method = syncfs
# What a backup folder that has gone away may hold back; after that it needs a new base instead of filling this disk.
max_slot_wal_keep_size = 8GB
password_encryption = scram-sha-256
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_statement = none
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""
# From version 17 on: lets a base backup hold only what changed since an earlier one.
SUMMARIES = """\
summarize_wal = on
wal_summary_keep_time = '30d'
"""
SUMMARIES_FROM = 17
INCLUDE = "\ninclude_if_exists = 'cunzhen.conf'\n"  # what a home's own postgresql.conf ends with


def is_made(place: Place) -> bool:
    """Whether the data folder holds a finished cluster."""
    return (place.data / "PG_VERSION").exists()


def make(place: Place, password: str) -> None:
    """Make the cluster beside its final name and move it there, durable when it returns.

    Args:
        place: where everything lies.
        password: of the superuser, who is used to make the roles and for nothing else.

    Raises:
        Unavailable: ``D-04`` where initdb fails.
    """
    for left in place.data.parent.glob(f".{place.data.name}-new-*"):
        shutil.rmtree(left)  # the start lock is held, so nobody else is at work on it
    work = place.data.parent / f".{place.data.name}-new-{secrets.token_hex(4)}"
    work.mkdir(mode=0o700)
    own(work, place.account)
    password_file = place.sockets / f".password-{secrets.token_hex(4)}"
    sync = FileSystemSync(work)
    try:
        password_file.touch(mode=0o600)
        password_file.write_text(password, encoding="ascii")
        own(password_file, place.account)
        _initdb(place, work, password_file)
        with (work / "postgresql.conf").open("a", encoding="utf-8") as out:
            out.write(INCLUDE)
        if place.data.exists():
            place.data.rmdir()  # an empty folder made for us; anything else in it stops here
        sync.sync([p for p in work.rglob("*") if not p.is_symlink()])
        work.rename(place.data)
        fsync_path(place.data.parent)
    finally:
        sync.close()
        password_file.unlink(missing_ok=True)
        if work.exists():
            shutil.rmtree(work)


def _initdb(place: Place, folder: Path, password_file: Path) -> None:
    command = [
        str(place.programs / "initdb"), "--pgdata", str(folder), "--username", SUPERUSER, "--encoding=UTF8",
        "--locale=C.UTF-8", "--auth=scram-sha-256", "--pwfile", str(password_file), "--no-sync",
    ]  # fmt: skip
    done = place.account.run(command)
    if done.returncode != 0:
        raise Unavailable(
            "D-04",
            f"数据库初始化失败（{folder.parent}）。请检查磁盘空间和权限。",
            f"initdb failed in {folder.parent}: {_last_line(done.stderr)}",
        )


def start(place: Place, *, seconds: float = START_SECONDS) -> None:
    """Start the server of a cluster that has none running; returns once it takes connections.

    Args:
        place: where everything lies.
        seconds: how long that may take.

    Raises:
        Unavailable: ``D-05`` where the programs are of another major version, ``D-06`` where it does not start.
    """
    major = _check_version(place)
    _clear_stale(place)
    conf = place.data / "cunzhen.conf"
    wanted = SETTINGS + (SUMMARIES if major >= SUMMARIES_FROM else "")
    conf.write_text(wanted.format(sockets=str(place.sockets).replace("'", "''")), encoding="utf-8")
    own(conf, place.account)
    _make_log(place)
    command = [
        str(place.programs / "pg_ctl"), "start", "--pgdata", str(place.data), "--log", str(place.log),
        "--wait", "--timeout", str(int(seconds)), "--silent",
    ]  # fmt: skip
    done = place.account.run(command)
    if done.returncode != 0:
        raise Unavailable(
            "D-06",
            f"数据库启动失败，日志见 {place.log}。",
            f"The database server did not start; its log is {place.log}: {_log_end(place.log)}",
        )


def stop(place: Place) -> None:
    """Stop the server cleanly (fast shutdown); at once where that takes too long, which the next start recovers."""
    pid = running_pid(place)
    for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)):
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if _wait_gone(place, pid, seconds):
            return


def running_pid(place: Place) -> int | None:
    """The number of the running postmaster of this data folder, or None."""
    try:
        pid = int((place.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if pid > 0 and _works_in(pid, place.data) else None


def _works_in(pid: int, data: Path) -> bool:
    try:
        return Path(psutil.Process(pid).cwd()) == data.resolve()
    except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied, OSError):
        return False


def _wait_gone(place: Place, pid: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while _works_in(pid, place.data):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def _clear_stale(place: Place) -> None:
    """Take away what a killed server left behind, once none of its processes is left."""
    if not (place.data / "postmaster.pid").exists():
        return
    _end_orphans(place)
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    for left in place.sockets.glob(".s.PGSQL.*"):
        left.unlink()


def _end_orphans(place: Place) -> None:
    """Wait for the children of a killed postmaster; they leave by themselves, and are ended where they do not."""
    orphans = [p for p in psutil.pids() if _works_in(p, place.data)]
    if _wait_all_gone(place, orphans, 2.0):
        return
    for number in (signal.SIGQUIT, signal.SIGKILL):
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if _wait_all_gone(place, orphans, 5.0):
            return
    raise Unavailable(
        "D-06",
        "上次的数据库进程无法结束，请重启计算机后再试。",
        "Processes of the last database server cannot be ended; restart the machine and try again.",
    )


def _wait_all_gone(place: Place, pids: list[int], seconds: float) -> bool:
    until = time.monotonic() + seconds
    return all(_wait_gone(place, pid, until - time.monotonic()) for pid in pids)


def _check_version(place: Place) -> int:
    """The major version of cluster and programs, the same for both."""
    made = (place.data / "PG_VERSION").read_text(encoding="ascii").strip()
    ours = (
        place.account.run([str(place.programs / "postgres"), "--version"])
        .stdout.rsplit(" ", 1)[-1]
        .split(".")[0]
        .strip()
    )
    if made != ours:
        raise Unavailable(
            "D-05",
            f"数据库目录属于 PostgreSQL {made}，现有程序是 {ours}。请用 CUNZHEN_POSTGRES_BIN 指定 {made} 版程序，或先升级数据。",
            f"The data folder was made by PostgreSQL {made} and the programs are {ours}. Name programs of version "
            f"{made} with CUNZHEN_POSTGRES_BIN, or upgrade the data first.",
        )
    return int(made)


def _make_log(place: Place) -> None:
    if place.log.exists() and place.log.stat().st_size > LOG_LIMIT_BYTES:
        place.log.replace(place.log.with_suffix(".old"))
    place.log.touch(mode=0o600)
    own(place.log, place.account)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def _log_end(path: Path) -> str:
    return " / ".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-3:])
