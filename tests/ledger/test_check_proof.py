"""The program that goes out with proofs: alone in a folder, on the bare interpreter, against logs made here."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from cunzhen.errors import Invalid
from cunzhen.formats import cosignature, signed_note, tlog, tlog_proof
from cunzhen.holdings.rules import content_digest

PROGRAM = Path(tlog.__file__).parents[1] / "ledger" / "check_proof.py"
LOG = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SEER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
ORIGIN, NAME = "archive.example/ledger", "witness.example/w"
VERIFIER = signed_note.Verifier(ORIGIN, signed_note.public_bytes(LOG))
KEYS = [
    signed_note.make_vkey(ORIGIN, VERIFIER.public),
    cosignature.make_witness_key(NAME, signed_note.public_bytes(SEER)),
]
SEEN = datetime(2026, 11, 23, 8, 0, 5, tzinfo=UTC)
ORIGINALS = [b"%PDF-1.7 one", b"two"]


@cache
def program() -> ModuleType:
    spec = spec_from_file_location("check_proof", PROGRAM)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entry(number: int) -> bytes:
    digest = content_digest([hashlib.sha256(one).hexdigest() for one in ORIGINALS])
    subjects = [{"id": "x", "sha256": digest, "sm3": ""}]
    said = {"v": 1, "id": str(number), "at": "2026-03-02T01:02:03.456789Z", "op": "file_drafts", "subjects": subjects}
    return json.dumps(said).encode()


def proof(number: int = 3, size: int = 7, *, witnessed: bool = True, lines: str = "") -> str:
    leaves = [tlog.leaf_hash(entry(n)) for n in range(size)]

    def read(tile: tlog.Tile) -> bytes:
        start, step = tile.index * tlog.TILE_WIDTH << (8 * tile.level), 1 << (8 * tile.level)
        return b"".join(tlog.tree_hash(leaves[start + n * step : start + (n + 1) * step]) for n in range(tile.width))

    note = signed_note.sign_checkpoint(signed_note.Checkpoint(ORIGIN, size, tlog.tree_hash(leaves)), LOG)
    if witnessed:
        note = cosignature.with_lines(note, [cosignature.cosign(signed_note.parts(note)[0], NAME, SEER, SEEN)])
    path = tlog.inclusion_proof(number, size, read)
    return tlog_proof.write_proof(tlog_proof.Proof(number, tuple(path), note + lines, entry(number)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What somebody has who unpacked the zip."""
    made = tmp_path / "elsewhere"
    made.mkdir()
    shutil.copy(PROGRAM, made)
    (made / "a.tlog-proof").write_text(proof(), encoding="utf-8")
    (made / "keys.txt").write_text("# 公钥\n" + "\n".join(KEYS), encoding="utf-8")
    for number, content in enumerate(ORIGINALS):
        (made / f"o{number}").write_bytes(content)
    return made


def run(folder: Path, *words: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [python, "-I", "-S", "check_proof.py", *words],
        cwd=folder, env={"LANG": "C"}, capture_output=True, encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_it_tells_what_is_proven(folder: Path) -> None:
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("成立", "Proven", "第 3 条 (of 7)", "file_drafts", NAME, "2026-11-23 16:00:05", "2026-03-02 09:02:03"):
        assert word in done.stdout, word
    assert "No witness" not in done.stdout
    said = json.loads(run(folder, "--json").stdout)
    assert said["proven"] and said["witnesses"] == [{"name": NAME, "at": "2026-11-23T08:00:05Z"}]


def test_without_a_witness_it_says_so(folder: Path) -> None:
    (folder / "a.tlog-proof").write_text(proof(witnessed=False), encoding="utf-8")
    assert "No witness has signed" in run(folder).stdout
    (folder / "a.tlog-proof").write_text(proof(), encoding="utf-8")
    (folder / "keys.txt").write_text(KEYS[0], encoding="utf-8")
    assert "No witness has signed" in run(folder).stdout, "one that nobody knows is none"


def test_the_originals(folder: Path) -> None:
    assert "2 个文件" in run(folder, "--file", "o0", "o1").stdout
    for words in (("o1", "o0"), ("o0",), ("o0", "o1", "o1")):
        assert run(folder, "--file", *words).returncode == 1, words
    (folder / "o1").write_bytes(b"tw0")
    assert run(folder, "--file", "o0", "o1").returncode == 1
    assert run(folder, "--file", "nowhere").returncode == 2


@pytest.mark.parametrize("size", [1, 2, 3, 8, 255, 256, 257, 600])
def test_logs_of_many_sizes(size: int) -> None:
    keys = program().read_keys("\n".join(KEYS))
    for number in {0, size // 2, size - 1}:
        assert program().check(proof(number, size), keys)["number"] == number


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("a.tlog-proof", b"", 2), ("a.tlog-proof", b"\xff\x00", 2), ("a.tlog-proof", b"a" * 11_000_000, 2),
        ("a.tlog-proof", b"c2sp.org/tlog-proof@v1\nextra e30=\nindex 0\n\nx\n1\n", 2),
        ("keys.txt", b"", 2), ("keys.txt", b"\xff", 2), ("keys.txt", b"a+b+c", 2), ("keys.txt", b"a+00000000+AA==", 2),
        ("keys.txt", KEYS[1].encode(), 2), ("b.tlog-proof", b"", 2),
    ],
)  # fmt: skip
def test_what_is_no_proof(folder: Path, name: str, content: bytes, status: int) -> None:
    (folder / name).write_bytes(content)
    done = run(folder)
    assert done.returncode == status and "不成立" in done.stdout
    assert json.loads(run(folder, "--json").stdout)["proven"] is False


def test_misuse(folder: Path) -> None:
    assert run(folder, "--nonsense").returncode == 2
    assert run(folder, "nowhere").returncode == 2
    assert run(folder, ".").returncode == 2
    (folder / "a.tlog-proof").unlink()
    assert "0 个" in run(folder).stdout


def test_every_alteration_is_refused(folder: Path) -> None:
    """Each bit of a sample flipped, in proof and keys; where we accept, the product's own check does too."""
    keys = program().read_keys("\n".join(KEYS))
    draw = random.Random(20261123)
    good = proof().encode()
    for position in draw.sample(range(len(good) * 8), 700):
        broken = bytearray(good)
        broken[position // 8] ^= 1 << position % 8
        try:
            text = broken.decode()
            program().check(text, keys)
        except (program().NotProven, program().Malformed, UnicodeDecodeError):
            continue
        told = tlog_proof.parse_proof(text)
        assert told.extra == entry(3) and told.index == 3, "only a line of nobody's key may differ"
        tlog_proof.verify_proof(text, entry(3), [VERIFIER], ORIGIN)
    text = "\n".join(KEYS)
    for position in draw.sample(range(len(text) * 8), 300):
        broken = bytearray(text.encode())
        broken[position // 8] ^= 1 << position % 8
        with pytest.raises((program().NotProven, program().Malformed, UnicodeDecodeError)):
            program().check(proof(), program().read_keys(broken.decode()))


EDITS = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 3), st.sampled_from(["", "A", "\n", "0", "=", " ", "\u2014", "\r"])),
    max_size=3,
)


def accepts(text: str, keys: str = "\n".join(KEYS)) -> bool:
    try:
        return bool(program().check(text, program().read_keys(keys)))
    except (program().NotProven, program().Malformed):
        return False


@given(EDITS, st.booleans())
@settings(max_examples=400, deadline=None)
def test_the_product_judges_alike(edits: list[tuple[int, int, str]], witnessed: bool) -> None:
    """Both accept or both refuse; only base64 that is not canonical is refused here alone."""
    text = proof(witnessed=witnessed)
    for place, gone, new in edits:
        at = place % len(text)
        text = text[:at] + new + text[at + gone :]
    try:
        read = tlog_proof.parse_proof(text)
        tlog_proof.verify_proof(text, read.extra or b"", [VERIFIER], ORIGIN)
        cosignature.seen_by(read.checkpoint, [cosignature.parse_witness_key(KEYS[1])])
        canonical = tlog_proof.write_proof(read) == text
    except Invalid:
        assert not accepts(text)
    else:
        assert accepts(text) == canonical


@pytest.mark.parametrize(
    "said",
    [b"[]", b"{", b"\xff", b"[" * 40_000, b'{"at":1,"op":"","subjects":[]}', b'{"at":"\\u001b"}',
     entry(3).replace(b"2026-03", b"2026-33"), entry(3).replace(b"file_drafts", b"file\\u001b")],
)  # fmt: skip
def test_entries_of_another_format(folder: Path, said: bytes) -> None:
    """Properly logged and signed, and still nothing that could be told."""
    note = signed_note.sign_checkpoint(signed_note.Checkpoint(ORIGIN, 1, tlog.leaf_hash(said)), LOG)
    proven = tlog_proof.write_proof(tlog_proof.Proof(0, (), note, said))
    (folder / "a.tlog-proof").write_text(proven, encoding="utf-8")
    done = run(folder)
    assert done.returncode == 2
    assert "\x1b" not in done.stdout


JUNK = [b"", b"\xff\x00", b"a" * 11_000_000, b"\n\n", random.Random(50).randbytes(999), b"c2sp.org/tlog-proof@v1"]


@pytest.mark.parametrize("content", JUNK, ids=range(len(JUNK)))
def test_junk_in_every_place(folder: Path, content: bytes) -> None:
    (folder / "junk").write_bytes(content)
    for words in (
        ["junk"],
        ["--keys", "junk"],
        ["--keys", "."],
        ["none"],
        [""],
        ["--nonsense"],
        ["x", "y"],
        ["\udcff"],
    ):
        assert run(folder, *words).returncode == 2, words


def test_an_impossible_time(folder: Path) -> None:
    text = signed_note.parts(tlog_proof.parse_proof(proof()).checkpoint)[0]
    message = f"cosignature/v1\ntime {1 << 63}\n{text}".encode()
    identity = signed_note.key_id(NAME, cosignature.COSIGNATURE, signed_note.public_bytes(SEER))
    line = signed_note.signature_line(NAME, identity, (1 << 63).to_bytes(8, "big") + SEER.sign(message))
    assert not accepts(proof(witnessed=False, lines=line)) and accepts(proof(witnessed=False))


def test_signatures_that_do_not_count(folder: Path) -> None:
    keys = program().read_keys("\n".join(KEYS))
    stranger = signed_note.sign_note("x\n", "stranger", SEER).splitlines(keepends=True)[-1]
    assert program().check(proof(lines=stranger), keys)["proven"], "keys that nobody knows are passed over"
    other = signed_note.make_vkey("other.example", VERIFIER.public)
    with pytest.raises(program().NotProven):
        program().check(proof(), program().read_keys(other))
    elsewhere = proof().replace(f"\n{ORIGIN}\n7", "\nother.example\n7")
    with pytest.raises(program().NotProven):
        program().check(elsewhere, keys)
    wrong = cosignature.cosign("another text\n", NAME, SEER, SEEN)
    with pytest.raises(program().NotProven):
        program().check(proof(witnessed=False, lines=wrong), keys)
    with pytest.raises(program().NotProven):
        program().check(proof(witnessed=False).replace("— archive.example/ledger", "— someone.else/ledger"), keys)


# RFC 8032 7.1, tests 1 to 3: public key, message, signature.
VECTORS = [
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
]  # fmt: skip


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_vectors_of_the_standard(public: str, message: str, signature: str) -> None:
    key, text, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
    assert program().is_signed(key, text, signed)
    assert not program().is_signed(key, text + b"x", signed)
    higher = int.from_bytes(signed[32:], "little") + program().ORDER
    assert not program().is_signed(key, text, signed[:32] + higher.to_bytes(32, "little")), "one signature, one form"
    assert not program().is_signed(key, text, signed[:-1]) and not program().is_signed(key[:-1], text, signed)


def test_another_library_agrees() -> None:
    draw = random.Random(25519)
    for _ in range(40):
        key, message = Ed25519PrivateKey.from_private_bytes(draw.randbytes(32)), draw.randbytes(draw.randrange(200))
        public, signed = signed_note.public_bytes(key), bytearray(key.sign(message))
        assert program().is_signed(public, message, bytes(signed))
        signed[draw.randrange(64)] ^= 1 << draw.randrange(8)
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(bytes(signed), message)
            theirs = True
        except InvalidSignature:
            theirs = False
        assert program().is_signed(public, message, bytes(signed)) == theirs


@pytest.mark.parametrize("y", [2, 2**255 - 19, 2**255 - 18, 2**255 - 1, 2**256 - 1])
def test_points_that_are_none(y: int) -> None:
    """Off the curve, or in a second spelling."""
    assert program().point_of(y.to_bytes(32, "little")) is None


def test_other_versions_of_python(folder: Path) -> None:
    """Whatever interpreters this machine has from 3.8 on; the one that runs the tests at least."""
    others = [shutil.which(f"python3.{minor}") for minor in range(8, 16)]
    tried = [python for python in [sys.executable, *others] if python and os.access(python, os.X_OK)]
    for python in tried:
        if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
            assert run(folder, "--file", "o0", "o1", python=python).returncode == 0, python
