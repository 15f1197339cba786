"""The index folder: generations, which of them serves, how far each has followed the ledger, and their health.

index/current      name of the generation that serves
index/building     name of the one being built, where there is one
index/<name>/      tantivy's files, and ours:
    schema.json    version of the schema, written first
    cursor.json    ledger number and entry id up to which it has followed, written after each commit
    suspect        made when reading failed; the next follower checks every byte
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import tantivy
from django.conf import settings
from uuid_utils.compat import uuid7

from cunzhen.access.index import SCHEMA_VERSION, schema
from cunzhen.access.vocabulary import fingerprint
from cunzhen.errors import Unavailable
from cunzhen.formats.durable import replace_file

CURRENT, BUILDING = "current", "building"
_SCHEMA, _CURSOR, _SUSPECT = "schema.json", "cursor.json", "suspect"
_TAIL = struct.Struct("<II")  # length of the footer, magic number: the end of every file of tantivy
_MAGIC = 1337
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Position:
    """How far an index has followed: the ledger number, and the entry there, by which another ledger shows."""

    number: int = -1
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """A view of one generation as of its last commit."""

    name: str
    searcher: tantivy.Searcher
    position: Position


def root() -> Path:
    """The index folder of this home."""
    return Path(settings.HOME) / "index"


def pointed(pointer: str) -> str:
    """Name of the generation that ``current`` or ``building`` names; empty where none."""
    try:
        name = (root() / pointer).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
    return name if name.isalnum() else ""


def point(pointer: str, name: str) -> None:
    """Let a pointer name a generation, durably and at once; an empty name removes it."""
    if name:
        replace_file(root() / pointer, name.encode("ascii"))
    else:
        (root() / pointer).unlink(missing_ok=True)


def create() -> str:
    """Make an empty generation; its name."""
    name = uuid7().hex
    folder = root() / name
    folder.mkdir(parents=True, mode=0o700)
    try:
        tantivy.Index(schema(), path=str(folder), reuse=False)
    except ValueError as error:  # in a folder just made this can only be the disk
        raise OSError(errno.EIO, str(error)) from error
    replace_file(folder / _SCHEMA, json.dumps(_made_with()).encode())
    move(name, Position())
    return name


def usable(name: str) -> bool:
    """Whether a generation is there, of this version of the schema, opens, and is not damaged as far as is known."""
    if not name or not _is_current_version(name):
        return False
    if (root() / name / _SUSPECT).exists():
        if damaged_files(name):
            return False
        (root() / name / _SUSPECT).unlink(missing_ok=True)
    try:
        with reported_damage(name):
            _READERS.get(name)
    except Unavailable:
        return not damaged_files(name)
    return True


def position(name: str) -> Position:
    """How far a generation has followed; the very beginning where that cannot be read."""
    try:
        raw = json.loads((root() / name / _CURSOR).read_text(encoding="ascii"))
        return Position(int(raw["number"]), str(raw["entry"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Position()


def move(name: str, to: Position) -> None:
    """Remember how far a generation has followed; call after its commit."""
    replace_file(root() / name / _CURSOR, json.dumps({"number": to.number, "entry": to.entry}).encode())


def open_index(name: str) -> tantivy.Index:
    """A generation for writing.

    Raises:
        Unavailable: ``S-02`` where its files cannot be read.
    """
    with reported_damage(name):
        return tantivy.Index(schema(), path=str(root() / name), reuse=True)


def sweep() -> None:
    """Remove generations that no pointer names: left by a swap or by a process that died."""
    kept = {pointed(CURRENT), pointed(BUILDING)}
    for folder in root().iterdir():
        if folder.is_dir() and folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def damaged_files(name: str) -> list[str]:
    """Files of a generation whose bytes do not agree with the checksum in their footer, or that are absent."""
    folder = root() / name
    try:
        managed = json.loads((folder / ".managed.json").read_text(encoding="utf-8"))
        alive = {s["segment_id"].replace("-", "") for s in json.loads((folder / "meta.json").read_bytes())["segments"]}
    except (OSError, ValueError, KeyError, TypeError):
        return ["meta.json"]
    names = {n for n in managed if n.partition(".")[0] in alive and not n.endswith((".del", ".temp"))}
    present = {p.name for p in folder.iterdir() if p.name.partition(".")[0] in alive}
    return sorted(n for n in names | present if not _is_whole(folder / n) and not n.endswith(".temp"))


@contextmanager
def reported_damage(name: str) -> Iterator[None]:
    """Turn what damaged files make of tantivy into ``Unavailable``, and have the generation checked.

    Raises:
        Unavailable: ``S-02``.
    """
    try:
        yield
    except (ValueError, OSError) as error:
        raise _unreadable(name) from error
    except BaseException as error:
        # A panic inside the engine has a class of its own, which nobody can import and which is no Exception.
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise _unreadable(name) from error


class _Readers:
    """Open generations of this process, reopened when their last commit changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, tuple[tuple[int, int, int], tantivy.Index, Reader]] = {}

    def get(self, name: str) -> Reader:
        """The newest committed state of a generation."""
        stat = os.stat(root() / name / "meta.json")
        mark = (stat.st_ino, stat.st_mtime_ns, (root() / name / _CURSOR).stat().st_mtime_ns)
        with self._lock:
            known = self._open.get(name)
            if known and known[0] == mark:
                return known[2]
            index = known[1] if known else self._open_index(name)
            # The position first: a commit in between may make the view newer than it says, never older, so that
            # whoever does not find what was just filed is told that it is on its way.
            at = position(name)
            index.reload()
            reader = Reader(name, index.searcher(), at)
            self._open = {k: v for k, v in self._open.items() if k in {pointed(CURRENT), pointed(BUILDING)}}
            self._open[name] = (mark, index, reader)
            return reader

    def knows(self, name: str) -> bool:
        """Whether the generation is open here, and so of the right version."""
        return name in self._open

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._open = {}

    def _open_index(self, name: str) -> tantivy.Index:
        index = tantivy.Index(schema(), path=str(root() / name), reuse=True)
        index.config_reader("manual", 0)
        return index


_READERS = _Readers()


def forget_readers() -> None:
    """Close what this process holds open, as a restart would."""
    _READERS.clear()


def reader() -> Reader:
    """What serves now: the current generation, or where that one cannot, the one being built.

    Raises:
        Unavailable: ``S-01`` where there is none yet, ``S-02`` where it cannot be read.
    """
    failure: Unavailable | None = None
    for _ in range(2):  # a swap between reading a pointer and opening what it names calls for a second look
        for name in map(pointed, (CURRENT, BUILDING)):
            if not name or not (_READERS.knows(name) or _is_current_version(name)):
                continue
            try:
                with reported_damage(name):
                    return _READERS.get(name)
            except Unavailable as error:
                failure = error
    raise failure or Unavailable(
        "S-01",
        "检索库尚未建立或正在重建，归档不受影响。请稍后再查；如长时间不恢复，请系统管理员确认 cunzhen serve 或 cunzhen worker 正在运行，它会自动重建。",
        "The search index does not exist yet. Filing goes on. Try again soon; "
        "a running cunzhen serve or worker rebuilds it by itself.",
    )


def _is_current_version(name: str) -> bool:
    try:
        found = json.loads((root() / name / _SCHEMA).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return False
    return bool(found == _made_with())


@cache
def _made_with() -> dict[str, object]:
    """What an index depends on besides its content; where anything differs, questions would not meet their answers."""
    return {"version": SCHEMA_VERSION, "dictionary": fingerprint(), "engine": version("tantivy")}


def _unreadable(name: str) -> Unavailable:
    folder = root() / name
    if folder.is_dir():
        with suppress(OSError):  # where the disk takes no mark either, the next reader meets the same and tries again
            (folder / _SUSPECT).touch()
    return Unavailable(
        "S-02",
        "检索库读取失败，系统会自动检查并重建，归档不受影响。请稍后再查。",
        "The search index cannot be read; it will be checked and rebuilt by itself. Filing goes on. Try again soon.",
    )


def _is_whole(path: Path) -> bool:
    """Recompute the CRC-32 that tantivy wrote at the end of the file."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(-_TAIL.size, os.SEEK_END)
            length, magic = _TAIL.unpack(file.read(_TAIL.size))
            body = size - _TAIL.size - length
            if magic != _MAGIC or body < 0:
                return False
            file.seek(body)
            expected = json.loads(file.read(length))["crc"]
            file.seek(0)
            crc = 0
            while body > 0:
                chunk = file.read(min(_CHUNK, body))
                crc, body = zlib.crc32(chunk, crc), body - len(chunk)
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return False
    return bool(crc == expected)
