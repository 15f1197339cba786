"""Whoever owns the tables, the files, or even the key changes something: the audit names it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from uuid_utils.compat import uuid7

from cunzhen.formats import signed_note, tlog
from cunzhen.keys import keystore, sealing
from cunzhen.ledger import queries
from cunzhen.ledger.audit import audit
from cunzhen.ledger.models import LedgerDetail, LedgerEntry, LedgerLeaf, LedgerSubject
from cunzhen.ledger.operations import sequence
from tests.ledger.conftest import ACTOR, AGENCY, BEGIN, Act

pytestmark = pytest.mark.django_db
SIZE = 600
Found = set[tuple[str, int | None]]


@pytest.fixture
def ids(act: Act) -> list[object]:
    """A published ledger of 600 entries: three bundles, two levels."""
    ids = act(SIZE)
    assert sequence() == SIZE
    return list(ids)


def found(kept: str | None = None) -> Found:
    report = audit(kept)
    assert report.ok == (not report.problems)
    for problem in report.problems:
        assert problem.message
        assert problem.english
        assert problem.message != problem.english
    return {(problem.code, problem.number) for problem in report.problems}


def run(statement: str, **values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def change_body(number: int) -> bytes:
    """An insider makes another act of it, in body and column alike."""
    leaf = LedgerLeaf.objects.get(number=number)
    body = bytes(leaf.entry.body).replace(b'"file_drafts"', b'"view_page"')
    LedgerEntry.objects.filter(id=leaf.entry_id).update(body=body, op="view_page")
    return body


def change_body_and_hash(number: int) -> None:
    body = change_body(number)
    LedgerLeaf.objects.filter(number=number).update(leaf_hash=hashlib.sha256(b"\0" + body).digest())


def take_out(number: int) -> None:
    leaf = LedgerLeaf.objects.get(number=number)
    LedgerSubject.objects.filter(entry_id=leaf.entry_id).delete()
    LedgerDetail.objects.filter(entry_id=leaf.entry_id).delete()
    leaf.delete()
    LedgerEntry.objects.filter(id=leaf.entry_id).delete()


def shift(first: int, step: int) -> None:
    run("UPDATE ledger_leaf SET number = number + 1000000 WHERE number >= %(first)s", first=first)
    run("UPDATE ledger_leaf SET number = number - 1000000 + %(step)s WHERE number >= 1000000", step=step)


def take_out_and_close(number: int) -> None:
    take_out(number)
    shift(number, -1)


def put_in(number: int) -> None:
    """A forged entry in its best clothes, everything behind it moved down by one."""
    shift(number, 1)
    forged = LedgerEntry.objects.create(at=BEGIN, op="verify", actor_id=ACTOR, agency_id=AGENCY, body=b'{"v":1}')
    LedgerLeaf.objects.create(number=number, entry=forged, leaf_hash=hashlib.sha256(b'\0{"v":1}').digest())


def swap(one: int, two: int) -> None:
    run(
        "UPDATE ledger_leaf SET number = 1000000 WHERE number = %(one)s;"
        "UPDATE ledger_leaf SET number = %(one)s WHERE number = %(two)s;"
        "UPDATE ledger_leaf SET number = %(two)s WHERE number = 1000000",
        one=one,
        two=two,
    )


def cut_end(size: int) -> None:
    LedgerLeaf.objects.filter(number__gte=size).delete()


def column(statement: str, number: int) -> None:
    run(f"UPDATE ledger_entry SET {statement} WHERE id = (SELECT entry_id FROM ledger_leaf WHERE number = {number})")


def test_untouched_ledger_is_in_order(ids: list[object]) -> None:
    report = audit(queries.head().signed_note_text)
    assert report.ok
    assert (report.size, report.root, report.problems) == (SIZE, queries.head().root_hex, ())


def test_empty_ledgers_are_in_order(home: Path) -> None:
    assert audit().ok
    sequence()
    assert audit(queries.head().signed_note_text).ok


def test_waiting_entries_are_in_order(ids: list[object], act: Act) -> None:
    act(5)
    assert found() == set()


@pytest.mark.parametrize(
    ("attack", "expected"),
    [
        (lambda: change_body(300), {("L-A-02", 300)}),
        (lambda: change_body(0), {("L-A-02", 0)}),
        (lambda: change_body(SIZE - 1), {("L-A-02", SIZE - 1)}),
        (lambda: change_body_and_hash(300), {("L-A-02", 300)}),
        (lambda: [change_body(number) for number in (1, 255, 256)], {("L-A-02", n) for n in (1, 255, 256)}),
        (lambda: take_out(300), {("L-A-03", 300)}),
        (lambda: swap(10, 500), {("L-A-05", 10), ("L-A-05", 500)}),
        (lambda: cut_end(590), {("L-A-06", 590), *{("L-A-14", None)}}),
        (lambda: [take_out(number) for number in range(590, SIZE)], {("L-A-06", 590)}),
        (lambda: column("op = 'view_page'", 7), {("L-A-07", 7)}),
        (lambda: column("actor_id = gen_random_uuid()", 7), {("L-A-07", 7)}),
        (lambda: column("agency_id = gen_random_uuid()", 7), {("L-A-07", 7)}),
        (lambda: column("at = at + interval '1 microsecond'", 7), {("L-A-07", 7)}),
        (lambda: LedgerLeaf.objects.filter(number=7).update(leaf_hash=bytes(32)), {("L-A-10", 7)}),
    ],
)
def test_altered_rows_are_named(ids: list[object], attack: Callable[[], object], expected: Found) -> None:
    attack()
    assert found() == expected


def test_row_taken_out_and_the_gap_closed(ids: list[object]) -> None:
    take_out_and_close(597)
    assert found() == {("L-A-03", 597), ("L-A-05", 597), ("L-A-05", 598), ("L-A-06", 599)}


def test_row_put_in(ids: list[object]) -> None:
    put_in(597)
    # The last one now stands where nothing was published.
    assert found() == {("L-A-04", 597), ("L-A-05", 598), ("L-A-05", 599), ("L-A-15", 600)}


def test_entry_that_was_never_recorded_here(ids: list[object]) -> None:
    forged = LedgerEntry.objects.create(at=BEGIN, op="verify", actor_id=ACTOR, agency_id=AGENCY, body=b'{"v":1}')
    report = audit()
    assert [(problem.code, problem.entry_id) for problem in report.problems] == [("L-A-14", forged.id)]
    LedgerLeaf.objects.create(number=SIZE, entry=forged, leaf_hash=hashlib.sha256(b'\0{"v":1}').digest())
    assert found() == {("L-A-15", SIZE)}


def test_history_cannot_be_hidden_or_padded(ids: list[object]) -> None:
    entries = [LedgerLeaf.objects.get(number=number).entry_id for number in (3, 4)]
    LedgerSubject.objects.filter(entry_id=entries[0]).delete()
    LedgerSubject.objects.create(entry_id=entries[1], subject_id=uuid7())
    assert found() == {("L-A-09", 3), ("L-A-09", 4)}


def test_details(ids: list[object]) -> None:
    """Erasing is lawful; changing is not, even with the right key."""
    entries = {number: LedgerLeaf.objects.get(number=number).entry_id for number in (1, 2, 3, 4)}
    LedgerDetail.objects.filter(entry_id=entries[1]).delete()
    assert found() == set()
    LedgerDetail.objects.filter(entry_id=entries[2]).update(sealed=sealing.seal("ledger.detail", b'{"note":"other"}'))
    LedgerDetail.objects.filter(entry_id=entries[3]).update(salt=bytes(32))
    LedgerDetail.objects.filter(entry_id=entries[4]).update(sealed=b"\x01" + bytes(40))
    assert found() == {("L-A-08", 2), ("L-A-08", 3), ("L-A-08", 4)}


def flip(file: Path, at: int = 5) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tile/0/000", ("L-A-11", 0)),
        ("tile/0/002.p/88", ("L-A-11", 512)),
        ("tile/1/000.p/2", ("L-A-11", None)),
        ("tile/entries/001", ("L-A-12", 256)),
        ("tile/entries/002.p/88", ("L-A-12", 512)),
    ],
)
def test_damaged_files_are_named(home: Path, ids: list[object], name: str, expected: tuple[str, int | None]) -> None:
    file = home / "ledger" / name
    flip(file)
    assert found() == {expected}
    file.write_bytes(file.read_bytes()[:-1])
    assert found() == {expected}
    file.unlink()
    assert found() == {expected}


def test_row_and_tile_altered_together(home: Path, ids: list[object]) -> None:
    """Then neither leads to the signed root; the rows that do not agree are still named."""
    flip(home / "ledger" / "tile" / "0" / "000")
    change_body(300)
    assert {("L-A-13", None), ("L-A-02", 300), ("L-A-02", 0)} <= found()


def test_checkpoint_altered_or_lost(home: Path, ids: list[object]) -> None:
    file = home / "ledger" / "checkpoint"
    flip(file, at=file.read_bytes().index(b"\n600\n") + 3)
    assert found() == {("L-A-01", None)}
    file.unlink()
    assert found() == {("L-A-01", None)}


def test_public_key_replaced(home: Path, ids: list[object]) -> None:
    flip(home / "ledger" / "vkey")
    assert found() == {("L-A-17", None)}


def rewrite(home: Path) -> None:
    """The insider with the ledger's key alters a row, throws the tiles away, and signs everything anew."""
    change_body_and_hash(300)
    shutil.rmtree(home / "ledger")
    sequence()


def test_rewriting_with_the_key_shows_against_a_kept_checkpoint(home: Path, ids: list[object], act: Act) -> None:
    kept = queries.head().signed_note_text
    rewrite(home)
    assert found() == set()
    assert found(kept) == {("L-A-16", None)}
    act(100)
    sequence()
    assert found(kept) == {("L-A-16", None)}


def test_kept_checkpoint_of_any_age_is_continued(home: Path, act: Act) -> None:
    kept = []
    for count in (1, 254, 1, 1, 300):
        act(count)
        sequence()
        kept.append(queries.head().signed_note_text)
    for checkpoint in kept:
        assert found(checkpoint) == set()


def test_ledger_put_back_in_time_shows_against_a_kept_checkpoint(home: Path, ids: list[object], act: Act) -> None:
    shutil.copytree(home / "ledger", home / "old")
    act(10)
    sequence()
    kept = queries.head().signed_note_text
    for number in range(SIZE, SIZE + 10):
        take_out(number)
    shutil.rmtree(home / "ledger")
    (home / "old").rename(home / "ledger")
    assert found() == set()
    assert found(kept) == {("L-A-16", None)}


def test_kept_checkpoint_of_another_key_proves_nothing(home: Path, ids: list[object], tmp_path: Path) -> None:
    other = keystore.create(tmp_path / "other")
    checkpoint = signed_note.Checkpoint("archive.example/ledger", 0, tlog.EMPTY_ROOT)
    assert found(signed_note.sign_checkpoint(checkpoint, other.ledger_key)) == {("L-A-16", None)}
    assert found("noise") == {("L-A-16", None)}


def test_many_problems_are_counted(ids: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cunzhen.ledger.audit.PROBLEMS_AT_MOST", 10)
    run("UPDATE ledger_entry SET op = 'view_page'")
    report = audit()
    assert (len(report.problems), report.more, report.ok) == (10, SIZE - 10, False)
