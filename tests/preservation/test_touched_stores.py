"""Stores touched by other hands, continued: whatever lies there is named and left, and nobody crashes or waits.

What ``test_bad_stores`` and ``test_scrub`` do not have.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from cunzhen.errors import Unavailable
from cunzhen.formats.ocfl import sidecar
from cunzhen.formats.ocfl_check import told
from cunzhen.ledger.models import LedgerEntry
from cunzhen.preservation import queries
from cunzhen.preservation.models import PackageCopy, Quarantine, Stray
from cunzhen.preservation.operations import (
    keep_packages,
    repair_packages,
    revise_packages,
    sweep_uncommitted,
    verify_packages,
)
from cunzhen.preservation.queries import read_content
from cunzhen.preservation.rules import NewPackage, Revision
from cunzhen.preservation.unregistered import look, reachable_stores
from tests.preservation.care import ACTOR, at, folder, keep, scrub
from tests.preservation.conftest import NOW, content, new_package
from tests.preservation.judge import assert_valid_root

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]
ODD_NAMES = {
    "newline": "a\nb.tif",
    "bidi": "gnp.\u202efit.exe",
    "escape": "\x1b[2J.tif",
    "bytes": os.fsdecode(b"\xb2\xa3\xff.tif"),  # GB 18030, and a byte that is nothing
    "long": "长" * 85,  # 255 bytes
    "NFC": unicodedata.normalize("NFC", "é退休.pdf"),
    "NFD": unicodedata.normalize("NFD", "é退休.pdf"),
    "space": " .tif ",
    "private": "\ue5e5.tif",
}


@pytest.fixture(params=["verify", "scrub"])
def act(request: pytest.FixtureRequest) -> Callable[[], object]:
    """Each of the two acts that read everything."""
    return {"verify": verify_packages, "scrub": scrub}[request.param]


def _snapshot(store: Path) -> dict[str, tuple[int, int, str]]:
    """What lies below a storage root, links and pipes included: inode, size, where a link leads."""
    found = {}
    for top, folders, files in os.walk(store / "ocfl"):
        for name in (*folders, *files):
            path = Path(top, name)
            stat = path.lstat()
            found[str(path)] = (stat.st_ino, stat.st_size, os.readlink(path) if path.is_symlink() else "")
    return found


def _strays() -> set[str]:
    return set(Stray.objects.values_list("path", flat=True))


def test_odd_names_in_the_root_are_named_and_left(stores: dict[str, Path], act: Callable[[], object]) -> None:
    keep(2)
    for name in ODD_NAMES.values():
        (stores["a"] / "ocfl" / name).write_bytes(b"x")
        (stores["a"] / "ocfl" / f"{name[:40]}.d").mkdir()
        (stores["a"] / "ocfl" / f"{name[:40]}.d" / name).write_bytes(b"y")
    before = _snapshot(stores["a"])
    act()
    report = verify_packages()
    assert set(report.extra) >= {f"a:{told(name)}" for name in ODD_NAMES.values()}
    assert len(report.extra) == 2 * len(ODD_NAMES) and not report.bad and not report.missing
    assert r"a:\xb2\xa3\xff.tif" in report.extra
    assert _snapshot(stores["a"]) == before
    if act is not verify_packages:
        assert len(_strays()) == 2 * len(ODD_NAMES)


def test_odd_names_inside_an_object_are_surplus_and_go_to_quarantine_with_it(stores: dict[str, Path]) -> None:
    (package,) = keep(1)
    place = folder(stores["a"], package)
    for name in ODD_NAMES.values():
        (place / "v1" / "content" / name).write_bytes(b"mine")
    found = {b.path for b in verify_packages().bad}
    assert found == {f"v1/content/{told(name)}" for name in ODD_NAMES.values()}
    assert read_content(package.id, "originals/0001.tif") == package.files[0].source
    report = scrub()
    assert report.ok, report
    (aside,) = (stores["a"] / "quarantine").iterdir()
    assert {p.name for p in (aside / "v1" / "content").iterdir()} >= set(ODD_NAMES.values())
    assert verify_packages().ok
    assert_valid_root(stores["a"] / "ocfl", 1)


Things = dict[str, Callable[[Path, Path], object]]
THINGS: Things = {
    "pipe": lambda path, outside: os.mkfifo(path),
    "socket": lambda path, outside: _bound(path),
    "link out": lambda path, outside: path.symlink_to(outside),
    "link to itself": lambda path, outside: path.symlink_to(path.name),
    "link to a folder above": lambda path, outside: path.symlink_to(".."),
    "dangling link": lambda path, outside: path.symlink_to("nowhere"),
    "folder": lambda path, outside: path.mkdir(),
    "device": lambda path, outside: os.mknod(path, 0o20600, os.makedev(1, 5)),  # zeros without an end
}


def _bound(path: Path) -> None:
    """A socket in the file system; its name may be longer than an address."""
    here = os.open(path.parent, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"/proc/self/fd/{here}/{path.name}")
    finally:
        os.close(here)


def _put(thing: str, path: Path, outside: Path) -> None:
    if thing == "device" and os.geteuid() != 0:
        pytest.skip("only root makes devices")
    THINGS[thing](path, outside)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that is none of the store's, and would be found right if a link to it were followed."""
    path = tmp_path / "outside.tif"
    path.write_bytes(b"outside")
    return path


PLACES = ("v1/content/originals/0001.tif", "inventory.json", "inventory.json.sha512", "v1/inventory.json",
          "0=ocfl_object_1.1", "v1/content", "v1", "")  # fmt: skip


@pytest.mark.parametrize("thing", THINGS)
def test_what_is_no_file_in_a_files_place_is_found_and_put_right(
    stores: dict[str, Path], outside: Path, thing: str
) -> None:
    packages = keep(len(PLACES))
    for package, name in zip(packages, PLACES, strict=True):
        path = folder(stores["a"], package) / name
        shutil.move(path, stores["a"].parent / f"kept-{package.id}")
        _put(thing, path, outside)
    found = {b.id for b in verify_packages().bad} | set(verify_packages().missing)
    assert found == {p.id for p in packages}, thing
    for package in packages:  # nobody is held, and the bytes are right
        queries._inventory.cache_clear()
        assert read_content(package.id, "originals/0001.tif") == package.files[0].source
    assert look([p.id for p in packages], reachable_stores()).found.keys() == set()  # the ledger names none of them
    report = scrub()
    assert report.ok, report
    assert verify_packages().ok
    assert_valid_root(stores["a"] / "ocfl", len(packages))
    assert outside.read_bytes() == b"outside"


@pytest.mark.parametrize("thing", THINGS)
def test_what_is_no_file_in_the_root_and_beside_it_is_named_and_left(
    stores: dict[str, Path], outside: Path, thing: str
) -> None:
    keep(1)
    _put(thing, stores["a"] / "ocfl" / "thing", outside)
    _put(thing, stores["a"] / "ocfl" / "abc", outside)  # where a tuple of a place could be
    _put(thing, stores["a"] / "quarantine" / "thing", outside)
    before = _snapshot(stores["a"])
    report = verify_packages()
    assert set(report.extra) == {"a:thing", "a:abc"}
    assert set(scrub().extra) == set(report.extra)
    keep_packages([new_package()], now=NOW)
    after = _snapshot(stores["a"])
    assert before.items() <= after.items()
    assert outside.read_bytes() == b"outside"


@pytest.mark.parametrize("thing", THINGS)
def test_what_is_no_batch_in_staging_holds_nobody(stores: dict[str, Path], outside: Path, thing: str) -> None:
    keep(1)
    _put(thing, stores["a"] / "staging" / "thing", outside)
    (stores["a"] / "staging" / "batch").mkdir()
    for name in ("journal.json", "lock"):
        _put(thing, stores["a"] / "staging" / "batch" / name, outside)
    sweep_uncommitted(timedelta(seconds=-5))
    keep_packages([new_package()], now=NOW)
    assert verify_packages().ok
    assert outside.read_bytes() == b"outside"
    assert not list((stores["a"] / "staging").iterdir()), "the batch is cleared, the strange thing set aside"
    assert [p.name.split(".")[0] for p in (stores["a"] / "quarantine").iterdir()] == (
        [] if thing == "folder" else ["thing"]
    )


@pytest.mark.parametrize(
    "text", ["{}", "1", "[1]", '[["x"]]', '[["x", "latest"]]', "[" * 100_000, '[["urn:uuid:x", "v1"]]', "\x00"]
)
def test_a_journal_that_is_none_puts_nothing_aside(stores: dict[str, Path], text: str) -> None:
    keep(1)
    batch = stores["a"] / "staging" / "batch"
    batch.mkdir()
    (batch / "lock").touch()
    (batch / "journal.json").write_text(text)
    letter = stores["a"] / "staging" / "letter.txt"
    letter.write_text("mine")
    report = sweep_uncommitted(timedelta(seconds=-5))
    assert report.set_aside == report.rolled_back == ()
    assert not list((stores["a"] / "staging").iterdir())
    (aside,) = (stores["a"] / "quarantine").iterdir()
    assert aside.name.startswith("letter.txt.") and aside.read_text() == "mine"
    assert verify_packages().ok


def test_objects_in_each_others_places(stores: dict[str, Path]) -> None:
    """Two folders exchanged: each inventory names the other's id."""
    first, second = keep(2)
    one, two = folder(stores["a"], first), folder(stores["a"], second)
    one.rename(stores["a"] / "staging" / "x")
    two.rename(one)
    (stores["a"] / "staging" / "x").rename(two)
    assert {b.id for b in verify_packages().bad} == {first.id, second.id}
    for package in (first, second):
        queries._inventory.cache_clear()
        assert read_content(package.id, "originals/0001.tif") == package.files[0].source
    assert scrub().ok and verify_packages().ok
    assert len(list((stores["a"] / "quarantine").iterdir())) == 2


def test_an_inventory_that_names_another_id_with_a_sidecar_that_fits(stores: dict[str, Path]) -> None:
    """Whoever writes it so has the digests right but the register's."""
    (package,) = keep(1)
    place = folder(stores["a"], package)
    data = place.joinpath("inventory.json").read_bytes().replace(str(package.id).encode(), str(ACTOR.id).encode())
    for where in (place, place / "v1"):
        (where / "inventory.json").write_bytes(data)
        (where / "inventory.json.sha512").write_bytes(sidecar(data))
    assert {b.problem for b in verify_packages().bad} == {"P-V-03"}
    assert scrub().ok and verify_packages().ok
    (aside,) = (stores["a"] / "quarantine").iterdir()
    assert (aside / "inventory.json").read_bytes() == data


def test_missing_sidecars_and_declarations_everywhere_are_put_right(stores: dict[str, Path]) -> None:
    packages = keep(4)
    for store in stores.values():
        for path in store.rglob("inventory.json.sha512"):
            path.unlink()
    for package in packages:
        (folder(stores["b"], package) / "0=ocfl_object_1.1").unlink()
    report = scrub()
    assert report.ok and report.mended == 2 * len(packages)
    assert not Quarantine.objects.exists()
    for store in stores.values():
        assert_valid_root(store / "ocfl", len(packages))


@pytest.mark.parametrize("card", [{"node": "node-2"}, {"name": "z"}])
def test_a_store_of_others_is_away_to_scrub_and_repair_and_stays_as_it_is(
    stores: dict[str, Path], card: dict[str, str]
) -> None:
    packages = keep(3)
    shutil.rmtree(folder(stores["b"], packages[0]))
    path = stores["b"] / "store.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | card))
    before = _snapshot(stores["b"])
    assert scrub().away == ("b",)
    assert repair_packages(ACTOR, clock=at()).away == ("b",)  # type: ignore[arg-type]
    assert _snapshot(stores["b"]) == before
    assert set(PackageCopy.objects.filter(store="b").values_list("state", flat=True)) == {"kept"}
    with pytest.raises(Unavailable, match="P-13"):
        reachable_stores()


@pytest.mark.parametrize("thing", [*THINGS, "list", "deep", "huge number"])
def test_a_card_that_is_no_card_refuses_the_store(stores: dict[str, Path], outside: Path, thing: str) -> None:
    (package,) = keep(1)
    path = stores["b"] / "store.json"
    path.rename(stores["b"].parent / "card")
    texts = {"list": "[]", "deep": "[" * 100_000, "huge number": f'{{"node": {"9" * 10_000}}}'}
    if thing in texts:
        path.write_text(texts[thing])
    else:
        _put(thing, path, outside)
    before = _snapshot(stores["b"])
    with pytest.raises(Unavailable, match=r"P-1[123]"):
        keep_packages([new_package()], now=NOW)
    assert scrub().away == ("b",)
    assert _snapshot(stores["b"]) == before
    assert read_content(package.id, "originals/0001.tif") == package.files[0].source


def test_the_same_folder_named_twice_is_refused(stores: dict[str, Path], settings: Settings) -> None:
    """Two copies on paper, one on the disk: the card has one name only."""
    settings.STORES = {"a": stores["a"], "b": stores["a"]}
    with pytest.raises(Unavailable, match="P-13"):
        keep_packages([new_package()], now=NOW)
    assert LedgerEntry.objects.count() == 0


def test_an_object_whose_inventory_is_no_inventory(stores: dict[str, Path]) -> None:
    texts = [b"", b"[]", b"{}", b"null", b"[" * 200_000, b'{"id": 1}', b"\xff\xfe", b'{"head": ' + b"9" * 5000 + b"}"]
    packages = keep(len(texts))
    for package, text in zip(packages, texts, strict=True):
        for where in ("", "v1/"):
            (folder(stores["a"], package) / f"{where}inventory.json").write_bytes(text)
    for path in ("abc", "abc/def/012"):
        (stores["b"] / "ocfl" / path).mkdir(parents=True)
    twin = stores["b"] / "ocfl" / "abc" / "def" / "012" / ("abcdef012" + "0" * 55)
    twin.mkdir()
    (twin / "inventory.json").write_bytes(texts[4])
    assert {b.id for b in verify_packages().bad} == {p.id for p in packages}
    assert scrub().mended == len(packages)
    assert verify_packages().extra and not verify_packages().bad


def test_a_revision_over_an_object_that_others_touched_is_refused_whole(stores: dict[str, Path]) -> None:
    """A link where the new version would go: nothing is written through it."""
    (package,) = keep(1)
    away = stores["a"].parent / "elsewhere"
    away.mkdir()
    (folder(stores["a"], package) / "v2").symlink_to(away)
    change = Revision(package.id, (content("mets.xml", b"<new/>"),), "改", "李", NOW)
    try:
        revise_packages([change], now=NOW)
    except Unavailable:
        assert PackageCopy.objects.filter(version="v2").count() == 0
    assert list(away.iterdir()) == []
    assert scrub().ok and verify_packages().ok


@pytest.fixture
def blocked(stores: dict[str, Path]) -> Iterator[NewPackage]:
    """A package whose place in one store is taken by a link to another folder of the machine."""
    package = new_package()
    place = folder(stores["a"], package)
    keep(1)
    place.parent.mkdir(parents=True)
    away = stores["a"].parent / "elsewhere"
    away.mkdir()
    (away / "theirs").write_bytes(b"theirs")
    place.symlink_to(away)
    yield package
    assert (away / "theirs").read_bytes() == b"theirs" and len(list(away.iterdir())) == 1


def test_a_link_in_the_place_of_a_new_object_is_set_aside(stores: dict[str, Path], blocked: NewPackage) -> None:
    keep_packages([blocked], now=NOW)
    (aside,) = (stores["a"] / "quarantine").iterdir()
    assert aside.is_symlink()
    assert verify_packages().ok


@pytest.fixture
def read_only(stores: dict[str, Path]) -> Iterator[list[NewPackage]]:
    """Packages, of which store ``b`` has one damaged, one missing and a stranger, and is then mounted read-only."""
    packages = keep(3)
    (folder(stores["b"], packages[0]) / "v1" / "content" / "mets.xml").write_bytes(b"<other/>")
    shutil.rmtree(folder(stores["b"], packages[1]))
    (stores["b"] / "ocfl" / "stranger").write_bytes(b"x")
    batch = stores["b"] / "staging" / "batch"
    batch.mkdir()
    (batch / "lock").touch()
    place = str(stores["b"])
    bound = ["mount", "--bind", place, place]
    if os.geteuid() != 0 or subprocess.run(bound, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a folder")
    subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True)
    yield packages
    subprocess.run(["umount", place], check=True)


def test_a_store_mounted_read_only_is_checked_and_what_cannot_be_mended_is_said(
    stores: dict[str, Path], read_only: list[NewPackage]
) -> None:
    before = _snapshot(stores["b"])
    report = scrub()
    assert not report.ok and report.mended == 0
    assert {b.id for b in verify_packages().bad} | set(verify_packages().missing) == {p.id for p in read_only[:2]}
    repaired = repair_packages(ACTOR, clock=at())  # type: ignore[arg-type]
    assert {one.package_id for one in repaired.copies} == {p.id for p in read_only[:2]}
    assert {(one.outcome, one.code) for one in repaired.copies} == {("failed", "P-11")}
    assert not Quarantine.objects.exists(), "the other copies are whole"
    with pytest.raises(Unavailable, match="P-11"):
        sweep_uncommitted(timedelta(seconds=-5))
    assert _snapshot(stores["b"]) == before
    for package in read_only:
        assert read_content(package.id, "originals/0001.tif") == package.files[0].source
