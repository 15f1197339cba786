"""F12, F13, F1: an object store that fails, lies, loses and alters; processes killed while they write to one.

Nothing is acknowledged whose bytes are not there, and nothing wrong is ever given out.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from pytest_django import Settings
from uuid_utils.compat import uuid7

from cunzhen.errors import Conflict, Unavailable
from cunzhen.formats.store_address import S3Address
from cunzhen.preservation import bucket_values, queries, s3_store
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.preservation.operations import keep_packages, sweep_uncommitted, verify_packages
from cunzhen.preservation.rules import NewPackage, object_id
from cunzhen.preservation.store import configured_stores
from tests.faults import bucket_keeper
from tests.faults.counts import SEED, some, times
from tests.faults.proxy import BadService, Fault, Plan, before
from tests.preservation.conftest import NOW, new_package
from tests.preservation.judge import assert_valid_root
from tests.swift_service import Swift

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

REFUSALS = {"P-42", "P-43", "P-44"}
ALL = timedelta(seconds=-2)  # S3 tells the time in whole seconds, rounded up
POINTS = ["s3-journal", "s3-step-0", "s3-step-1", "s3-step-2", "s3-step-3", "s3-durable", "s3-committed"]


class Bucket:
    """A bucket behind the bad service, and the same without it."""

    def __init__(self, swift: Swift, bad: BadService, address: S3Address, settings: Settings, folder: Path) -> None:
        self.bad, self.swift, self.address = bad, swift, address
        self._settings, self._folder = settings, folder

    def use(self, *, bad: bool) -> None:
        """Stores: ``a`` on this machine, ``s`` in the bucket."""
        place = replace(self.address, endpoint=self.bad.endpoint) if bad else self.address
        self._settings.STORES = {"a": self._folder / "a", "s": place}

    def assert_whole(self, packages: Sequence[UUID]) -> None:
        """Everything of these is in the bucket byte for byte, as boto3 finds it, and nothing else is."""
        self.use(bad=False)
        sweep_uncommitted(ALL)
        assert self.swift.keys(self.address.bucket, "p/staging/") == []
        report = verify_packages()
        assert report.ok, report
        assert set(Package.objects.values_list("id", flat=True)) == set(packages)
        root = self.swift.download(self.address.bucket, "p/ocfl", self._folder / f"down-{uuid7().hex}")
        assert_valid_root(root, len(packages))


@pytest.fixture
def bucket(swift: Swift, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty bucket; a request may take a second, an act five, pauses are short."""
    name = f"f{uuid7().hex}"
    swift.bucket(name)
    settings.S3_TIMEOUT_SECONDS, settings.S3_DEADLINE_SECONDS = 1.5, 12.0
    monkeypatch.setattr(bucket_values, "_FIRST_PAUSE", 0.02)
    monkeypatch.setattr(s3_store, "_AWAY_SECONDS", 0.0)
    with before(swift.endpoint) as bad:
        one = Bucket(swift, bad, swift.address(name, "p"), settings, tmp_path)
        one.use(bad=False)
        keep_packages([new_package()], now=NOW)  # the store is made
        one.use(bad=True)
        yield one


def _kept(packages: list[NewPackage]) -> str:
    """Acknowledged, or the code of the refusal; bounded in time either way."""
    started = time.monotonic()
    try:
        keep_packages(packages, now=NOW)
        said = "acknowledged"
    except (Unavailable, Conflict) as refusal:
        said = refusal.code
        assert refusal.message and refusal.english
    assert time.monotonic() - started < 60
    return said


@pytest.mark.parametrize("fault", some(list(Fault), least=3))
def test_one_fault_now_and_then(bucket: Bucket, fault: Fault) -> None:
    """A fifth of the requests meets it: what is acknowledged is whole, what is not can be sent again."""
    promised = set(Package.objects.values_list("id", flat=True))
    said: Counter[str] = Counter()
    met = 0
    for number in range(times(10)):
        bucket.bad.plan = Plan(SEED + number, (fault,), share=0.2)
        packages = [new_package(scan=f"{fault}{number}".encode() * 100) for _ in range(2)]
        outcome = _kept(packages)
        said[outcome] += 1
        met += bucket.bad.plan.met[fault]
        if outcome == "acknowledged":
            promised |= {p.id for p in packages}
    bucket.bad.plan = Plan(0)
    assert said.keys() <= REFUSALS | {"acknowledged"}
    assert said["acknowledged"] > 0
    bucket.assert_whole(sorted(promised))
    print(f"{fault}: {met} faults, {dict(said)}")


@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.STORED_SHORT, Fault.STORED_WRONG])
def test_a_service_that_always_lies_is_found_before_the_acknowledgement(bucket: Bucket, fault: Fault) -> None:
    promised = set(Package.objects.values_list("id", flat=True))
    package = new_package(scan=b"scan" * 1000)
    for path in some(("originals", "manifest-sm3", "/v1/inventory.json", "staging"), least=2):
        bucket.bad.plan = Plan(SEED, (fault,), share=1.0, path=path)
        assert _kept([package]) == "P-43"
        assert bucket.bad.plan.met[fault] > 0
        assert set(Package.objects.values_list("id", flat=True)) == promised
    bucket.bad.plan = Plan(0)
    assert _kept([package]) == "acknowledged"  # the same again, when the service is mended
    bucket.assert_whole([*promised, package.id])


def test_ignored_conditions_and_wrong_etags_do_no_harm(bucket: Bucket) -> None:
    promised = list(Package.objects.values_list("id", flat=True))
    for fault in (Fault.NO_CONDITION, Fault.WRONG_ETAG):
        bucket.bad.plan = Plan(SEED, (fault,), share=1.0)
        package = new_package()
        assert _kept([package]) == "acknowledged"
        promised.append(package.id)
    bucket.assert_whole(promised)


def test_a_dead_service_is_said_to_be_dead_in_bounded_time_and_the_disk_goes_on(bucket: Bucket) -> None:
    for fault, code in ((Fault.ERROR_503, "P-42"), (Fault.RESET_BEFORE, "P-42"), (Fault.ERROR_403, "P-44")):
        bucket.bad.plan = Plan(SEED, (fault,), share=1.0)
        started = time.monotonic()
        assert _kept([new_package()]) == code
        assert time.monotonic() - started < 20
    alone = NewPackage(uuid7(), new_package().files, "m", "n", NOW, stores=("a",))
    assert _kept([alone]) == "acknowledged"
    assert queries.read_content(alone.id, "mets.xml") == b"<mets/>"


@pytest.mark.parametrize("fault", [Fault.READ_WRONG, Fault.READ_SHORT, Fault.READ_SHORTENED, Fault.SLOW])
def test_wrong_bytes_are_never_given_out(bucket: Bucket, fault: Fault, tmp_path: Path, settings: Settings) -> None:
    package = new_package(scan=b"scan" * 5000)
    assert _kept([package]) == "acknowledged"
    PackageCopy.objects.filter(package_id=package.id, store="a").delete()  # only the bucket has it
    read: Counter[str] = Counter()
    for number in range(times(60) if fault is not Fault.SLOW else 2):
        bucket.bad.plan = Plan(SEED + number, (fault,), share=0.5)
        queries._inventory.cache_clear()
        try:
            assert queries.read_content(package.id, "originals/0001.tif") == b"scan" * 5000
            read["right"] += 1
        except Unavailable as refusal:
            assert refusal.code == "P-14"
            read["refused"] += 1
    print(f"{fault}: {dict(read)}")
    bucket.bad.plan = Plan(SEED, (fault,), share=1.0)
    queries._inventory.cache_clear()
    with pytest.raises(Unavailable, match="P-14"):
        queries.read_content(package.id, "originals/0001.tif")


def test_everything_at_once(bucket: Bucket) -> None:
    promised = set(Package.objects.values_list("id", flat=True))
    said: Counter[str] = Counter()
    faults = tuple(f for f in Fault if f is not Fault.SLOW)
    for number in range(times(60)):
        bucket.bad.plan = Plan(SEED + number, faults, share=0.15)
        packages = [new_package(scan=f"{number}".encode() * 300)]
        outcome = _kept(packages)
        said[outcome] += 1
        if outcome == "acknowledged":
            promised |= {p.id for p in packages}
        else:
            # What a stale listing hid and a fault altered is other bytes under our keys: refused, not overwritten.
            assert outcome in REFUSALS | {"P-02", "P-13", "P-12"}
    bucket.bad.plan = Plan(0)
    bucket.assert_whole(sorted(promised))
    print(dict(said))


def test_others_are_not_slowed_by_a_slow_service(bucket: Bucket) -> None:
    """F12: reading from the disk while filing waits for a service whose answers come too late."""
    bucket.use(bad=False)
    package = new_package()
    keep_packages([package], now=NOW)
    bucket.use(bad=True)

    def read() -> list[float]:
        spent = []
        for _ in range(400):
            started = time.perf_counter()
            queries.read_content(package.id, "originals/0001.tif")
            spent.append(time.perf_counter() - started)
            time.sleep(0.002)
        return sorted(spent)

    read()
    quiet = read()
    bucket.bad.plan = Plan(SEED, (Fault.SLOW,), share=1.0)
    filing = threading.Thread(target=_file_and_close)
    filing.start()
    busy = read()
    filing.join()
    p99 = int(len(quiet) * 0.99)
    print(f"p99 quiet {quiet[p99] * 1000:.2f} ms, busy {busy[p99] * 1000:.2f} ms")
    assert busy[p99] < max(2 * quiet[p99], 0.02)


def _file_and_close() -> None:
    assert _kept([new_package()]) == "P-42"
    connection.close()


class Keeper:
    """A process that keeps packages in the bucket."""

    def __init__(self, bucket: Bucket, settings: Settings, batches: int, **more: str) -> None:
        words = [sys.executable, "-P", bucket_keeper.__file__, str(batches)]
        environment = bucket_keeper.environment(settings.STORES, **more)
        self._process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._lines = self._process.stdout
        assert self._lines.readline() == "ready\n"

    def acknowledged(self, kill_after: float | None = None) -> tuple[set[UUID], set[UUID]]:
        """What it began and what it acknowledged until it was killed."""
        if kill_after is not None:
            time.sleep(kill_after)
            self._process.kill()
        begun: set[UUID] = set()
        told: set[UUID] = set()
        for line in self._lines:
            word, *ids = line.split()
            (begun if word == "begins" else told).update(map(UUID, ids))
        self._process.wait(60)
        self._lines.close()
        return begun, told


@pytest.mark.parametrize("point", some(POINTS, least=2))
def test_killed_at_every_step(bucket: Bucket, settings: Settings, point: str) -> None:
    bucket.use(bad=False)
    promised = set(Package.objects.values_list("id", flat=True))
    keeper = Keeper(bucket, settings, 2, CUNZHEN_FAILPOINT=f"{point}@2")
    begun, told = keeper.acknowledged()
    assert len(begun) == 2 * bucket_keeper.PER_BATCH
    kept = set(Package.objects.values_list("id", flat=True)) - promised
    assert told <= kept <= begun
    assert len(kept) == (4 if point == "s3-committed" else 2)  # whole batches only
    bucket.assert_whole(sorted(promised | kept))


def test_killed_at_random_times(bucket: Bucket, settings: Settings) -> None:
    """F1 on a bucket: 0 acknowledged lost, 0 half visible, staging empty after the janitor."""
    bucket.use(bad=False)
    promised = set(Package.objects.values_list("id", flat=True))
    draw = random.Random(SEED)
    for _ in range(times(20)):
        begun, told = Keeper(bucket, settings, 50).acknowledged(kill_after=draw.uniform(0.1, 3.0))
        kept = set(Package.objects.values_list("id", flat=True)) - promised
        assert told <= kept <= begun
        promised |= kept
    bucket.assert_whole(sorted(promised))


def test_the_janitor_trusts_no_journal_that_was_altered(bucket: Bucket) -> None:
    bucket.use(bad=False)
    client: Any = bucket.swift.client()
    package = new_package()
    keep_packages([package], now=NOW)
    forged = f'{{"entries": [["{object_id(package.id)}", "v1"]]}}'.encode()
    client.put_object(Bucket=bucket.address.bucket, Key="p/staging/x-0000.json", Body=forged)
    store = next(s for s in configured_stores() if s.name == "s")
    assert store.leftovers(NOW + timedelta(days=900)) == []
    assert sweep_uncommitted(ALL).set_aside == ()
    assert bucket.swift.keys(bucket.address.bucket, "p/staging") == []
    (key,) = bucket.swift.keys(bucket.address.bucket, "p/quarantine")
    assert client.get_object(Bucket=bucket.address.bucket, Key=key)["Body"].read() == forged
    assert verify_packages().ok
