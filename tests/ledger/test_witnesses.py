"""A ledger and its witnesses, two of them processes of their own: what they sign, what they find, what stops it."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from cunzhen.errors import Unavailable
from cunzhen.formats import cosignature, signed_note, tlog_proof
from cunzhen.formats.cosignature import read_addresses
from cunzhen.keys import sealing
from cunzhen.ledger import queries, tiles
from cunzhen.ledger.audit import audit
from cunzhen.ledger.kept import kept_heads, witnessed_head
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.witness import SIZE
from cunzhen.ledger.witnesses import ask_if_due, ask_witnesses, standings
from tests.ledger.conftest import Act
from tests.ledger.witnessing import Process, free_port, machine, witnesses

pytestmark = [pytest.mark.django_db, pytest.mark.server]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Process]]:
    with witnesses(tmp_path_factory.mktemp("witnesses"), 2) as made:
        yield made


@pytest.fixture
def two(running: list[Process], home: Path, settings: Settings) -> list[Process]:
    """Both witness this home's ledger, under a name that no test before has used."""
    settings.LEDGER_ORIGIN = f"archive.example/{home.parent.name}"
    settings.WITNESSES = read_addresses(",".join(one.setting for one in running))
    for one in running:
        one.folder.trust(tiles.own_vkey())
    return running


def now() -> datetime:
    return datetime.now(UTC)


def codes() -> list[str]:
    return [one.code for one in ask_witnesses(now())]


def sizes(two: list[Process]) -> list[int]:
    return [{log.origin: log.size for log in one.folder.logs()}[tiles.own_verifier().name] for one in two]


def found() -> set[str]:
    return {problem.code for problem in audit().problems}


def test_both_sign_and_the_head_is_published_with_it(two: list[Process], act: Act) -> None:
    act(300)
    sequence()
    assert codes() == ["", ""]
    keys = [one.witness for one in read_addresses(",".join(one.setting for one in two))]
    for text in (queries.head().signed_note_text, *kept_heads().values()):
        assert set(cosignature.seen_by(text, keys)) == set(keys)
    assert next(iter(kept_heads())) == "witnessed"
    assert sizes(two) == [300, 300] == [one.size for one in standings()]
    act(200)
    sequence()
    assert not cosignature.seen_by(queries.head().signed_note_text, keys), "nobody has seen the new head yet"
    assert codes() == ["", ""]
    assert sizes(two) == [500, 500]
    assert audit().ok


def test_a_proof_stands_under_the_head_that_others_signed(two: list[Process], act: Act) -> None:
    ids = act(20)
    sequence()
    ask_witnesses(now())
    later = act(5)
    sequence()
    keys = [one.witness for one in read_addresses(two[0].setting)]
    for entry, size, seen in ((ids[3], 20, True), (later[0], 25, False)):
        text = queries.proof(entry)
        proof = tlog_proof.parse_proof(text)
        assert proof.extra is not None
        head = tlog_proof.verify_proof(text, proof.extra, [tiles.own_verifier()], tiles.own_verifier().name)
        assert head.size == size
        assert bool(cosignature.seen_by(proof.checkpoint, keys)) is seen


def rewrite(number: int, *, forget: bool) -> None:
    """Who owns the tables, the folder and the log's key makes another past and signs it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.id, e.body FROM ledger_leaf l JOIN ledger_entry e ON e.id = l.entry_id WHERE number = %s",
            [number],
        )
        entry_id, body = cursor.fetchone()
        other = bytes(body).replace(b'"file_drafts"', b'"view_page"')
        cursor.execute("UPDATE ledger_entry SET body = %s, op = 'view_page' WHERE id = %s", [other, entry_id])
        digest = hashlib.sha256(b"\0" + other).digest()
        cursor.execute("UPDATE ledger_leaf SET leaf_hash = %s WHERE number = %s", [digest, number])
    republish(forget=forget)


def republish(*, forget: bool) -> None:
    """Tiles and checkpoint anew from the rows, properly signed; with ``forget`` no trace of witnesses is left."""
    folder, aside = tiles.current().root, tiles.current().root.with_name("aside")
    folder.rename(aside)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.WITNESSES", ())
        sequence()
    if not forget:
        for name in ("witnessed", "witnesses.json"):
            shutil.copy(aside / name, folder / name)
        shutil.copytree(aside / "heads", folder / "heads")
    shutil.rmtree(aside)


def test_history_rewritten_with_the_logs_own_key(two: list[Process], act: Act) -> None:
    """A12. The rewriter forgets the kept heads: our own audit finds it, and nothing more is numbered."""
    act(400)
    sequence()
    ask_witnesses(now())
    rewrite(7, forget=False)
    assert found() == {"L-A-16"}
    act(1)
    with pytest.raises(Unavailable, match="L-28"):
        sequence()
    assert codes() == ["L-28", "L-28"]
    assert found() == {"L-A-16", "L-A-19"}


def test_rewritten_with_every_trace_removed(two: list[Process], act: Act) -> None:
    """A12. Nothing at home tells of it any more: the witnesses do."""
    act(400)
    sequence()
    ask_witnesses(now())
    rewrite(7, forget=True)
    assert audit().ok, "the home alone cannot know"
    assert codes() == ["L-28", "L-28"]
    assert found() == {"L-A-19"}
    with pytest.raises(Unavailable, match="L-28"):
        sequence()
    assert sizes(two) == [400, 400]


def test_gone_back_to_an_older_state(two: list[Process], act: Act) -> None:
    """A13. Rows and folder as they were before: both witnesses have seen more."""
    act(100)
    sequence()
    ask_witnesses(now())
    older = tiles.current().root.with_name("older")
    shutil.copytree(tiles.current().root, older)
    act(50)
    sequence()
    ask_witnesses(now())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_leaf WHERE number >= 100")
    shutil.rmtree(tiles.current().root)
    older.rename(tiles.current().root)
    assert codes() == ["L-29", "L-29"]
    with pytest.raises(Unavailable, match="L-29"):
        sequence()
    assert found() >= {"L-A-19"}


def test_a_home_gone_back_asks_before_it_goes_on(two: list[Process], act: Act) -> None:
    """Whoever numbers entries first asks where nobody has for five minutes, so no entry is numbered below."""
    act(30)
    sequence()
    ask_witnesses(now())
    republished = tiles.current().root
    shutil.rmtree(republished)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_leaf WHERE number >= 20")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.WITNESSES", ())
        sequence()
    assert queries.head().size == 20
    act(3)
    with pytest.raises(Unavailable, match="L-29"):
        sequence()
    assert queries.size_of_table() == 20
    written = republished / "witnesses.json"
    os.utime(written, (time.time() - 400, time.time() - 400))
    ask_if_due(now())
    assert time.time() - written.stat().st_mtime < 60


def test_below_the_kept_head_nothing_is_numbered(two: list[Process], act: Act) -> None:
    """The witnesses are silent, the table went back: what they signed lies here and is enough."""
    act(30)
    sequence()
    ask_witnesses(now())
    kept = (tiles.current().root / "witnessed").read_bytes()
    shutil.rmtree(tiles.current().root)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_leaf WHERE number >= 20")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.WITNESSES", ())
        sequence()
        (tiles.current().root / "witnessed").write_bytes(kept)
        act(1)
        with pytest.raises(Unavailable, match="L-29"):
            sequence()
        shutil.rmtree(tiles.current().root)
        tiles.current().root.mkdir()
        (tiles.current().root / "witnessed").write_bytes(kept)
        with pytest.raises(Unavailable, match="L-29"):
            sequence()
        assert found() == {"L-A-01"}


def test_a_ledger_lost_for_good_goes_on_under_another_name(two: list[Process], act: Act, settings: Settings) -> None:
    """As the operator guide says: the old folder is kept as evidence, the new log has a name of its own."""
    act(30)
    sequence()
    ask_witnesses(now())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_leaf WHERE number >= 20")
    with pytest.raises(Unavailable, match="L-12"):
        sequence()
    tiles.current().root.rename(tiles.current().root.with_name("ledger-before"))
    settings.LEDGER_ORIGIN += "/2"
    for one in two:
        one.folder.trust(tiles.own_vkey())
    act(2)
    sequence()
    assert codes() == ["", ""]
    assert audit().problems[0].code == "L-A-14", "what the old ledger alone had numbered is told"


def test_a_witness_gone_back_in_time_is_brought_forward(two: list[Process], act: Act) -> None:
    """Another idea of the size, smaller than ours: it gets the longer proof."""
    act(20)
    sequence()
    ask_witnesses(now())
    [head] = [p for p in (two[0].folder.root / "heads").iterdir() if tiles.own_verifier().name in p.read_text()]
    before = head.read_bytes()
    act(300)
    sequence()
    ask_witnesses(now())
    head.write_bytes(before)
    act(1)
    sequence()
    assert codes() == ["", ""]
    assert sizes(two) == [321, 321]


def test_one_that_is_gone_hinders_nobody(two: list[Process], act: Act) -> None:
    act(10)
    sequence()
    two[1].stop()
    try:
        assert codes() == ["", "L-26"]
        act(10)
        assert sequence() == 10, "filing goes on"
        assert [one.size for one in ask_witnesses(now())] == [20, 0]
    finally:
        two[1].start()
    assert codes() == ["", ""]


def test_killed_at_any_moment_they_answer_as_before(two: list[Process], act: Act) -> None:
    for _ in range(3):
        act(10)
        sequence()
        ask_witnesses(now())
        two[0].stop()
        two[0].start()
        assert codes() == ["", ""]
    assert sizes(two) == [30, 30]


def test_a_log_that_nobody_registered(running: list[Process], home: Path, act: Act, settings: Settings) -> None:
    settings.WITNESSES = read_addresses(running[0].setting)
    settings.LEDGER_ORIGIN = "archive.example/unregistered"
    act(1)
    sequence()
    [standing] = ask_witnesses(now())
    assert standing.code == "L-27" and "witness trust" in standing.message
    assert sequence() == 0, "this stops nothing"


def test_a_clock_ten_years_ahead(two: list[Process], act: Act) -> None:
    act(5)
    sequence()
    assert [one.code for one in ask_witnesses(now() + timedelta(days=3650))] == ["L-36", "L-36"]
    assert [one.size for one in standings()] == [5, 5], "they have signed all the same"
    assert codes() == ["", ""]


def _say(status: int, content: bytes, kind: str = "text/plain") -> object:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Location", "http://127.0.0.1:1/")
        handler.end_headers()
        handler.wfile.write(content)

    return answer


NONSENSE = {
    "empty": (200, b"", "text/plain"),
    "html": (200, b"<html>login</html>\n", "text/html"),
    "binary": (200, b"\xff\xfe\x00", "text/plain"),
    "huge": (200, b"a" * 200_000, "text/plain"),
    "broken": (500, b"oops", "text/plain"),
    "elsewhere": (302, b"", "text/plain"),
    "size that is none": (409, b"many\n", SIZE),
    "size of another kind": (409, b"7\n", "text/plain"),
    "always another": (409, b"1\n", SIZE),
    "a stranger's line": (200, "— stranger AAAAAAAA\n".encode(), "text/plain"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_changes_nothing(name: str, running: list[Process], act: Act, settings: Settings) -> None:
    act(5)
    sequence()
    before = {path: path.read_bytes() for path in tiles.current().root.rglob("*") if path.is_file()}
    with machine(_say(*NONSENSE[name])) as url:  # type: ignore[arg-type]
        settings.WITNESSES = read_addresses(f"{running[0].folder.vkey} {url}")
        [standing] = ask_witnesses(now())
    assert standing.code in {"L-26", "L-01"} and standing.message and standing.size == 0
    after = {path: path.read_bytes() for path in tiles.current().root.rglob("*") if path.is_file()}
    after.pop(tiles.current().root / "witnesses.json")
    assert after == before
    act(1)
    assert sequence() == 1


def test_a_signature_that_fails_is_not_kept(two: list[Process], act: Act, settings: Settings) -> None:
    """The right name and key, another head."""
    act(5)
    sequence()
    ask_witnesses(now())
    line = (tiles.current().root / "witnessed").read_text(encoding="utf-8").splitlines(keepends=True)[-1]
    act(5)
    sequence()
    with machine(_say(200, line.encode())) as url:  # type: ignore[arg-type]
        settings.WITNESSES = read_addresses(f"{two[1].folder.vkey} {url}")
        [standing] = ask_witnesses(now())
    assert standing.code == "L-02"
    kept = witnessed_head()
    assert kept is not None and kept[0].size == 5


def test_one_that_never_answers_is_waited_for_some_seconds(two: list[Process], act: Act, settings: Settings) -> None:
    act(5)
    sequence()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(30):
            handler.wfile.write(b"a")
            handler.wfile.flush()
            time.sleep(1)

    with machine(drip) as url:
        slow = f"{two[0].folder.vkey} {url}"
        settings.WITNESSES = read_addresses(f"{slow}, {two[1].setting}")
        since = time.monotonic()
        assert codes() == ["L-26", ""]
        assert 5 < time.monotonic() - since < 25
        kept = witnessed_head()
        assert kept is not None and kept[0].size == 5, "the other's signature counts"


def test_nobody_listens(home: Path, running: list[Process], act: Act, settings: Settings) -> None:
    settings.WITNESSES = read_addresses(f"{running[0].folder.vkey} http://127.0.0.1:{free_port()}")
    act(5)
    assert sequence() == 5
    assert codes() == ["L-26"]
    assert kept_heads() == {}


def test_a_kept_head_that_was_altered_is_told(two: list[Process], act: Act) -> None:
    act(5)
    sequence()
    ask_witnesses(now())
    for name in kept_heads():
        path = tiles.current().root / name
        whole = path.read_text(encoding="utf-8")
        path.write_text(whole.replace("\n5\n", "\n4\n"), encoding="utf-8")
        assert found() == {"L-A-18"}
        path.write_text(whole, encoding="utf-8")
    assert audit().ok


def test_a_second_head_of_the_same_size(two: list[Process], act: Act) -> None:
    """Split view: signed by the log's own key, of the size that was seen, with another root."""
    act(5)
    sequence()
    ask_witnesses(now())
    head = queries.head()
    other = signed_note.Checkpoint(tiles.own_verifier().name, head.size, hashlib.sha256(b"other").digest())
    note = signed_note.sign_checkpoint(other, sealing.current().ledger_key)
    body = cosignature.write_request(cosignature.Request(5, (), note))
    for one in two:
        assert one.folder.add_checkpoint(body, now()).status == 409
    assert {p.code for p in audit(note).problems} == {"L-A-16"}, "who kept that head learns it from the audit"
