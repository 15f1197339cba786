"""The exported folder, verified by a second, naive implementation that shares no code with the first."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cunzhen.errors import Conflict, Missing, Unavailable
from cunzhen.ledger import queries
from cunzhen.ledger.export import export
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.operations import sequence
from tests.ledger.conftest import Act

pytestmark = pytest.mark.django_db


def tree_head(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + tree_head(leaves[:k]) + tree_head(leaves[k:])).digest()


def name_of(level: str, index: int, width: int) -> str:
    """As in C2SP tlog-tiles: groups of three digits, an x before all but the last; the width of a partial one."""
    digits = str(index).zfill(3 * -(-len(str(index)) // 3))
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return (
        f"tile/{level}/"
        + "".join(f"x{group}/" for group in groups[:-1])
        + groups[-1]
        + (f".p/{width}" if width < 256 else "")
    )


def read_level(folder: Path, level: str, count: int) -> list[bytes]:
    """All tiles of a level that hold so many hashes or entries."""
    return [
        (folder / name_of(level, index, min(256, count - 256 * index))).read_bytes()
        for index in range(-(-count // 256))
    ]


def verify(folder: Path) -> list[dict[str, object]]:
    """Check signature, entries and every tile; returns the entries."""
    vkey_name, key_id, key = (folder / "vkey").read_text(encoding="utf-8").strip().split("+", 2)
    public = base64.b64decode(key)
    assert public[0] == 1
    assert hashlib.sha256(vkey_name.encode() + b"\n" + public).hexdigest()[:8] == key_id

    note = (folder / "checkpoint").read_text(encoding="utf-8")
    body, _, lines = note.rpartition("\n\n")
    origin, size_line, root = (body + "\n").split("\n")[:3]
    dash, name, encoded = lines.rstrip("\n").split(" ")
    signature = base64.b64decode(encoded)
    assert (dash, name, origin, signature[:4].hex()) == ("—", vkey_name, vkey_name, key_id)
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], (body + "\n").encode())

    size = int(size_line)
    entries: list[bytes] = []
    rest = b"".join(read_level(folder, "entries", size))
    while rest:
        length = int.from_bytes(rest[:2], "big")
        entries.append(rest[2 : 2 + length])
        rest = rest[2 + length :]
    assert len(entries) == size
    leaves = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]
    assert tree_head(leaves) == base64.b64decode(root)

    level, row = 0, leaves
    while row:
        assert b"".join(read_level(folder, str(level), len(row))) == b"".join(row)
        level, row = level + 1, [tree_head(row[at : at + 256]) for at in range(0, len(row) // 256 * 256, 256)]
    return [json.loads(entry) for entry in entries]


@pytest.mark.parametrize("size", [0, 1, 256, 700])
def test_export_stands_alone(act: Act, tmp_path: Path, size: int) -> None:
    ids = act(size)
    sequence()
    assert export(tmp_path / "out") == size
    entries = verify(tmp_path / "out")
    assert [entry["id"] for entry in entries] == [str(entry_id) for entry_id in ids]
    for entry in entries:
        assert set(entry) == {"v", "id", "at", "op", "actor", "agency", "subjects", "detail"}
        assert entry["at"] == "2026-03-02T01:02:04.456789Z"


def test_export_grows_in_place(act: Act, tmp_path: Path) -> None:
    for count in (100, 155, 300):
        act(count)
        sequence()
        export(tmp_path / "out")
        verify(tmp_path / "out")


def test_long_names() -> None:
    assert name_of("0", 1_234_067, 256) == "tile/0/x001/x234/067"
    assert name_of("0", 0, 5) == "tile/0/000.p/5"


@pytest.mark.parametrize("name", ["tile/entries/001", "tile/0/001", "tile/1/000.p/2", "checkpoint", "vkey"])
def test_second_implementation_finds_a_changed_byte(act: Act, tmp_path: Path, name: str) -> None:
    """The judge can fail: without this the tests above would prove nothing."""
    act(700)
    sequence()
    export(tmp_path / "out")
    file = tmp_path / "out" / name
    content = bytearray(file.read_bytes())
    content[60] ^= 4
    file.write_bytes(content)
    with pytest.raises(Exception):  # noqa: B017 - whatever the naive code trips over
        verify(tmp_path / "out")


def test_proof_verified_by_the_second_implementation(act: Act) -> None:
    ids = act(300)
    sequence()
    head, _, checkpoint = queries.proof(ids[299]).partition("\n\n")
    lines = head.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[2] == "index 299"
    assert checkpoint == queries.head().signed_note_text
    entry = base64.b64decode(lines[1].removeprefix("extra "))
    assert entry == bytes(LedgerEntry.objects.get(id=ids[299]).body)
    reached = hashlib.sha256(b"\x00" + entry).digest()
    # The last leaf has only left siblings: one for every set bit of its number.
    assert len(lines[3:]) == (299).bit_count()
    for sibling in lines[3:]:
        reached = hashlib.sha256(b"\x01" + base64.b64decode(sibling) + reached).digest()
    assert reached.hex() == queries.head().root_hex


def test_export_refuses_what_it_cannot_do(home: Path, act: Act, tmp_path: Path) -> None:
    with pytest.raises(Missing, match="L-16"):
        export(tmp_path / "out")
    act(300)
    sequence()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine", encoding="ascii")
    with pytest.raises(Conflict, match="L-20"):
        export(tmp_path / "full")
    (home / "ledger" / "tile" / "0" / "000").unlink()
    with pytest.raises(Unavailable, match="L-18"):
        export(tmp_path / "out")
    assert not (tmp_path / "out" / "checkpoint").exists()
