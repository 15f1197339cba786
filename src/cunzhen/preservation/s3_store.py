"""A store of packages in a bucket: the same OCFL layout as on a disk, one key per file.

Below the prefix lie ``ocfl/`` (the storage root with the document that explains it), ``staging/`` (journals of
batches), ``quarantine/`` and ``store.json``. What a listing says is never taken for the whole truth: keys that should
be there and are not listed are asked for one by one, and so is what is listed and should not be there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import groupby, islice
from typing import BinaryIO

from cunzhen.errors import Invalid, Unavailable
from cunzhen.formats.ocfl import INVENTORY, OBJECT_NAMASTE, SIDECAR, TUPLE_SIZE, TUPLES, Inventory, object_path, sidecar
from cunzhen.formats.ocfl_check import Digest, Finding, Place, Skip, check_files, expected_files, no_place, sha512_of
from cunzhen.formats.ocfl_recover import Leftover
from cunzhen.formats.ocfl_root import is_own, own_files
from cunzhen.formats.store_address import S3Address
from cunzhen.preservation import bucket_refusals as refusals
from cunzhen.preservation.bucket import Bucket
from cunzhen.preservation.bucket_values import Patience, Small
from cunzhen.preservation.object_lock import ObjectLock
from cunzhen.preservation.rules import SourceFile, StoredFile
from cunzhen.preservation.s3_batch import QUARANTINE, ROOT, STAGING, S3Batch, Spool, read_journal, step_of, upload

CARD = "store.json"
# A bucket cannot be unmounted, so its card need not be read for every act; nor is a service that was away a moment
# ago asked again by everybody.
_CARD_SECONDS = 30.0
_AWAY_SECONDS = 10.0
_READ_SECONDS = 20.0
_WINDOW = 64
_READS = 2
_TUPLE = re.compile(rf"[0-9a-f]{{{TUPLE_SIZE}}}")
_BLOCK = 1024 * 1024


class S3Store:
    """A store in a bucket.

    Args:
        bucket: its prefix.
        address: where that is.
        node: name of this node.
    """

    def __init__(self, bucket: Bucket, address: S3Address, node: str) -> None:
        self._bucket = bucket
        self._address = address
        self._node = node
        self.lock = ObjectLock(bucket.name, address)
        self._card_good_until = self._away_until = 0.0

    @property
    def name(self) -> str:
        """See ``Store``."""
        return self._bucket.name

    @property
    def place(self) -> str:
        """See ``Store``."""
        return str(self._address)

    @property
    def is_remote(self) -> bool:
        """See ``Store``."""
        return True

    def prepare(self, *, holds_packages: Callable[[], bool]) -> None:
        """See ``Store``.

        Raises:
            Unavailable: ``P-12`` gone, ``P-13`` not ours, ``P-42`` to ``P-46``.
        """
        now = time.monotonic()
        if now < self._card_good_until:
            return
        if now < self._away_until:
            raise refusals.refused(self.name, None)
        try:
            self._prepare(holds_packages)
        except Unavailable:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            raise
        self._card_good_until = time.monotonic() + _CARD_SECONDS

    def begin(self, batch: str) -> S3Batch:
        """See ``Store``."""
        return S3Batch(self._bucket, batch, self.lock.hold)

    def read_inventory(self, object_id: str, version: str, sha512: str) -> Inventory | None:
        """See ``Store``."""
        for path in (f"{version}/{INVENTORY}", INVENTORY):
            stream = self.open_content(object_id, path, sha512)
            if stream is not None:
                with stream:
                    return Inventory.from_bytes(stream.read())
        return None

    def open_content(self, object_id: str, path: str, sha512: str) -> BinaryIO | None:
        """See ``Store``; a service that does not answer is a copy that cannot be read: another store may have it."""
        key, patience = _key(object_id, path), Patience(_READ_SECONDS)
        try:
            stream = self._right(key, sha512, patience)
            if stream is None and self.lock.restore(key, sha512):
                stream = self._right(key, sha512, patience)
        except Unavailable:
            self._card_good_until, self._away_until = 0.0, time.monotonic() + _AWAY_SECONDS
            return None
        return stream

    def has(self, object_id: str) -> bool:
        """See ``Store``."""
        patience = self._bucket.patience()
        if self._bucket.has_any(_key(object_id), patience):
            return True
        return self._bucket.size(_key(object_id, INVENTORY), patience) is not None

    def check(self, object_id: str, version: str, inventory_sha512: str, digest: Digest = sha512_of) -> list[Finding]:
        """See ``Store``.

        Raises:
            Unavailable: ``P-42``, ``P-44``: what cannot be looked at is not called damaged.
        """
        paths = [file.path for file in self.files(object_id)]
        return check_files(paths, partial(self._opened, object_id), object_id, version, inventory_sha512, digest)

    def root_problems(self) -> list[str]:
        """See ``Store``."""
        patience = self._bucket.patience()
        return [name for name in own_files() if not is_own(name, self._bucket.read(f"{ROOT}/{name}", patience))]

    def mend_root(self) -> None:
        """See ``Store``."""
        patience = self._bucket.patience()
        for name in self.root_problems():
            key = f"{ROOT}/{name}"
            self._bucket.move(key, f"{QUARANTINE}/{name.replace('/', '-')}.{os.urandom(4).hex()}", patience)
            self._bucket.put(key, Small(own_files()[name]), patience)

    def walk(self, skip: Skip = no_place) -> Iterator[Place]:
        """See ``Store``."""
        patience = self._bucket.patience()
        own = {f"{ROOT}/{name}" for name in own_files()}
        keys = (one.key for one in self._bucket.listed(ROOT, patience) if one.key not in own)
        places = (place for place, _ in groupby(_place_of(key) for key in keys) if not skip(place))
        with ThreadPoolExecutor(max_workers=self._bucket.limits.connections, thread_name_prefix="s3") as pool:
            while window := list(islice(places, _WINDOW)):
                yield from (place for place in pool.map(self._looked_at, window) if place is not None)
                patience.until = time.monotonic() + patience.seconds

    def leftovers(self, before: datetime) -> list[Leftover]:
        """See ``Store``; whether a batch is still alive is told by the register, where it holds its ids."""
        patience = self._bucket.patience()
        found = []
        for one in self._bucket.listed(STAGING, patience):
            data = self._bucket.read(one.key, patience) if one.modified <= before else None
            name = one.key.rpartition("/")[2]
            if data is None:
                continue
            entries = read_journal(name, data)
            if entries is not None:
                found.append(Leftover(name, entries))
            elif self._bucket.read(one.key, patience) == data:
                # It never was whole, so nothing was placed; or other hands were at it. Either way nobody follows it.
                self._bucket.move(one.key, f"{QUARANTINE}/{name}.{os.urandom(4).hex()}", patience)
        return found

    def clear(self, leftover: Leftover) -> None:
        """See ``Store``."""
        self._bucket.delete(f"{STAGING}/{leftover.name}", self._bucket.patience())

    def set_aside(self, object_id: str) -> None:
        """See ``Store``; the root inventory goes first, so that what is left by a kill is no object any more."""
        self._move_away(_key(object_id), first=_key(object_id, INVENTORY))

    def roll_back(self, object_id: str, version: str) -> bool:
        """See ``Store``.

        Raises:
            Unavailable: ``P-15`` where this copy does not have the version whole.
        """
        patience = self._bucket.patience()
        right = self._inventory_bytes(object_id, version, patience)
        changed = False
        for name, data in ((INVENTORY, right), (SIDECAR, sidecar(right))):
            if self._bucket.read(_key(object_id, name), patience) != data:
                self._bucket.put(_key(object_id, name), Small(data), patience, replace=True)
                changed = True
        newer = _key(object_id, f"v{int(version[1:]) + 1}")
        if self._bucket.has_any(newer, patience) or self._bucket.size(f"{newer}/{INVENTORY}", patience) is not None:
            self._move_away(newer, first=f"{newer}/{INVENTORY}")
            changed = True
        return changed

    def files(self, object_id: str) -> list[StoredFile]:
        """See ``Store``."""
        patience = self._bucket.patience()
        top = _key(object_id)
        sizes = {one.key[len(top) + 1 :]: one.size for one in self._bucket.listed(top, patience)}
        expected = self._expected(object_id, patience)
        for path in sorted(expected ^ sizes.keys()):
            size = self._bucket.size(f"{top}/{path}", patience)
            if size is None:
                sizes.pop(path, None)
            else:
                sizes[path] = size
        return [StoredFile(path, size) for path, size in sorted(sizes.items())]

    def open_raw(self, object_id: str, path: str) -> BinaryIO | None:
        """See ``Store``."""
        return self._bucket.open(_key(object_id, path), self._bucket.patience())

    def install(self, object_id: str, files: Sequence[SourceFile]) -> None:
        """See ``Store``; the sources are read and compared before anything in the bucket is touched."""
        spool = Spool(self._bucket)
        try:
            for file in files:
                spool.open(_key(object_id, file.path), step_of(file.path))
                digest = hashlib.sha512()
                with file.open() as source:
                    while block := source.read(_BLOCK):
                        digest.update(block)
                        spool.append(block)
                spool.close_file(file.sha512)
                if digest.hexdigest() != file.sha512:
                    raise refusals.source_changed(self.name)
            spool.finish()
            if self.has(object_id):
                self.set_aside(object_id)
            upload(self._bucket, spool.pieces, self.lock.hold)
        finally:
            spool.close()

    def free_bytes(self) -> int | None:
        """See ``Store``; S3 has no way to ask."""
        return None

    def reachable(self) -> bool:
        """See ``Store``."""
        try:
            self.prepare(holds_packages=lambda: True)
        except Unavailable:
            return False
        return True

    def _opened(self, object_id: str, path: str) -> BinaryIO | None:
        """A file to check; one that this store alone is not let at is unreadable, no reason to call the store away."""
        try:
            return self.open_raw(object_id, path)
        except Unavailable as refusal:
            if refusal.code != refusals.DENIED:
                raise
            raise PermissionError(path) from None

    def _right(self, key: str, sha512: str, patience: Patience) -> BinaryIO | None:
        """A key's bytes if they are right; asked for again, for what broke on the way is whole in the bucket."""
        for _ in range(_READS):
            try:
                stream = self._bucket.open(key, patience)
            except Unavailable as refusal:
                # A single key may be somebody else's who wrote over ours; the rest of the bucket is not closed by it.
                if refusal.code != refusals.DENIED:
                    raise
                return None
            if stream is None:
                return None
            if sha512_of(key, stream) == sha512:
                stream.seek(0)
                return stream
            stream.close()
        return None

    def _prepare(self, holds_packages: Callable[[], bool]) -> None:
        patience = Patience(min(_READ_SECONDS, self._bucket.limits.deadline))
        expected = {"format": "cunzhen-store-1", "name": self.name, "node": self._node}
        card = self._bucket.read(CARD, patience)
        if card is None:
            if holds_packages():
                raise refusals.gone(self.name)
            self.lock.require()
            card = self._create(expected)
        try:
            found = json.loads(card)
        except ValueError:
            found = None
        if found != expected or self._bucket.size(f"{ROOT}/0=ocfl_1.1", patience) is None:
            raise refusals.not_ours(self.name)

    def _create(self, expected: dict[str, str]) -> bytes:
        """The storage root and its documents, and last the card that makes it a store."""
        patience = self._bucket.patience()
        if self._bucket.has_any(ROOT, patience) and self._bucket.size(f"{ROOT}/0=ocfl_1.1", patience) is None:
            raise refusals.not_ours(self.name)
        for name, data in own_files().items():
            self._bucket.put(f"{ROOT}/{name}", Small(data), patience)
        card = (json.dumps(expected, ensure_ascii=False, indent=1) + "\n").encode()
        self._bucket.put(CARD, Small(card), patience)
        return card

    def _expected(self, object_id: str, patience: Patience) -> set[str]:
        data = self._bucket.read(_key(object_id, INVENTORY), patience)
        try:
            return expected_files(Inventory.from_bytes(data)) if data is not None else {INVENTORY, OBJECT_NAMASTE}
        except Invalid:
            return {INVENTORY, OBJECT_NAMASTE}

    def _inventory_bytes(self, object_id: str, version: str, patience: Patience) -> bytes:
        """A version's own inventory, vouched for by its sidecar."""
        data = self._bucket.read(_key(object_id, f"{version}/{INVENTORY}"), patience)
        if data is None or self._bucket.read(_key(object_id, f"{version}/{SIDECAR}"), patience) != sidecar(data):
            raise refusals.copy_not_whole(self.name)
        return data

    def _looked_at(self, place: str) -> Place | None:
        """What a folder of the root is; None where the listing was stale and nothing is there any more."""
        patience = self._bucket.patience()
        top = f"{ROOT}/{place}"
        data = self._bucket.read(f"{top}/{INVENTORY}", patience) if place.count("/") == TUPLES else None
        if data is None:
            here = [one.key for one in islice(self._bucket.listed(top, patience), 3)] or [top]
            return Place(place, "") if any(self._bucket.size(key, patience) is not None for key in here) else None
        try:
            inventory = Inventory.from_bytes(data)
        except Invalid:
            return Place(place, "")
        return Place(place, inventory.id if object_path(inventory.id) == place else "")

    def _move_away(self, top: str, *, first: str) -> None:
        patience = self._bucket.patience()
        name = f"{QUARANTINE}/{'-'.join(top.split('/')[TUPLES + 1 :])}.{os.urandom(4).hex()}"
        keys = {one.key for one in self._bucket.listed(top, patience)}
        moves = [(key, f"{name}/{key[len(top) + 1 :]}") for key in sorted(keys - {first})]
        self._bucket.move(first, f"{name}/{first[len(top) + 1 :]}", patience)
        self._bucket.side_by_side(lambda pair: self._bucket.move(pair[0], pair[1], patience), moves, patience)


def _key(object_id: str, path: str = "") -> str:
    return f"{ROOT}/{object_path(object_id)}" + (f"/{path}" if path else "")


def _place_of(key: str) -> str:
    """Folder of the object that a key belongs to, below the root; the key itself where it belongs to none."""
    parts = key.split("/")[1:]
    if len(parts) > TUPLES + 1 and all(_TUPLE.fullmatch(part) for part in parts[:TUPLES]):
        return "/".join(parts[: TUPLES + 1])
    return "/".join(parts)
