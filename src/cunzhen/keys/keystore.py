"""The key store: one file of the home, made once, from which every working key is derived.

The file may be sealed under a passphrase (``escrow``). Losing it means losing what is sealed: the operator guide says
how to keep a second copy, and recovery shares on paper.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cunzhen.errors import Invalid, Unavailable
from cunzhen.formats.durable import fsync_path, replace_file
from cunzhen.keys import escrow

FILE_NAME = "keystore.json"
FORMAT = "cunzhen-keystore-1"
_passphrase = ""


@dataclass(frozen=True)
class KeyStore:
    """Root secret and the ledger's signing seed, 32 bytes each; working keys are derived by HKDF-SHA-256 (RFC 5869)."""

    root: bytes
    ledger_seed: bytes

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose; different purposes give unrelated keys."""
        return HKDF(algorithm=SHA256(), length=32, salt=b"cunzhen-1", info=purpose.encode()).derive(self.root)

    @property
    def ledger_key(self) -> Ed25519PrivateKey:
        """The key that signs the ledger's checkpoints."""
        return Ed25519PrivateKey.from_private_bytes(self.ledger_seed)

    @property
    def ledger_public(self) -> bytes:
        """The 32 raw bytes of the checkpoint key's public half."""
        return self.ledger_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def to_bytes(self) -> bytes:
        """The file's content, not sealed."""
        body = {
            "format": FORMAT,
            "root": base64.b64encode(self.root).decode(),
            "ledger_seed": base64.b64encode(self.ledger_seed).decode(),
        }
        return json.dumps(body).encode()


def create(folder: Path) -> KeyStore:
    """Make a new key store, durable before it returns; an existing one is left alone and returned.

    Args:
        folder: the home's ``keys`` folder.
    """
    path = folder / FILE_NAME
    if path.exists():
        return load(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = KeyStore(secrets.token_bytes(32), secrets.token_bytes(32))
    temporary = folder / f".{FILE_NAME}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(made.to_bytes())
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(temporary, path)  # fails where another process was faster; then its store counts
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    fsync_path(folder)
    load.cache_clear()
    return load(folder)


def write(folder: Path, content: bytes) -> None:
    """Put another form of the same key store in the file's place, whole or not at all, durable when it returns."""
    replace_file(folder / FILE_NAME, content, mode=0o600)
    load.cache_clear()


def use_passphrase(passphrase: str) -> None:
    """What opens a sealed key store in this process; the settings say it once."""
    global _passphrase  # noqa: PLW0603 - one process, one home
    if passphrase != _passphrase:
        _passphrase = passphrase
        load.cache_clear()


def is_sealed(folder: Path) -> bool:
    """Whether there is a key store, and it needs a passphrase.

    Raises:
        Unavailable: ``K-01``, ``K-02``.
    """
    return bool(_body(folder).get("format") == escrow.FORMAT)


@lru_cache(maxsize=4)
def load(folder: Path) -> KeyStore:
    """Read the key store; a sealed one with the passphrase of ``use_passphrase``.

    Raises:
        Unavailable: ``K-01`` where there is none, ``K-02`` where it cannot be read, ``K-08`` where it is sealed and no
            passphrase was given, ``K-06`` where that is wrong.
    """
    body = _body(folder)
    try:
        if body.get("format") == escrow.FORMAT:
            body = json.loads(_opened(folder))
        return KeyStore(base64.b64decode(body["root"]), base64.b64decode(body["ledger_seed"]))
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(folder, error) from error


def _opened(folder: Path) -> bytes:
    if not _passphrase:
        raise Unavailable(
            "K-08",
            "密钥库已用口令封存。请把口令文件的路径设为 CUNZHEN_KEY_PASSPHRASE_FILE，或在终端里启动并输入口令；"
            "口令丢失的，用恢复份额执行 cunzhen recover。",
            "The key store is sealed. Name a file with its passphrase by CUNZHEN_KEY_PASSPHRASE_FILE, or start on a "
            "terminal and type it; if it is lost, run cunzhen recover with the recovery shares.",
        )
    try:
        return escrow.open_keys((folder / FILE_NAME).read_bytes(), _passphrase)
    except Invalid as error:
        raise Unavailable(error.code, error.message, error.english) from error


def _body(folder: Path) -> dict[str, Any]:
    path = folder / FILE_NAME
    if not path.exists():
        raise Unavailable(
            "K-01",
            f"找不到密钥库 {path}。如果这是新装的系统，请先运行 cunzhen init；如果不是，请从备份恢复该文件，"
            "或用恢复份额执行 cunzhen recover。",
            f"There is no key store at {path}. Run cunzhen init on a new system; else restore the file from its "
            "backup, or run cunzhen recover with the recovery shares.",
        )
    try:
        body = json.loads(path.read_text(encoding="ascii"))
        if not isinstance(body, dict):
            raise ValueError("no object")
        return body
    except (ValueError, OSError) as error:
        raise _unreadable(folder, error) from error


def _unreadable(folder: Path, error: Exception) -> Unavailable:
    return Unavailable(
        "K-02",
        f"密钥库 {folder / FILE_NAME} 读不出来，请从备份恢复该文件，或用恢复份额执行 cunzhen recover。",
        f"The key store at {folder / FILE_NAME} cannot be read ({type(error).__name__}). Restore it from its backup, "
        "or run cunzhen recover with the recovery shares.",
    )
