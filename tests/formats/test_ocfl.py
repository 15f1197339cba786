"""What we write is OCFL 1.1 in another program's eyes, whole or absent, and readable with common commands alone."""

from __future__ import annotations

import errno
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunzhen.errors import Conflict, Invalid, Missing, Unavailable
from cunzhen.formats import durable
from cunzhen.formats.digests import digest_bytes
from cunzhen.formats.ocfl import ContentFile, Inventory, VersionInfo, object_path, require_safe_paths
from cunzhen.formats.ocfl_check import Problem, check_object, walk_root
from cunzhen.formats.ocfl_recover import leftovers, roll_back
from cunzhen.formats.ocfl_root import README, StoreFolder, prepare_store, root_problems
from cunzhen.formats.ocfl_staging import Staging
from cunzhen.formats.ocfl_write import NewVersion, Staged, stage_object
from tests.preservation.judge import assert_valid_root, verdict

NOW = datetime(2026, 11, 22, 8, 0, 0, 123456, tzinfo=UTC)
INFO = VersionInfo(NOW, "归档 J001-ZY·SB3·2019-000001", "王样本\udcff", "urn:x-cunzhen:node:node-1")


@pytest.fixture
def store(tmp_path: Path) -> StoreFolder:
    folder = StoreFolder("a", tmp_path / "stores" / "a")
    prepare_store(folder, node="node-1", may_create=True)
    return folder


def _new_id() -> str:
    return f"urn:uuid:{uuid4()}"


def _file(path: str, data: bytes) -> ContentFile:
    found = digest_bytes(data)
    return ContentFile(path, data, found.sha256, found.sm3)


def _keep(store: StoreFolder, *versions: NewVersion) -> list[Staged]:
    with Staging(store, uuid4().hex) as staging:
        staged = [stage_object(version, [staging]) for version in versions]
        staging.seal()
        staging.place()
        staging.forget()
    return staged


def _problems(store: StoreFolder, staged: Staged) -> list[tuple[str, str]]:
    found = check_object(
        store.root / object_path(staged.object_id), staged.object_id, staged.inventory.head, staged.inventory_sha512
    )
    return [(f.code, f.path) for f in found]


def test_objects_lie_where_the_extension_says() -> None:
    # Both examples of extension 0004.
    assert object_path("object-01") == ("3c0/ff4/240/3c0ff4240c1e116dba14c7627f2319b58aa3d77606d0d90dfc6161608ac987d4")
    assert object_path("..hor/rib:le-$id").startswith("487/326/d8c/487326d8c2a3c0b885e23da1469b4d66")


def test_an_empty_store_is_a_valid_root_with_a_document(store: StoreFolder) -> None:
    assert_valid_root(store.root, 0)
    assert root_problems(store) == []
    text = (store.root / README).read_text(encoding="utf-8")
    assert "sha512sum -c" in text
    assert "How to read this storage without our software" in text


def test_every_version_of_objects_with_odd_names_is_valid(store: StoreFolder) -> None:
    same = b"the same bytes"
    first = NewVersion(
        _new_id(),
        [
            _file("originals/扫描件 (1)·𠮷.tif", b"\x00" * 70_000),
            _file("originals/b.tif", same),
            _file("originals/c.tif", same),
            _file("mets.xml", b"<mets/>"),
            _file("empty", b""),
        ],
        INFO,
    )
    (one,) = _keep(store, first)
    second = NewVersion(
        first.object_id,
        [_file("mets.xml", b"<mets v2/>"), _file("renditions/d.ofd", same)],
        INFO,
        one.inventory,
        ["originals/b.tif", "empty"],
    )
    (two,) = _keep(store, second)
    (three,) = _keep(store, NewVersion(first.object_id, [], INFO, two.inventory, ["renditions/d.ofd"]))
    folder = store.root / object_path(first.object_id)
    valid, words = verdict(folder)
    assert valid, words
    assert words == ""  # not even a warning
    assert_valid_root(store.root, 1)
    assert _problems(store, three) == []
    assert set(three.inventory.versions["v2"].state) == {
        "originals/扫描件 (1)·𠮷.tif", "originals/c.tif", "mets.xml", "renditions/d.ofd",
    }  # fmt: skip
    contents = [p.read_bytes() for p in folder.glob("v*/content/**/*") if p.is_file()]
    assert contents.count(same) == 1  # stored once, whatever names and versions have it
    assert (two.file_count, two.byte_count) == (1, len(b"<mets v2/>"))


def test_an_object_is_checked_with_the_commands_of_its_document(store: StoreFolder) -> None:
    (staged,) = _keep(store, NewVersion(_new_id(), [_file("originals/扫描 1.tif", b"x" * 5000)], INFO))
    text = (store.root / README).read_text(encoding="utf-8")
    digest = subprocess.run(
        ["bash", "-c", f"printf '%s' '{staged.object_id}' | sha256sum"], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    folder = store.root / digest[:3] / digest[3:6] / digest[6:9] / digest
    (command,) = {line.strip() for line in text.splitlines() if line.strip().startswith("python3 -c")}
    for line in ("sha512sum -c inventory.json.sha512", command):
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    content = folder / "v1/content/originals/扫描 1.tif"
    content.chmod(0o600)
    content.write_bytes(b"y" * 5000)
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=folder, capture_output=True, check=False)
    assert done.returncode != 0


def test_inventories_come_back_equal_and_foreign_ones_are_refused(store: StoreFolder) -> None:
    (staged,) = _keep(store, NewVersion(_new_id(), [_file("a/b", b"1"), _file("c", b"2")], INFO))
    data = staged.inventory.to_bytes()
    assert Inventory.from_bytes(data) == staged.inventory
    assert Inventory.from_bytes(data).to_bytes() == data
    raw = json.loads(data)
    digest = next(iter(raw["manifest"]))
    changes: tuple[dict[str, object], ...] = (
        {"manifest": {**raw["manifest"], digest: ["v1/content/../../../../etc/passwd"]}},
        {"manifest": {**raw["manifest"], digest: ["/etc/passwd"]}},
        {"manifest": {}},
        {"head": "v2"},
        {"digestAlgorithm": "md5"},
        {"versions": {"v2": raw["versions"]["v1"]}},
        {"id": 5},
    )
    for change in changes:
        with pytest.raises(Invalid) as refusal:
            Inventory.from_bytes(json.dumps({**raw, **change}).encode())
        assert refusal.value.code == "P-04"


@given(st.binary(max_size=60))
def test_rubbish_is_no_inventory(data: bytes) -> None:
    with pytest.raises(Invalid):
        Inventory.from_bytes(data)


@pytest.mark.parametrize(
    "paths",
    [
        ["../up"], ["a/../../b"], ["/abs"], ["a//b"], [""], ["a/"], ["."], ["a/./b"], ["a\\b"], ["a\x00b"], ["a\nb"],
        ["a\u202eb"], ["CON"], ["a/nul.txt"], ["a. "], ["a."], [" a"], ["x" * 201], ["字" * 70],
        ["/".join(["d" * 100] * 10)],
        ["a\udcff"], ["a:b"], ["A.pdf", "a.PDF"], ["caf\u00e9", "cafe\u0301"], ["a", "a/b"], ["same", "same"],
    ],
)  # fmt: skip
def test_unsafe_paths_are_refused_and_nothing_is_written(store: StoreFolder, paths: list[str]) -> None:
    with Staging(store, "batch") as staging:
        with pytest.raises(Invalid) as refusal:
            stage_object(NewVersion(_new_id(), [_file(p, b"x") for p in paths], INFO), [staging])
        staging.discard()
    assert refusal.value.code == "P-01"
    assert [p for p in store.path.parent.parent.rglob("*") if p.is_file() and p.read_bytes() == b"x"] == []


def test_safe_paths_are_taken() -> None:
    require_safe_paths(
        ["originals/0001.pdf", "扫描件/第 1 页·正面.tif", ".hidden", "a-b_c+d=e@f,g;h'i(j)[k]{l}!#$%&~^`"]
    )


def test_a_source_that_changed_is_named(store: StoreFolder, tmp_path: Path) -> None:
    source = tmp_path / "scan.tif"
    source.write_bytes(b"what came in")
    promised = digest_bytes(b"what came in")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    cases = [
        ContentFile("originals/0001.tif", source, promised.sha256, digest_bytes(b"other").sm3),
        ContentFile("originals/0001.tif", source, digest_bytes(b"other").sha256, promised.sm3),
        ContentFile("originals/0001.tif", tmp_path / "gone", promised.sha256, promised.sm3),
        ContentFile("originals/0001.tif", pipe, promised.sha256, promised.sm3),
        ContentFile("originals/0001.tif", tmp_path, promised.sha256, promised.sm3),
    ]
    for number, case in enumerate(cases):
        with Staging(store, f"batch-{number}") as staging:
            with pytest.raises(Invalid) as refusal:
                stage_object(NewVersion(_new_id(), [case], INFO), [staging])
            staging.discard()
        assert (refusal.value.code, refusal.value.params) == ("P-05", {"path": "originals/0001.tif"})
    assert list(store.staging.iterdir()) == []


def test_nothing_is_overwritten(store: StoreFolder) -> None:
    object_id = _new_id()
    (staged,) = _keep(store, NewVersion(object_id, [_file("a", b"first")], INFO))
    with pytest.raises(Conflict) as refusal:
        _keep(store, NewVersion(object_id, [_file("a", b"second")], INFO))
    assert refusal.value.code == "P-02"
    assert _problems(store, staged) == []
    revision = NewVersion(object_id, [_file("a", b"second")], INFO, staged.inventory)
    (two,) = _keep(store, revision)
    with pytest.raises(Conflict):
        _keep(store, revision)
    assert _problems(store, two) == []
    with pytest.raises(Missing):
        _keep(store, NewVersion(object_id, [], INFO, two.inventory, ["b"]))
    with pytest.raises(Invalid):
        _keep(store, NewVersion(object_id, [], INFO, two.inventory, ["a"]))
    with pytest.raises(Missing):
        two.inventory.content_path("a", "v3")


def test_objects_that_share_folders_with_old_ones_and_with_each_other_find_their_place(store: StoreFolder) -> None:
    # 300 ids share first tuples among 4,096 with near certainty; another batch may take a folder in between.
    staged = [
        s
        for n in range(3)
        for s in _keep(store, *(NewVersion(_new_id(), [_file("a", b"x")], INFO) for _ in range(100)))
    ]
    twin = _same_tuple(staged[0].object_id)
    with Staging(store, "one") as one, Staging(store, "two") as two:
        staged += [
            stage_object(NewVersion(i, [_file("a", b"x")], INFO), [s]) for i, s in zip(twin, (one, two), strict=True)
        ]
        for staging in (one, two):
            staging.seal()
        for staging in (one, two):
            staging.place()
            staging.forget()
    assert_valid_root(store.root, 302)
    assert {p.object_id for p in walk_root(store.root)} == {s.object_id for s in staged}


def _same_tuple(object_id: str) -> list[str]:
    """Two more ids below one new first tuple folder, found by trying."""
    seen: dict[str, str] = {}
    taken = object_path(object_id)[:3]
    while True:
        other = _new_id()
        first = object_path(other)[:3]
        if first in seen and first != taken:
            return [seen[first], other]
        seen[first] = other


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes, where the machine lets us mount one; else a limit on the size of files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode == 0  # fmt: skip
    yield disk
    if mounted:
        subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> str:
    """Write a batch that is larger than the disk; returns what was raised and what is left."""
    store = StoreFolder("full", disk / "s")
    prepare_store(store, node="node-1", may_create=True)
    with Staging(store, "batch") as staging:
        try:
            for _ in range(3):
                stage_object(NewVersion(_new_id(), [_file("a", os.urandom(1_700_000))], INFO), [staging])
            staging.seal()
        except Unavailable as refusal:
            staging.discard()
            return f"{refusal.code} {list(store.staging.iterdir())} {list(walk_root(store.root))}"
    return "kept"


def test_a_full_disk_is_a_clear_refusal_and_leaves_nothing(small_disk: Path) -> None:
    if os.path.ismount(small_disk):
        assert fill(small_disk) == "P-10 [] []"
        store = StoreFolder("full", small_disk / "s")
        _keep(store, NewVersion(_new_id(), [_file("a", b"small")], INFO))  # works again without hand work
        assert_valid_root(store.root, 1)
    limited = small_disk.parent / "limited"
    limited.mkdir()
    assert _in_child(lambda: fill(limited), largest_file=1_500_000) == "P-10 [] []"


def _in_child(act: Callable[[], str], largest_file: int) -> str:
    """Run something in a process that may not write larger files."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
        try:
            os.write(writer, act().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


@pytest.mark.parametrize("step", ["first", "second", "one-by-one"])
def test_a_failed_sync_is_never_taken_for_success(
    store: StoreFolder, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    calls: list[int] = []

    def failing(self: durable.FileSystemSync, paths: object) -> None:
        calls.append(1)
        if len(calls) == (1 if step == "first" else 2):
            raise OSError(errno.EIO, "write-back failed")

    if step == "one-by-one":
        monkeypatch.setattr(durable, "_syncfs_function", lambda: None)
        monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError(errno.EIO, "bad disk")))
    else:
        monkeypatch.setattr(durable.FileSystemSync, "sync", failing)
    with pytest.raises(Unavailable) as refusal:
        _keep(store, NewVersion(_new_id(), [_file("a", b"x")], INFO))
    assert refusal.value.code == "P-11"
    assert "/" not in refusal.value.message


def test_without_syncfs_every_file_and_folder_is_synced(store: StoreFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "_syncfs_function", lambda: None)
    synced: list[str] = []
    real = os.fsync

    def noting(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    (staged,) = _keep(store, NewVersion(_new_id(), [_file("d/a", b"x")], INFO))
    place = object_path(staged.object_id)
    wanted = {
        "v1/content/d/a",
        "v1/content/d",
        "v1/content",
        "v1",
        "inventory.json",
        "inventory.json.sha512",
        "v1/inventory.json",
    }
    names = {p.partition(place + "/")[2] for p in synced if place in p}
    assert wanted <= names
    assert str(store.root) in synced  # the folder that got the new name, after the rename
    assert synced.index(str(store.root)) > max(n for n, p in enumerate(synced) if p.endswith("v1/content/d/a"))


def test_the_kernel_itself_reports_a_failed_syncfs(tmp_path: Path) -> None:
    sync = durable.FileSystemSync(tmp_path)
    sync.close()
    if sync._syncfs is None:
        pytest.skip("this kernel's syncfs does not report errors")
    with pytest.raises(OSError, match="Bad file descriptor"):
        sync.sync([])


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("0=ocfl_object_1.1", Problem.DECLARATION),
        ("inventory.json", Problem.INVENTORY),
        ("inventory.json.sha512", Problem.SIDECAR),
        ("v2/inventory.json", Problem.INVENTORY),
        ("v2/inventory.json.sha512", Problem.SIDECAR),
        ("v1/inventory.json", Problem.INVENTORY),
        ("v1/inventory.json.sha512", Problem.SIDECAR),
        ("v1/content/originals/1.tif", Problem.CONTENT),
        ("v2/content/mets.xml", Problem.CONTENT),
    ],
)
def test_one_flipped_bit_anywhere_is_found(store: StoreFolder, path: str, code: str) -> None:
    object_id = _new_id()
    (one,) = _keep(store, NewVersion(object_id, [_file("originals/1.tif", b"x" * 3000), _file("mets.xml", b"1")], INFO))
    (two,) = _keep(store, NewVersion(object_id, [_file("mets.xml", b"2")], INFO, one.inventory))
    target = store.root / object_path(object_id) / path
    good = target.read_bytes()
    target.chmod(0o600)
    for bit in range(0, len(good) * 8, max(1, len(good) * 8 // 40)):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        target.write_bytes(bad)
        found = _problems(store, two)
        assert [p for _, p in found] == [path], (bit, found)
        assert found[0][0] in {code, Problem.INVENTORY, Problem.SIDECAR}
    target.write_bytes(good)
    assert _problems(store, two) == []


def test_missing_surplus_and_strange_files_are_named(store: StoreFolder) -> None:
    (staged,) = _keep(store, NewVersion(_new_id(), [_file("d/a", b"x"), _file("b", b"y")], INFO))
    folder = store.root / object_path(staged.object_id)
    (folder / "v1/content/d/a").unlink()
    (folder / "v1/content/extra").write_bytes(b"z")
    (folder / "v1/content/link").symlink_to("/etc/passwd")
    (folder / "v1/content/b").unlink()
    (folder / "v1/content/b").symlink_to("/etc/passwd")
    found = set(_problems(store, staged))
    assert found == {
        (Problem.FILE_MISSING, "v1/content/d/a"),
        (Problem.FILE_MISSING, "v1/content/b"),
        (Problem.SURPLUS, "v1/content/extra"),
        (Problem.SURPLUS, "v1/content/link"),
        (Problem.SURPLUS, "v1/content/b"),
        (Problem.SURPLUS, "v1/content/d"),
    }
    shutil.rmtree(folder)
    assert _problems(store, staged) == [(Problem.MISSING, "")]


def test_an_object_in_the_wrong_place_or_with_another_version_is_foreign(store: StoreFolder) -> None:
    one, two = _keep(store, *(NewVersion(_new_id(), [_file("a", b"x")], INFO) for _ in range(2)))
    folder = store.root / object_path(one.object_id)
    shutil.rmtree(folder)
    shutil.copytree(store.root / object_path(two.object_id), folder)
    assert _problems(store, one)[0][0] == Problem.INVENTORY
    assert [p.object_id for p in walk_root(store.root) if p.path == object_path(one.object_id)] == [""]
    assert [f.code for f in check_object(folder, one.object_id, "v1", two.inventory_sha512)] == [Problem.FOREIGN]


def test_a_revision_cut_short_is_rolled_back_whole(store: StoreFolder) -> None:
    object_id = _new_id()
    (one,) = _keep(store, NewVersion(object_id, [_file("a", b"1")], INFO))
    _keep(store, NewVersion(object_id, [_file("a", b"2")], INFO, one.inventory))
    assert roll_back(store, object_id, "v1")
    assert _problems(store, one) == []
    assert_valid_root(store.root, 1)
    assert len(list(store.quarantine.iterdir())) == 1  # set aside, not deleted
    assert not roll_back(store, object_id, "v1")


def test_a_living_batch_is_no_leftover(store: StoreFolder) -> None:
    with Staging(store, "batch") as staging:
        stage_object(NewVersion(_new_id(), [_file("a", b"1")], INFO), [staging])
        assert leftovers(store, datetime(2999, 1, 1, tzinfo=UTC)) == []
    (found,) = leftovers(store, datetime(2999, 1, 1, tzinfo=UTC))
    assert found.entries == ()  # never sealed, so nothing of it can be in the root
    assert leftovers(store, datetime(2000, 1, 1, tzinfo=UTC)) == []


def test_a_store_of_another_node_or_name_and_an_unmounted_one_are_refused(store: StoreFolder, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refusal:
        prepare_store(store, node="node-2", may_create=True)
    assert refusal.value.code == "P-13"
    with pytest.raises(Unavailable):
        prepare_store(StoreFolder("b", store.path), node="node-1", may_create=True)
    with pytest.raises(Unavailable) as refusal:
        prepare_store(StoreFolder("c", tmp_path / "not-mounted"), node="node-1", may_create=False)
    assert refusal.value.code == "P-12"
    assert not (tmp_path / "not-mounted").exists()
