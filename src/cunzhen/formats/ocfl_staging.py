"""Writing many objects at once so that each is in a storage root whole and durable, or not at all.

1. Everything is written below ``staging/<batch>/``, which no reader looks at, with a journal of what is meant.
2. One sync; then every file is read back from the disk and its digest compared with that of what was handed over.
3. Objects are moved into the root by rename. What is staged is the highest folder that the root does not have yet,
   and that is what is moved: so the root never holds an empty or half-filled folder.
   A new version's folder is moved into its object, that is synced, then the root inventory and its sidecar are
   replaced. Until then the object still reads as the version before, for every version folder holds its own copy
   of the inventory and readers go by the version that the database names.
4. One more sync. Only now may the batch be acknowledged.
5. The batch's folder with its journal stays until the caller's transaction is committed (``forget``). A folder
   that is left over names exactly the objects about which nobody knows whether they were committed
   (``ocfl_recover``).
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from cunzhen.errors import Conflict
from cunzhen.formats.digests import BLOCK
from cunzhen.formats.durable import FileSystemSync, unavailable
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.ocfl import INVENTORY, SIDECAR, TUPLES, object_path
from cunzhen.formats.ocfl_root import StoreFolder
from cunzhen.formats.ocfl_writer import FolderWriter

JOURNAL, LOCK = "journal.json", "lock"
_TAKEN = {errno.ENOTEMPTY, errno.EEXIST}
_ATTEMPTS = 3


class Staging:
    """One batch on its way into one store. Use it as a context: leaving it ends its thread and its lock."""

    def __init__(self, folder: StoreFolder, batch: str) -> None:
        """Open the batch's folder.

        Args:
            folder: the store, already prepared.
            batch: name of the batch, the same in every store.

        Raises:
            Unavailable: ``P-10``, ``P-11``.
        """
        self.folder = folder
        self.path = folder.staging / batch
        self._digests: dict[str, str] = {}
        self._places: dict[str, str] = {}
        self._journal: list[tuple[str, str]] = []
        self._touched: set[Path] = set()
        self._file = ""
        try:
            self._sync = FileSystemSync(folder.staging)
        except OSError as error:
            raise unavailable(error, folder.name) from error
        try:
            self._lock = locked_folder(self.path)
        except OSError as error:
            self._sync.close()
            raise unavailable(error, folder.name) from error
        self._writer = FolderWriter(self.path)

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.stop()
        self._sync.close()
        os.close(self._lock)

    def begin_object(self, object_id: str, version: str) -> None:
        """Take an object, or a further version of one, into the batch; its files follow."""
        self._journal.append((object_id, version))
        place = object_path(object_id)
        self._places[object_id] = (
            self._missing_part(place) if version == "v1" else f"revisions/{place.rpartition('/')[2]}"
        )

    def open(self, object_id: str, path: str) -> None:
        """Begin a file of an object.

        Raises:
            Unavailable: ``P-10``, ``P-11``; of this or an earlier write.
        """
        self._file = f"{self._places[object_id]}/{path}"
        self._ordered(self._writer.open, self._file)

    def append(self, data: bytes) -> None:
        """Add to the file that was begun last."""
        self._ordered(self._writer.append, data)

    def close(self, sha512: str) -> None:
        """End the file that was begun last; what is read back of it must have this digest (hex)."""
        self._digests[self._file] = sha512
        self._ordered(self._writer.close)

    def seal(self) -> None:
        """Step 2: make the staged files durable and read them back.

        Raises:
            Unavailable: ``P-10``, ``P-11``; nothing of the batch may be used.
        """
        failpoint("packages-staged")
        try:
            self._writer.finish()
            (self.path / JOURNAL).write_text(json.dumps(self._journal), encoding="ascii")
            self._sync.sync(self._everything())
            for relative, sha512 in self._digests.items():
                if _read_back(f"{self.path}/{relative}") != sha512:
                    raise OSError(errno.EIO, "what was read back differs")
        except OSError as error:
            raise unavailable(error, self.folder.name) from error
        failpoint("packages-sealed")

    def place(self) -> None:
        """Steps 3 and 4: move the objects into the root, durably.

        Raises:
            Conflict: ``P-02`` where an object or version is there already.
            Unavailable: ``P-10``, ``P-11``.
        """
        try:
            for object_id, version in self._journal:
                if version == "v1":
                    self._place_new(self._places[object_id])
                    failpoint("packages-placing")
            self._place_revisions()
            failpoint("packages-placed")
            self._sync.sync(self._touched)
        except OSError as error:
            raise unavailable(error, self.folder.name) from error
        failpoint("packages-durable")

    def discard(self) -> None:
        """Remove a batch that was not placed; what cannot be removed now is left to the janitor."""
        self._writer.stop()
        shutil.rmtree(self.path, ignore_errors=True)

    def forget(self) -> None:
        """Remove the journal of a batch whose transaction is committed, and the empty folders left with it."""
        failpoint("packages-committed")
        shutil.rmtree(self.path, ignore_errors=True)

    def _ordered(self, order: Callable[..., None], *args: object) -> None:
        try:
            order(*args)
        except OSError as error:
            raise unavailable(error, self.folder.name) from error

    def _missing_part(self, place: str) -> str:
        """Where to stage an object: under one name for the folders that the root has, then those that it lacks."""
        parts = place.split("/")
        depth = 1
        while depth <= TUPLES and os.path.isdir(f"{self.folder.root}/{'/'.join(parts[:depth])}"):
            depth += 1
        return "/".join(["objects", ".".join(parts[:depth]), *parts[depth:]])

    def _place_new(self, staged: str) -> None:
        _, top, *rest = staged.split("/")
        if not os.path.lexists(f"{self.path}/{staged}"):
            return  # Another object of this batch shares its folder and has brought it along.
        source, target = self.path / "objects" / top, self.folder.root / top.replace(".", "/")
        for part in [*rest, ""]:
            if self._moved(source, target):
                return
            if not part:
                raise _taken()
            source, target = source / part, target / part

    def _moved(self, source: Path, target: Path) -> bool:
        """Whether the folder went into the root; False where the root has one of that name."""
        for attempt in range(_ATTEMPTS):
            try:
                os.rename(source, target)
                # Those above too: another batch may just have made them and not have synced them yet.
                self._touched.update(p for p in target.parents if p.is_relative_to(self.folder.root))
                return True
            except OSError as error:
                if error.errno in _TAKEN:
                    return False
                if error.errno != errno.ENOENT or attempt == _ATTEMPTS - 1:
                    raise
            # The janitor has just removed a folder of the root that had become empty.
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        return False

    def _place_revisions(self) -> None:
        revised = [(self.path / self._places[i], self.folder.root / object_path(i), v)
                   for i, v in self._journal if v != "v1"]  # fmt: skip
        if not revised:
            return
        for staged, target, version in revised:
            if not self._moved(staged / version, target / version):
                raise _taken()
            failpoint("revisions-folder")
        self._sync.sync(self._touched)
        for staged, target, _ in revised:
            for name in (INVENTORY, SIDECAR):
                os.replace(staged / name, target / name)
                failpoint(f"revisions-{name}")

    def _everything(self) -> Iterator[Path]:
        for folder, _, files in os.walk(self.path, topdown=False):
            yield from (Path(folder, name) for name in files)
            yield Path(folder)
        yield self.folder.staging


def _read_back(path: str) -> str:
    """SHA-512 of what the disk gives, not of what memory still holds of it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        # After the sync no page is dirty any more, so all of them can go.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        digest = hashlib.sha512()
        while block := os.read(descriptor, BLOCK):
            digest.update(block)
        return digest.hexdigest()
    finally:
        os.close(descriptor)


def locked_folder(path: Path) -> int:
    """Make a batch's folder with its lock held; a living process is told from a dead one by it."""
    path.mkdir(mode=0o750)
    descriptor = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _taken() -> Conflict:
    return Conflict(
        "P-02",
        "存储中已有同一编号的保存包，未作任何覆盖。",
        "The store already has a package or version of this id; nothing was overwritten.",
    )
