"""Local stores touched by other hands: named, quarantined or refused, never overwritten."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cunzhen.errors import Unavailable
from cunzhen.formats.ocfl import object_path
from cunzhen.formats.ocfl_staging import Staging
from cunzhen.preservation import queries
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.preservation.operations import keep_packages, revise_packages, sweep_uncommitted, verify_packages
from cunzhen.preservation.rules import NewPackage, Revision, object_id
from tests.preservation.conftest import NOW, content, new_package
from tests.preservation.judge import assert_valid_root

pytestmark = pytest.mark.django_db(transaction=True)


def _folder(stores: dict[str, Path], store: str, package: NewPackage) -> Path:
    return stores[store] / "ocfl" / object_path(object_id(package.id))


def _everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def kept(stores: dict[str, Path]) -> list[NewPackage]:
    """Three packages in both stores."""
    packages = [new_package(scan=b"%d" % n) for n in range(3)]
    keep_packages(packages, now=NOW)
    return packages


def test_swapped_stores_are_refused_and_not_written_to(stores: dict[str, Path], kept: list[NewPackage]) -> None:
    stores["a"].rename(stores["a"].with_name("x"))
    stores["b"].rename(stores["a"])
    stores["a"].with_name("x").rename(stores["b"])
    before = {name: _everything(path) for name, path in stores.items()}
    for act in (
        lambda: keep_packages([new_package()], now=NOW),
        verify_packages,
        lambda: sweep_uncommitted(timedelta(0)),
    ):
        with pytest.raises(Unavailable, match="P-13"):
            act()
    assert {name: _everything(path) for name, path in stores.items()} == before
    assert Package.objects.count() == 3


@pytest.mark.parametrize("card", [{"node": "node-2"}, {"name": "z"}, {"format": "other"}, None])
def test_a_store_of_another_node_or_agency_is_refused(
    stores: dict[str, Path], kept: list[NewPackage], card: dict[str, str] | None
) -> None:
    path = stores["b"] / "store.json"
    path.write_text("not JSON" if card is None else json.dumps(json.loads(path.read_text()) | card))
    before = _everything(stores["b"])
    with pytest.raises(Unavailable, match="P-13"):
        keep_packages([new_package()], now=NOW)
    assert _everything(stores["b"]) == before
    assert queries.read_content(kept[0].id, "mets.xml") == b"<mets/>"  # from the other


@pytest.fixture
def read_only(stores: dict[str, Path], kept: list[NewPackage]) -> Iterator[None]:
    """Store ``b`` is mounted read-only."""
    folder = str(stores["b"])
    bound = ["mount", "--bind", folder, folder]
    if os.geteuid() != 0 or subprocess.run(bound, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a folder")
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
    yield
    subprocess.run(["umount", folder], check=True)


def test_a_store_mounted_read_only_refuses_new_packages_and_goes_on_serving(
    stores: dict[str, Path], kept: list[NewPackage], read_only: None
) -> None:
    with pytest.raises(Unavailable) as refusal:
        keep_packages([new_package()], now=NOW)
    assert (refusal.value.code, refusal.value.params["store"]) == ("P-11", "b")
    assert Package.objects.count() == 3
    assert list((stores["a"] / "staging").iterdir()) == []
    shutil.rmtree(_folder(stores, "a", kept[0]))
    queries._inventory.cache_clear()
    assert queries.read_content(kept[0].id, "mets.xml") == b"<mets/>"
    assert {b.store for b in verify_packages().bad} <= {"a"}


def test_two_objects_with_one_id_and_foreign_files_are_named_and_left(
    stores: dict[str, Path], kept: list[NewPackage]
) -> None:
    twin = stores["a"] / "ocfl" / object_path("urn:uuid:00000000-0000-7000-8000-000000000000")
    twin.parent.mkdir(parents=True)
    shutil.copytree(_folder(stores, "a", kept[0]), twin)
    strange = stores["a"] / "ocfl" / "a\nb\u202egpj.exe 恶"
    strange.mkdir()
    (strange / "x").write_bytes(b"x")
    (_folder(stores, "b", kept[1]) / "v1" / "content" / "Thumbs.db").write_bytes(b"x")
    (_folder(stores, "b", kept[2]) / "inventory.json.sha512").unlink()
    (stores["b"] / "ocfl" / "link").symlink_to("/etc")
    report = verify_packages()
    assert {(b.id, b.store, b.problem, b.path) for b in report.bad} == {
        (kept[1].id, "b", "P-V-07", "v1/content/Thumbs.db"),
        (kept[2].id, "b", "P-V-06", "inventory.json.sha512"),
    }
    assert len(report.extra) == 3
    assert f"a:{twin.relative_to(stores['a'] / 'ocfl')}" in report.extra
    before = {name: _everything(path) for name, path in stores.items()}
    assert sweep_uncommitted(timedelta(0)).set_aside == ()
    keep_packages([new_package()], now=NOW)
    after = {name: _everything(path) for name, path in stores.items()}
    assert all(before[name].items() <= after[name].items() for name in stores)


def test_a_strange_object_in_the_place_of_a_new_one_goes_to_quarantine(
    stores: dict[str, Path], kept: list[NewPackage]
) -> None:
    package = new_package()
    place = _folder(stores, "a", package)
    place.mkdir(parents=True)
    (place / "stranger").write_bytes(b"stranger")
    keep_packages([package], now=NOW)
    (aside,) = (stores["a"] / "quarantine").iterdir()
    assert (aside / "stranger").read_bytes() == b"stranger"
    assert verify_packages().ok
    assert_valid_root(stores["a"] / "ocfl", 4)


def test_a_new_version_goes_only_into_copies_that_are_not_known_to_be_bad(
    stores: dict[str, Path], kept: list[NewPackage]
) -> None:
    change = Revision(kept[0].id, (content("mets.xml", b"<new/>"),), "改", "李", NOW)
    shutil.rmtree(_folder(stores, "b", kept[0]))
    with pytest.raises(Unavailable, match="P-15"):  # nobody knew
        revise_packages([change], now=NOW)
    assert verify_packages().missing == (kept[0].id,)
    revise_packages([change], now=NOW)
    versions = dict(PackageCopy.objects.filter(package_id=kept[0].id).values_list("store", "version"))
    assert versions == {"a": "v2", "b": "v1"}
    assert queries.read_content(kept[0].id, "mets.xml") == b"<new/>"
    PackageCopy.objects.filter(package_id=kept[0].id).update(state="damaged")
    with pytest.raises(Unavailable, match="P-14"):
        revise_packages([change], now=NOW)


def test_what_is_read_back_wrong_is_never_acknowledged(
    stores: dict[str, Path], kept: list[NewPackage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that says that it has written and gives other bytes of the same size."""
    sync = Staging.__dict__["_everything"]

    def spoil(self: Staging) -> object:
        found = list(sync(self))
        if self.folder.name == "b":
            path = next(p for p in found if p.name == "0001.tif")
            path.chmod(0o600)
            path.write_bytes(bytes(len(path.read_bytes())))
        return found

    monkeypatch.setattr(Staging, "_everything", spoil)
    with pytest.raises(Unavailable, match="P-11"):
        keep_packages([new_package()], now=NOW)
    assert Package.objects.count() == 3
    for path in stores.values():
        assert list((path / "staging").iterdir()) == []
