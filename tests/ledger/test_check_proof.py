"""The program that goes out with proofs: alone in a folder, on the bare interpreter, against logs made here."""

from __future__ import annotations

import base64
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
def program(path: Path = PROGRAM) -> ModuleType:
    spec = spec_from_file_location("check_proof", path)
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


def test_what_the_product_refuses_it_refuses() -> None:
    """Two programs, the same judgement of a thousand mangled proofs."""
    keys, draw, good = program().read_keys(KEYS[0]), random.Random(7), proof(witnessed=False)
    for _ in range(1000):
        text = good
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(text))
            text = text[:at] + draw.choice(["", "A", "\n", "0", "=", " ", "—"]) + text[at + draw.randint(0, 2) :]
        ours = theirs = True
        try:
            program().check(text, keys)
        except (program().NotProven, program().Malformed):
            theirs = False
        try:
            read = tlog_proof.parse_proof(text)
            tlog_proof.verify_proof(text, read.extra or b"", [VERIFIER], ORIGIN)
            json.loads(read.extra or b"")["subjects"]
        except (Invalid, ValueError, KeyError):
            ours = False
        assert not (theirs and not ours), text


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


# The program in the data folder: alone too, and judged by the same logs.
IN_DATA = PROGRAM.parent / "data" / PROGRAM.name


@pytest.fixture
def other(folder: Path) -> Path:
    shutil.copy(IN_DATA, folder / PROGRAM.name)
    return folder


def accepts(text: str, keys: str = "\n".join(KEYS)) -> bool:
    judge = program(IN_DATA)
    try:
        return bool(judge.check(text, judge.read_keys(keys)))
    except (judge.NotProven, judge.Malformed):
        return False


def flipped(content: bytes, position: int) -> bytes:
    return bytes(one ^ (1 << position % 8) * (at == position // 8) for at, one in enumerate(content))


def cosigned(text: str, seconds: int, name: str = NAME) -> str:
    """A witness's line, put together without our own code."""
    public = SEER.public_key().public_bytes_raw()
    identity = hashlib.sha256(name.encode() + b"\n\x04" + public).digest()[:4]
    signature = SEER.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
    raw = identity + seconds.to_bytes(8, "big") + signature
    return f"\u2014 {name} {base64.b64encode(raw).decode()}\n"


def test_it_tells_in_chinese_then_in_english(other: Path) -> None:
    done = run(other)
    chinese, english = done.stdout.index("成立"), done.stdout.index("Proven")
    assert done.returncode == 0 and not done.stderr and chinese < english
    for word in ("记录编号: 3", "entry: 3", "file_drafts", "size: 7", ORIGIN, NAME, "2026-11-23T08:00:05Z", "16:00:05"):
        assert word in done.stdout, word
    assert "keys are right" in done.stdout and "another history" not in done.stdout
    said = json.loads(run(other, "--json").stdout)
    assert said["proven"] and said["at"] == "2026-03-02T01:02:03.456789Z" and said["files"] == []
    (other / "a.tlog-proof").write_text(proof(witnessed=False), encoding="utf-8")
    assert "another history" in run(other).stdout


def test_files_one_by_one_and_together(other: Path) -> None:
    done = run(other, "--json", "--file", "o0", "--file", "o1")
    assert done.returncode == 0 and [one["named"] for one in json.loads(done.stdout)["files"]] == [True, True]
    recorded = json.loads(entry(3))["subjects"][0]["sha256"]
    one = entry(3).replace(recorded.encode(), hashlib.sha256(ORIGINALS[0]).hexdigest().encode())
    note = signed_note.sign_checkpoint(signed_note.Checkpoint(ORIGIN, 1, tlog.leaf_hash(one)), LOG)
    alone = tlog_proof.write_proof(tlog_proof.Proof(0, (), note, one))
    (other / "a.tlog-proof").write_text(alone, encoding="utf-8")
    done = run(other, "--json", "--file", "o1", "o0")
    assert done.returncode == 1 and [part["named"] for part in json.loads(done.stdout)["files"]] == [False, True]
    assert run(other, "--file", "o0").returncode == 0 and "NOT named: o1" in run(other, "--file", "o1").stdout
    assert run(other, "--file", "nowhere").returncode == run(other, "--file", ".").returncode == 2


@pytest.mark.parametrize("size", [*range(1, 18), 255, 256, 257, 1000])
def test_every_log_holds(size: int) -> None:
    for number in {*range(min(size, 17)), size // 2, size - 1}:
        assert accepts(proof(number, size)), number


def test_no_flipped_bit_is_accepted(other: Path) -> None:
    """In proof, keys and entry; without a witness, whose line may be anybody's once its name is broken."""
    draw, good, keys = random.Random(6962), proof(witnessed=False).encode(), "\n".join(KEYS).encode()
    files = {"a.tlog-proof": good, "keys.txt": keys}
    for name, content in files.items():
        for at in draw.sample(range(len(content) * 8), 600):
            changed = files | {name: flipped(content, at)}
            try:
                texts = {one: held.decode() for one, held in changed.items()}
            except UnicodeDecodeError:
                continue
            assert not accepts(texts["a.tlog-proof"], texts["keys.txt"]), (name, at)
        for at in draw.sample(range(len(content) * 8), 20):
            for one, held in (files | {name: flipped(content, at)}).items():
                (other / one).write_bytes(held)
            assert run(other).returncode in {1, 2}, (name, at)
    read = tlog_proof.parse_proof(good.decode())
    for at in draw.sample(range(len(entry(3)) * 8), 200):
        told = tlog_proof.write_proof(tlog_proof.Proof(3, read.hashes, read.checkpoint, flipped(entry(3), at)))
        assert not accepts(told), at


def test_whose_signatures_count() -> None:
    bare = proof(witnessed=False)
    text = signed_note.parts(tlog_proof.parse_proof(bare).checkpoint)[0]
    assert accepts(bare + cosigned(text, 1_795_420_805)) and accepts(bare + cosigned("x\n", 5, "unknown.example"))
    assert not accepts(bare + cosigned(text + "x\n", 5)) and not accepts(bare + cosigned("other\n5\n", 5))
    assert not accepts(bare + cosigned(text, 1 << 63)), "an impossible time"
    assert not accepts(bare, signed_note.make_vkey("other.example", VERIFIER.public)), "a key under another name"
    assert not accepts(bare, "\n".join([signed_note.make_vkey("first.example", VERIFIER.public), *KEYS])), (
        "not the first"
    )
    assert not accepts(bare.replace(f"\n{ORIGIN}\n7", "\nother.example\n7")), "another origin"
    assert not accepts(text + "\n") and accepts(bare, "# a word\r\n\r\n" + "\r\n".join(KEYS))


@pytest.mark.parametrize(
    "said", [b"[]", b"{", b"\xff", b"[" * 40_000, b'{"at":1,"op":"","subjects":[]}', b'{"at":"\\u001b"}']
)
def test_entries_of_another_format(other: Path, said: bytes) -> None:
    note = signed_note.sign_checkpoint(signed_note.Checkpoint(ORIGIN, 1, tlog.leaf_hash(said)), LOG)
    (other / "a.tlog-proof").write_text(tlog_proof.write_proof(tlog_proof.Proof(0, (), note, said)), encoding="utf-8")
    assert run(other).returncode == 2 and json.loads(run(other, "--json").stdout)["proven"] is False


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00", b"a" * 11_000_000, b"\n\n", os.urandom(999), b"c2sp.org/tlog-proof@v1"]
)
def test_junk_in_every_place(other: Path, content: bytes) -> None:
    (other / "junk").write_bytes(content)
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
        assert run(other, *words).returncode == 2, words
    (other / "b.tlog-proof").write_bytes(content)
    assert "2 个" in run(other).stdout
    for name in ("a.tlog-proof", "b.tlog-proof"):
        (other / name).unlink()
    assert "0 个" in run(other).stdout


EDITS = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 3), st.sampled_from(["", "A", "\n", "0", "=", " ", "\u2014", "\r"])),
    max_size=3,
)


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


def test_ed25519_in_the_data_folder() -> None:
    judge, draw = program(IN_DATA), random.Random(8032)
    for public, message, signature in VECTORS:
        key, text, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)
        assert judge.is_signed(key, text, signed) and not judge.is_signed(key, text + b"x", signed)
        higher = int.from_bytes(signed[32:], "little") + judge.ORDER
        for wrong in (signed[:32] + higher.to_bytes(32, "little"), signed[:-1], signed + b"x", b""):
            assert not judge.is_signed(key, text, wrong)
        assert not any(judge.is_signed(wrong, text, signed) for wrong in (key[:-1], key + b"\0", b""))
    for _ in range(40):
        private, text = Ed25519PrivateKey.from_private_bytes(draw.randbytes(32)), draw.randbytes(draw.randrange(200))
        key, signed = signed_note.public_bytes(private), private.sign(text)
        assert judge.is_signed(key, text, signed)
        assert not judge.is_signed(key, text, flipped(signed, draw.randrange(512)))
        assert not judge.is_signed(flipped(key, draw.randrange(256)), text, signed)
    for y in (2, judge.P, judge.P + 1, 2**255 - 1, 2**256 - 1, 1 | 1 << 255):
        assert judge.decode_point(y.to_bytes(32, "little")) is None, "off the curve, or in a second spelling"


def test_small_order_keys_are_as_the_standard_has_them() -> None:
    """RFC 8032 does not refuse them: anybody can sign for such a key, as for one whose secret was given away."""
    nothing = (1).to_bytes(32, "little")
    for message in (b"", b"anything"):
        assert program(IN_DATA).is_signed(nothing, message, nothing + bytes(32))
        Ed25519PublicKey.from_public_bytes(nothing).verify(nothing + bytes(32), message)
    second = (1 + program(IN_DATA).P).to_bytes(32, "little")
    assert not program(IN_DATA).is_signed(nothing, b"", second + bytes(32)), "a commitment in its second spelling"
