"""Recording and sequencing against a real database and a real folder."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection, transaction
from pytest_django import Settings
from uuid_utils.compat import uuid7

from cunzhen.errors import Invalid, Unavailable
from cunzhen.formats import signed_note, tlog
from cunzhen.keys import keystore
from cunzhen.ledger import queries
from cunzhen.ledger.audit import audit
from cunzhen.ledger.models import LedgerDetail, LedgerEntry, LedgerLeaf, LedgerPending, LedgerSubject
from cunzhen.ledger.operations import NewEntry, Subject, record, sequence
from cunzhen.ledger.tiles import current
from tests.ledger.conftest import ACTOR, AGENCY, BEGIN, Act

pytestmark = pytest.mark.django_db


def published_files(home: Path) -> set[str]:
    return {str(file.relative_to(home / "ledger")) for file in (home / "ledger").rglob("*") if file.is_file()}


def test_record_writes_rows_that_wait(act: Act) -> None:
    ids = act(3)
    assert list(LedgerPending.objects.order_by("entry_id").values_list("entry_id", flat=True)) == ids
    assert LedgerLeaf.objects.count() == 0
    entry = LedgerEntry.objects.get(id=ids[0])
    assert (entry.op, entry.actor_id, entry.agency_id) == ("file_drafts", ACTOR, AGENCY)
    assert LedgerSubject.objects.filter(entry_id=ids[0]).count() == 1


def test_detail_is_not_readable_in_the_tables(home: Path) -> None:
    plain = "样本明细-不得明文"
    (entry_id,) = record([NewEntry("verify", ACTOR, AGENCY, (), {"note": plain})], at=BEGIN)
    entry, detail = LedgerEntry.objects.get(id=entry_id), LedgerDetail.objects.get(entry_id=entry_id)
    assert plain.encode() not in bytes(entry.body) + bytes(detail.sealed) + bytes(detail.salt)


def test_recording_nothing_and_repeating_a_subject(home: Path) -> None:
    assert record([], at=BEGIN) == []
    subject = Subject(uuid7())
    (entry_id,) = record([NewEntry("verify", ACTOR, AGENCY, (subject, subject), {})], at=BEGIN)
    assert LedgerSubject.objects.filter(entry_id=entry_id).count() == 1


def test_one_bad_entry_writes_nothing(home: Path) -> None:
    good = NewEntry("verify", ACTOR, AGENCY, (), {})
    with pytest.raises(Invalid, match="L-10"):
        record([good, NewEntry("Verify", ACTOR, AGENCY, (), {})], at=BEGIN)
    with pytest.raises(Invalid, match="L-10"):
        record([good], at=datetime(2026, 1, 1))
    assert not LedgerEntry.objects.exists()
    assert not LedgerPending.objects.exists()


def test_recorded_entries_vanish_with_the_callers_transaction(act: Act) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        act(2)
        raise ZeroDivisionError
    assert not LedgerEntry.objects.exists()
    assert sequence() == 0


def test_first_sequence_publishes_an_empty_ledger(home: Path) -> None:
    assert sequence() == 0
    head = queries.head()
    assert (head.size, head.root_hex) == (0, tlog.EMPTY_ROOT.hex())
    assert published_files(home) == {"checkpoint", "vkey"}
    verifier = signed_note.parse_vkey((home / "ledger" / "vkey").read_text(encoding="utf-8"))
    assert signed_note.open_checkpoint(head.signed_note_text, [verifier], "archive.example/ledger").size == 0


@pytest.mark.parametrize("steps", [(1,), (255, 1), (256, 1), (100, 300, 200, 1), (513, 0, 512)])
def test_sequence_publishes_the_tiles_of_its_size(home: Path, act: Act, steps: tuple[int, ...]) -> None:
    for step in steps:
        act(step)
        assert sequence() == step
        assert sequence() == 0
    size = sum(steps)
    assert LedgerPending.objects.count() == 0
    assert list(LedgerLeaf.objects.order_by("number").values_list("number", flat=True)) == list(range(size))
    hashes = [tlog.leaf_hash(bytes(leaf.entry.body)) for leaf in LedgerLeaf.objects.order_by("number")]
    assert queries.head().root_hex == tlog.tree_hash(hashes).hex()
    needed = {tile.path for tile in tlog.tiles_of(size)} | {"checkpoint", "vkey"}
    present = published_files(home)
    assert needed <= present
    # What else lies there are partial tiles of earlier checkpoints whose full tile is not there yet.
    for extra in present - needed:
        tile = tlog.parse_path(extra)
        assert tile.width < tlog.tile_at(tile.level, tile.index, size).width < 256
    assert audit().ok


def test_limit_takes_the_oldest_first(act: Act) -> None:
    ids = act(10)
    assert sequence(limit=4) == 4
    assert list(LedgerLeaf.objects.order_by("number").values_list("entry_id", flat=True)) == ids[:4]
    assert [sequence(limit=4), sequence(limit=4), sequence(limit=4)] == [4, 2, 0]
    assert audit().ok


def test_refuses_below_the_published_size(act: Act) -> None:
    act(5)
    sequence()
    before = queries.head()
    LedgerLeaf.objects.filter(number__gte=3).delete()
    act(5)
    with pytest.raises(Unavailable, match="L-12"):
        sequence()
    assert queries.head() == before
    assert LedgerLeaf.objects.count() == 3


def test_refuses_beside_the_published_leaves(act: Act) -> None:
    act(300)
    sequence()
    before = queries.head()
    LedgerLeaf.objects.filter(number=299).update(leaf_hash=bytes(32))
    act(5)
    with pytest.raises(Unavailable, match="L-13"):
        sequence()
    assert queries.head() == before


def test_refuses_tiles_that_do_not_lead_to_the_checkpoint(home: Path, act: Act) -> None:
    act(300)
    sequence()
    tile = home / "ledger" / "tile" / "1" / "000.p" / "1"
    tile.write_bytes(bytes(32))
    act(5)
    with pytest.raises(Unavailable, match="L-13"):
        sequence()
    tile.unlink()
    with pytest.raises(Unavailable, match="L-18"):
        sequence()


def test_refuses_a_checkpoint_that_another_key_signed(home: Path, act: Act, settings: Settings) -> None:
    act(3)
    sequence()
    (home / "keys" / keystore.FILE_NAME).unlink()
    keystore.load.cache_clear()
    keystore.create(home / "keys")
    with pytest.raises(Unavailable, match="L-13"):
        sequence()


def test_refuses_a_row_altered_between_numbering_and_publishing(act: Act) -> None:
    ids = act(3)
    sequence(limit=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS (DELETE FROM ledger_pending WHERE entry_id = %(id)s) "
            "INSERT INTO ledger_leaf (number, entry_id, leaf_hash) VALUES (1, %(id)s, %(hash)s)",
            {"id": ids[1], "hash": bytes(32)},
        )
    with pytest.raises(Unavailable, match="L-13"):
        sequence()
    assert queries.head().size == 1


def test_full_disk_loses_nothing(home: Path, act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    act(5)
    sequence()
    act(300)

    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_space)
        with pytest.raises(Unavailable, match="L-14"):
            sequence()
    assert queries.head().size == 5
    assert LedgerLeaf.objects.count() == 305
    assert not list((home / "ledger").rglob("*.new"))
    assert sequence() == 0
    assert queries.head().size == 305
    assert audit().ok


def test_never_overwrites_a_tile(home: Path, act: Act) -> None:
    act(3)
    sequence()
    act(1)
    wrong = home / "ledger" / "tile" / "0" / "000.p" / "4"
    wrong.write_bytes(bytes(128))
    with pytest.raises(Unavailable, match="L-15"):
        sequence()
    assert wrong.read_bytes() == bytes(128)
    wrong.unlink()
    sequence()
    assert audit().ok


def test_partial_tiles_go_once_the_full_one_is_published(home: Path, act: Act) -> None:
    act(200)
    sequence()
    act(55)
    sequence()
    assert {"tile/0/000.p/200", "tile/0/000.p/255", "tile/entries/000.p/255"} <= published_files(home)
    early = current().read(tlog.Tile(0, 0, 200)), current().read(tlog.Tile(tlog.ENTRIES, 0, 200))
    act(1)
    sequence()
    assert published_files(home) == {"checkpoint", "vkey", "tile/0/000", "tile/entries/000", "tile/1/000.p/1"}
    assert (current().read(tlog.Tile(0, 0, 200)), current().read(tlog.Tile(tlog.ENTRIES, 0, 200))) == early


def test_lost_folder_is_published_again_as_it_was(home: Path, act: Act) -> None:
    act(300)
    sequence()
    before = queries.head()
    for file in sorted((home / "ledger").rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    assert sequence() == 0
    assert queries.head() == before
    assert audit(before.signed_note_text).ok


def test_clock_does_not_order(home: Path) -> None:
    """A clock that jumps back or stands still changes nothing: numbers follow the order of recording."""
    moments = [datetime(2036, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)]
    ids = [record([NewEntry("verify", ACTOR, AGENCY, (), {})], at=at)[0] for at in moments]
    sequence()
    assert [entry.id for entry in queries.entries_after(-1, 10)] == ids
    assert audit().ok
