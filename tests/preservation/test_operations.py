"""Packages are kept in every store or in none, read back right or not at all, and checked to the last bit."""

from __future__ import annotations

import os
import random
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings
from uuid_utils.compat import uuid7

from cunzhen.errors import Conflict, Invalid, Missing, Unavailable
from cunzhen.formats.digests import digest_bytes
from cunzhen.formats.ocfl import object_path
from cunzhen.preservation import queries
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.preservation.operations import keep_packages, revise_packages, sweep_uncommitted, verify_packages
from cunzhen.preservation.rules import ContentFile, NewPackage, Problem, Revision, object_id, package_id
from tests.preservation.conftest import NOW, content, new_package
from tests.preservation.judge import assert_valid_root

pytestmark = pytest.mark.django_db(transaction=True)


def _folder(stores: dict[str, Path], store: str, package: NewPackage) -> Path:
    return stores[store] / "ocfl" / object_path(object_id(package.id))


def _spoil(path: Path, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.chmod(0o600)
    path.write_bytes(data)


def test_a_batch_is_kept_in_every_store_and_read_back(stores: dict[str, Path], tmp_path: Path) -> None:
    scan = tmp_path / "扫描.tif"
    scan.write_bytes(os.urandom(3_000_000))
    packages = [new_package(scan=scan), *(new_package(scan=b"%d" % n) for n in range(4))]
    kept = keep_packages(packages, now=NOW)
    assert [k.id for k in kept] == [p.id for p in packages]
    assert {k.version for k in kept} == {"v1"}
    assert kept[0].files == 4
    assert kept[0].bytes > 3_000_000
    assert queries.read_content(packages[0].id, "originals/0001.tif") == scan.read_bytes()
    assert queries.content_paths(packages[1].id)[0] == "originals/0001.tif"
    for store, path in stores.items():
        assert_valid_root(path / "ocfl", 5)
        assert list((path / "staging").iterdir()) == []
        inventory = (_folder(stores, store, packages[2]) / "inventory.json").read_bytes()
        assert digest_bytes(inventory).sha512 == kept[2].inventory_sha512
    assert PackageCopy.objects.filter(version="v1", state="kept", written_at=NOW).count() == 10
    assert queries.preserved_count([p.id for p in packages]) == 5
    assert verify_packages().ok


def test_the_sm3_of_every_other_file_stands_in_the_package(stores: dict[str, Path]) -> None:
    package = new_package()
    keep_packages([package], now=NOW)
    listing = queries.read_content(package.id, "manifest-sm3.txt").decode()
    assert listing.splitlines() == [f"{f.sm3}  {f.path}" for f in sorted(package.files, key=lambda f: f.path)]


def test_files_without_promised_digests_get_them(stores: dict[str, Path]) -> None:
    package = NewPackage(uuid7(), (ContentFile("a.txt", b"a"),), "m", "n", NOW)
    keep_packages([package], now=NOW)
    assert digest_bytes(b"a").sm3 in queries.read_content(package.id, "manifest-sm3.txt").decode()


def test_nothing_is_kept_where_one_package_of_the_batch_is_wrong(stores: dict[str, Path]) -> None:
    good = new_package()
    wrong = [
        (NewPackage(uuid7(), (content("../x", b"x"),), "m", "n", NOW), "P-01"),
        (NewPackage(uuid7(), (ContentFile("x", b"x", "0" * 64, "0" * 64),), "m", "n", NOW), "P-05"),
        (NewPackage(uuid7(), (), "m", "n", NOW), "P-06"),
        (NewPackage(uuid7(), (content("x", b"x"),), "m", "n", datetime(2026, 1, 1)), "P-07"),
        (good, "P-09"),
    ]
    for bad, code in wrong:
        with pytest.raises(Invalid) as refusal:
            keep_packages([good, bad], now=NOW)
        assert refusal.value.code == code
    assert not Package.objects.exists()
    for path in stores.values():
        assert_valid_root(path / "ocfl", 0)
        assert list((path / "staging").iterdir()) == []


def test_a_package_is_never_kept_twice(stores: dict[str, Path]) -> None:
    package = new_package()
    keep_packages([package], now=NOW)
    with pytest.raises(Conflict) as refusal:
        keep_packages([new_package(), new_package(package.id, b"other")], now=NOW)
    assert refusal.value.code == "P-02"
    assert Package.objects.count() == 1
    assert queries.read_content(package.id, "originals/0001.tif") == b"scan"
    assert verify_packages().ok


def test_what_the_caller_rolls_back_is_set_aside_and_may_be_kept_again(stores: dict[str, Path]) -> None:
    package = new_package()
    with transaction.atomic():
        keep_packages([package], now=NOW)
        transaction.set_rollback(True)
    with pytest.raises(Missing):
        queries.open_content(package.id, "mets.xml")
    assert len(verify_packages().extra) == 2  # one in each store, and no alarm beyond that
    assert sweep_uncommitted(timedelta(hours=1)).cleared == 0  # too young
    report = sweep_uncommitted(timedelta(0))
    assert (report.cleared, set(report.set_aside), report.waiting) == (2, {package.id}, 0)
    assert verify_packages().ok
    for path in stores.values():
        assert_valid_root(path / "ocfl", 0)
        assert len(list((path / "quarantine").iterdir())) == 1
    keep_packages([package], now=NOW)
    assert sweep_uncommitted(timedelta(0)).cleared == 0
    assert verify_packages().ok


def test_a_rerun_before_the_janitor_takes_the_place_of_what_was_left(stores: dict[str, Path]) -> None:
    package = new_package()
    with transaction.atomic():
        keep_packages([package], now=NOW)
        transaction.set_rollback(True)
    (kept,) = keep_packages([new_package(package.id, b"scan")], now=NOW + timedelta(seconds=9))
    report = sweep_uncommitted(timedelta(0))
    assert (report.cleared, report.set_aside) == (2, ())
    assert Package.objects.get().inventory_sha512 == kept.inventory_sha512
    assert verify_packages().ok


def test_a_new_version_leaves_the_old_one_alone(stores: dict[str, Path]) -> None:
    packages = [new_package(), new_package()]
    keep_packages(packages, now=NOW)
    old = {p: p.read_bytes() for p in _folder(stores, "a", packages[0]).rglob("v1/**/*") if p.is_file()}
    added = (content("mets.xml", b"<new/>"), content("renditions/1.ofd", b"ofd"))
    changes = [Revision(p.id, added, "改", "李样本", NOW, ("text/pages.json",)) for p in packages]
    kept = revise_packages(changes, now=NOW)
    assert [(k.version, k.files) for k in kept] == [("v2", 7), ("v2", 7)]
    assert queries.read_content(packages[0].id, "mets.xml") == b"<new/>"
    assert queries.read_content(packages[0].id, "originals/0001.tif") == b"scan"
    with pytest.raises(Missing):
        queries.read_content(packages[0].id, "text/pages.json")
    listing = queries.read_content(packages[0].id, "manifest-sm3.txt").decode()
    assert "text/pages.json" not in listing
    assert digest_bytes(b"ofd").sm3 in listing
    assert all(p.read_bytes() == data for p, data in old.items())
    assert set(PackageCopy.objects.values_list("version", flat=True)) == {"v2"}
    assert verify_packages().ok
    for path in stores.values():
        assert_valid_root(path / "ocfl", 2)
    with pytest.raises(Missing):
        revise_packages([Revision(uuid7(), (content("a", b"a"),), "", "", NOW)], now=NOW)


def test_a_revision_that_is_rolled_back_is_undone_by_the_janitor(stores: dict[str, Path]) -> None:
    package = new_package()
    keep_packages([package], now=NOW)
    change = Revision(package.id, (content("mets.xml", b"<new/>"),), "改", "李样本", NOW)
    with transaction.atomic():
        revise_packages([change], now=NOW)
        transaction.set_rollback(True)
    assert queries.read_content(package.id, "mets.xml") == b"<mets/>"
    report = sweep_uncommitted(timedelta(0))
    assert set(report.rolled_back) == {package.id}
    assert verify_packages().ok
    assert revise_packages([change], now=NOW)[0].version == "v2"
    assert verify_packages().ok


def test_any_flipped_bit_in_any_copy_is_found_and_wrong_bytes_are_never_read(stores: dict[str, Path]) -> None:
    packages = [new_package(scan=os.urandom(2000)) for _ in range(3)]
    keep_packages(packages, now=NOW)
    revise_packages([Revision(packages[0].id, (content("mets.xml", b"<new/>"),), "改", "李", NOW)], now=NOW)
    draw = random.Random(20261122)
    for store in stores:
        for package in packages:
            files = sorted(p for p in _folder(stores, store, package).rglob("*") if p.is_file())
            for path in draw.sample(files, 4):
                before, mode = path.read_bytes(), path.stat().st_mode
                _spoil(path, draw.randrange(len(before) * 8))
                report = verify_packages(now=NOW)
                assert [(b.id, b.store) for b in report.bad] == [(package.id, store)], path
                assert path.as_posix().endswith(report.bad[0].path)
                assert not report.extra
                assert not report.missing
                assert PackageCopy.objects.get(state="damaged").store == store
                for name in queries.content_paths(package.id):
                    promised = {f.path: f.sha256 for f in package.files}.get(name)
                    read = digest_bytes(queries.read_content(package.id, name)).sha256
                    assert read == promised or name in {"manifest-sm3.txt", "mets.xml"}
                path.write_bytes(before)
                path.chmod(mode)
    assert verify_packages().ok
    assert not PackageCopy.objects.exclude(state="kept").exists()


def test_a_file_bad_in_every_copy_is_refused(stores: dict[str, Path]) -> None:
    package = new_package()
    keep_packages([package], now=NOW)
    for store in stores:
        _spoil(_folder(stores, store, package) / "v1/content/originals/0001.tif")
    with pytest.raises(Unavailable) as refusal:
        queries.open_content(package.id, "originals/0001.tif")
    assert refusal.value.code == "P-14"
    assert queries.preserved_count([package.id]) == 1  # not looked at yet
    assert {b.problem for b in verify_packages().bad} == {Problem.CONTENT}
    assert queries.preserved_count([package.id]) == 0


def test_missing_and_extra_packages_and_strange_folders_are_reported(stores: dict[str, Path]) -> None:
    lost, kept, foreign = new_package(), new_package(), new_package()
    keep_packages([lost, kept, foreign], now=NOW)
    shutil.rmtree(_folder(stores, "b", lost))
    PackageCopy.objects.filter(package_id=foreign.id).delete()
    Package.objects.filter(id=foreign.id).delete()
    (stores["a"] / "ocfl" / "zzz").mkdir()
    (stores["a"] / "ocfl" / "stray.txt").write_text("x")
    _spoil(stores["b"] / "ocfl" / "ocfl_layout.json", 40)
    report = verify_packages()
    assert (report.checked, report.missing) == (2, (lost.id,))
    place = object_path(object_id(foreign.id))
    assert f"a:{place}" in report.extra
    assert f"b:{place}" in report.extra
    assert {"a:zzz", "a:stray.txt"} <= set(report.extra)
    assert [(b.id, b.store, b.problem, b.path) for b in report.bad] == [(None, "b", "P-V-09", "ocfl_layout.json")]
    assert PackageCopy.objects.get(state="missing").package_id == lost.id
    assert queries.read_content(lost.id, "mets.xml") == b"<mets/>"  # the other store has it
    assert sweep_uncommitted(timedelta(0)).set_aside == ()  # strange things are named, never cleared away


def test_a_sample_draws_so_many_at_random(stores: dict[str, Path]) -> None:
    keep_packages([new_package() for _ in range(40)], now=NOW)
    drawn = []
    for _ in range(4):
        PackageCopy.objects.update(checked_at=None)
        assert verify_packages(5, now=NOW).checked == 5
        drawn.append(frozenset(PackageCopy.objects.exclude(checked_at=None).values_list("package_id", flat=True)))
    assert {len(d) for d in drawn} == {5}
    assert len(set(drawn)) > 1
    assert verify_packages(100).checked == 40
    assert verify_packages(0).checked == 0


def test_a_store_that_is_not_mounted_is_not_made_anew(stores: dict[str, Path], settings: Settings) -> None:
    package = new_package()
    keep_packages([package], now=NOW)
    away = stores["a"].with_name("away")
    stores["a"].rename(away)
    for act in (
        lambda: keep_packages([new_package()], now=NOW),
        verify_packages,
        lambda: sweep_uncommitted(timedelta(0)),
    ):
        with pytest.raises(Unavailable) as refusal:
            act()
        assert refusal.value.code == "P-12"
    assert not stores["a"].exists()
    assert queries.read_content(package.id, "mets.xml") == b"<mets/>"  # reading goes on from the other store
    away.rename(stores["a"])
    settings.NODE = "node-of-others"
    with pytest.raises(Unavailable) as refusal:
        keep_packages([new_package()], now=NOW)
    assert refusal.value.code == "P-13"


def test_a_full_store_refuses_the_batch_and_the_others_keep_nothing_of_it(
    stores: dict[str, Path], settings: Settings, tmp_path: Path
) -> None:
    keep_packages([new_package()], now=NOW)
    full = tmp_path / "full"
    full.mkdir()
    if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size=300k tmpfs {full}") != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        settings.STORES = {"a": stores["a"], "c": full / "store"}
        with pytest.raises(Unavailable) as refusal:
            keep_packages([new_package(scan=os.urandom(100_000)) for _ in range(9)], now=NOW)
        assert (refusal.value.code, refusal.value.params["store"]) == ("P-10", "c")
        assert Package.objects.count() == 1
        assert list((stores["a"] / "staging").iterdir()) == []
        assert list((full / "store" / "staging").iterdir()) == []
        assert_valid_root(stores["a"] / "ocfl", 1)
        keep_packages([new_package()], now=NOW)  # works again with space, without hand work
    finally:
        os.system(f"umount {full}")


def test_reading_what_is_not_there(stores: dict[str, Path]) -> None:
    package = new_package()
    keep_packages([package], now=NOW)
    with pytest.raises(Missing) as refusal:
        queries.open_content(uuid7(), "mets.xml")
    assert refusal.value.code == "P-08"
    for path in ("../inventory.json", "mets.xm", "", "/etc/passwd"):
        with pytest.raises(Missing) as refusal:
            queries.open_content(package.id, path)
        assert refusal.value.code == "P-03"


def test_a_pipe_in_place_of_a_file_holds_nobody(stores: dict[str, Path]) -> None:
    package = new_package()
    keep_packages([package], now=NOW)
    for name in ("v1/content/mets.xml", "inventory.json"):
        path = _folder(stores, "a", package) / name
        path.unlink()
        os.mkfifo(path)
    assert queries.read_content(package.id, "mets.xml") == b"<mets/>"
    assert {(b.store, b.problem) for b in verify_packages().bad} == {
        ("a", Problem.FILE_MISSING),
        ("a", Problem.SURPLUS),
    }


def test_ids_and_uris() -> None:
    one = uuid7()
    assert package_id(object_id(one)) == one
    assert package_id(str(one)) is None
    assert package_id("urn:uuid:" + str(one).upper()) is None
    assert package_id("anything") is None


def test_the_register_refuses_half_a_digest(stores: dict[str, Path]) -> None:
    with pytest.raises(IntegrityError):
        Package.objects.create(
            id=uuid7(), node="n", version="v1", inventory_sha512="ab", byte_count=0, file_count=0, created_at=NOW
        )
