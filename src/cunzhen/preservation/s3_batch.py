"""Writing many objects into a bucket so that each can be read whole or not at all, and is known by a journal.

1. Files are kept on this machine until the batch is complete: nothing of it is in the bucket before the register has
   claimed its ids, so what other hands or a killed run left under one of them is never mixed with it.
2. ``place``: the journal ``staging/<batch>-<digest>.json`` is written. From here on the janitor knows what may lie in
   the bucket uncommitted.
3. Content files, side by side; when all were read back, the declaration and the versions' own inventories.
4. The sidecar of each object's root inventory, and last its root inventory: that makes the object one. Only now may
   the batch be acknowledged.
5. The journal goes when the caller's transaction is committed (``forget``).

Every put is read back (``bucket``). There is no rename in S3, so the order of the puts does what renames do on a disk.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from cunzhen.errors import Unavailable
from cunzhen.formats.durable import unavailable
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.ocfl import INVENTORY, SIDECAR, object_path
from cunzhen.preservation.bucket import Bucket
from cunzhen.preservation.bucket_refusals import SPOOL
from cunzhen.preservation.bucket_values import Patience, Small

ROOT, STAGING, QUARANTINE = "ocfl", "staging", "quarantine"
_FORGET_SECONDS = 10.0
_NAME_DIGITS = 32
Hold = Callable[[Sequence[str]], None]


@dataclass(slots=True)
class Piece:
    """A file on its way: where it lies in the spool, and what it must be when it is read back."""

    key: str
    step: int
    replace: bool
    spool: BinaryIO
    offset: int
    size: int = 0
    sha512: str = ""

    def blocks(self, size: int) -> Iterator[bytes]:
        """Its bytes in parts; several threads may read other pieces of the same spool."""
        low, end = self.offset, self.offset + self.size
        while low < end:
            block = os.pread(self.spool.fileno(), min(size, end - low), low)
            if not block:
                raise OSError("the spool is shorter than what was written to it")
            yield block
            low += len(block)


class Spool:
    """Files of one batch, one after the other in a file of this machine without a name."""

    def __init__(self, bucket: Bucket) -> None:
        self._file = bucket.spooled()
        self.pieces: list[Piece] = []
        self._end = 0

    def open(self, key: str, step: int, *, replace: bool = False) -> None:
        """Begin a file."""
        self.pieces.append(Piece(key, step, replace, self._file, self._end))

    def append(self, data: bytes) -> None:
        """Add to it.

        Raises:
            Unavailable: ``P-10``, ``P-11``.
        """
        self._end += len(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise unavailable(error, SPOOL) from error

    def close_file(self, sha512: str) -> None:
        """End it; what is read back of it must have this digest (hex)."""
        piece = self.pieces[-1]
        piece.size, piece.sha512 = self._end - piece.offset, sha512

    def finish(self) -> None:
        """Make everything readable.

        Raises:
            Unavailable: ``P-10``, ``P-11``.
        """
        try:
            self._file.flush()
        except OSError as error:
            raise unavailable(error, SPOOL) from error

    def close(self) -> None:
        """Let it go; what was in it is gone."""
        # What cannot be flushed any more belonged to a batch that was refused.
        with suppress(OSError):
            self._file.close()

    @property
    def byte_count(self) -> int:
        """Bytes in it."""
        return self._end


def upload(bucket: Bucket, pieces: Sequence[Piece], hold: Hold) -> None:
    """Put pieces step by step, those of one step side by side, and hold them where the store has an object lock.

    Raises:
        Conflict: ``P-02``. Unavailable: ``P-42`` to ``P-46``.
    """
    patience = bucket.patience(sum(piece.size for piece in pieces))
    for step in sorted({piece.step for piece in pieces}):
        now = [piece for piece in pieces if piece.step == step]
        bucket.side_by_side(lambda piece: bucket.put(piece.key, piece, patience, replace=piece.replace), now, patience)
        failpoint(f"s3-step-{step}")
    hold([piece.key for piece in pieces])
    failpoint("s3-durable")


def step_of(path: str) -> int:
    """When a file of an object is put: 0 content, 1 declaration and versions' inventories, 2 and 3 the root's."""
    if path == INVENTORY:
        return 3
    if path == SIDECAR:
        return 2
    return 0 if path.count("/") > 1 else 1


@dataclass(slots=True)
class S3Batch:
    """One batch on its way into one bucket.

    Args:
        bucket: prepared.
        batch: its name, the same in every store.
        hold: puts keys under the store's object lock.
    """

    bucket: Bucket
    batch: str
    hold: Hold
    _spool: Spool = field(init=False)
    _versions: dict[str, str] = field(default_factory=dict)
    _journal: str = ""

    def __post_init__(self) -> None:
        self._spool = Spool(self.bucket)

    def __enter__(self) -> S3Batch:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def begin_object(self, object_id: str, version: str) -> None:
        """See ``StoreBatch``."""
        self._versions[object_id] = version

    def open(self, object_id: str, path: str) -> None:
        """See ``StoreBatch``."""
        step = step_of(path)
        replace = step > 1 and self._versions[object_id] != "v1"
        self._spool.open(f"{ROOT}/{object_path(object_id)}/{path}", step, replace=replace)

    def append(self, data: bytes) -> None:
        """See ``StoreBatch``."""
        self._spool.append(data)

    def close(self, sha512: str) -> None:
        """See ``StoreBatch``."""
        self._spool.close_file(sha512)

    def seal(self) -> None:
        """See ``StoreBatch``; the bucket has nothing of it yet."""
        self._spool.finish()

    def place(self) -> None:
        """See ``StoreBatch``.

        Raises:
            Conflict: ``P-02``. Unavailable: ``P-42`` to ``P-46``.
        """
        journal = Small(json.dumps({"entries": list(self._versions.items())}).encode("ascii"))
        self._journal = f"{STAGING}/{self.batch}-{journal.sha512[:_NAME_DIGITS]}.json"
        self.bucket.put(self._journal, journal, self.bucket.patience())
        failpoint("s3-journal")
        upload(self.bucket, self._spool.pieces, self.hold)

    def discard(self) -> None:
        """See ``StoreBatch``."""
        self._spool.close()

    def forget(self) -> None:
        """See ``StoreBatch``; a service that does not answer now keeps the journal for the janitor."""
        failpoint("s3-committed")
        with suppress(Unavailable):
            self.bucket.delete(self._journal, Patience(_FORGET_SECONDS))


def read_journal(name: str, data: bytes) -> tuple[tuple[str, str], ...] | None:
    """(object id, version) that a batch may have placed; None where these are not the bytes that its name promises."""
    if not name.removesuffix(".json").endswith(hashlib.sha512(data).hexdigest()[:_NAME_DIGITS]):
        return None
    return tuple((str(object_id), str(version)) for object_id, version in json.loads(data)["entries"])
