"""A new cluster from a base and its log, carried on to the moment that is asked for.

The server that does it listens on the home's own socket, behind a folder that only its account can enter, and lets
everybody in there while the new passwords are set; nobody else can start or stop it meanwhile.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import psycopg

from cunzhen.database import adopting, cluster, roles, tools
from cunzhen.database.places import Account, Place, own
from cunzhen.errors import Conflict, Unavailable

RECOVERY_SECONDS = 3600.0
_AUTO, _HBA = "postgresql.auto.conf", "pg_hba.conf"


@dataclass(frozen=True)
class Goal:
    """Where recovery stops: at a named point, at a time, or where the base is consistent."""

    name: str = ""
    at: datetime | None = None

    @property
    def settings(self) -> str:
        """As the server reads it."""
        if self.at is not None:
            stop = f"recovery_target_time = '{self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"
        elif self.name:
            stop = f"recovery_target_name = '{self.name}'"
        else:
            stop = "recovery_target = 'immediate'"
        return (
            "\n# Written by cunzhen restore and taken away when it is done.\n"
            f"restore_command = '/bin/false'\n{stop}\n"
            "recovery_target_action = 'promote'\nrecovery_target_timeline = 'current'\n"
            # Nobody reads meanwhile; with readers the server would want as many connections as the other one had.
            "hot_standby = off\n"
        )


def lay(place: Place, base: Path, parent: Path | None, log: Iterable[tuple[Path, str]]) -> None:
    """Put a base and its log where the home's cluster belongs; durable by the time recovery has ended.

    Args:
        place: of the home; its data folder does not exist.
        base: folder of the base.
        parent: folder of the full base, for a differential one.
        log: segments with the names that they get.

    Raises:
        Unavailable: ``D-13`` to ``D-15``. OSError: the disk refused.
    """
    work = place.data.parent / f".{place.data.name}-new-{secrets.token_hex(4)}"
    try:
        if parent is None:
            shutil.copytree(base, work, symlinks=True)
        else:
            tools.run("pg_combinebackup", ["--no-sync", "--output", work, parent, base])
        for source, name in log:
            shutil.copyfile(source, work / "pg_wal" / name)
        for left in ("backup_manifest", "postmaster.pid", "postmaster.opts"):
            (work / left).unlink(missing_ok=True)
        adopting.fit(work)
        _hand_over(work, place.account)
        work.rename(place.data)
    finally:
        if work.exists():
            shutil.rmtree(work)


def recover(place: Place, passwords: dict[str, str], goal: Goal, database: str) -> datetime | None:
    """Carry the cluster on to the goal, open it for writing, give its roles new passwords, and stop it again.

    Args:
        place: with the cluster of ``lay``.
        passwords: of every role.
        goal: where to stop.
        database: what the server that was backed up called it.

    Returns:
        when the last transaction in it was committed.

    Raises:
        Conflict: ``D-19`` the log ends before the goal.
        Unavailable: ``D-05``, ``D-06``, ``D-20`` it takes too long.
    """
    kept = {name: _first(place, name) for name in (_AUTO, _HBA)}
    place.log.unlink(missing_ok=True)  # what a first attempt said must not be taken for the second's
    _write(place, _AUTO, kept[_AUTO] + goal.settings.encode())
    _write(place, _HBA, b"local all all trust\n")
    _write(place, "recovery.signal", b"")
    try:
        cluster.start(place, seconds=RECOVERY_SECONDS)
    except Unavailable as error:
        if "recovery ended before configured recovery target was reached" in _log_end(place):
            raise _log_too_short() from error
        raise
    try:
        last = _open_for_writing(place, passwords, database)
    finally:
        cluster.stop(place)
    for name, data in kept.items():
        _write(place, name, data)
        (place.data / f"{name}.cunzhen").unlink()
    return last


def _first(place: Place, name: str) -> bytes:
    """A file as the base had it, whichever attempt this is."""
    aside = place.data / f"{name}.cunzhen"
    if not aside.exists():
        _write(place, aside.name, (place.data / name).read_bytes())
    return aside.read_bytes()


def _open_for_writing(place: Place, passwords: dict[str, str], database: str) -> datetime | None:
    url = f"postgresql://{cluster.SUPERUSER}@/postgres?host={quote(str(place.sockets), safe='')}"
    until = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            with psycopg.connect(url, autocommit=True, connect_timeout=30) as connection:
                row = connection.execute("SELECT pg_is_in_recovery(), pg_last_xact_replay_timestamp()").fetchone()
                if row is not None and not row[0]:
                    connection.execute("CHECKPOINT")
                    roles.set_password(connection, cluster.SUPERUSER, passwords[cluster.SUPERUSER])
                    adopting.rename(connection, database)
                    roles.make_roles(connection, passwords)
                    adopting.take_over(connection, url.replace("@/postgres", f"@/{roles.DATABASE}"))
                    return _last_commit(row[1])
        except psycopg.OperationalError as error:
            if cluster.running_pid(place) is None:
                if "recovery ended before configured recovery target was reached" in _log_end(place):
                    raise _log_too_short() from error
                raise Unavailable(
                    "D-06",
                    f"恢复中的数据库停下了，日志见 {place.log}。",
                    f"The database stopped while it was restored; its log is {place.log}.",
                ) from error
        if time.monotonic() > until:
            raise Unavailable(
                "D-20", "数据库日志重放超过一小时还没有完成。", "Replaying the database's log takes more than an hour."
            )
        time.sleep(0.1)


def _last_commit(found: object) -> datetime | None:
    return datetime.fromisoformat(found.isoformat()) if isinstance(found, datetime) else None


def _log_too_short() -> Conflict:
    return Conflict(
        "D-19", "数据库日志在所要的时间之前就结束了。", "The database's log ends before the time asked for."
    )


def _log_end(place: Place) -> str:
    if not place.log.exists():
        return ""
    return "\n".join(place.log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])


def _write(place: Place, name: str, data: bytes) -> None:
    path = place.data / name
    path.write_bytes(data)
    own(path, place.account)


def _hand_over(folder: Path, account: Account) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            own(path, account)
        elif account.switch:
            os.lchown(path, account.uid, account.gid)
