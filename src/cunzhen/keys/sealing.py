"""Sealing of small values and blind indexes over them, with keys of this home.

A sealed value is: 1 byte suite (0x01 = AES-256-GCM), 12 bytes nonce, ciphertext with its 16-byte tag.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from cunzhen.errors import Unavailable
from cunzhen.keys import keystore

_AES_256_GCM = b"\x01"


def current() -> keystore.KeyStore:
    """The key store of this home."""
    return keystore.load(settings.HOME / "keys")


@lru_cache(maxsize=64)
def _cipher(root: bytes, purpose: str) -> AESGCM:
    return AESGCM(current().derive(f"seal:{purpose}"))


@lru_cache(maxsize=64)
def _blind_key(root: bytes, purpose: str) -> bytes:
    return current().derive(f"blind:{purpose}")


def seal(purpose: str, plain: bytes) -> bytes:
    """Encrypt a value for storage.

    Args:
        purpose: names the key and is authenticated, such as ``holdings.identifier``.
        plain: the bytes to hide.
    """
    nonce = os.urandom(12)
    return _AES_256_GCM + nonce + _cipher(current().root, purpose).encrypt(nonce, plain, purpose.encode())


def unseal(purpose: str, sealed: bytes) -> bytes:
    """Decrypt what ``seal`` made for the same purpose.

    Raises:
        Unavailable: ``K-03`` where the value was altered or belongs to another key.
    """
    sealed = bytes(sealed)
    try:
        if sealed[:1] != _AES_256_GCM:
            raise InvalidTag
        return _cipher(current().root, purpose).decrypt(sealed[1:13], sealed[13:], purpose.encode())
    except InvalidTag:
        raise Unavailable(
            "K-03",
            "加密内容无法解开：密钥库与数据不是同一套，或者数据被改动。请停止操作并通知安全保密员。",
            "A sealed value cannot be opened: the key store belongs to other data, or the data was altered.",
        ) from None


def blind(purpose: str, normalised: str) -> bytes:
    """Keyed 32-byte token for equality look-ups: HMAC-SHA-256 over purpose, version and value.

    Args:
        purpose: the field's name; the same number under two purposes gives unrelated tokens.
        normalised: the value in its one canonical form (an identity number: 18 characters, capital X).
    """
    return hmac.new(
        _blind_key(current().root, purpose), f"{purpose}\0v1\0{normalised}".encode(), hashlib.sha256
    ).digest()
