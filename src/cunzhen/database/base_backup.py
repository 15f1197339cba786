"""Copying a running cluster: a base with its write-ahead log, and the log from there on up to named points.

The role needs REPLICATION, pg_monitor and the right to call pg_create_restore_point; the embedded server makes such a
role itself (``roles``). Nothing here reads a table.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from cunzhen.database import tools
from cunzhen.errors import Conflict, Unavailable
from cunzhen.formats.wal import Segments, lsn_text, parse_lsn

SLOT_WAIT_SECONDS = 20.0
MANIFEST = "backup_manifest"
_SLOWEST_KB = 32  # of pg_basebackup's --max-rate


@dataclass(frozen=True)
class ClusterCard:
    """Which cluster this is: a backup folder belongs to one, on one timeline."""

    system: str
    timeline: int
    segment_bytes: int
    version: str

    @property
    def segments(self) -> Segments:
        """The cluster's log as files."""
        return Segments(self.timeline, self.segment_bytes)


@dataclass(frozen=True)
class RestorePoint:
    """A named place in the log; what was committed at ``at`` or before lies before it."""

    name: str
    lsn: int
    at: datetime


@dataclass(frozen=True)
class BaseRange:
    """The part of the log that a base needs to be consistent."""

    start: int
    end: int


@contextmanager
def _asked(url: str) -> Iterator[psycopg.Connection[Any]]:
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=30) as connection:
            yield connection
    except psycopg.errors.InsufficientPrivilege as error:
        raise _lacks_right() from error
    except psycopg.OperationalError as error:
        raise Unavailable(
            "D-17",
            "备份连不上数据库，请确认数据库在运行、CUNZHEN_BACKUP_URL 正确。",
            f"The backup cannot reach the database ({type(error).__name__}). Is it running, is "
            f"CUNZHEN_BACKUP_URL right?",
        ) from error


def _lacks_right() -> Unavailable:
    return Unavailable(
        "D-16",
        "备份用的数据库角色权限不够：需要 REPLICATION、pg_monitor 和 pg_create_restore_point，见操作指南“备份与恢复”。",
        "The role for backups lacks a right: REPLICATION, pg_monitor and pg_create_restore_point are needed.",
    )


def card_of(url: str) -> ClusterCard:
    """Which cluster an address leads to.

    Args:
        url: of the role for backups.

    Raises:
        Unavailable: ``D-16``, ``D-17``.
    """
    with _asked(url) as connection:
        row = connection.execute(
            "SELECT system_identifier::text, ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer,"
            " pg_size_bytes(current_setting('wal_segment_size'))::bigint, current_setting('server_version')"
            " FROM pg_control_system()"
        ).fetchone()
    return ClusterCard(*row)  # type: ignore[misc]


def may_increment(url: str) -> bool:
    """Whether the server keeps summaries of its log, so that a base may hold only what changed (PostgreSQL 17)."""
    with _asked(url) as connection:
        row = connection.execute("SELECT setting FROM pg_settings WHERE name = 'summarize_wal'").fetchone()
    return row == ("on",)


def copy_base(url: str, target: Path, since: Path | None = None, megabytes_per_second: float = 0) -> BaseRange:
    """Copy the cluster while it works, with the log that makes the copy consistent; durable when it returns.

    Args:
        url: of the role for backups.
        target: a folder that does not exist.
        since: ``backup_manifest`` of an earlier full base, to copy only what has changed.
        megabytes_per_second: most that is read of the tables, so that others are served meanwhile; 0 for no limit.

    Raises:
        Unavailable: ``D-13`` to ``D-17``.
    """
    words: list[str | Path] = [
        "--pgdata", target, "--wal-method=stream", "--checkpoint=fast", "--manifest-checksums=SHA256",
        "--label=cunzhen",
    ]  # fmt: skip
    if since is not None:
        words += ["--incremental", since]
    if megabytes_per_second:
        words.append(f"--max-rate={max(_SLOWEST_KB, round(megabytes_per_second * 1e6 / 1024))}k")
    try:
        tools.run("pg_basebackup", words, url)
    except Unavailable as error:
        if "REPLICATION" in error.message or "replication role" in error.message:
            raise _lacks_right() from error
        raise
    return base_range(target / MANIFEST)


def base_range(manifest: Path) -> BaseRange:
    """The log that a base needs, from its own manifest.

    Args:
        manifest: its ``backup_manifest``.
    """
    ranges = json.loads(manifest.read_bytes())["WAL-Ranges"]
    return BaseRange(
        min(parse_lsn(r["Start-LSN"]) for r in ranges),
        max(parse_lsn(r["End-LSN"]) for r in ranges),
    )


def verify_base(folder: Path) -> list[str]:
    """Hash every file of a base and compare with its manifest.

    Args:
        folder: of the base.

    Returns:
        one line for each thing that is not as it was, naming the file.
    """
    try:
        tools.run("pg_verifybackup", ["--no-parse-wal", "--quiet", folder])
    except Unavailable as error:
        if error.code != "D-15":
            raise
        return [error.message.split("：", 1)[-1]]
    return []


def dump(url: str, target: Path) -> None:
    """Write the database as one consistent state into a file; nothing to recover to a later point from.

    Args:
        url: of the role that owns the tables.
        target: a file that does not exist.

    Raises:
        Unavailable: ``D-13`` to ``D-15``.
    """
    tools.run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", "--file", target], url)


def load_dump(url: str, source: Path) -> None:
    """Fill an empty database from a file of ``dump``.

    Args:
        url: of the role that shall own the tables.
        source: the file.

    Raises:
        Unavailable: ``D-13`` to ``D-15``.
    """
    tools.run("pg_restore", ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", source], url)


def set_restore_point(url: str, name: str) -> RestorePoint:
    """Name the present place in the log.

    Args:
        url: of the role for backups.
        name: at most 63 characters.

    Raises:
        Unavailable: ``D-16``, ``D-17``.
    """
    with _asked(url) as connection:
        # The clock first: whatever carries this time or an earlier one is in the log before the point.
        row = connection.execute(
            "SELECT t.at, pg_create_restore_point(%s)::text FROM (SELECT clock_timestamp() AS at OFFSET 0) t", (name,)
        ).fetchone()
    if row is None:
        raise Unavailable("D-17", "数据库没有应答。", "The database gave no answer.")
    return RestorePoint(name, parse_lsn(row[1]), row[0])


def reserve(url: str, slot: str) -> None:
    """Make the server keep its log for us from here on; nothing happens where it does so already.

    Args:
        url: of the role for backups.
        slot: name of the replication slot.

    Raises:
        Unavailable: ``D-16``, ``D-17``.
    """
    with _asked(url) as connection:
        found = connection.execute(
            "SELECT wal_status FROM pg_replication_slots WHERE slot_name = %s", (slot,)
        ).fetchone()
        if found == ("lost",):
            connection.execute("SELECT pg_drop_replication_slot(%s)", (slot,))
        if found in {None, ("lost",)}:
            connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (slot,))


def release(url: str, keep: set[str], start: str) -> list[str]:
    """Let go of slots whose backup folder is used no more, so that they cannot fill the disk.

    Args:
        url: of the role for backups.
        keep: names of the slots that are used.
        start: how the names of ours begin.

    Returns:
        the names of those that were dropped.
    """
    with _asked(url) as connection:
        rows = connection.execute(
            "SELECT slot_name FROM pg_replication_slots WHERE starts_with(slot_name, %s) AND NOT active", (start,)
        ).fetchall()
        unused = [name for (name,) in rows if name not in keep]
        for name in unused:
            connection.execute("SELECT pg_drop_replication_slot(%s)", (name,))
    return unused


def receive_log(url: str, slot: str, target: Path, until: int) -> None:
    """Fetch the log that has been written since the last call, up to a place in it.

    Args:
        url: of the role for backups.
        slot: of ``reserve``.
        target: folder of the segments.
        until: place in the log that must be there when it returns.

    Raises:
        Conflict: ``D-18`` the server no longer has what comes next: a new base is needed.
        Unavailable: ``D-13`` to ``D-17``.
    """
    give_up = time.monotonic() + SLOT_WAIT_SECONDS
    while True:
        try:
            # It stops when it has more than the place named, so one byte before is what we ask for.
            endpos = f"--endpos={lsn_text(until - 1)}"
            words: list[str | Path] = [
                "--directory",
                target,
                "--slot",
                slot,
                "--no-loop",
                "--status-interval=1",
                endpos,
            ]
            tools.run("pg_receivewal", words, url)
            return
        except Unavailable as error:
            if "is active" in error.message and time.monotonic() < give_up:
                time.sleep(0.5)  # what a killed run left behind goes away by itself
                continue
            if "has already been removed" in error.message or "does not exist" in error.message:
                raise Conflict(
                    "D-18",
                    "服务器已不再保留这份备份需要的日志（备份中断太久）。将重做一次基础备份。",
                    "The server no longer keeps the log that this backup needs; a new base has to be taken.",
                ) from error
            raise


def clock_of(url: str) -> datetime:
    """The server's time: what commits are stamped with.

    Args:
        url: of the role for backups.

    Raises:
        Unavailable: ``D-16``, ``D-17``.
    """
    with _asked(url) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    if row is None:
        raise Unavailable("D-17", "数据库没有应答。", "The database gave no answer.")
    return datetime.fromisoformat(row[0].isoformat())
