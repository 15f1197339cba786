"""Countersignatures of witnesses on checkpoints, and how a log asks for them: C2SP tlog-cosignature, tlog-witness."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cunzhen.errors import Invalid
from cunzhen.formats import signed_note
from cunzhen.formats.addresses import is_address
from cunzhen.formats.tlog import HASH_BYTES

COSIGNATURE = 0x04
HASHES_AT_MOST = 63
_TIME_BYTES = 8
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True)
class Witness(signed_note.Verifier):
    """A witness's public key; its signatures carry the time at which it saw the checkpoint."""

    @property
    def key_id(self) -> bytes:
        """The 4 bytes by which signature lines name this key."""
        return signed_note.key_id(self.name, COSIGNATURE, self.public)

    def verify(self, text: str, signature: bytes) -> bool:
        """Whether the signature (8 bytes of time, 64 of Ed25519) over the checkpoint is this key's."""
        return len(signature) == _TIME_BYTES + 64 and super().verify(
            _message(text, _seconds(signature)), signature[_TIME_BYTES:]
        )


@dataclass(frozen=True)
class Request:
    """What a log sends: its new checkpoint, and the proof that the one of the old size is its beginning."""

    old: int
    hashes: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True)
class WitnessAddress:
    """A witness that a log asks, and where; ``url`` is the submission prefix, without a slash at its end."""

    witness: Witness
    url: str


def read_addresses(text: str) -> tuple[WitnessAddress, ...]:
    """Witnesses as the settings name them: key, space, URL; several parted by commas.

    Raises:
        ValueError: says what is wrong.
    """
    found: list[WitnessAddress] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        vkey, _, url = part.partition(" ")
        if not is_address(url.strip()) or "?" in url:
            raise ValueError(f"{part!r} should be a witness's key, a space, and an http or https URL")
        try:
            witness = parse_witness_key(vkey)
        except Invalid as error:
            raise ValueError(f"{vkey!r} is no witness's key: {error.english}") from None
        if witness.name in {one.witness.name for one in found}:
            raise ValueError(f"witness {witness.name} is named twice")
        found.append(WitnessAddress(witness, url.strip().rstrip("/")))
    return tuple(found)


def make_witness_key(name: str, public: bytes) -> str:
    """The text form of a witness's public key.

    Raises:
        Invalid: ``L-01`` where the name holds spaces or a plus.
    """
    return signed_note.make_vkey(name, public, COSIGNATURE)


def parse_witness_key(vkey: str) -> Witness:
    """Read a witness's key in its text form.

    Raises:
        Invalid: ``L-01`` where it is malformed or no witness's.
    """
    return Witness(*signed_note.vkey_parts(vkey, COSIGNATURE))


def cosign(text: str, name: str, key: Ed25519PrivateKey, at: datetime) -> str:
    """A witness's signature line over a checkpoint.

    Args:
        text: body of the checkpoint.
        name: of the witness.
        at: when it saw the checkpoint, aware.
    """
    seconds = int(at.timestamp())
    identifier = signed_note.key_id(name, COSIGNATURE, signed_note.public_bytes(key))
    signature = key.sign(_message(text, seconds).encode())
    return signed_note.signature_line(name, identifier, seconds.to_bytes(_TIME_BYTES, "big") + signature)


def seen_by(note: str, witnesses: Collection[Witness]) -> dict[Witness, datetime]:
    """Which of these witnesses signed a checkpoint, and when each saw it (aware, UTC).

    Raises:
        Invalid: ``L-01`` where the note is malformed, ``L-02`` where the signature of one of them fails.
    """
    text, lines = signed_note.parts(note)
    known = {(witness.name, witness.key_id): witness for witness in witnesses}
    found: dict[Witness, datetime] = {}
    for name, identifier, signature in lines:
        witness = known.get((name, identifier))
        if witness is None:
            continue
        if not witness.verify(text, signature):
            raise Invalid("L-02", "签名与正文不符：内容被改动过。", "A signature fails: the text was altered.")
        try:
            found[witness] = datetime.fromtimestamp(_seconds(signature), UTC)
        except (ValueError, OverflowError, OSError):
            raise Invalid("L-02", "见证签名的时间不可能。", "A witness's signature bears an impossible time.") from None
    return found


def write_request(request: Request) -> bytes:
    """The body of ``add-checkpoint``."""
    hashes = [base64.b64encode(one).decode() for one in request.hashes]
    return "\n".join([f"old {request.old}", *hashes, "", request.checkpoint]).encode()


def read_request(body: bytes) -> Request:
    """Read the body of ``add-checkpoint``; nothing is verified yet.

    Raises:
        Invalid: ``L-21`` where it is malformed.
    """
    try:
        head, blank, checkpoint = body.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise _not_request() from None
    lines = head.split("\n")
    old = _OLD.fullmatch(lines[0])
    if not blank or old is None or len(lines) > 1 + HASHES_AT_MOST:
        raise _not_request()
    return Request(int(old[1]), tuple(_hash(line) for line in lines[1:]), checkpoint)


def with_lines(note: str, lines: Sequence[str]) -> str:
    """A note with more signature lines; one of a key that has signed it before takes the former's place.

    Raises:
        Invalid: ``L-01`` where the note or a line is malformed.
    """
    text, signatures = signed_note.parts(note + "".join(lines))
    latest = {(name, identifier): signature for name, identifier, signature in signatures}
    return f"{text}\n" + "".join(signed_note.signature_line(*key, signature) for key, signature in latest.items())


def _message(text: str, seconds: int) -> str:
    return f"cosignature/v1\ntime {seconds}\n{text}"


def _seconds(signature: bytes) -> int:
    return int.from_bytes(signature[:_TIME_BYTES], "big")


def _hash(line: str) -> bytes:
    try:
        raw = base64.b64decode(line, validate=True)
    except ValueError:
        raise _not_request() from None
    if len(raw) != HASH_BYTES:
        raise _not_request()
    return raw


def _not_request() -> Invalid:
    return Invalid("L-21", "见证请求的格式不对。", "The request to a witness is malformed.")
