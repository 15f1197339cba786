"""Reading a backup folder back: every byte of every part against the digests that were written with it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from cunzhen.database import base_backup
from cunzhen.errors import CunzhenError, Invalid
from cunzhen.formats import signed_note, tlog
from cunzhen.formats.digests import hexdigest_of_file
from cunzhen.formats.ocfl import INVENTORY, Inventory
from cunzhen.formats.ocfl_check import check_object
from cunzhen.formats.wal import Segments
from cunzhen.preservation.backups import parts
from cunzhen.preservation.backups.folder import KEYS, MARKS, PACKAGES, BackupFolder
from cunzhen.preservation.backups.rules import Base, BaseKind, Card, Damage, Mark, MarkKind, Reach, Target, reach

_BATCH = 500


@dataclass(frozen=True)
class VerifyReport:
    """What was read back and what is wrong."""

    bases: int
    marks: int
    segments: int
    packages: int
    ledger_size: int
    damage: tuple[Damage, ...]
    reach: Reach


def verify_folder(folder: BackupFolder, card: Card) -> VerifyReport:
    """Read everything back.

    Args:
        folder: the backup.
        card: its own.
    """
    bases, damage = folder.readable_bases()
    for base in bases:
        damage += check_base(folder, base)
    marks, found = _marks(folder)
    damage += found
    segments, found = _log(folder, card, bases, marks)
    damage += found
    count, found = _packages(folder)
    damage += found
    size, found = check_ledger(folder, card)
    damage += [*found, *check_received(folder), *_keys(folder, bases)]
    usable = [b for b in bases if not any(d.path.startswith(f"bases/{b.id}/") for d in damage)]
    return VerifyReport(len(bases), len(marks), segments, count, size, tuple(damage), reach(usable, marks))


def check_target(folder: BackupFolder, card: Card, target: Target, bases: Sequence[Base]) -> list[Damage]:
    """What is wrong with the database's part of one moment: its base, that one's parent, and the log between.

    Args:
        folder, card: the backup.
        target: to be restored.
        bases: whole ones.
    """
    damage = check_base(folder, target.base)
    if target.base.parent:
        parent = next((b for b in bases if b.id == target.base.parent), None)
        damage += check_base(folder, parent) if parent else [Damage("base", f"bases/{target.base.parent}/data")]
    if target.mark.kind == MarkKind.POINT:
        damage += _span(folder, card, target.base.start, target.mark)
    return damage


def check_base(folder: BackupFolder, base: Base) -> list[Damage]:
    """What is wrong with a base."""
    if base.kind == BaseKind.DUMP:
        path = folder.dump_file(base)
        whole = path.exists() and hexdigest_of_file(path, "sha256") == base.sha256
        return [] if whole else [Damage("base", f"bases/{base.id}/{path.name}")]
    place = folder.base_folder(base)
    manifest = place / base_backup.MANIFEST
    if not manifest.exists() or hexdigest_of_file(manifest, "sha256") != base.sha256:
        return [Damage("base", f"bases/{base.id}/data/{base_backup.MANIFEST}")]
    return [
        Damage("base", f"bases/{base.id}/data/{_named(line)}", line.removeprefix("pg_verifybackup: error: "))
        for line in base_backup.verify_base(place)
    ]


def check_received(folder: BackupFolder) -> list[Damage]:
    """What is wrong with the received files."""
    damage = []
    for one in parts.received(folder):
        path = folder.inbox / one.path
        if not path.is_file() or hexdigest_of_file(path, "sha256") != one.sha256:
            damage.append(Damage("inbox", f"inbox/{one.path}"))
    return damage


def check_ledger(folder: BackupFolder, card: Card) -> tuple[int, list[Damage]]:
    """How many entries the copy of the ledger has, and what is wrong with it: every entry leads to the signed root."""
    if not (folder.ledger / "checkpoint").exists():
        return 0, []
    try:
        verifier = signed_note.parse_vkey(card.vkey.strip())
        text = (folder.ledger / "checkpoint").read_bytes()
        checkpoint = signed_note.open_checkpoint(text, [verifier], card.origin)
    except Invalid:
        return 0, [Damage("ledger", "ledger/checkpoint")]
    damage: list[Damage] = []
    builder = tlog.TileBuilder()
    for index in range(-(-checkpoint.size // tlog.TILE_WIDTH)):
        damage += _bundle(folder, builder, index, checkpoint.size)
    damage += [Damage("ledger", f"ledger/{t.path}") for t in tlog.tiles_of(checkpoint.size) if _absent(folder, t)]
    if not damage and builder.root() != checkpoint.root:
        damage.append(Damage("ledger", "ledger/checkpoint", "root"))
    return checkpoint.size, damage


def _bundle(folder: BackupFolder, builder: tlog.TileBuilder, index: int, size: int) -> list[Damage]:
    entries, hashes = tlog.tile_at(tlog.ENTRIES, index, size), tlog.tile_at(0, index, size)
    try:
        bodies = tlog.decode_bundle((folder.ledger / entries.path).read_bytes())
        leaves = tlog.split_hashes(hashes, (folder.ledger / hashes.path).read_bytes())
    except (OSError, CunzhenError):
        return [Damage("ledger", f"ledger/{entries.path}")]
    if [tlog.leaf_hash(b) for b in bodies] != leaves:
        return [Damage("ledger", f"ledger/{entries.path}")]
    for tile, content in (made for leaf in leaves for made in builder.add(leaf)):
        path = folder.ledger / tile.path
        if not path.is_file() or path.read_bytes() != content:
            return [Damage("ledger", f"ledger/{tile.path}")]
    return []


def _absent(folder: BackupFolder, tile: tlog.Tile) -> bool:
    return not (folder.ledger / tile.path).is_file()


def _named(line: str) -> str:
    """The file that a line of pg_verifybackup speaks of."""
    return line.split('"')[1] if line.count('"') >= 2 else ""


def _marks(folder: BackupFolder) -> tuple[list[Mark], list[Damage]]:
    try:
        return folder.marks(), []
    except CunzhenError:
        return [], [Damage("marks", MARKS)]


def _log(folder: BackupFolder, card: Card, bases: Sequence[Base], marks: Sequence[Mark]) -> tuple[int, list[Damage]]:
    listed = [line.split("  wal/", 1) for line in folder.lines(parts.LOG_LIST)]
    damage = []
    for digest, name in listed:
        path = folder.wal / name
        if not path.is_file() or hexdigest_of_file(path, "sha256") != digest:
            damage.append(Damage("log", f"wal/{name}"))
    points = [m for m in marks if m.kind == MarkKind.POINT]
    starts = [b.start for b in bases if b.continuous]
    if points and starts:
        known = {d.path for d in damage}
        damage += [d for d in _span(folder, card, max(starts), points[-1]) if d.path not in known]
    return len(listed), damage


def _span(folder: BackupFolder, card: Card, start: int, mark: Mark) -> list[Damage]:
    """The log from a place up to a mark: no segment is missing, and each is as it was when it was listed."""
    segments = Segments(card.timeline, card.segment_bytes)
    digests = {name: digest for digest, name in (li.split("  wal/", 1) for li in folder.lines(parts.LOG_LIST))}
    damage = []
    for name in segments.names(start, mark.lsn):
        path = parts.segment_file(folder, name)
        if path is None or (path.name in digests and hexdigest_of_file(path, "sha256") != digests[path.name]):
            damage.append(Damage("log", f"wal/{name}"))
    last = parts.segment_file(folder, segments.name(mark.lsn - 1))
    if last is not None and parts.tail_digest(folder, segments, mark.lsn) != mark.tail:
        damage.append(Damage("log", f"wal/{last.name}"))
    return list(dict.fromkeys(damage))


def _packages(folder: BackupFolder) -> tuple[int, list[Damage]]:
    count, damage = 0, []
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1), thread_name_prefix="backup") as pool:
        for batch in _batches(folder.lines(PACKAGES)):
            for found in pool.map(partial(_package, folder), batch):
                count += 1
                damage += found
    return count, list(dict.fromkeys(damage))


def _package(folder: BackupFolder, line: str) -> list[Damage]:
    """One line of the list: the object as that version has it. Later versions have lines of their own."""
    digest, _, path = line.partition("  ")
    if len(digest) != 128 or not path.startswith("packages/"):
        return [Damage("list", PACKAGES)]
    inventory = folder.root / path
    place, version = inventory.parents[1], inventory.parent.name
    try:
        data = inventory.read_bytes()
    except OSError:
        return [Damage("package", path)]
    if hashlib.sha512(data).hexdigest() != digest:
        return [Damage("package", path)]
    head = _head(place, data)
    if head is None or head.head != version:
        return []  # not the newest version: what belongs to this one is checked with the newest
    found = check_object(place, head.id, version, digest)
    return [Damage("package", str((place / f.path).relative_to(folder.root)), f.code) for f in found]


def _head(place: Path, data: bytes) -> Inventory | None:
    """The inventory of the object's newest version; what the line says where the one at the top cannot be read."""
    for content in (_bytes(place / INVENTORY), data):
        try:
            return Inventory.from_bytes(content)
        except Invalid:
            continue
    return None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _keys(folder: BackupFolder, bases: Sequence[Base]) -> list[Damage]:
    if bases and bases[-1].keys_sealed and not folder.keys.exists():
        return [Damage("keys", KEYS)]
    return []


def _batches(lines: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(lines, _BATCH)):
        yield batch
