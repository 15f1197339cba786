"""Countersignatures and requests to witnesses: bytes as the specification spells them, and all that is refused."""

from __future__ import annotations

import base64
import hashlib
import random
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from cunzhen.errors import Invalid
from cunzhen.formats import cosignature, signed_note
from cunzhen.formats.cosignature import Request, Witness, read_addresses

LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
WITNESS = Witness("witness.example/w1", signed_note.public_bytes(KEY))
VKEY = cosignature.make_witness_key(WITNESS.name, WITNESS.public)
HEAD = signed_note.Checkpoint("archive.example/ledger", 20_852_163, hashlib.sha256(b"root").digest())
NOTE = signed_note.sign_checkpoint(HEAD, LOG)
TEXT = signed_note.checkpoint_text(HEAD)
NOW = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)
LINE = cosignature.cosign(TEXT, WITNESS.name, KEY, NOW)


def test_the_signed_bytes_are_those_of_the_specification() -> None:
    """Assembled here by hand: key id, 8 bytes of time, signature over the two lines and the body."""
    seconds = int(NOW.timestamp())
    public = signed_note.public_bytes(KEY)
    identifier = hashlib.sha256(b"witness.example/w1\n\x04" + public).digest()[:4]
    message = f"cosignature/v1\ntime {seconds}\n".encode() + TEXT.encode()
    raw = identifier + seconds.to_bytes(8, "big") + KEY.sign(message)
    assert f"— witness.example/w1 {base64.b64encode(raw).decode()}\n" == LINE
    assert f"witness.example/w1+{identifier.hex()}+{base64.b64encode(bytes([4]) + public).decode()}" == VKEY


def test_who_saw_a_head_and_when() -> None:
    note = cosignature.with_lines(NOTE, [LINE])
    assert cosignature.seen_by(note, [WITNESS]) == {WITNESS: NOW}
    assert cosignature.seen_by(NOTE, [WITNESS]) == {}
    other = Witness("witness.example/w2", WITNESS.public)
    assert cosignature.seen_by(note, [other]) == {}, "another name is another key"
    log = signed_note.Verifier(HEAD.origin, signed_note.public_bytes(LOG))
    assert signed_note.open_checkpoint(note, [log], HEAD.origin) == HEAD, "the log's own signature still counts"
    assert signed_note.open_checkpoint(note, [WITNESS], HEAD.origin) == HEAD


def test_a_later_signature_takes_the_place_of_the_former() -> None:
    later = cosignature.cosign(TEXT, WITNESS.name, KEY, NOW.replace(year=2027))
    note = cosignature.with_lines(cosignature.with_lines(NOTE, [LINE]), [later])
    assert note == NOTE + later


@pytest.mark.parametrize("place", range(0, 72, 5))
def test_a_signature_with_another_byte_is_refused(place: int) -> None:
    _, lines = signed_note.parts(NOTE + LINE)
    name, identifier, signature = lines[1]
    broken = bytearray(signature)
    broken[place] ^= 1
    note = NOTE + signed_note.signature_line(name, identifier, bytes(broken))
    with pytest.raises(Invalid, match="L-02"):
        cosignature.seen_by(note, [WITNESS])
    assert not WITNESS.verify(TEXT, signature[:-1])
    assert not WITNESS.verify(TEXT.replace("20852163", "20852164"), signature)


def test_a_log_key_is_no_witness_key() -> None:
    log_key = signed_note.make_vkey("archive.example/ledger", signed_note.public_bytes(LOG))
    with pytest.raises(Invalid, match="L-01"):
        cosignature.parse_witness_key(log_key)
    with pytest.raises(Invalid, match="L-01"):
        signed_note.parse_vkey(VKEY)
    assert cosignature.parse_witness_key(VKEY) == WITNESS


def test_a_request_as_the_specification_shows_it() -> None:
    hashes = tuple(hashlib.sha256(bytes([n])).digest() for n in range(3))
    body = cosignature.write_request(Request(20_852_014, hashes, NOTE))
    lines = body.decode().split("\n")
    assert lines[0] == "old 20852014"
    assert lines[1:4] == [base64.b64encode(one).decode() for one in hashes]
    assert lines[4] == ""
    assert "\n".join(lines[5:]) == NOTE
    assert cosignature.read_request(body) == Request(20_852_014, hashes, NOTE)
    assert cosignature.read_request(cosignature.write_request(Request(0, (), NOTE))) == Request(0, (), NOTE)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 1",
        b"old 01\n\nx",
        b"old -1\n\nx",
        "old １\n\nx".encode(),
        b"new 1\n\nx",
        b"old 1\nnot base64\n\nx",
        b"old 1\nAAAA\n\nx",
        b"old 1\n" + b"PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n" * 64 + b"\nx",
        b"\xff\xfe",
    ],
)
def test_a_malformed_request_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid, match="L-21"):
        cosignature.read_request(body)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_refused(body: bytes) -> None:
    try:
        cosignature.read_request(body)
    except Invalid as error:
        assert error.code == "L-21"


def test_witnesses_of_the_settings() -> None:
    other = cosignature.make_witness_key("witness.example/w2", signed_note.public_bytes(LOG))
    found = read_addresses(f"{VKEY} https://w1.example:8443/x/, {other} http://10.0.0.2:8090")
    assert [(one.witness.name, one.url) for one in found] == [
        ("witness.example/w1", "https://w1.example:8443/x"),
        ("witness.example/w2", "http://10.0.0.2:8090"),
    ]
    assert read_addresses("") == read_addresses(" , ") == ()


@pytest.mark.parametrize(
    "text",
    [
        VKEY,
        f"{VKEY} ftp://w1.example",
        f"{VKEY} file:///etc/passwd",
        f"{VKEY} https://",
        f"{VKEY} https://w1.example/?a=b",
        "abc https://w1.example",
        f"{VKEY} https://a.example, {VKEY} https://b.example",
    ],
)
def test_wrong_witnesses_of_the_settings(text: str) -> None:
    with pytest.raises(ValueError, match="witness"):
        read_addresses(text)


def test_flipped_bits_of_a_countersigned_note_never_pass() -> None:
    note = cosignature.with_lines(NOTE, [LINE]).encode()
    draw = random.Random(20261123)
    for _ in range(300):
        broken = bytearray(note)
        broken[draw.randrange(len(note))] ^= 1 << draw.randrange(8)
        try:
            seen = cosignature.seen_by(bytes(broken).decode(), [WITNESS])
        except (Invalid, UnicodeDecodeError):
            continue
        head = signed_note.parts(bytes(broken).decode())[0]
        assert not seen or (head == TEXT and seen == {WITNESS: NOW}), "only the log's own line may differ"
