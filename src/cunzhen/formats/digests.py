"""Digests of files and bytes in one read: SHA-256, SHA-512 and the national SM3 (GB/T 32905-2016)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from cryptography.hazmat.primitives import hashes

BLOCK = 1024 * 1024
ALGORITHMS = ("sha256", "sm3", "sha512")


class Hasher(Protocol):
    """What ``new_hasher`` gives: the two methods of hashlib's objects that are used here."""

    def update(self, data: bytes | memoryview, /) -> None: ...

    def hexdigest(self) -> str: ...


class _CryptographySm3:
    """SM3 where the interpreter's OpenSSL was built without it."""

    def __init__(self) -> None:
        self._hash = hashes.Hash(hashes.SM3())

    def update(self, data: bytes | memoryview, /) -> None:
        self._hash.update(data)

    def hexdigest(self) -> str:
        return self._hash.copy().finalize().hex()


def new_hasher(algorithm: str) -> Hasher:
    """A running digest.

    Args:
        algorithm: one of ``ALGORITHMS``.

    Raises:
        ValueError: for any other name; a mistake of the program, not of its input.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"unknown digest algorithm {algorithm!r}")
    if algorithm == "sm3" and "sm3" not in hashlib.algorithms_available:
        return _CryptographySm3()
    return hashlib.new(algorithm)


class Digester:
    """Size and all digests of one stream that passes by."""

    def __init__(self) -> None:
        self._hashers = [new_hasher(name) for name in ALGORITHMS]
        self.size = 0

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        self.size += len(data)
        for hasher in self._hashers:
            hasher.update(data)

    def digests(self) -> FileDigests:
        """Of what came so far."""
        sha256, sm3, sha512 = (hasher.hexdigest() for hasher in self._hashers)
        return FileDigests(self.size, sha256, sm3, sha512)


@dataclass(frozen=True, slots=True)
class FileDigests:
    """Size in bytes and the three digests (lower-case hexadecimal) that the archive keeps of every file."""

    size: int
    sha256: str
    sm3: str
    sha512: str


def digest_file(path: Path) -> FileDigests:
    """Size and all digests of a file, read once in blocks of 1 MiB."""
    with path.open("rb", buffering=0) as stream:
        return _digests(blocks_of(stream))


def digest_bytes(data: bytes) -> FileDigests:
    """Size and all digests of bytes in memory."""
    return _digests([data])


def hexdigest_of_file(path: Path, algorithm: str) -> str:
    """One digest of a file, read once in blocks of 1 MiB."""
    hasher = new_hasher(algorithm)
    with path.open("rb", buffering=0) as stream:
        for block in blocks_of(stream):
            hasher.update(block)
    return hasher.hexdigest()


def _digests(blocks: Iterable[bytes]) -> FileDigests:
    digester = Digester()
    for block in blocks:
        digester.update(block)
    return digester.digests()


def blocks_of(stream: BinaryIO) -> Iterator[bytes]:
    """The stream in blocks of 1 MiB."""
    while block := stream.read(BLOCK):
        yield block
