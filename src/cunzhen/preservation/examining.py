"""Looking at one copy: paced reading into the digests, and what to make of what does not agree."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import FileIO
from itertools import accumulate
from typing import BinaryIO

from cunzhen.errors import Invalid, Unavailable
from cunzhen.formats.digests import new_hasher
from cunzhen.formats.ocfl import INVENTORY, Inventory
from cunzhen.formats.ocfl_check import Finding, Problem, read_small
from cunzhen.preservation.fixity import CopyToCheck, only_newer
from cunzhen.preservation.rules import SM3_MANIFEST, object_id, read_sm3_listing
from cunzhen.preservation.store import Store

# Few and large: after each block a reading thread waits for the others' turn at the interpreter.
_BUFFER_BYTES = 4 * 1024 * 1024
_local = threading.local()


class Pace:
    """A limit on bytes a second, shared by threads; waiting ends when the work is asked to stop.

    Args:
        megabytes_per_second: 0 for no limit.
        stop: asked while waiting.
    """

    def __init__(self, megabytes_per_second: float, stop: Callable[[], bool]) -> None:
        self._rate = megabytes_per_second * 1e6
        self._stop = stop
        self._lock = threading.Lock()
        self._free_at = time.monotonic()

    def fits(self, sizes: Sequence[int], seconds: float) -> int:
        """How many things of these sizes can be read in so many seconds; at least one."""
        within = (total <= self._rate * seconds for total in accumulate(sizes))
        return max(1, sum(within)) if self._rate else len(sizes)

    def take(self, count: int) -> None:
        """Wait until so many more bytes may be read.

        Raises:
            Unavailable: ``P-51`` where the work is asked to stop.
        """
        if not self._rate:
            return
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + count / self._rate
            until = self._free_at
        while (wait := until - time.monotonic()) > 0:
            if self._stop():
                raise stopped()
            time.sleep(min(wait, 0.2))


class Reader:
    """Reads the files of one copy, each once, into SHA-512 and, where wanted, SM3.

    Args:
        pace: of reading.
        sm3: whether the SM3 of content is wanted too.
    """

    def __init__(self, pace: Pace, *, sm3: bool) -> None:
        self._pace = pace
        self._wants_sm3 = sm3
        self.byte_count = 0
        self.sm3: dict[str, str] = {}
        self.inventory_sha256 = ""

    def __call__(self, path: str, stream: BinaryIO) -> str:
        """SHA-512 (hex) of a file of the copy; ``path`` is below the object."""
        sha512 = hashlib.sha512()
        sm3 = new_hasher("sm3") if self._wants_sm3 and "/content/" in path else None
        sha256 = hashlib.sha256() if path == INVENTORY else None
        buffer = _buffer()
        while count := stream.readinto(buffer):  # type: ignore[attr-defined]  # both raw files and BytesIO have it
            self._pace.take(count)
            self.byte_count += count
            block = buffer[:count]
            sha512.update(block)
            if sm3 is not None:
                sm3.update(block)
            if sha256 is not None:
                sha256.update(block)
            if count < _BUFFER_BYTES and isinstance(stream, FileIO):
                break  # a file's end; were it none, the digest would be wrong and the copy be read again
        if sm3 is not None:
            self.sm3[path] = sm3.hexdigest()
        if sha256 is not None:
            self.inventory_sha256 = sha256.hexdigest()
        return sha512.hexdigest()


def _buffer() -> memoryview:
    """One for each thread: a fresh buffer for every small file would cost as much as hashing it."""
    found: memoryview | None = getattr(_local, "buffer", None)
    if found is None:
        found = _local.buffer = memoryview(bytearray(_BUFFER_BYTES))
    return found


@dataclass(frozen=True, slots=True)
class Examined:
    """One copy as it was read: what is wrong with it, bytes read, and the SHA-256 of its inventory.

    ``disputed`` is what has the right SHA-512 and another SM3 than its package says: no fault of this copy.
    """

    copy: CopyToCheck
    findings: Sequence[Finding]
    disputed: Sequence[Finding]
    byte_count: int
    inventory_sha256: str


def examine(store: Store, copy: CopyToCheck, pace: Pace, *, sm3: bool) -> Examined:
    """Read everything of one copy.

    Raises:
        Unavailable: the store does not serve; ``P-51`` asked to stop.
    """
    reader = Reader(pace, sm3=sm3)
    findings = store.check(object_id(copy.package_id), copy.version, copy.inventory_sha512, reader)
    disputed = _sm3_findings(store, copy, reader.sm3) if sm3 and not findings else []
    return Examined(copy, findings, disputed, reader.byte_count, reader.inventory_sha256)


def _sm3_findings(store: Store, copy: CopyToCheck, found: dict[str, str]) -> list[Finding]:
    """Compare with each version's own list of SM3 digests."""
    inventory = store.read_inventory(object_id(copy.package_id), copy.version, copy.inventory_sha512)
    if inventory is None:
        return []  # altered between two looks: the next check finds it
    wrong: dict[str, None] = {}
    for name, version in inventory.versions.items():
        if SM3_MANIFEST not in version.state:
            continue
        path, digest = inventory.content_path(SM3_MANIFEST, name)
        stream = store.open_content(object_id(copy.package_id), path, digest)
        if stream is None:
            return []
        with stream:
            listed = read_sm3_listing(stream.read())
        for logical, sha512 in version.state.items():
            content = inventory.manifest[sha512]
            if logical != SM3_MANIFEST and listed.get(logical) != found.get(content):
                wrong[content] = None
    return [Finding(Problem.SM3, path) for path in wrong]


def judge(store: Store, copy: CopyToCheck, findings: Sequence[Finding], now: datetime) -> list[Finding] | None:
    """What to make of a copy that does not agree, while nobody can add a version to it.

    Args:
        store: that it lies in.
        copy: as the register has it under the lock.
        findings: of a check made under that lock; at least one.
        now: aware time.

    Returns:
        What is wrong; None where a killed batch has left a newer version there, which the janitor takes back.
    """
    if only_newer(findings, copy.version):
        if _is_left_over(store, copy, now):
            return None
        return [Finding(Problem.NEWER_VERSION, "")]
    if findings[0].code != Problem.MISSING and _is_old(store, copy):
        return [Finding(Problem.OLD_VERSION, "")]
    return list(findings)


def _is_left_over(store: Store, copy: CopyToCheck, now: datetime) -> bool:
    uri = object_id(copy.package_id)
    return any(uri == named for left in store.leftovers(now) for named, version in left.entries if version != "v1")


def _is_old(store: Store, copy: CopyToCheck) -> bool:
    """Whether the copy is whole as an earlier version: it went back in time, it did not rot."""
    data = unchecked(store, object_id(copy.package_id), INVENTORY)
    try:
        inventory = Inventory.from_bytes(data or b"")
    except Invalid:
        return False
    older = int(inventory.head[1:]) < int(copy.version[1:])
    digest = hashlib.sha512(data or b"").hexdigest()
    return older and not store.check(object_id(copy.package_id), inventory.head, digest)


def unchecked(store: Store, uri: str, path: str) -> bytes | None:
    """The bytes of an inventory or sidecar as they lie there; None where there are none or they cannot be read."""
    try:
        stream = store.open_raw(uri, path)
        if stream is None:
            return None
        with stream:
            return read_small(stream)
    except (OSError, Unavailable):
        return None


def unreachable(stores: Collection[Store]) -> set[str]:
    """Names of those that do not answer now."""
    return {store.name for store in stores if not store.reachable()}


def stopped() -> Unavailable:
    """Raised where work is asked to stop; what was done is noted, the next run goes on from there."""
    return Unavailable(
        "P-51",
        "巡检或修复已按要求停下，做完的部分已记录，下次从停处继续。",
        "The scrub or repair has stopped as asked; what was done is noted, the next run goes on from there.",
    )
