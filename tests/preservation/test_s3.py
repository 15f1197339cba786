"""Packages in a bucket of a real S3 service: kept whole or not at all, valid OCFL to others, put right after a kill."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings
from uuid_utils.compat import uuid7

from cunzhen.errors import Conflict, Unavailable
from cunzhen.formats.ocfl import object_path
from cunzhen.formats.ocfl_root import own_files
from cunzhen.preservation import queries, s3_store
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.preservation.operations import keep_packages, revise_packages, sweep_uncommitted, verify_packages
from cunzhen.preservation.rules import NewPackage, Revision, SourceFile, object_id
from cunzhen.preservation.store import Store, configured_stores
from tests.preservation.conftest import NOW, content, new_package
from tests.preservation.judge import assert_valid_root
from tests.swift_service import OTHER_ACCESS, OTHER_SECRET, SECRET, Swift

pytestmark = pytest.mark.django_db(transaction=True)
ALL = timedelta(seconds=-2)  # S3 tells the time in whole seconds, rounded up


class Remote:
    """A bucket of its own with a local store beside it, looked at and tampered with by boto3."""

    def __init__(self, swift: Swift, folder: Path, bucket: str) -> None:
        self.swift, self.folder, self.bucket = swift, folder, bucket
        self.client: Any = swift.client()

    def key(self, package: NewPackage, path: str = "") -> str:
        """Of a file of a package."""
        return f"pre/ocfl/{object_path(object_id(package.id))}" + (f"/{path}" if path else "")

    def names(self, below: str = "") -> list[str]:
        """All keys, without the prefix."""
        return [k.removeprefix("pre/") for k in self.swift.keys(self.bucket, f"pre/{below}")]

    def put(self, key: str, data: bytes) -> None:
        """Write as somebody else would."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def get(self, key: str) -> bytes:
        """Read as somebody else would."""
        return bytes(self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def delete(self, key: str) -> None:
        """Take away."""
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def download(self) -> Path:
        """The whole storage root as files."""
        shutil.rmtree(self.folder / "down", ignore_errors=True)
        return self.swift.download(self.bucket, "pre/ocfl", self.folder / "down")

    def store(self) -> Store:
        """Ours."""
        return next(s for s in configured_stores() if s.name == "s")


@pytest.fixture
def remote(swift: Swift, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """Stores: ``a`` on this machine, ``s`` in a new bucket."""
    bucket = f"b{uuid7().hex}"
    swift.bucket(bucket)
    settings.STORES = {"a": tmp_path / "a", "s": swift.address(bucket, "pre")}
    settings.S3_TIMEOUT_SECONDS, settings.S3_DEADLINE_SECONDS = 10.0, 20.0
    monkeypatch.setattr(s3_store, "_CARD_SECONDS", 0.0)
    monkeypatch.setattr(s3_store, "_AWAY_SECONDS", 0.0)
    yield Remote(swift, tmp_path, bucket)


def test_a_batch_is_kept_in_the_bucket_and_is_valid_to_others(remote: Remote) -> None:
    packages = [new_package(scan=os.urandom(40_000)) for _ in range(4)]
    kept = keep_packages(packages, now=NOW)
    assert set(PackageCopy.objects.values_list("store", flat=True)) == {"a", "s"}
    root = remote.download()
    assert_valid_root(root, 4)
    for package, one in zip(packages, kept, strict=True):
        folder = root / object_path(object_id(package.id))
        assert hashlib.sha512((folder / "inventory.json").read_bytes()).hexdigest() == one.inventory_sha512
        assert (folder / "v1/content/originals/0001.tif").read_bytes() == package.files[0].source
    assert remote.names("staging/") == []
    assert {k.removeprefix("ocfl/") for k in remote.names()} >= own_files().keys()
    assert "不需要任何专用软件" in remote.get("pre/ocfl/README 说明.txt").decode()
    assert json.loads(remote.get("pre/store.json")) == {"format": "cunzhen-store-1", "name": "s", "node": "node-1"}
    assert verify_packages().ok


def test_curl_reads_the_same_bytes(remote: Remote) -> None:
    if shutil.which("curl") is None:
        return  # boto3 above is another program too
    package = new_package(scan=b"\x00scan\xff")
    keep_packages([package], now=NOW)
    # Swift's account names have a colon, which curl's own signing takes for the end of the name.
    where = {"Bucket": remote.bucket, "Key": remote.key(package, "v1/content/originals/0001.tif")}
    words = ["curl", "-sf", "--noproxy", "*", remote.client.generate_presigned_url("get_object", Params=where)]
    assert subprocess.run(words, capture_output=True, check=True, timeout=30).stdout == b"\x00scan\xff"


def test_the_bucket_serves_when_the_disk_does_not(remote: Remote, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(os.urandom(20_000_000))  # a multipart upload, read back in ranges
    package = new_package(scan=large)
    keep_packages([package], now=NOW)
    shutil.rmtree(tmp_path / "a")
    queries._inventory.cache_clear()
    assert queries.read_content(package.id, "originals/0001.tif") == large.read_bytes()
    assert queries.read_content(package.id, "mets.xml") == b"<mets/>"


def test_names_with_odd_letters_are_keys_as_they_are(remote: Remote) -> None:
    names = ["a b 中文.txt", "a#b", "a%20b", "a~[1]{2}^`", "a&b=c+d", "a'b;c,d@e$f!(g)", "😀", "豈ü", "a..b", "%2e%2e"]
    package = NewPackage(uuid7(), tuple(content(f"x/{n}", n.encode()) for n in names), "m", "王", NOW)
    keep_packages([package], now=NOW)
    top = remote.key(package, "v1/content/x/")
    assert {k.removeprefix(top) for k in remote.swift.keys(remote.bucket, top)} == set(names)
    assert verify_packages().ok
    shutil.rmtree(remote.folder / "a")
    for name in names:
        assert queries.read_content(package.id, f"x/{name}") == name.encode()
    assert_valid_root(remote.download(), 1)


def test_new_versions_and_what_is_rolled_back(remote: Remote) -> None:
    package = new_package()
    keep_packages([package], now=NOW)
    change = Revision(package.id, (content("mets.xml", b"<new/>"),), "改", "李样本", NOW)
    with transaction.atomic():
        revise_packages([change], now=NOW)
        transaction.set_rollback(True)
    assert queries.read_content(package.id, "mets.xml") == b"<mets/>"
    assert len(remote.names("staging/")) == 1
    assert sweep_uncommitted(ALL).rolled_back == (package.id, package.id)  # in both stores
    assert verify_packages().ok
    assert revise_packages([change], now=NOW)[0].version == "v2"
    assert verify_packages().ok
    assert_valid_root(remote.download(), 1)
    assert any("/v2/" not in k and k.endswith("content/mets.xml") for k in remote.names("quarantine/"))


def test_what_the_caller_rolls_back_is_set_aside_and_may_be_kept_again(remote: Remote) -> None:
    package = new_package()
    with transaction.atomic():
        keep_packages([package], now=NOW)
        transaction.set_rollback(True)
    assert sweep_uncommitted(timedelta(hours=1)).cleared == 0  # too young
    report = sweep_uncommitted(ALL)
    assert (report.cleared, set(report.set_aside), report.waiting) == (2, {package.id}, 0)
    assert not remote.store().has(object_id(package.id))
    assert remote.names("staging/") == []
    assert len(remote.names("quarantine/")) == 9
    keep_packages([package], now=NOW)
    assert verify_packages().ok
    assert_valid_root(remote.download(), 1)


def test_a_rerun_before_the_janitor_takes_the_place_of_what_was_left(remote: Remote) -> None:
    package = new_package()
    with transaction.atomic():
        keep_packages([package], now=NOW)
        transaction.set_rollback(True)
    keep_packages([new_package(package.id, b"other")], now=NOW + timedelta(seconds=9))
    assert sweep_uncommitted(ALL).set_aside == ()
    assert remote.get(remote.key(package, "v1/content/originals/0001.tif")) == b"other"
    assert verify_packages().ok


def test_a_batch_in_flight_is_left_alone(remote: Remote) -> None:
    """The janitor of another process finds the journal of a batch whose transaction is not over."""
    import threading

    package, janitor = new_package(), []

    def sweep() -> None:
        from django.db import connection

        janitor.append(sweep_uncommitted(ALL))
        connection.close()

    with transaction.atomic():
        keep_packages([package], now=NOW)
        thread = threading.Thread(target=sweep)
        thread.start()
        thread.join()
    assert (janitor[0].cleared, janitor[0].set_aside) == (0, ())
    assert janitor[0].waiting == 2
    assert sweep_uncommitted(ALL).set_aside == ()
    assert verify_packages().ok


def test_what_other_hands_did_is_named_and_never_overwritten(remote: Remote) -> None:
    packages = [new_package(scan=os.urandom(3000)) for _ in range(4)]
    keep_packages(packages, now=NOW)
    flipped, short, gone, foreign = packages
    key = remote.key(flipped, "v1/content/originals/0001.tif")
    remote.put(key, remote.get(key)[:-1] + b"\x00" if remote.get(key)[-1:] != b"\x00" else b"\x01")
    remote.delete(remote.key(short, "inventory.json.sha512"))
    for path in remote.names(remote.key(gone).removeprefix("pre/")):
        remote.delete(f"pre/{path}")
    remote.put(remote.key(foreign, "v1/content/stranger.txt"), b"x")
    remote.put("pre/ocfl/lost.txt", b"x")
    remote.put("pre/ocfl/0a1/zzz/x", b"x")
    other = new_package()
    inventory = remote.get(remote.key(foreign, "inventory.json"))
    remote.put(remote.key(other, "inventory.json"), inventory)  # two objects with one id
    report = verify_packages()
    found = {(b.id, b.problem, b.path) for b in report.bad if b.store == "s"}
    assert found == {
        (flipped.id, "P-V-05", "v1/content/originals/0001.tif"),
        (short.id, "P-V-06", "inventory.json.sha512"),
        (foreign.id, "P-V-07", "v1/content/stranger.txt"),
    }
    assert report.missing == (gone.id,)
    assert set(report.extra) == {"s:lost.txt", "s:0a1/zzz/x", f"s:{object_path(object_id(other.id))}"}
    assert remote.get("pre/ocfl/lost.txt") == b"x"
    assert sweep_uncommitted(ALL).set_aside == ()
    assert [b for b in report.bad if b.store == "a"] == []


def test_a_strange_object_in_the_place_of_a_new_one_is_set_aside(remote: Remote) -> None:
    package = new_package()
    keep_packages([new_package()], now=NOW)
    remote.put(remote.key(package, "v1/content/originals/0001.tif"), b"stranger")
    keep_packages([package], now=NOW)
    assert remote.get(remote.key(package, "v1/content/originals/0001.tif")) == b"scan"
    assert [remote.get(f"pre/{k}") for k in remote.names("quarantine/")] == [b"stranger"]
    assert verify_packages().ok


def test_other_bytes_under_a_key_are_a_conflict(remote: Remote) -> None:
    keep_packages([new_package()], now=NOW)
    store: Any = remote.store()
    from cunzhen.preservation.bucket_values import Patience, Small

    remote.put("pre/x", b"there")
    store._bucket.put("x", Small(b"there"), Patience(9))  # the same bytes are fine
    with pytest.raises(Conflict, match="P-02"):
        store._bucket.put("x", Small(b"here"), Patience(3))
    assert remote.get("pre/x") == b"there"


@pytest.mark.parametrize("changed", [{"node": "node-2"}, {"name": "b"}, {"format": "other"}])
def test_a_bucket_of_another_node_or_store_is_refused(remote: Remote, changed: dict[str, str]) -> None:
    package = new_package()
    keep_packages([package], now=NOW)
    card = json.loads(remote.get("pre/store.json"))
    remote.put("pre/store.json", json.dumps(card | changed).encode())
    before = remote.names()
    for act in (lambda: keep_packages([new_package()], now=NOW), verify_packages):
        with pytest.raises(Unavailable, match="P-13"):
            act()
    assert remote.names() == before
    assert queries.read_content(package.id, "mets.xml") == b"<mets/>"
    remote.put("pre/store.json", b"\xff not JSON")
    with pytest.raises(Unavailable, match="P-13"):
        keep_packages([new_package()], now=NOW)


def test_a_bucket_that_lost_its_card_or_holds_something_else_is_not_made_anew(
    remote: Remote, settings: Settings
) -> None:
    keep_packages([new_package()], now=NOW)
    remote.delete("pre/store.json")
    with pytest.raises(Unavailable, match="P-12"):
        keep_packages([new_package()], now=NOW)
    assert "store.json" not in remote.names()
    remote.put("other/ocfl/somebody", b"x")
    settings.STORES = {"t": remote.swift.address(remote.bucket, "other")}
    with pytest.raises(Unavailable, match="P-13"):
        keep_packages([new_package()], now=NOW)
    assert remote.swift.keys(remote.bucket, "other") == ["other/ocfl/somebody"]


def test_wrong_keys_no_bucket_and_nobody_there_are_told_apart(
    remote: Remote, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    good = remote.swift.address(remote.bucket, "pre")
    assert SECRET not in f"{good!r} {good}"
    for code, place in (
        ("P-44", remote.swift.address(remote.bucket, "pre", secret_key="wrong-secret-key")),
        ("P-44", remote.swift.address(remote.bucket, "pre", access_key=OTHER_ACCESS, secret_key=OTHER_SECRET)),
        ("P-45", remote.swift.address("no-such-bucket", "pre")),
        ("P-42", remote.swift.address(remote.bucket, "pre", endpoint=closed)),
    ):
        settings.STORES = {"a": remote.folder / "a", "s": place}
        started = time.monotonic()
        with pytest.raises(Unavailable) as refusal:
            keep_packages([new_package()], now=NOW)
        assert refusal.value.code == code
        assert time.monotonic() - started < 30
        told = f"{refusal.value.message} {refusal.value.english} {refusal.value.params} {caplog.text}"
        assert not any(secret in told for secret in (SECRET, OTHER_SECRET, "wrong-secret-key"))
    assert Package.objects.count() == 0


def test_what_is_promised_to_the_disk_alone_does_not_wait_for_the_bucket(remote: Remote, settings: Settings) -> None:
    settings.STORES = {"a": remote.folder / "a", "s": remote.swift.address("no-such-bucket")}
    package = NewPackage(uuid7(), new_package().files, "m", "王", NOW, stores=("a",))
    keep_packages([package], now=NOW)
    assert queries.preserved_count([package.id]) == 1
    assert queries.read_content(package.id, "mets.xml") == b"<mets/>"
    assert {state.name: (state.reachable, state.copies) for state in queries.store_states()} == {
        "a": (True, 1),
        "s": (False, 0),
    }


def test_a_whole_object_is_put_in_the_place_of_a_bad_one(remote: Remote) -> None:
    package = new_package()
    (kept,) = keep_packages([package], now=NOW)
    local, store = (next(s for s in configured_stores() if s.name == name) for name in "as")
    uri = object_id(package.id)
    remote.put(remote.key(package, "inventory.json"), b"{}")
    assert store.check(uri, "v1", kept.inventory_sha512) != []
    files = [
        SourceFile(f.path, f.size, _sha512(local, uri, f.path), lambda path=f.path: local.open_raw(uri, path))  # type: ignore[misc]
        for f in local.files(uri)
    ]
    wrong = [*files[:-1], SourceFile(files[-1].path, files[-1].size, "0" * 128, files[-1].open)]
    with pytest.raises(Unavailable, match="P-15"):
        store.install(uri, wrong)
    assert remote.get(remote.key(package, "inventory.json")) == b"{}"  # not touched
    store.install(uri, files)
    assert store.check(uri, "v1", kept.inventory_sha512) == []
    assert [(f.path, f.size) for f in store.files(uri)] == [(f.path, f.size) for f in local.files(uri)]
    assert len(remote.names("quarantine/")) == 9
    assert store.free_bytes() is None
    assert store.reachable()


def _sha512(store: Store, uri: str, path: str) -> str:
    stream = store.open_raw(uri, path)
    assert stream is not None
    with stream:
        return hashlib.sha512(stream.read()).hexdigest()


def test_altered_documents_of_the_root_are_found_and_mended(remote: Remote) -> None:
    keep_packages([new_package()], now=NOW)
    remote.put("pre/ocfl/ocfl_layout.json", b"{}")
    remote.delete("pre/ocfl/README 说明.txt")
    store = remote.store()
    assert sorted(store.root_problems()) == ["README 说明.txt", "ocfl_layout.json"]
    store.mend_root()
    assert store.root_problems() == []
    assert [remote.get(f"pre/{k}") for k in remote.names("quarantine/")] == [b"{}"]
