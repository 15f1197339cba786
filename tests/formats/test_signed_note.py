"""Signed notes, checkpoints and proof files against published examples and our own."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cunzhen.errors import Invalid
from cunzhen.formats import signed_note, tlog, tlog_proof

# The example of the documentation of Go's sumdb/note, which the format comes from.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    f"{GO_TEXT}\n\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
NAME = "archive.example/ledger"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VERIFIER = signed_note.Verifier(NAME, signed_note.public_bytes(KEY))
CHECKPOINT = signed_note.Checkpoint(NAME, 20_852_163, hashlib.sha256(b"root").digest())


def test_published_note_opens() -> None:
    verifier = signed_note.parse_vkey(GO_VKEY)
    assert verifier.name == "PeterNeumann"
    assert verifier.key_id.hex() == "c74f20a3"
    assert signed_note.open_note(GO_NOTE, [verifier]) == GO_TEXT


def test_published_note_is_made() -> None:
    key = Ed25519PrivateKey.from_private_bytes(GO_SEED)
    assert signed_note.sign_note(GO_TEXT, "PeterNeumann", key) == GO_NOTE
    assert signed_note.make_vkey("PeterNeumann", signed_note.public_bytes(key)) == GO_VKEY


def test_public_key_whose_base64_holds_a_plus() -> None:
    for seed in range(200):
        key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        vkey = signed_note.make_vkey(NAME, signed_note.public_bytes(key))
        assert signed_note.parse_vkey(vkey + "\n").public == signed_note.public_bytes(key)
        if vkey.count("+") > 2:
            return
    pytest.fail("no key had a plus")


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000+AQ==",
        GO_VKEY.replace("c74f20a3", "c74f20a4"),
        GO_VKEY.replace("Peter", "peter"),
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
    ],
)
def test_bad_public_keys(vkey: str) -> None:
    with pytest.raises(Invalid, match="L-01"):
        signed_note.parse_vkey(vkey)


def test_checkpoint_round_trip() -> None:
    note = signed_note.sign_checkpoint(CHECKPOINT, KEY)
    lines = note.split("\n")
    assert lines[:2] == [NAME, "20852163"]
    assert base64.b64decode(lines[2]) == CHECKPOINT.root
    assert lines[3] == ""
    assert lines[4].startswith(f"\u2014 {NAME} ")
    assert signed_note.open_checkpoint(note, [VERIFIER], NAME) == CHECKPOINT
    assert signed_note.open_checkpoint(note.encode(), [VERIFIER], NAME) == CHECKPOINT


def test_unknown_signatures_are_passed_over() -> None:
    note = signed_note.sign_checkpoint(CHECKPOINT, KEY)
    foreign = "".join(
        f"\u2014 witness{number}.example {base64.b64encode(bytes([number]) * 76).decode()}\n" for number in range(1, 16)
    )
    same_name = f"\u2014 {NAME} {base64.b64encode(bytes(68)).decode()}\n"  # another key id under the same name
    assert signed_note.open_checkpoint(note + foreign, [VERIFIER], NAME) == CHECKPOINT
    assert signed_note.open_checkpoint(note + same_name, [VERIFIER], NAME) == CHECKPOINT
    with pytest.raises(Invalid, match="L-02"):
        signed_note.open_note(f"{signed_note.checkpoint_text(CHECKPOINT)}\n{foreign}", [VERIFIER])


def test_known_key_that_fails_rejects_the_note() -> None:
    note = signed_note.sign_checkpoint(CHECKPOINT, KEY)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    both = [VERIFIER, signed_note.Verifier("other.example", signed_note.public_bytes(other))]
    wrong = base64.b64encode(both[1].key_id + bytes(64)).decode()
    assert signed_note.open_note(note, both)
    with pytest.raises(Invalid, match="L-02"):
        signed_note.open_note(f"{note}\u2014 other.example {wrong}\n", both)


@pytest.mark.parametrize(("old", "new"), [("20852163", "20852164"), (NAME, "archive.example/other")])
def test_altered_text_is_refused(old: str, new: str) -> None:
    note = signed_note.sign_checkpoint(CHECKPOINT, KEY)
    with pytest.raises(Invalid, match="L-02"):
        signed_note.open_note(note.replace(old, new, 1), [VERIFIER])


def test_other_origin_is_refused() -> None:
    text = signed_note.checkpoint_text(signed_note.Checkpoint("archive.example/other", 0, tlog.EMPTY_ROOT))
    with pytest.raises(Invalid, match="L-03"):
        signed_note.open_checkpoint(signed_note.sign_note(text, NAME, KEY), [VERIFIER], NAME)


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note[:-1],
        lambda note: note.replace("\u2014", "-"),
        lambda note: note.replace("archive", "arch\tive"),
        lambda note: note + "\n",
        lambda note: note + "noise\n",
        lambda note: note.encode() + b"\xff",
        lambda note: note + note.rsplit("\n\n", 1)[1] * 200,
        lambda note: "",
    ],
)
def test_malformed_notes(change) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Invalid, match="L-01"):
        signed_note.open_note(change(signed_note.sign_checkpoint(CHECKPOINT, KEY)), [VERIFIER])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a\n1\n",
        "a\n01\nAAAA\n",
        "a\n-1\n{root}\n",
        "\n1\n{root}\n",
        "a\n1\n{root}\n\n",
        "a\n1\n{root}",
        "a\n٣\n{root}\n",
    ],
)
def test_malformed_checkpoints(text: str) -> None:
    with pytest.raises(Invalid, match=r"L-0[13]"):
        signed_note.parse_checkpoint_text(text.replace("{root}", base64.b64encode(bytes(32)).decode()))


def test_extension_lines_are_allowed() -> None:
    text = signed_note.checkpoint_text(CHECKPOINT) + "extension\n"
    assert signed_note.parse_checkpoint_text(text) == CHECKPOINT


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb"])
def test_bad_names(name: str) -> None:
    with pytest.raises(Invalid, match="L-01"):
        signed_note.sign_note("text\n", name, KEY)


def proof_for(index: int, size: int) -> tuple[str, bytes]:
    builder = tlog.TileBuilder()
    tiles: dict[tlog.Tile, bytes] = {}
    for number in range(size):
        tiles.update(builder.add(tlog.leaf_hash(b"entry %d" % number)))
    tiles.update(builder.partials())
    note = signed_note.sign_checkpoint(signed_note.Checkpoint(NAME, size, builder.root()), KEY)
    path = tuple(tlog.inclusion_proof(index, size, tiles.__getitem__))
    return tlog_proof.write_proof(tlog_proof.Proof(index, path, note, b"extra")), b"entry %d" % index


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 300), (299, 300), (255, 256), (256, 257)])
def test_proof_files(index: int, size: int) -> None:
    text, entry = proof_for(index, size)
    assert text.startswith(f"c2sp.org/tlog-proof@v1\nextra ZXh0cmE=\nindex {index}\n")
    assert tlog_proof.parse_proof(text).extra == b"extra"
    assert tlog_proof.write_proof(tlog_proof.parse_proof(text)) == text
    assert tlog_proof.verify_proof(text, entry, [VERIFIER], NAME).size == size
    with pytest.raises(Invalid, match="L-06"):
        tlog_proof.verify_proof(text, entry + b"!", [VERIFIER], NAME)
    with pytest.raises(Invalid, match="L-02"):
        tlog_proof.verify_proof(text.replace(f"\n{size}\n", f"\n{size + 1}\n"), entry, [VERIFIER], NAME)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("@v1", "@v2"),
        lambda text: text.replace("index 5", "index 05"),
        lambda text: text.replace("index 5\n", ""),
        lambda text: text.replace("extra ZXh0cmE=", "extra !"),
        lambda text: text.replace("index 5\n", "index 5\nAAAA\n"),
        lambda text: text.split("\n\n")[0],
        lambda text: "",
    ],
)
def test_malformed_proof_files(change) -> None:  # type: ignore[no-untyped-def]
    text, entry = proof_for(5, 300)
    with pytest.raises(Invalid, match="L-06"):
        tlog_proof.verify_proof(change(text), entry, [VERIFIER], NAME)
