"""The key store's file: whole or not at all, sealed or not, and what is said where it cannot be opened."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cunzhen.cli.given import given_passphrase
from cunzhen.errors import Unavailable
from cunzhen.keys import escrow, keystore

PHRASE = "枣树 临县 二月 账本 山梁 十六"


@pytest.fixture(autouse=True)
def no_passphrase() -> Iterator[None]:
    before = given_passphrase()
    keystore.use_passphrase("")
    yield
    keystore.use_passphrase(before)


def seal(folder: Path) -> keystore.KeyStore:
    keys = keystore.load(folder)
    keystore.write(folder, escrow.seal_keys(keys.to_bytes(), PHRASE))
    return keys


def test_sealed_and_opened(tmp_path: Path) -> None:
    keystore.create(tmp_path)
    assert not keystore.is_sealed(tmp_path)
    keys = seal(tmp_path)
    assert keystore.is_sealed(tmp_path)
    content = (tmp_path / keystore.FILE_NAME).read_bytes()
    assert keys.root not in content and keys.ledger_seed not in content
    assert (tmp_path / keystore.FILE_NAME).stat().st_mode & 0o777 == 0o600
    keystore.use_passphrase(PHRASE)
    assert keystore.load(tmp_path) == keys
    assert keystore.create(tmp_path) == keys, "an existing one is left alone"
    keystore.write(tmp_path, keys.to_bytes())
    keystore.use_passphrase("")
    assert keystore.load(tmp_path) == keys


@pytest.mark.parametrize(("given", "code"), [("", "K-08"), ("枣树 临县 二月 账本 山梁 十七", "K-06")])
def test_without_the_passphrase(tmp_path: Path, given: str, code: str) -> None:
    keystore.create(tmp_path)
    seal(tmp_path)
    keystore.use_passphrase(given)
    with pytest.raises(Unavailable, match=code):
        keystore.load(tmp_path)
    keystore.use_passphrase(PHRASE)
    keystore.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"format": "cunzhen-keystore-1"}', b'{"format": "other"}'])
def test_a_damaged_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / keystore.FILE_NAME).write_bytes(content)
    keystore.load.cache_clear()
    with pytest.raises(Unavailable, match="K-02"):
        keystore.load(tmp_path)


def test_a_damaged_sealed_file(tmp_path: Path) -> None:
    keystore.create(tmp_path)
    seal(tmp_path)
    whole = (tmp_path / keystore.FILE_NAME).read_text(encoding="ascii")
    keystore.use_passphrase(PHRASE)
    for broken, code in (
        (whole.replace('"n": 131072', '"n": 65536'), "K-06"),
        (whole.replace('"salt"', '"s"'), "K-07"),
    ):
        (tmp_path / keystore.FILE_NAME).write_text(broken, encoding="ascii")
        keystore.load.cache_clear()
        with pytest.raises(Unavailable, match=code):
            keystore.load(tmp_path)


@pytest.mark.parametrize("step", [1, 2])
def test_killed_while_it_is_sealed(tmp_path: Path, step: int) -> None:
    """Either the old file or the new one, never none and never half of one."""
    keys = keystore.create(tmp_path)
    child = os.fork()
    if not child:
        real, calls = os.fsync, iter(range(1, 9))

        def cut(descriptor: int) -> None:
            if next(calls) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            real(descriptor)

        os.fsync = cut
        keystore.write(tmp_path, escrow.seal_keys(keys.to_bytes(), PHRASE))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    keystore.load.cache_clear()
    keystore.use_passphrase(PHRASE)
    assert keystore.load(tmp_path) == keys
    assert keystore.is_sealed(tmp_path) == (step == 2)


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = keystore.create(tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        keystore.write(tmp_path, b"other")
    monkeypatch.undo()
    keystore.load.cache_clear()
    assert keystore.load(tmp_path) == keys
    assert [path.name for path in tmp_path.iterdir()] == [keystore.FILE_NAME]
