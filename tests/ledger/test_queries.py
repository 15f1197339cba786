"""Following, histories, heads, proofs and the files that the web may hand out."""

from __future__ import annotations

from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from cunzhen.errors import Missing, Unavailable
from cunzhen.formats import signed_note, tlog, tlog_proof
from cunzhen.ledger import queries
from cunzhen.ledger.models import LedgerDetail, LedgerEntry
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.published import resource
from tests.ledger.conftest import ACTOR, AGENCY, Act

pytestmark = pytest.mark.django_db


def test_following_by_cursor(act: Act) -> None:
    subject = uuid7()
    ids = [*act(2, "file_drafts", subject), *act(3, "view_page"), *act(1, "file_drafts")]
    assert queries.entries_after(-1, 10) == []
    assert queries.last_number() == -1
    sequence()
    found = queries.entries_after(-1, 10)
    assert [entry.id for entry in found] == ids
    assert [entry.number for entry in found] == [0, 1, 2, 3, 4, 5]
    assert (found[0].actor_id, found[0].agency_id, found[0].subjects[0].id) == (ACTOR, AGENCY, subject)
    assert len(found[0].subjects[0].sm3) == 64
    assert [entry.number for entry in queries.entries_after(1, 2)] == [2, 3]
    assert [entry.number for entry in queries.entries_after(0, 10, {"file_drafts"})] == [1, 5]
    assert queries.entries_after(0, 10, set()) == []
    assert queries.entries_after(5, 10) == []
    assert queries.last_number() == 5


def test_history(act: Act) -> None:
    subject = uuid7()
    act(2, "file_drafts", subject)
    act(4, "file_drafts")
    sequence()
    act(1, "view_page", subject)
    lines = queries.history(subject)
    assert [(line.number, line.op) for line in lines] == [(0, "file_drafts"), (1, "file_drafts"), (None, "view_page")]
    assert lines[1].detail == {"note": "样本", "serial": 1}
    assert lines[1].actor_id == ACTOR
    assert [line.op for line in queries.history(subject, limit=1)] == ["view_page"]
    assert queries.history(uuid7()) == []


def test_erased_detail_leaves_the_rest(act: Act) -> None:
    subject = uuid7()
    ids = act(2, "file_drafts", subject)
    sequence()
    LedgerDetail.objects.filter(entry_id=ids[0]).delete()
    assert [line.detail is None for line in queries.history(subject)] == [True, False]


def test_altered_detail_is_never_shown(act: Act) -> None:
    subject = uuid7()
    ids = act(2, "file_drafts", subject)
    other = LedgerDetail.objects.get(entry_id=ids[1])
    LedgerDetail.objects.filter(entry_id=ids[0]).update(sealed=bytes(other.sealed)[:-1] + b"\x00\x01")
    with pytest.raises(Unavailable, match="K-03"):
        queries.history(subject)


def test_no_head_before_the_first_checkpoint(home: Path) -> None:
    with pytest.raises(Missing, match="L-16"):
        queries.head()
    with pytest.raises(Missing, match="L-16"):
        queries.proof(0)


def test_proofs(home: Path, act: Act) -> None:
    ids = act(300)
    sequence()
    verifier = signed_note.parse_vkey((home / "ledger" / "vkey").read_text(encoding="utf-8"))
    for number in (0, 255, 256, 299):
        body = bytes(LedgerEntry.objects.get(id=ids[number]).body)
        text = queries.proof(number)
        assert text == queries.proof(ids[number])
        assert tlog_proof.verify_proof(text, body, [verifier], "archive.example/ledger").size == 300
        assert tlog_proof.parse_proof(text).extra == body
    for unknown in (300, -1, uuid7()):
        with pytest.raises(Missing, match="L-17"):
            queries.proof(unknown)
    act(1)
    with pytest.raises(Missing, match="L-17"):
        queries.proof(300)


def test_no_proof_of_an_altered_row(act: Act) -> None:
    ids = act(3)
    sequence()
    entry = LedgerEntry.objects.get(id=ids[1])
    LedgerEntry.objects.filter(id=ids[1]).update(body=bytes(entry.body).replace(b"file_drafts", b"view_pages_"))
    assert queries.proof(0)
    with pytest.raises(Unavailable, match="L-13"):
        queries.proof(1)


def test_files_for_the_web(home: Path, act: Act) -> None:
    act(300)
    sequence()
    for name in ("checkpoint", "vkey", "tile/0/000", "tile/entries/000"):
        assert resource(name) == home / "ledger" / name
    for name in ("tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"):
        assert resource(name) == (home / "ledger" / name).read_bytes()
    cut = resource("tile/0/000.p/7")
    assert isinstance(cut, bytes)
    assert cut == (home / "ledger" / "tile" / "0" / "000").read_bytes()[: 7 * 32]
    bundle = resource("tile/entries/000.p/7")
    assert isinstance(bundle, bytes)
    assert len(tlog.decode_bundle(bundle)) == 7


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        ".",
        "..",
        "../keys/keystore.json",
        "tile/../../keys/keystore.json",
        "tile/0/../../checkpoint",
        "/etc/passwd",
        "checkpoint/",
        "checkpoint\x00",
        "Checkpoint",
        "tile",
        "tile/0",
        "tile/0/000.p",
        "tile/0/001",
        "tile/0/001.p/45",
        "tile/0/.000.new",
        "tile/0/x000/000",
        "tile/9/000",
        "tile/%30/000",
        "keystore.json",
    ],
)
def test_other_names_are_missing(home: Path, act: Act, name: str) -> None:
    act(300)
    sequence()
    with pytest.raises(Missing, match="L-19"):
        resource(name)
