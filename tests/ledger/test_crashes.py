"""Killed at every step, killed at random, and two at once: nothing acknowledged is lost and no number is missing."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from pytest_django import Settings

from cunzhen.database.roles import apply_grants
from cunzhen.formats import tlog
from cunzhen.ledger import queries
from cunzhen.ledger.audit import audit
from cunzhen.ledger.export import export
from cunzhen.ledger.models import LedgerEntry, LedgerLeaf, LedgerPending
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.tiles import TileFolder, current
from tests.ledger.conftest import Act, Fork, end_of

pytestmark = pytest.mark.django_db(transaction=True)

POINTS = [
    *(f"ledger-sequence-{step}" for step in range(1, 6)),
    *(f"ledger-tile-{step}@{passing}" for step in ("written", "synced", "named") for passing in (1, 4, 7)),
    "ledger-drop-partials",
    "ledger-drop-partials@2",
]


def assert_published_is_whole() -> int:
    """Whatever is published can be read to the last tile and leads to its root; returns its size."""
    published = current().checkpoint()
    assert published is not None
    for tile in tlog.tiles_of(published.size):
        current().read(tile)
    assert tlog.root_from_tiles(published.size, current().read) == published.root
    return published.size


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point(home: Path, act: Act, fork: Fork, point: str) -> None:
    act(200)
    sequence()
    kept = queries.head().signed_note_text
    act(400)
    assert end_of(fork(sequence, CUNZHEN_FAILPOINT=point)) == -signal.SIGKILL
    assert assert_published_is_whole() in {200, 600}
    numbered = LedgerLeaf.objects.count()
    assert numbered in {200, 600}
    assert numbered + LedgerPending.objects.count() == 600
    assert sequence() == 600 - numbered
    assert queries.head().size == 600
    assert not list((home / "ledger").rglob("*.new"))
    report = audit(kept)
    assert report.ok, report.problems


def test_unknown_point_lets_it_live(act: Act, fork: Fork) -> None:
    act(10)
    assert end_of(fork(sequence, CUNZHEN_FAILPOINT="ledger-no-such-point")) == 0
    assert queries.head().size == 10


def test_killed_at_random_times(home: Path, act: Act, fork: Fork, tmp_path: Path) -> None:
    seed = int(os.environ.get("CUNZHEN_TEST_SEED", "20260302"))
    chance = random.Random(seed)
    said = tmp_path / "acknowledged"
    said.touch()

    def work() -> None:
        with said.open("a", encoding="ascii") as out:
            while True:
                ids = act(chance.randint(1, 90))
                out.write("".join(f"{entry_id}\n" for entry_id in ids))
                out.flush()
                sequence(limit=chance.randint(1, 300))

    for _ in range(int(os.environ.get("CUNZHEN_TEST_KILLS", "8"))):
        child = fork(work)
        time.sleep(chance.uniform(0.03, 0.25))
        os.kill(child, signal.SIGKILL)
        assert end_of(child) == -signal.SIGKILL
        if (home / "ledger" / "checkpoint").exists():
            assert_published_is_whole()
    wait_for_lock()
    while LedgerPending.objects.exists():
        assert sequence() > 0
    sequence()
    acknowledged = {UUID(line) for line in said.read_text(encoding="ascii").split()}
    assert acknowledged
    assert acknowledged <= set(LedgerLeaf.objects.values_list("entry_id", flat=True)), f"seed {seed}"
    assert LedgerEntry.objects.count() == LedgerLeaf.objects.count() == queries.head().size
    report = audit()
    assert report.ok, (seed, report.problems)


def wait_for_lock() -> None:
    """The server needs a moment to notice that a killed process is gone."""
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.05)
    pytest.fail("a lock was left behind")


def test_two_at_once_give_every_number_once(act: Act, fork: Fork, tmp_path: Path) -> None:
    batches, size = 20, 50

    def write() -> None:
        for _ in range(batches):
            act(size)

    def number(name: str) -> None:
        total, until = 0, time.monotonic() + 20
        while LedgerLeaf.objects.count() < 2 * batches * size and time.monotonic() < until:
            total += sequence(limit=30)
        (tmp_path / name).write_text(str(total), encoding="ascii")

    children = [fork(write), fork(write), fork(lambda: number("one")), fork(lambda: number("two"))]
    assert [end_of(child) for child in children] == [0, 0, 0, 0]
    shares = [int((tmp_path / name).read_text(encoding="ascii")) for name in ("one", "two")]
    assert sum(shares) == 2 * batches * size
    numbers = list(LedgerLeaf.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(2 * batches * size))
    sequence()
    report = audit()
    assert report.ok, report.problems
    assert report.size == 2 * batches * size


def test_audit_and_export_beside_the_sequencer(act: Act, fork: Fork, tmp_path: Path) -> None:
    """Work in progress is no finding, and whatever is exported meanwhile is whole."""

    def work() -> None:
        for _ in range(25):
            act(70)
            sequence(limit=50)

    sequence()
    child, rounds = fork(work), 0
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        report = audit(queries.head().signed_note_text)
        assert report.ok, report.problems
        size = export(tmp_path / str(rounds))
        for tile in tlog.tiles_of(size):
            assert (tmp_path / str(rounds) / tile.path).is_file()
        rounds += 1
    assert rounds > 1


def test_checkpoint_of_another_publisher_is_not_put_back(act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock goes with its connection: whoever lost it must not overwrite a later checkpoint."""
    act(30)
    sequence(limit=10)
    once = [True]

    def meanwhile(folder: TileFolder) -> None:
        if once.pop() if once else False:
            sequence()

    monkeypatch.setattr(TileFolder, "sync", meanwhile)
    assert sequence(limit=10) == 10
    assert queries.head().size == 30
    assert audit().ok


def test_second_sequencer_returns_at_once(act: Act) -> None:
    act(3)
    known = connection.settings_dict
    with psycopg.connect(
        dbname=known["NAME"],
        user=known["USER"],
        password=known["PASSWORD"],
        host=known["HOST"],
        port=known["PORT"] or None,
    ) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [0x63756E7A68656E01])
        assert sequence() == 0
        assert LedgerLeaf.objects.count() == 0
        other.execute("SELECT pg_advisory_unlock(%s)", [0x63756E7A68656E01])  # closing frees it a moment later only
    assert sequence() == 3


def test_works_with_the_rights_of_the_web_role(act: Act, fork: Fork, settings: Settings) -> None:
    """The app's role records, numbers and audits, and cannot change what was recorded."""
    assert {"ledger_entry", "ledger_leaf", "ledger_subject"} <= set(settings.APPEND_ONLY_TABLES)
    if "CUNZHEN_TEST_APP_URL" not in os.environ:
        pytest.skip("an outside server has no role for the app here")
    app = urlsplit(os.environ["CUNZHEN_TEST_APP_URL"])
    with connection.cursor() as cursor:
        apply_grants(cursor.connection, settings.APPEND_ONLY_TABLES)

    def as_app(statement: str) -> None:
        connection.settings_dict.update(USER=unquote(app.username or ""), PASSWORD=unquote(app.password or ""))
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == (app.username,)
            if statement:
                cursor.execute(statement)
                return
        act(300)
        assert sequence() == 300
        assert audit().ok

    assert end_of(fork(lambda: as_app(""))) == 0
    assert queries.head().size == 300
    for attack in (
        "UPDATE ledger_entry SET op = 'view_page'",
        "DELETE FROM ledger_leaf",
        "TRUNCATE ledger_subject",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
        "DROP TABLE ledger_leaf",
    ):
        assert end_of(fork(lambda attack=attack: as_app(attack))) == 1, attack
    assert audit().ok
