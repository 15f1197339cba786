"""Rebuilding: from the stores and the published ledger alone, the catalogue is what it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from cunzhen.accounts.queries import service_actor
from cunzhen.errors import Conflict, Missing, Unavailable
from cunzhen.formats.ocfl import object_path
from cunzhen.holdings import registry
from cunzhen.holdings.models import CodeCounter, Item, Rebuild
from cunzhen.holdings.operations import file_items, rebuild_catalogue, verify_catalogue
from cunzhen.holdings.operations.rebuilding import RebuildReport
from cunzhen.ledger.audit import audit
from cunzhen.ledger.details import export_details
from cunzhen.ledger.export import export
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.queries import history
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.preservation.operations import keep_packages, verify_packages
from cunzhen.preservation.rules import ContentFile, NewPackage, object_id
from tests.holdings.catalogue import TABLES, empty, everything
from tests.holdings.items import file_some, new_item
from tests.holdings.life import live
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)
# Written by the rebuilding itself: its own entry of the ledger.
OWN = {"ledger_entry", "ledger_leaf", "ledger_detail"}


@pytest.fixture
def two_stores(settings: Settings) -> None:
    """Two of them, so that one can lack what the other has."""
    settings.STORES = {name: django_settings.HOME / "stores" / name for name in ("a", "b")}


def rebuild(**more: Any) -> RebuildReport:
    """On an empty database."""
    return rebuild_catalogue(clock=timezone.now, **more)


def folder_of(package: UUID, store: str = "a") -> Path:
    """Where a copy lies."""
    return Path(django_settings.STORES[store]) / "ocfl" / object_path(object_id(package))


def assert_same(before: dict[str, list[str]], *, but: frozenset[str] = frozenset()) -> None:
    """Every table is what it was; the ledger has one entry more."""
    after = everything()
    for table in TABLES:
        if table in but:
            continue
        if table in OWN:
            assert set(before[table]) <= set(after[table]), table
            assert len(after[table]) - len(before[table]) <= 1, table
        else:
            assert after[table] == before[table], table


@pytest.mark.usefixtures("two_stores")
@pytest.mark.parametrize("processes", [1, 2])
def test_everything_is_as_it_was(world: World, tmp_path: Path, processes: int) -> None:
    life = live(world, tmp_path)
    while sequence():
        pass
    size = export(tmp_path / "ledger")
    assert export_details(tmp_path / "ledger", size) == size
    before = everything()
    assert all(before.values())
    empty()
    told: list[tuple[str, int, int]] = []
    report = rebuild(
        source=tmp_path / "ledger",
        processes=processes,
        progress=lambda what, done, total: told.append((what, done, total)),
    )
    assert report.ok and report.unrecorded == [] and report.reserved == 0
    assert (report.items, report.packages) == (len(before["holdings_item"]), len(before["preservation_package"]))
    assert report.ledger is not None and report.ledger.details.passed_over == 0
    assert {what for what, _, _ in told} == {"ledger", "items", "stores", "people"}
    assert all(done <= total for _, done, total in told)
    assert_same(before)
    assert verify_catalogue(service_actor(), sample=None, now=NOW).findings == []
    assert verify_packages().ok and audit().ok
    assert history(life.items[0])[0].detail is not None
    # And it goes on: the next item gets the next number.
    [item] = file_some(world, tmp_path / "more", 1, title="重建之后")
    assert item.archival_code.endswith("000057")


def test_without_details_the_history_has_no_words(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path / "in", 1)
    while sequence():
        pass
    before = everything()
    empty()
    assert rebuild().ok  # by the home's own published ledger
    assert_same(before, but=frozenset({"ledger_detail"}))
    assert [(line.op, line.detail) for line in history(item.id)] == [("file_drafts", None)]


def test_an_altered_or_foreign_detail_is_passed_over(world: World, tmp_path: Path) -> None:
    file_some(world, tmp_path / "in", 2)
    while sequence():
        pass
    size = export(tmp_path / "out")
    export_details(tmp_path / "out", size)
    file = next(p for p in (tmp_path / "out" / "details").rglob("*") if p.is_file())
    lines = file.read_bytes().splitlines()
    first, second = lines[0].replace(b'"number": 0', b'"number": 1'), lines[1].replace(b'"number": 1', b'"number": 0')
    file.write_bytes(b"\n".join([first, second, b"nonsense", *lines[2:]]))
    empty()
    details = rebuild(source=tmp_path / "out").ledger.details  # type: ignore[union-attr]
    assert (details.restored, details.passed_over) == (size - 2, 3)


@pytest.mark.usefixtures("two_stores")
def test_each_store_gives_what_the_other_lacks(world: World, tmp_path: Path) -> None:
    items = file_some(world, tmp_path / "in", 4)
    while sequence():
        pass
    before = everything()
    shutil.rmtree(folder_of(items[0].id, "a"))
    flip(folder_of(items[1].id, "b") / "inventory.json")
    flip(folder_of(items[1].id, "b") / "v1" / "inventory.json")
    flip(folder_of(items[2].id, "a") / "v1" / "content" / "mets.xml")
    flip(folder_of(items[2].id, "b") / "v1" / "content" / "text" / "pages.json")
    empty()
    assert rebuild().ok
    assert_same(before, but=frozenset({"preservation_packagecopy", "ledger_detail"}))
    states = dict(PackageCopy.objects.filter(package_id=items[0].id).values_list("store", "state"))
    assert states == {"a": "missing", "b": "kept"}
    states = dict(PackageCopy.objects.filter(package_id=items[1].id).values_list("store", "state"))
    assert states == {"a": "kept", "b": "damaged"}
    found = {(b.id, b.store) for b in verify_packages().bad}  # the scrub judges the content
    assert found >= {(items[2].id, "a"), (items[2].id, "b")}


def flip(path: Path) -> None:
    """One byte of a file is another."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_what_is_lost_is_listed_and_its_number_is_not_given_again(world: World, tmp_path: Path) -> None:
    items = file_some(world, tmp_path / "in", 5)
    while sequence():
        pass
    shutil.rmtree(folder_of(items[1].id))
    flip(folder_of(items[4].id) / "v1" / "content" / "mets.xml")
    empty()
    report = rebuild()
    assert {(one.id, one.reason) for one in report.lost} == {(items[1].id, "absent"), (items[4].id, "P-14")}
    assert (report.lost_count, report.items, report.reserved, report.ok) == (2, 3, 1, False)
    assert CodeCounter.objects.get().last == 5
    [new] = file_items(world.actor("service"), items=[new_item(world, tmp_path, b"new")], now=NOW)
    assert new.archival_code.endswith("000006")
    found = verify_catalogue(service_actor(), sample=None, now=NOW)
    assert set(found.lost) == {items[1].id, items[4].id}
    assert {f.code for f in found.findings} == {"H-55"}


def test_what_the_ledger_does_not_name_is_ignored_and_listed(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path / "in", 1)
    stray, strange = UUID(int=7), UUID(int=8)
    files = (ContentFile("mets.xml", b"x"),)
    keep_packages([NewPackage(one, files, "x", "x", NOW) for one in (stray, strange)], now=NOW)
    (folder_of(strange) / "inventory.json").write_bytes(b"{}")
    while sequence():
        pass
    empty()
    report = rebuild()
    assert report.ok and report.items == 1
    assert report.unrecorded == sorted(f"a:{object_path(object_id(one))}" for one in (stray, strange))
    assert set(Package.objects.values_list("id", flat=True)) == {item.id, registry.own_id()}


def test_an_item_filed_but_not_yet_published_is_listed(world: World, tmp_path: Path) -> None:
    file_some(world, tmp_path / "in", 1)
    while sequence():
        pass
    [late] = file_some(world, tmp_path / "late", 1, title="迟")
    empty()
    report = rebuild()
    assert report.unrecorded == [f"a:{object_path(object_id(late.id))}"]
    assert Item.objects.count() == 1


def test_a_version_that_was_never_acknowledged_is_not_believed(world: World, tmp_path: Path) -> None:
    """A killed revision left v2 in the store; v1 is what the ledger names."""
    [item] = file_some(world, tmp_path / "in", 1)
    while sequence():
        pass
    before = everything()
    folder = folder_of(item.id)
    data = (folder / "inventory.json").read_bytes().replace(b'"head": "v1"', b'"head": "v2"')
    (folder / "inventory.json").write_bytes(data)
    empty()
    assert rebuild().ok
    assert_same(before, but=frozenset({"ledger_detail"}))


@pytest.mark.parametrize("point", range(1, 6))
def test_a_killed_rebuilding_goes_on(world: World, tmp_path: Path, point: int, monkeypatch: pytest.MonkeyPatch) -> None:
    file_some(world, tmp_path / "in", 3)
    while sequence():
        pass
    before = everything()
    empty()

    class Killed(BaseException):
        """As a kill would end it."""

    def failpoint(name: str) -> None:
        if name.startswith(f"rebuild-{point}-"):
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("cunzhen.holdings.operations.rebuilding.failpoint", failpoint)
        rebuild()
    assert Rebuild.objects.get().finished_at is None
    assert rebuild().ok
    assert Rebuild.objects.get().finished_at is not None
    assert_same(before, but=frozenset({"ledger_detail"}))
    with pytest.raises(Conflict, match="H-42"):
        rebuild()


def test_it_is_refused_where_there_is_anything(world: World) -> None:
    while sequence():
        pass
    with pytest.raises(Conflict, match="H-42"):
        rebuild()
    with pytest.raises(Missing, match="L-30"):
        rebuild(source=django_settings.HOME / "nothing")


def test_two_at_once_are_refused(world: World) -> None:
    while sequence():
        pass
    empty()
    seen: list[str] = []

    def meanwhile(what: str, done: int, total: int) -> None:
        if not seen:
            other = connection.copy()
            try:
                with other.cursor() as cursor:
                    cursor.execute("SELECT pg_try_advisory_lock(%s)", [0x63756E7A03])
                    seen.append(str(cursor.fetchone()[0]))
            finally:
                other.close()

    assert rebuild(progress=meanwhile).ok
    assert seen == ["False"]


def _truncate(ledger: Path) -> None:
    (ledger / "tile" / "entries" / "000.p").rename(ledger / "gone")


def _alter(ledger: Path) -> None:
    file = next(p for p in (ledger / "tile" / "entries").rglob("*") if p.is_file())
    file.write_bytes(file.read_bytes().replace(b"found_agency", b"found_agencY", 1))


def _forge(ledger: Path) -> None:
    lines = (ledger / "checkpoint").read_text().splitlines(keepends=True)
    (ledger / "checkpoint").write_text("".join([lines[0], "3\n", *lines[2:]]))


@pytest.mark.parametrize(("damage", "code"), [(_truncate, "L-18"), (_alter, "L-33"), (_forge, "L-13")])
def test_an_altered_ledger_gives_nothing(
    world: World, tmp_path: Path, damage: Callable[[Path], None], code: str
) -> None:
    while sequence():
        pass
    export(tmp_path / "out")
    damage(tmp_path / "out")
    empty()
    shutil.rmtree(django_settings.HOME / "ledger")
    with pytest.raises(Unavailable, match=code):
        rebuild(source=tmp_path / "out")
    assert not LedgerEntry.objects.exists()


def test_an_older_export_is_refused_where_the_home_has_more(world: World, tmp_path: Path) -> None:
    while sequence():
        pass
    export(tmp_path / "old")
    file_some(world, tmp_path / "in", 1)
    while sequence():
        pass
    empty()
    with pytest.raises(Conflict, match="L-32"):
        rebuild(source=tmp_path / "old")


def test_an_export_alone_continues_the_ledger(world: World, tmp_path: Path) -> None:
    """The home's own published ledger is lost too."""
    file_some(world, tmp_path / "in", 2)
    while sequence():
        pass
    export(tmp_path / "out")
    head = (django_settings.HOME / "ledger" / "checkpoint").read_text()
    shutil.rmtree(django_settings.HOME / "ledger")
    empty()
    assert rebuild(source=tmp_path / "out").ok
    report = audit(head)
    assert report.ok and report.size > 0
    file_some(world, tmp_path / "more", 1, title="以后")
    while sequence():
        pass
    assert audit(head).ok


@pytest.mark.usefixtures("two_stores")
def test_a_store_that_is_away_stops_it_unless_it_is_named(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path / "in", 1)
    while sequence():
        pass
    before = everything()
    away = Path(django_settings.STORES["b"])
    away.rename(tmp_path / "b")
    empty()
    with pytest.raises(Unavailable, match="P-12"):
        rebuild()
    assert not away.exists()  # nothing is made in the place of a disk that is not mounted
    assert rebuild(without=["b"]).ok
    assert_same(before, but=frozenset({"preservation_packagecopy", "ledger_detail"}))
    assert dict(PackageCopy.objects.filter(package_id=item.id).values_list("store", "state")) == {
        "a": "kept",
        "b": "missing",
    }


def test_without_its_registry_nothing_is_rebuilt(world: World, tmp_path: Path) -> None:
    file_some(world, tmp_path / "in", 1)
    while sequence():
        pass
    folder_of(registry.own_id()).rename(tmp_path / "registry")
    empty()
    with pytest.raises(Unavailable, match="H-43"):
        rebuild()
    (tmp_path / "registry").rename(folder_of(registry.own_id()))
    assert rebuild().ok  # goes on where it was


def test_a_package_that_lies_about_its_item_is_not_taken_in(world: World, tmp_path: Path) -> None:
    """Its digests are right, for somebody filed it past the program; two items want one code."""
    items = [new_item(world, tmp_path, bytes([n])) for n in range(2)]
    file_items(world.actor("service"), items=items, now=NOW)
    while sequence():
        pass
    empty()
    with connection.cursor() as cursor:  # as if the second one's package bore the first one's code
        cursor.execute("ALTER TABLE holdings_item ADD CONSTRAINT test_only CHECK (archival_code NOT LIKE '%%000002')")
    try:
        report = rebuild()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE holdings_item DROP CONSTRAINT test_only")
    assert [(one.id, one.reason) for one in report.lost] == [(items[1].id, "H-44")]
    assert Item.objects.count() == 1
