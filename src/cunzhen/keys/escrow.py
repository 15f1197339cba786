"""The key store under a passphrase, in the home or beside what it opens: scrypt (RFC 7914) and AES-256-GCM."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from cunzhen.errors import Invalid

if TYPE_CHECKING:
    from cunzhen.keys.keystore import KeyStore

FORMAT = "cunzhen-sealed-keys-1"
SHORTEST_PASSPHRASE = 16
# 128 MB and about half a second for each guess.
_N, _R, _P = 1 << 17, 8, 1
_MOST_N = 1 << 20


def seal_keys(content: bytes, passphrase: str) -> bytes:
    """The key store's file, readable only with the passphrase.

    Args:
        content: ``KeyStore.to_bytes``.
        passphrase: at least 16 characters.

    Raises:
        Invalid: ``K-05`` too short.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Invalid(
            "K-05",
            f"口令太短，至少 {SHORTEST_PASSPHRASE} 个字符，建议用 6 个以上互不相关的词。",
            f"The passphrase is too short: at least {SHORTEST_PASSPHRASE} characters.",
        )
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = AESGCM(_key(passphrase, salt, _N, _R, _P)).encrypt(nonce, content, FORMAT.encode())
    body = {
        "format": FORMAT,
        "kdf": "scrypt",
        "n": _N,
        "r": _R,
        "p": _P,
        "salt": base64.b64encode(salt).decode(),
        "cipher": "AES-256-GCM",
        "nonce": base64.b64encode(nonce).decode(),
        "sealed": base64.b64encode(sealed).decode(),
    }
    return (json.dumps(body, indent=1) + "\n").encode()


def open_keys(sealed: bytes, passphrase: str) -> bytes:
    """The key store's file again.

    Args:
        sealed: of ``seal_keys``.
        passphrase: the same.

    Raises:
        Invalid: ``K-06`` the passphrase is wrong, or the file was altered; ``K-07`` the file cannot be read.
    """
    try:
        body = json.loads(sealed)
        if body["format"] != FORMAT or body["n"] > _MOST_N or body["r"] > 32 or body["p"] > 16:
            raise ValueError("another format")
        salt, nonce, data = (base64.b64decode(body[name]) for name in ("salt", "nonce", "sealed"))
        key = _key(passphrase, salt, body["n"], body["r"], body["p"])
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(
            "K-07", "加密的密钥库读不出来，请改用另存的密钥库副本。", "The sealed key store cannot be read."
        ) from error
    try:
        return AESGCM(key).decrypt(nonce, data, FORMAT.encode())
    except InvalidTag:
        raise Invalid(
            "K-06",
            "口令不对，或加密的密钥库被改动，打不开。请核对口令，或改用另存的密钥库副本。",
            "The passphrase is wrong, or the sealed key store was altered.",
        ) from None


def fingerprint(keys: KeyStore) -> str:
    """A short name by which a key store is recognised; it gives nothing of the keys away."""
    return hashlib.sha256(keys.derive("fingerprint")).hexdigest()[:16]


def _key(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.encode())
