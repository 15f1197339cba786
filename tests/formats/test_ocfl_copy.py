"""Copies of objects: exactly the version asked for, every file compared on the way."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pytest

from cunzhen.formats.ocfl import ContentFile, Inventory, VersionInfo, object_path
from cunzhen.formats.ocfl_check import check_object
from cunzhen.formats.ocfl_copy import copy_object
from cunzhen.formats.ocfl_root import StoreFolder, prepare_store
from cunzhen.formats.ocfl_staging import Staging
from cunzhen.formats.ocfl_write import NewVersion, stage_object

ID = "urn:uuid:01900000-0000-7000-8000-000000000001"
INFO = VersionInfo(datetime(2026, 11, 22, 8, tzinfo=UTC), "归档", "王样本")


def _keep(store: StoreFolder, new: NewVersion, batch: str) -> tuple[Inventory, str]:
    with Staging(store, batch) as staging:
        staged = stage_object(new, [staging])
        staging.seal()
        staging.place()
        staging.forget()
    return staged.inventory, staged.inventory_sha512


def two_versions(folder: Path) -> tuple[Path, dict[str, str]]:
    """An object whose second version replaces one of its files."""
    store = StoreFolder("a", folder)
    prepare_store(store, node="node-1", may_create=True)
    files = [ContentFile("originals/0001.pdf", b"scan" * 1000), ContentFile("mets.xml", b"<mets/>")]
    first, digest = _keep(store, NewVersion(ID, files, INFO), "one")
    _, second = _keep(store, NewVersion(ID, [ContentFile("mets.xml", b"<mets>2</mets>")], INFO, first), "two")
    return store.root / object_path(ID), {"v1": digest, "v2": second}


def _open(root: Path, path: str) -> BinaryIO | None:
    return (root / path).open("rb") if (root / path).is_file() else None


@pytest.fixture
def source(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """An object with two versions, and the digest of each version's inventory."""
    return two_versions(tmp_path / "store")


def test_each_version_is_copied_as_it_was(source: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    place, digests = source
    for version, digest in digests.items():
        target = tmp_path / version
        done = copy_object(partial(_open, place), ID, version, digest, target)
        assert done.bad == "" and done.bytes == sum(p.stat().st_size for p in target.rglob("*") if p.is_file())
        assert check_object(target, ID, version, digest) == []
    assert not (tmp_path / "v1" / "v2").exists()


def test_versions_that_are_there_are_left_out(source: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    place, digests = source
    target = tmp_path / "copy"
    copy_object(partial(_open, place), ID, "v1", digests["v1"], target)
    before = {p: p.stat().st_mtime_ns for p in (target / "v1").rglob("*") if p.is_file()}
    done = copy_object(partial(_open, place), ID, "v2", digests["v2"], target, have=["v1"])
    assert done.versions == ["v2"]
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert check_object(target, ID, "v2", digests["v2"]) == []


@pytest.mark.parametrize(
    ("spoil", "bad"),
    [
        (lambda p: p.write_bytes(p.read_bytes()[:-1] + b"?"), "content"),
        (lambda p: p.unlink(), "content"),
    ],
)
def test_a_source_that_is_not_whole_is_named(
    source: tuple[Path, dict[str, str]], tmp_path: Path, spoil: Callable[[Path], None], bad: str
) -> None:
    place, digests = source
    victim = place / "v1" / "content" / "originals" / "0001.pdf"
    spoil(victim)
    done = copy_object(partial(_open, place), ID, "v2", digests["v2"], tmp_path / "copy")
    assert bad in done.bad and done.bad == str(victim.relative_to(place))


def test_another_inventory_is_no_source(source: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    place, digests = source
    assert copy_object(partial(_open, place), ID, "v2", "0" * 128, tmp_path / "a").bad == "v2/inventory.json"
    shutil.copy(place / "v2" / "inventory.json", place / "v1" / "inventory.json")
    assert copy_object(partial(_open, place), ID, "v2", digests["v2"], tmp_path / "b").bad == "v1/inventory.json"
    assert Inventory.from_bytes((place / "inventory.json").read_bytes()).id == ID
