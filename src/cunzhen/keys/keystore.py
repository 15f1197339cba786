"""The key store: one file of the home, made once, from which every working key is derived.

Losing it means losing what is sealed: the operator guide says how to keep a second copy.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cunzhen.errors import Unavailable

FILE_NAME = "keystore.json"


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


def create(folder: Path) -> KeyStore:
    """Make a new key store, durable before it returns; an existing one is left alone and returned.

    Args:
        folder: the home's ``keys`` folder.
    """
    path = folder / FILE_NAME
    if path.exists():
        return load(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    body = {
        "format": "cunzhen-keystore-1",
        "root": base64.b64encode(secrets.token_bytes(32)).decode(),
        "ledger_seed": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    temporary = folder / f".{FILE_NAME}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        json.dump(body, out)
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(temporary, path)  # fails where another process was faster; then its store counts
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    folder_descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(folder_descriptor)
    os.close(folder_descriptor)
    load.cache_clear()
    return load(folder)


@lru_cache(maxsize=4)
def load(folder: Path) -> KeyStore:
    """Read the key store.

    Raises:
        Unavailable: ``K-01`` where there is none, ``K-02`` where it cannot be read.
    """
    path = folder / FILE_NAME
    if not path.exists():
        raise Unavailable(
            "K-01",
            f"找不到密钥库 {path}。如果这是新装的系统，请先运行 cunzhen init；如果不是，请从备份恢复该文件。",
            f"There is no key store at {path}. Run cunzhen init on a new system, or restore the file from its backup.",
        )
    try:
        body = json.loads(path.read_text(encoding="ascii"))
        return KeyStore(base64.b64decode(body["root"]), base64.b64decode(body["ledger_seed"]))
    except (ValueError, KeyError, OSError) as error:
        raise Unavailable(
            "K-02",
            f"密钥库 {path} 读不出来，请从备份恢复该文件。",
            f"The key store at {path} cannot be read ({type(error).__name__}). Restore it from its backup.",
        ) from error
