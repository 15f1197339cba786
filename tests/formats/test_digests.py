"""Digests against published vectors and against a second implementation."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunzhen.formats import digests
from cunzhen.formats.digests import BLOCK, digest_bytes, digest_file, hexdigest_of_file, new_hasher

# GB/T 32905-2016, annex A.
SM3_ABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
SM3_64 = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


def test_sm3_gives_the_vectors_of_the_standard() -> None:
    assert digest_bytes(b"abc").sm3 == SM3_ABC
    assert digest_bytes(b"abcd" * 16).sm3 == SM3_64


def test_sm3_without_openssl_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashlib, "algorithms_available", {"sha256", "sha512"})
    hasher = new_hasher("sm3")
    assert isinstance(hasher, digests._CryptographySm3)
    for _ in range(16):
        hasher.update(b"abcd")
    assert hasher.hexdigest() == SM3_64
    assert hasher.hexdigest() == SM3_64  # asking does not end it


@given(st.binary(max_size=300))
def test_the_digests_of_bytes_are_those_of_hashlib(data: bytes) -> None:
    found = digest_bytes(data)
    assert (found.size, found.sha256, found.sha512) == (
        len(data),
        hashlib.sha256(data).hexdigest(),
        hashlib.sha512(data).hexdigest(),
    )


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7])
def test_a_file_has_the_digests_of_its_bytes_at_every_block_border(tmp_path: Path, size: int) -> None:
    data = (b"\x00\x01\x02\xff" * (size // 4 + 1))[:size]
    path = tmp_path / "扫描 1.bin"
    path.write_bytes(data)
    assert digest_file(path) == digest_bytes(data)
    assert hexdigest_of_file(path, "sha512") == digest_bytes(data).sha512


def test_an_unknown_algorithm_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="md5"):
        new_hasher("md5")
