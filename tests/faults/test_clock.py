"""F9: the clock jumps ahead by ten years, back by a day, and stands still, between and during what is done."""

from __future__ import annotations

import itertools
import json
import random
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from cunzhen.accounts.clock import Steady
from cunzhen.accounts.operations import issue_token
from cunzhen.accounts.queries import actor_of_token
from cunzhen.api import jobs as api_jobs
from cunzhen.api.models import IdempotencyKey
from cunzhen.capture.operations import open_transfer, sweep_inboxes
from cunzhen.capture.operations.inboxes import alone_in
from cunzhen.capture.readers import ReadingPool
from cunzhen.cli.check import look
from cunzhen.formats.probes import identify
from cunzhen.holdings.models import Item
from cunzhen.holdings.operations import verify_catalogue
from cunzhen.ledger import operations as ledger_operations
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.queries import latest_verifications
from cunzhen.preservation.backup_queries import backup_status, drill_status
from cunzhen.preservation.condition import scrub_state
from cunzhen.preservation.models import BackupState, PackageCopy, ScrubRound
from cunzhen.preservation.operations import rounds, scrub_copies
from cunzhen.preservation.operations.drilling import record_drill
from tests.faults.clerks import SAMPLES, hand_in, make_pile
from tests.faults.counts import FULL
from tests.faults.recording import SOURCE, built
from tests.holdings.items import file_some
from tests.preservation.backed_up import Archive, new_archive
from tests.world import PASSWORD, World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults, pytest.mark.timeout(900)]

TEN_YEARS, A_DAY = timedelta(days=3653), timedelta(days=1)


# --- Whole commands under a clock that the test sets while they run.


class FalseClock:
    """What commands take for the time; PostgreSQL keeps the true one, as a second machine does."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._library = built(folder, SOURCE.with_name("clock.c"))
        self.set()

    @property
    def environment(self) -> dict[str, str]:
        """For commands."""
        return {"LD_PRELOAD": str(self._library), "FALSE_CLOCK": str(self._file)}

    def set(self, ahead: timedelta = timedelta(0), *, stands: bool = False) -> None:
        """From this moment on, in processes that run too."""
        still = int((datetime.now(UTC) + ahead).timestamp()) if stands else 0
        data = struct.pack("qq", int(ahead.total_seconds()), still)
        with self._file.open("r+b" if self._file.exists() else "wb") as out:
            out.write(data)


PHASES: dict[str, tuple[timedelta, bool]] = {
    "true": (timedelta(0), False),
    "ahead": (TEN_YEARS, False),
    "back": (-A_DAY, False),
    "standing": (timedelta(0), True),
}


@pytest.fixture(scope="module")
def clock() -> Iterator[FalseClock]:
    """Compiled once."""
    with tempfile.TemporaryDirectory(prefix="cunzhen-t-") as name:
        yield FalseClock(Path(name))


@pytest.fixture
def archive(clock: FalseClock, open_path: Path, no_database_named: None) -> Iterator[Archive]:
    """A home of its own whose commands believe the clock."""
    clock.set()
    with ExitStack() as stack:
        made = new_archive(open_path, stack)
        made.settings.update(clock.environment)
        yield made


@pytest.mark.server
def test_a_home_lives_through_every_jump(archive: Archive, clock: FalseClock) -> None:
    """Filing, numbering, scrubbing, verifying under each, then while it jumps."""
    filed = 0
    for name in [*PHASES, "true again"] if FULL else ["true", "ahead", "back"]:
        ahead, stands = PHASES.get(name, PHASES["true"])
        clock.set(ahead, stands=stands)
        filed += len(archive.file(name.replace(" ", "-"), 2))
        if FULL:
            assert archive.ask("scrub", "--all", "--rate", "0")["ok"]
            back_up = archive.back_up(archive.root / "backup")
            assert back_up["packages"] >= 2, back_up
    filed += _file_while_it_jumps(archive, clock)
    clock.set()
    verified = archive.ask("verify")
    assert verified["ledger"]["ok"] and verified["catalogue"]["findings"] == [], verified
    assert archive.ask("scrub", "--all", "--rate", "0")["ok"]
    assert len(archive.codes()) == filed == len(set(archive.codes()))
    _assert_order(archive)
    # The same papers, however the clock stood: kept as long as their own dates say.
    kept = archive.rows("SELECT DISTINCT kind, term, retention_end FROM holdings_item")
    assert len(kept) == len({kind for kind, _, _ in kept}), kept


def _file_while_it_jumps(archive: Archive, clock: FalseClock) -> int:
    pile, out = make_pile(archive.root / "jumping", 6, "跳"), archive.root / "receipt"
    with out.open("wb") as receipt:
        working = subprocess.Popen(
            _words(archive, "ingest", pile, "--auto", "--json"), env=_environment(archive), stdout=receipt
        )
        jumps = [TEN_YEARS, -A_DAY, timedelta(0)]
        until = time.monotonic() + 240
        while working.poll() is None:
            assert time.monotonic() < until
            clock.set(jumps[0])
            jumps = [*jumps[1:], jumps[0]]
            time.sleep(0.15)
    told: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    assert told["filed"] == 6, json.dumps(told)
    return 6


def _words(archive: Archive, *words: str | Path) -> list[str]:
    from tests.cli.conftest import command

    return command(archive.path, [str(word) for word in words])


def _environment(archive: Archive) -> dict[str, str]:
    from tests.cli.conftest import clean_environment

    return clean_environment() | archive.settings


def _assert_order(archive: Archive) -> None:
    """Numbers without a gap though the times go up and down."""
    rows = archive.rows(
        "SELECT l.number, (convert_from(e.body, 'UTF8')::json ->> 'at')::timestamptz FROM ledger_entry e"
        " JOIN ledger_leaf l ON l.entry_id = e.id ORDER BY l.number"
    )
    assert [number for number, _ in rows] == list(range(len(rows)))
    times = [at for _, at in rows]
    assert max(times) > datetime.now(UTC) + timedelta(days=3600) and times != sorted(times)


# --- Rights.


def _at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(timezone, "now", lambda: moment)


def _is_in(browser: Client) -> bool:
    return int(browser.get("/").status_code) == 200


@pytest.mark.parametrize("begun", [A_DAY, TEN_YEARS])
def test_a_session_ends_when_the_clock_goes_back_behind_it(
    world: World, monkeypatch: pytest.MonkeyPatch, begun: timedelta
) -> None:
    now = timezone.now()
    _at(monkeypatch, now + begun)
    browser = Client()
    browser.post("/sign-in/", {"username": "clerk", "password": PASSWORD})
    assert _is_in(browser)
    _at(monkeypatch, now + begun - timedelta(minutes=2))
    assert _is_in(browser), "clocks are set right by seconds all the time"
    _at(monkeypatch, now)
    assert not _is_in(browser)
    _at(monkeypatch, now + begun)
    assert not _is_in(browser), "what has ended has ended"


def test_a_session_ends_in_time_under_a_clock_that_went_ahead(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    browser = Client()
    browser.post("/sign-in/", {"username": "clerk", "password": PASSWORD})
    assert _is_in(browser)
    _at(monkeypatch, now + TEN_YEARS)
    assert not _is_in(browser)


def test_a_token_lets_nobody_in_longer_for_a_clock_that_went_back(world: World) -> None:
    now = timezone.now()
    actor = world.actor("archivist")
    secret = issue_token(actor, username="archivist", label="批次", days=1, now=now)
    early = issue_token(actor, username="archivist", label="批次", days=90, now=now + TEN_YEARS)
    assert actor_of_token(secret, now=now) and not actor_of_token(secret, now=now + TEN_YEARS)
    assert actor_of_token(early, now=now) is None, "issued under a clock that was ahead"
    seconds = [0.0]
    wall = [now]
    steady = Steady(lambda: wall[0], lambda: seconds[0])
    seconds[0], wall[0] = (
        86_401.0,
        now + timedelta(seconds=86_401) - A_DAY,
    )  # a day and a second later, set back by a day
    assert steady.has_jumped() and actor_of_token(secret, now=wall[0])
    assert actor_of_token(secret, now=steady.latest()) is None
    wall[0] = now - TEN_YEARS  # it was ten years ahead when the process began: nobody is shut out for ten years
    assert steady.latest() == wall[0]
    wall[0] = now + timedelta(seconds=86_401)
    assert not steady.has_jumped() and steady.latest() == wall[0]


# --- Janitors: under a clock ten years ahead everything looks left over.


def test_janitors_take_nothing_that_is_in_work(world: World, tmp_path: Path) -> None:
    ahead = timezone.now() + TEN_YEARS
    transfer = hand_in([make_pile(tmp_path / "pile", 2)])
    inbox = settings.HOME / "inbox" / str(transfer.id)
    files = sorted(inbox.rglob("*"))
    receiving = open_transfer(world.actor("clerk"), name="一批", auto=False, now=timezone.now())
    uploads = settings.HOME / "uploads" / str(receiving.id)
    uploads.mkdir(parents=True)
    (uploads / "part").write_bytes(b"half a file")
    with alone_in(settings.HOME / "inbox" / str(receiving.id)):
        assert sweep_inboxes(older_than=timedelta(minutes=5), now=ahead) == 0
    assert sorted(inbox.rglob("*")) == files and (uploads / "part").exists()


def test_kept_answers_outlive_a_jump(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    IdempotencyKey.objects.create(
        actor_id=UUID(int=1), key="k", request_blind="", status=200, body="{}", created_at=now - timedelta(days=1)
    )
    wall = [now]
    monkeypatch.setattr(api_jobs, "steady", Steady(lambda: wall[0], lambda: 0.0))
    wall[0] = now + TEN_YEARS
    _at(monkeypatch, wall[0])
    api_jobs.forget_keys()
    assert IdempotencyKey.objects.exists()
    monkeypatch.setattr(api_jobs, "steady", Steady(lambda: wall[0], lambda: 0.0))
    api_jobs.forget_keys()
    assert not IdempotencyKey.objects.exists()


def test_no_reading_is_stopped_by_a_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock finds it another ten years ahead."""
    jumps = itertools.count(1)
    paper = SAMPLES / "生育待遇" / "生育津贴申领表_成晓燕.jpg"
    monkeypatch.setattr(time, "time", lambda: next(jumps) * TEN_YEARS.total_seconds())
    with ReadingPool(1) as pool:
        [(_, found)] = list(pool.read_files([paper], identify([paper])))
    assert found.pages and not found.problems


# --- The scrub.


def test_the_scrub_neither_stalls_nor_spins_when_the_clock_comes_back(world: World, tmp_path: Path) -> None:
    """Copies written, checked and walked under a clock ten years ahead are looked at again, once."""
    now, actor = timezone.now() + timedelta(days=2), world.actor("service")
    file_some(world, tmp_path, 2)
    ahead = now + TEN_YEARS
    assert scrub_copies(actor, everything=True, clock=lambda: ahead, megabytes_per_second=0).ok
    never = file_some(world, tmp_path, 2)
    PackageCopy.objects.filter(package_id__in=[one.id for one in never]).update(checked_at=None, written_at=ahead)
    total = PackageCopy.objects.count()
    assert rounds.is_any_due(now)
    assert scrub_state(now).last is None, "that round is no word on the present"
    for minute, (everything, copies) in enumerate(((False, total), (False, 0), (True, total), (False, 0))):
        moment = now + timedelta(minutes=minute)
        report = scrub_copies(
            actor, everything=everything, clock=partial(lambda at: at, moment), megabytes_per_second=0
        )
        assert report.ok and report.copies == copies, minute
    last = scrub_state(now).last
    assert last is not None and last.finished_at == now + timedelta(minutes=2)
    assert ScrubRound.objects.filter(finished_at=now, strays_seen=True).exists(), "stores were walked again"
    assert not rounds.is_any_due(now + timedelta(hours=2))
    assert set(PackageCopy.objects.values_list("checked_at", flat=True)) == {now + timedelta(minutes=2)}


def test_a_round_that_the_clock_left_behind_is_ended(world: World, tmp_path: Path) -> None:
    now, actor = timezone.now() + timedelta(days=2), world.actor("service")
    file_some(world, tmp_path, 2)
    rounds.open_round(everything=False, by_hand=True, asked_by=None, now=now + TEN_YEARS)
    first = scrub_copies(actor, everything=False, clock=lambda: now, megabytes_per_second=0)
    second = scrub_copies(actor, everything=False, clock=lambda: now, megabytes_per_second=0)
    assert first.copies == second.copies == PackageCopy.objects.count()
    assert set(PackageCopy.objects.values_list("checked_at", flat=True)) == {now}
    assert not ScrubRound.objects.filter(finished_at=None).exists()


# --- Backups and drills.


def test_a_base_and_a_drill_of_ten_years_ahead_are_no_word_on_now(world: World) -> None:
    now = timezone.now()
    BackupState.objects.create(folder="/backup", card="c", base="b", base_at=now + TEN_YEARS)
    assert backup_status(now).is_late
    BackupState.objects.update(base_at=now - timedelta(hours=1))
    assert not backup_status(now).is_late
    late = drill_status(now).is_late
    record_drill(
        world.actor("system_officer"),
        kind="restore",
        held_on=(now + TEN_YEARS).date(),
        person="王样本",
        result="passed",
        minutes=5,
        now=now + TEN_YEARS,
    )
    status = drill_status(now)
    assert status.last is None and status.is_late == late


# --- The ledger.


def test_the_latest_verification_is_the_one_numbered_last(world: World, tmp_path: Path) -> None:
    now, actor = timezone.now(), world.actor("service")
    [item] = file_some(world, tmp_path, 1)
    Item.objects.filter(id=item.id).update(title="改过")
    with _ids_of(now + TEN_YEARS):
        assert not verify_catalogue(actor, sample=None, now=now + TEN_YEARS).ok
    sequence()
    assert not _clock_is_right()
    Item.objects.filter(id=item.id).update(title=item.title)
    assert verify_catalogue(actor, sample=None, now=now).ok
    for _ in range(2):  # numbered or still waiting for a number
        latest = next(latest_verifications())
        assert latest[0] == now and latest[1]["findings"] == 0
        sequence()
    assert _clock_is_right()


def _clock_is_right() -> bool:
    [line] = [one for one in look(Path(settings.HOME)) if one.name == "clock"]
    return line.ok


@contextmanager
def _ids_of(moment: datetime) -> Iterator[None]:
    """Ids of entries follow the clock."""
    first = int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62
    with patch.object(ledger_operations, "uuid7", lambda: UUID(int=first | random.getrandbits(62))):
        yield
