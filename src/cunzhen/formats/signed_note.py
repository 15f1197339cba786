"""Signed notes and the checkpoints of transparency logs, as C2SP signed-note and tlog-checkpoint define them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cunzhen.errors import Invalid

ED25519 = 0x01
KEY_BYTES = 32
ROOT_BYTES = 32
# At least 16 must be accepted; a note with more than this many is an attempt to make us work.
SIGNATURES_AT_MOST = 100
_SIGNATURE = re.compile(r"\u2014 ([^ ]+) ([A-Za-z0-9+/]+={0,2})")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True)
class Verifier:
    """A public key that a reader trusts, under the name it signs with."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The 4 bytes by which signature lines name this key."""
        return key_id(self.name, ED25519, self.public)

    def verify(self, text: str, signature: bytes) -> bool:
        """Whether the signature (64 bytes) over the note's text is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: whose it is, how many entries, and the root hash (32 bytes) over them."""

    origin: str
    size: int
    root: bytes


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """First 4 bytes of SHA-256(name, newline, type byte, public key)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def make_vkey(name: str, public: bytes, kind: int = ED25519) -> str:
    """The text form of a public key: name+key id+base64(type, key).

    Raises:
        Invalid: ``L-01`` where the name holds spaces or a plus.
    """
    _check_name(name)
    encoded = base64.b64encode(bytes([kind]) + public).decode()
    return f"{name}+{key_id(name, kind, public).hex()}+{encoded}"


def parse_vkey(vkey: str) -> Verifier:
    """Read a log's key in its text form.

    Raises:
        Invalid: ``L-01`` where it is malformed, its key id is wrong, or its type is not Ed25519.
    """
    return Verifier(*vkey_parts(vkey, ED25519))


def vkey_parts(vkey: str, kind: int) -> tuple[str, bytes]:
    """Name and raw key (32 bytes) of a key of one type.

    Raises:
        Invalid: ``L-01`` where it is malformed, its key id is wrong, or its type is another.
    """
    parts = vkey.strip().split("+", 2)  # base64 may itself hold a plus, so only the first two part it
    if len(parts) != 3:  # name, key id, key
        raise _malformed("公钥应为 名称+标识+密钥 三段", "a public key has three parts")
    name, identifier, encoded = parts
    _check_name(name)
    key = _base64(encoded)
    if len(key) != 1 + KEY_BYTES or key[0] != kind:
        raise _malformed("公钥类型不对", "the key is of another type")
    if identifier != key_id(name, kind, key[1:]).hex():
        raise _malformed("公钥标识与公钥不符", "the key id does not belong to the key")
    return name, key[1:]


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 raw bytes of a signing key's public half."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """The note: the text, an empty line, and one Ed25519 signature line.

    Args:
        text: ends in a newline; no control characters but newline.
        name: the key's name; no spaces, no plus.

    Raises:
        Invalid: ``L-01`` where text or name cannot stand in a note.
    """
    _check_name(name)
    if not text.endswith("\n") or _has_control(text):
        raise _malformed("正文须以换行结尾且不含控制字符", "the text must end in a newline, without control characters")
    return f"{text}\n{signature_line(name, key_id(name, ED25519, public_bytes(key)), key.sign(text.encode()))}"


def signature_line(name: str, identifier: bytes, signature: bytes) -> str:
    """One signature line with its newline; ``identifier`` is the key's 4 bytes."""
    return f"\u2014 {name} {base64.b64encode(identifier + signature).decode()}\n"


def open_note(note: str | bytes, verifiers: Collection[Verifier]) -> str:
    """The text of a note that at least one trusted key signed; signatures of unknown keys are passed over.

    Raises:
        Invalid: ``L-01`` where the note is malformed; ``L-02`` where no trusted key signed it, or where the signature
            of a trusted key fails.
    """
    text, signatures = parts(note)
    trusted = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    signed = False
    for name, identifier, signature in signatures:
        verifier = trusted.get((name, identifier))
        if verifier is None:
            continue
        if not verifier.verify(text, signature):
            raise Invalid("L-02", "签名与正文不符：内容被改动过。", "A signature fails: the text was altered.")
        signed = True
    if not signed:
        raise Invalid("L-02", "没有可信密钥的签名。", "No trusted key signed this note.")
    return text


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """The body of a checkpoint: origin, size, base64 root; one line each.

    Raises:
        Invalid: ``L-03`` where a value cannot stand in a checkpoint.
    """
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"
    if parse_checkpoint_text(text) != checkpoint:
        raise _not_checkpoint()
    return text


def parse_checkpoint_text(text: str) -> Checkpoint:
    """Read the body of a checkpoint; extension lines are allowed and passed over.

    Raises:
        Invalid: ``L-03`` where it is malformed.
    """
    if not text.endswith("\n"):
        raise _not_checkpoint()
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines) or _has_control(text) or not _NUMBER.fullmatch(lines[1]):
        raise _not_checkpoint()
    root = _base64(lines[2])
    if len(root) != ROOT_BYTES:
        raise _not_checkpoint()
    return Checkpoint(lines[0], int(lines[1]), root)


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The signed checkpoint; the key's name is the origin."""
    return sign_note(checkpoint_text(checkpoint), checkpoint.origin, key)


def open_checkpoint(note: str | bytes, verifiers: Collection[Verifier], origin: str) -> Checkpoint:
    """The checkpoint that a trusted key signed for this origin.

    Raises:
        Invalid: as ``open_note`` and ``parse_checkpoint_text``; ``L-03`` where it is another log's.
    """
    checkpoint = parse_checkpoint_text(open_note(note, verifiers))
    if checkpoint.origin != origin:
        raise Invalid("L-03", "检查点属于另一个账本。", "The checkpoint belongs to another log.")
    return checkpoint


def parts(note: str | bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Text and signature lines (name, key id, signature); nothing is verified yet.

    Raises:
        Invalid: ``L-01`` where the note is malformed.
    """
    try:
        whole = note.decode() if isinstance(note, bytes) else note
    except UnicodeDecodeError:
        raise _malformed("不是 UTF-8", "it is not UTF-8") from None
    text, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or _has_control(whole):
        raise _malformed("正文与签名之间应有空行", "an empty line must part text and signatures")
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURES_AT_MOST:
        raise _malformed("签名过多", "too many signatures")
    return text + "\n", [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes, bytes]:
    match = _SIGNATURE.fullmatch(line)
    if match is None:
        raise _malformed("签名行格式不对", "a signature line is malformed")
    _check_name(match[1])
    raw = _base64(match[2])
    if len(raw) < 5:  # a key id of 4 bytes and something after it
        raise _malformed("签名过短", "a signature is too short")
    return match[1], raw[:4], raw[4:]


def _check_name(name: str) -> None:
    if not name or "+" in name or _has_control(name) or any(character.isspace() for character in name):
        raise _malformed("密钥名称不得为空，不得含空格或加号", "a key name holds no spaces, no plus")


def _has_control(text: str) -> bool:
    return any(character < " " and character != "\n" for character in text)


def _base64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _malformed("Base64 编码不对", "the base64 is wrong") from None
    if base64.b64encode(raw).decode() != text:  # one value, one spelling
        raise _malformed("Base64 编码不规范", "the base64 is not canonical")
    return raw


def _malformed(message: str, english: str) -> Invalid:
    return Invalid("L-01", f"签名文书格式不对：{message}。", f"The signed note is malformed: {english}.")


def _not_checkpoint() -> Invalid:
    return Invalid("L-03", "检查点应为三行：来源、条数、根摘要。", "A checkpoint has three lines: origin, size, root.")
