"""Writing one object, or one more version of it, into the staging of every store (see ``ocfl_staging``)."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from cunzhen.errors import Invalid, Missing
from cunzhen.formats.digests import BLOCK, Digester, FileDigests, digest_bytes
from cunzhen.formats.ocfl import (
    INVENTORY,
    OBJECT_NAMASTE,
    OBJECT_NAMASTE_TEXT,
    SIDECAR,
    ContentFile,
    Inventory,
    Version,
    VersionInfo,
    require_safe_paths,
    sidecar,
)


class ObjectSink(Protocol):
    """Where the files of a batch's objects are written to, one after the other."""

    def begin_object(self, object_id: str, version: str) -> None:
        """Take an object, or a further version of one, into the batch; its files follow."""
        ...

    def open(self, object_id: str, path: str) -> None:
        """Begin a file of an object."""
        ...

    def append(self, data: bytes) -> None:
        """Add to the file that was begun last."""
        ...

    def close(self, sha512: str) -> None:
        """End the file that was begun last; what is read back of it must have this digest (hex)."""
        ...


def write_file(sinks: Sequence[ObjectSink], object_id: str, path: str, data: bytes) -> None:
    """Write the same bytes into an object of every store.

    Raises:
        Unavailable: ``P-10``, ``P-11``.
    """
    sha512 = hashlib.sha512(data).hexdigest()
    for sink in sinks:
        sink.open(object_id, path)
        sink.append(data)
        sink.close(sha512)


@dataclass(frozen=True, slots=True)
class Staged:
    """One object as it was written into staging.

    Args:
        object_id: URI of the object.
        inventory: what it holds now.
        inventory_sha512: of the inventory's bytes.
        byte_count, file_count: content that this version added.
        inventory_sha256, inventory_sm3: of the inventory's bytes too.
    """

    object_id: str
    inventory: Inventory
    inventory_sha512: str
    byte_count: int
    file_count: int
    inventory_sha256: str = ""
    inventory_sm3: str = ""


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What shall be written.

    Args:
        object_id: URI of the object.
        files: content to add or replace, by logical path.
        info: who, when and why.
        previous: inventory of the version before; None for a new object.
        removed: logical paths that the new version does not have.
    """

    object_id: str
    files: Sequence[ContentFile]
    info: VersionInfo
    previous: Inventory | None = None
    removed: Sequence[str] = ()


def stage_object(new: NewVersion, stagings: Sequence[ObjectSink]) -> Staged:
    """Write one object, or one more version of it, into every store's staging with one read of each source.

    Raises:
        Invalid: ``P-01`` unsafe path, ``P-05`` source missing or other than promised, ``P-06`` nothing to keep.
        Missing: ``P-03`` a removed path that is not there.
        Unavailable: ``P-10``, ``P-11``.
    """
    object_id, files, previous = new.object_id, new.files, new.previous
    state = _kept_state(previous, new.removed)
    require_safe_paths([f.path for f in files])
    require_safe_paths({*state, *(f.path for f in files)})
    if not state and not files:
        raise Invalid("P-06", "保存包中没有任何文件。", "The package has no file.")
    version = f"v{len(previous.versions) + 1}" if previous else "v1"
    for staging in stagings:
        staging.begin_object(object_id, version)
    writer = _Writer(stagings, object_id, version, previous)
    for file in files:
        state[file.path] = writer.write(file)
    versions = {**(previous.versions if previous else {}), version: Version(new.info, state)}
    inventory = Inventory(object_id, writer.manifest, versions, writer.sha256)
    data = inventory.to_bytes()
    if previous is None:
        write_file(stagings, object_id, OBJECT_NAMASTE, OBJECT_NAMASTE_TEXT)
    for where in (f"{version}/", ""):
        write_file(stagings, object_id, f"{where}{INVENTORY}", data)
        write_file(stagings, object_id, f"{where}{SIDECAR}", sidecar(data))
    found = digest_bytes(data)
    return Staged(object_id, inventory, found.sha512, writer.byte_count, writer.file_count, found.sha256, found.sm3)


def _kept_state(previous: Inventory | None, removed: Sequence[str]) -> dict[str, str]:
    state = dict(previous.versions[previous.head].state) if previous else {}
    for path in removed:
        if path not in state:
            raise Missing("P-03", "保存包中没有这个文件。", "The package has no such file.")
        del state[path]
    return state


class _Writer:
    """Content of one version: written once however many logical paths and versions have it."""

    def __init__(
        self, stagings: Sequence[ObjectSink], object_id: str, version: str, previous: Inventory | None
    ) -> None:
        self._stagings = stagings
        self._object_id = object_id
        self._version = version
        self.manifest = dict(previous.manifest) if previous else {}
        self.sha256 = dict(previous.sha256) if previous else {}
        self._by_sha256 = {self.sha256[path]: digest for digest, path in self.manifest.items() if path in self.sha256}
        self.byte_count = self.file_count = 0

    def write(self, file: ContentFile) -> str:
        """Keep one file; returns its SHA-512."""
        promised = file.sha256 or _digests_of(file).sha256
        known = self._by_sha256.get(promised)
        content = f"{self._version}/content/{file.path}"
        found = _digests_of(file) if known else self._copy(file, content)
        if found.sha256 != promised or (file.sm3 and found.sm3 != file.sm3):
            raise _changed(file)
        digest = found.sha512
        if known is None:
            self.manifest[digest] = content
            self.sha256[content] = promised
            self._by_sha256[promised] = digest
            self.byte_count += found.size
            self.file_count += 1
        elif known != digest:
            raise _changed(file)
        return digest

    def _copy(self, file: ContentFile, content: str) -> FileDigests:
        """Read the source once, into every store and every digest."""
        digester = Digester()
        for staging in self._stagings:
            staging.open(self._object_id, content)
        for block in _blocks(file):
            digester.update(block)
            for staging in self._stagings:
                staging.append(block)
        digests = digester.digests()
        for staging in self._stagings:
            staging.close(digests.sha512)
        return digests


def _digests_of(file: ContentFile) -> FileDigests:
    digester = Digester()
    for block in _blocks(file):
        digester.update(block)
    return digester.digests()


def _blocks(file: ContentFile) -> Iterator[bytes]:
    if isinstance(file.source, bytes):
        yield file.source
        return
    try:
        # Not blocking: a pipe that somebody left in a folder must not hold the batch.
        descriptor = os.open(file.source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _changed(file)
            while block := os.read(descriptor, BLOCK):
                yield block
        finally:
            os.close(descriptor)
    except OSError:
        raise _changed(file) from None


def _changed(file: ContentFile) -> Invalid:
    return Invalid(
        "P-05",
        f"文件“{file.path}”读不到，或者内容与登记的摘要不符，本批未保存。请重新接收该文件。",
        f"File {file.path!r} cannot be read, or its content is not what was registered; nothing was kept. Receive it "
        "again.",
        path=file.path,
    )
