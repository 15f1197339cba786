"""The other parts of a backup folder: the published ledger, received files, and the database's log."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from cunzhen.formats import tlog
from cunzhen.formats.digests import BLOCK, hexdigest_of_file
from cunzhen.formats.durable import FileSystemSync, fsync_path, replace_file
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.wal import PARTIAL, Segments, is_segment
from cunzhen.ledger import kept, tiles
from cunzhen.preservation.backups.folder import BackupFolder

RECEIVED, LOG_LIST = "received", "wal.sha256"


@dataclass(frozen=True)
class Received:
    """A received file as the list has it; ``gone`` is when it was no longer there, empty while it is."""

    path: str
    size: int
    mtime: int
    sha256: str
    at: str
    gone: str = ""


def bring_ledger(folder: BackupFolder) -> str:
    """Copy what the published ledger has gained, and the heads that witnesses and time stamps have fixed.

    Returns:
        the signed checkpoint that the copy stands at, empty before the first.

    Raises:
        Unavailable: ``L-13`` to ``L-18`` where the ledger's folder cannot be used.
    """
    source, target = tiles.current(), tiles.TileFolder(folder.ledger)
    checkpoint, vkey = source.read_text(tiles.CHECKPOINT), source.read_text(tiles.VKEY)
    if checkpoint is None or vkey is None:
        return ""
    kept.copy_heads(source, target, lambda note: True)
    size = tiles.trusted(checkpoint).size
    before = target.read_text(tiles.CHECKPOINT)
    old = tiles.trusted(before).size if before else 0
    if before == checkpoint:
        return checkpoint
    target.write_text(tiles.VKEY, vkey)
    for tile in tlog.tiles_of(size):
        hashes = old >> (8 * max(tile.level, 0))
        if (tile.index + 1) * tlog.TILE_WIDTH > hashes:
            target.write(tile, source.read(tile))
    target.sync()
    failpoint("backup-ledger")
    target.write_text(tiles.CHECKPOINT, checkpoint)
    target.drop_partials(old, size)
    return checkpoint


def bring_received(folder: BackupFolder, inbox: Path, now: datetime) -> int:
    """Copy received files that are new or changed, and note those that are gone; they stay until no mark needs them.

    Args:
        folder: the backup.
        inbox: the home's.
        now: aware.

    Returns:
        how many were copied.

    Raises:
        OSError: a disk refused.
    """
    known = {r.path: r for r in received(folder)}
    here = dict(_files(inbox))
    fresh = [p for p, found in here.items() if not (p in known and _same(known[p], found))]
    sync = FileSystemSync(folder.root)
    try:
        copied = [c for c in (_copy(folder, inbox, path, now) for path in fresh) if c is not None]
        files = [folder.inbox / c.path for c in copied]
        sync.sync([*files, *{f for p in files for f in p.parents if f.is_relative_to(folder.inbox)}])
    finally:
        sync.close()
    gone = [
        Received(r.path, r.size, r.mtime, r.sha256, r.at, now.isoformat())
        for r in known.values()
        if not r.gone and r.path not in here
    ]
    folder.append_lines(RECEIVED, [json.dumps(asdict(r), sort_keys=True) for r in (*copied, *gone)])
    return len(copied)


def received(folder: BackupFolder) -> list[Received]:
    """What the list says of every received file, its last word on each."""
    found: dict[str, Received] = {}
    for line in folder.lines(RECEIVED):
        one = Received(**json.loads(line))
        found[one.path] = one
    return list(found.values())


def drop_received(folder: BackupFolder, before: datetime) -> int:
    """Remove files that were gone before any moment that is kept."""
    stay: list[Received] = []
    away: list[Received] = []
    for one in received(folder):
        (away if one.gone and datetime.fromisoformat(one.gone) < before else stay).append(one)
    if not away:
        return 0
    text = "".join(json.dumps(asdict(r), sort_keys=True) + "\n" for r in stay)
    replace_file(folder.root / RECEIVED, text.encode())
    for one in away:
        path = folder.inbox / one.path
        path.unlink(missing_ok=True)
        for parent in path.parents:
            if parent == folder.inbox or not parent.is_dir() or any(parent.iterdir()):
                break
            parent.rmdir()
    return len(away)


def list_segments(folder: BackupFolder) -> int:
    """Enter finished segments of the log in their list; returns their bytes."""
    known = {line.split("  ", 1)[1] for line in folder.lines(LOG_LIST)}
    new = [p for p in sorted(folder.wal.iterdir()) if is_segment(p.name) and f"wal/{p.name}" not in known]
    folder.append_lines(LOG_LIST, [f"{hexdigest_of_file(p, 'sha256')}  wal/{p.name}" for p in new])
    return sum(p.stat().st_size for p in new)


def segment_file(folder: BackupFolder, name: str) -> Path | None:
    """A segment, finished or not; None where it is not there."""
    for path in (folder.wal / name, folder.wal / f"{name}{PARTIAL}"):
        if path.exists():
            return path
    return None


def tail_digest(folder: BackupFolder, segments: Segments, place: int) -> str:
    """SHA-256 of the beginning of a segment up to a place in it, once it is on the disk; empty where it is not there.

    Args:
        folder: the backup.
        segments: the cluster's.
        place: in the log.
    """
    path = segment_file(folder, segments.name(place - 1))
    if path is None:
        return ""
    fsync_path(path)
    hasher, left = hashlib.sha256(), segments.offset(place - 1) + 1
    with path.open("rb") as stream:
        while left and (block := stream.read(min(BLOCK, left))):
            hasher.update(block)
            left -= len(block)
    return "" if left else hasher.hexdigest()


def gaps(folder: BackupFolder, segments: Segments, start: int, end: int) -> list[str]:
    """Names of segments between two places that the folder lacks."""
    return [name for name in segments.names(start, end) if segment_file(folder, name) is None]


def drop_segments(folder: BackupFolder, oldest: str) -> int:
    """Remove segments older than the one named, and their lines."""
    away = [p for p in folder.wal.iterdir() if is_segment(p.name) and p.name < oldest]
    if away:
        lines = [line for line in folder.lines(LOG_LIST) if line.split("  wal/", 1)[-1] >= oldest]
        replace_file(folder.root / LOG_LIST, "".join(f"{line}\n" for line in lines).encode())
        for path in away:
            path.unlink(missing_ok=True)
    return len(away)


def _files(inbox: Path) -> Iterator[tuple[str, os.stat_result]]:
    for folder, _, names in os.walk(inbox):
        for name in names:
            path = Path(folder, name)
            try:
                found = path.lstat()
            except FileNotFoundError:
                continue  # the janitor was faster
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(inbox)), found


def _same(known: Received, found: os.stat_result) -> bool:
    return not known.gone and known.size == found.st_size and known.mtime == found.st_mtime_ns


def _copy(folder: BackupFolder, inbox: Path, path: str, now: datetime) -> Received | None:
    source, target = inbox / path, folder.inbox / path
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = target.with_name(f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}.new")
    try:
        before = source.stat()
        shutil.copyfile(source, temporary)
    except FileNotFoundError:
        temporary.unlink(missing_ok=True)
        return None
    temporary.replace(target)
    digest = hexdigest_of_file(target, "sha256")
    return Received(path, target.stat().st_size, before.st_mtime_ns, digest, now.isoformat())
