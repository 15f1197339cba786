"""The second half of a restore, with the settings of the new home in force: what stands beside the database.

The packages that this database names go into the stores that it promises them to, each in the version it names and
no other. A store may have outlived the disaster: copies that are whole stay as they are, what lies in the way of
others goes to the store's quarantine. The published ledger is cut to what the table holds. Nothing here is
acknowledged to anybody before the home is whole, so files are synced once at the end.
"""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings

from cunzhen.errors import Invalid, Unavailable
from cunzhen.formats import signed_note, tlog
from cunzhen.formats.digests import hexdigest_of_file
from cunzhen.formats.durable import FileSystemSync
from cunzhen.formats.ocfl import object_path
from cunzhen.formats.ocfl_copy import copy_object
from cunzhen.ledger import kept, tiles
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.queries import size_of_table
from cunzhen.preservation.backups import parts
from cunzhen.preservation.backups.folder import BackupFolder
from cunzhen.preservation.backups.rules import Card, Damage
from cunzhen.preservation.local_store import LocalStore
from cunzhen.preservation.models import PackageCopy
from cunzhen.preservation.rules import SourceFile, object_id
from cunzhen.preservation.store import Store, configured_stores

_BATCH = 200
LOST = "lost-entries.jsonl"


@dataclass
class Refilled:
    """What came into the stores.

    Args:
        copies: promised that are in their stores now.
        bytes: written; of copies that were there already, none.
        damage: packages that the backup lacks or that are damaged in it.
        packages: ids of those.
    """

    copies: int = 0
    bytes: int = 0
    damage: list[Damage] = field(default_factory=list)
    packages: set[UUID] = field(default_factory=set)


@dataclass(frozen=True)
class LostEntries:
    """Acts that the backup's ledger knows and the restored table does not.

    Args:
        first, count: number of the first of them, and how many.
        since, until: when they were done, as the entries say.
        ops: how many of each.
        known: the newest checkpoint that the backup has.
    """

    first: int
    count: int
    since: str
    until: str
    ops: dict[str, int]
    known: str


def promised() -> set[str]:
    """Names of the stores that the restored database promises copies to."""
    return set(PackageCopy.objects.values_list("store", flat=True).distinct())


def refill_stores(folder: BackupFolder, told: Callable[[int, int], None] = lambda done, planned: None) -> Refilled:
    """Put every promised copy into its store.

    Args:
        folder: the backup.
        told: hears of progress: copies looked at, copies promised.

    Raises:
        Unavailable: ``P-10`` to ``P-13``, ``P-41`` a promised store is not among the settings.
    """
    done, looked = Refilled(), 0
    planned = PackageCopy.objects.filter(store__in=[store.name for store in configured_stores()]).count()
    for store in configured_stores():
        store.prepare(holds_packages=lambda: False)
        sync = FileSystemSync(store.folder.root) if isinstance(store, LocalStore) else None
        rows = PackageCopy.objects.filter(store=store.name).order_by("package_id")
        wanted = rows.values_list("package_id", "package__version", "package__inventory_sha512")
        with ThreadPoolExecutor(max_workers=4, thread_name_prefix="restore") as pool:
            for batch in _batches(wanted.iterator(chunk_size=2000)):
                for damage, size, package in pool.map(partial(_refill, folder, store), batch):
                    done.copies += damage is None
                    done.bytes += size
                    if damage is not None:
                        done.packages.add(package)
                        done.damage += [damage] if damage not in done.damage else []
                looked += len(batch)
                told(looked, planned)
        if sync is not None and isinstance(store, LocalStore):
            sync.sync(store.folder.root.rglob("*"))  # walked only where the kernel cannot be trusted with the whole
            sync.close()
    shutil.rmtree(_work(), ignore_errors=True)
    return done


def _refill(folder: BackupFolder, store: Store, wanted: tuple[UUID, str, str]) -> tuple[Damage | None, int, UUID]:
    package, version, sha512 = wanted
    name = object_id(package)
    source = folder.packages / object_path(name)
    is_there = store.has(name)
    if is_there and not store.check(name, version, sha512):
        return None, 0, package
    if isinstance(store, LocalStore):
        if is_there:  # of an attempt that was not finished, or of a store that is older or newer than this database
            store.set_aside(name)
        place = store.folder.root / object_path(name)
        copied = copy_object(partial(_open, source), name, version, sha512, place)
        if copied.bad:
            shutil.rmtree(place, ignore_errors=True)
    else:
        work = _work() / str(package)
        copied = copy_object(partial(_open, source), name, version, sha512, work)
        if not copied.bad:
            store.install(name, [_source_file(work, path) for path in copied.files])
        shutil.rmtree(work, ignore_errors=True)
    if copied.bad:
        return Damage("package", str((source / copied.bad).relative_to(folder.root)), str(package)), 0, package
    return None, copied.bytes, package


def _work() -> Path:
    return Path(settings.HOME) / "tmp" / "restore"


def _open(source: Path, path: str) -> BinaryIO | None:
    try:
        return (source / path).open("rb")
    except OSError:
        return None


def _source_file(work: Path, path: Path) -> SourceFile:
    return SourceFile(
        str(path.relative_to(work)), path.stat().st_size, hexdigest_of_file(path, "sha512"), partial(_stream, path)
    )


def _stream(path: Path) -> BinaryIO:
    return path.open("rb")


def refill_inbox(folder: BackupFolder) -> list[Damage]:
    """Bring the received files back; those of transfers that are done are swept by the janitor later."""
    damage = []
    for one in parts.received(folder):
        source, target = folder.inbox / one.path, Path(settings.HOME) / "inbox" / one.path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            shutil.copyfile(source, target)
        except OSError:
            damage.append(Damage("inbox", f"inbox/{one.path}"))
            continue
        if hexdigest_of_file(target, "sha256") != one.sha256:
            target.unlink()
            damage.append(Damage("inbox", f"inbox/{one.path}"))
    return damage


def refill_ledger(folder: BackupFolder, card: Card) -> int:
    """Publish the longest ledger that the restored table contains; returns its size.

    Kept heads come along as far as that ledger reaches; those beyond it stay in the backup.

    Raises:
        Unavailable: ``L-14`` to ``L-18``, ``B-26`` the table does not continue any checkpoint of the backup.
    """
    table = size_of_table()
    verifier = signed_note.parse_vkey(card.vkey.strip())
    texts = {m.checkpoint for m in folder.marks() if m.checkpoint}
    known = {t: signed_note.open_checkpoint(t, [verifier], card.origin).size for t in texts}
    fitting = [text for text, size in known.items() if size <= table]
    if not fitting:
        if table:
            raise Unavailable(
                "B-26",
                "备份中没有与恢复出的账本相配的检查点。请改用另一份备份。",
                "The backup has no checkpoint that fits the restored ledger. Use another backup.",
            )
        return 0
    text = max(fitting, key=known.__getitem__)
    source, target = tiles.TileFolder(folder.ledger), tiles.current()
    shutil.rmtree(target.root, ignore_errors=True)
    target.write_text(tiles.VKEY, card.vkey)
    for tile in tlog.tiles_of(known[text]):
        target.write(tile, _tile(source, tile))
    target.sync()
    target.write_text(tiles.CHECKPOINT, text)
    kept.copy_heads(source, target, lambda note: _reaches(note, verifier, card.origin) <= known[text])
    return known[text]


def _reaches(note: str, verifier: signed_note.Verifier, origin: str) -> float:
    """How many entries a kept head is over; beyond everything where it is damaged."""
    try:
        return signed_note.open_checkpoint(note, [verifier], origin).size
    except Invalid:
        return math.inf


def _tile(source: tiles.TileFolder, tile: tlog.Tile) -> bytes:
    """A tile as the smaller log had it: itself, or the beginning of any wider one in its place."""
    try:
        return source.read(tile)
    except Unavailable:
        partials = source.root / f"{tile.full.path}.p"
        wider = sorted(int(p.name) for p in partials.glob("*") if p.name.isdigit() and int(p.name) > tile.width)
        if not wider:
            raise
        return tiles.cut(tile, source.read(tlog.Tile(tile.level, tile.index, wider[0])))


def lost_entries(folder: BackupFolder, card: Card, table: int) -> LostEntries | None:
    """What the backup's ledger has beyond the restored table; None where that is nothing. The entries are kept in
    the home.

    Args:
        folder, card: the backup.
        table: entries of the restored table.
    """
    path = folder.ledger / tiles.CHECKPOINT
    if not path.exists():
        return None
    text = path.read_text(encoding="utf-8")
    size = signed_note.open_checkpoint(text, [signed_note.parse_vkey(card.vkey.strip())], card.origin).size
    if size <= table:
        return None
    lost = [(number, body) for number, body in _bodies(folder, table, size) if not _is_known(body)]
    if not lost:
        return None  # they are in the table and wait for their numbers
    entries = [json.loads(body) for _, body in lost]
    ops = Counter(str(entry["op"]) for entry in entries)
    times = sorted(str(entry["at"]) for entry in entries)
    (Path(settings.HOME) / LOST).write_bytes(b"".join(body + b"\n" for _, body in lost))
    return LostEntries(lost[0][0], len(lost), times[0], times[-1], dict(sorted(ops.items())), text)


def _is_known(body: bytes) -> bool:
    return LedgerEntry.objects.filter(id=json.loads(body)["id"]).exists()


def _bodies(folder: BackupFolder, start: int, size: int) -> Iterator[tuple[int, bytes]]:
    source = tiles.TileFolder(folder.ledger)
    for index in range(start // tlog.TILE_WIDTH, -(-size // tlog.TILE_WIDTH)):
        bodies = tlog.decode_bundle(source.read(tlog.tile_at(tlog.ENTRIES, index, size)))
        yield from ((n, body) for n, body in enumerate(bodies, index * tlog.TILE_WIDTH) if n >= start)


def _batches(wanted: Iterable[tuple[UUID, str, str]]) -> Iterator[list[tuple[UUID, str, str]]]:
    iterator = iter(wanted)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
