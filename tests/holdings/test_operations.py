"""Filing into the catalogue, people, looks, and the catalogue against its packages."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection

from cunzhen.errors import Conflict, Invalid, Missing, Refused
from cunzhen.holdings.models import Item, Mention, Person, PersonIdentifier, PersonName
from cunzhen.holdings.operations import (
    file_items,
    found_fonds,
    install_schedule,
    verify_catalogue,
    view_component,
    view_item,
    view_page,
)
from cunzhen.holdings.queries import item_by_code, page_texts
from cunzhen.holdings.rules import NamedPerson, NamedUnit, NewItem
from cunzhen.ledger.queries import history
from cunzhen.preservation.models import Package, PackageCopy
from tests.holdings.items import NUMBER
from tests.holdings.items import new_item as naming_item
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)


def new_item(world: World, folder: Path, content: bytes, **changes: object) -> NewItem:
    """One item of one file that names nobody, ready to file."""
    return naming_item(world, folder, content, **{"persons": (), "extra": {}} | changes)


def test_file_items_numbers_without_gaps_and_answers_in_order(world: World, tmp_path: Path) -> None:
    items = [new_item(world, tmp_path, b"a"), new_item(world, tmp_path, b"b"), new_item(world, tmp_path, b"a")]
    first, second, again = file_items(world.actor("service"), items=items, now=NOW)
    assert [first.archival_code[-6:], second.archival_code[-6:]] == ["000001", "000002"]
    assert again.duplicate and again.id == first.id and not first.duplicate
    assert page_texts([first.id])[first.id][0].text == "退休审批表"
    assert item_by_code(world.actor("clerk"), second.archival_code).id == second.id


def test_a_failed_batch_leaves_no_number_behind(world: World, tmp_path: Path) -> None:
    good, bad = new_item(world, tmp_path, b"a"), new_item(world, tmp_path, b"b")
    bad.components[0].source.write_bytes(b"changed under us")
    with pytest.raises(Invalid):
        file_items(world.actor("service"), items=[good, bad], now=NOW)
    assert Item.objects.count() == 0 and not Package.objects.filter(kind="item").exists()
    [filed] = file_items(world.actor("service"), items=[new_item(world, tmp_path, b"a")], now=NOW)
    assert filed.archival_code.endswith("000001")


def test_the_same_content_in_another_fonds_is_another_item(world: World, tmp_path: Path) -> None:
    here = new_item(world, tmp_path, b"a")
    there = new_item(world, tmp_path, b"a", fonds_id=world.neighbour_fonds.id)
    assert not file_items(world.actor("service"), items=[here], now=NOW)[0].duplicate
    assert not file_items(world.actor("outsider"), items=[there], now=NOW)[0].duplicate
    with pytest.raises(Missing, match="H-03"):
        file_items(world.actor("clerk"), items=[there], now=NOW)


def test_unconfirmed_and_unknown_terms_are_held(world: World, tmp_path: Path) -> None:
    [filed] = file_items(world.actor("service"), items=[new_item(world, tmp_path, b"a")], now=NOW)
    item = Item.objects.get(id=filed.id)
    assert (item.term, item.hold_reason) == ("50", "term_unconfirmed")  # standards-2 A: C-C, not yet confirmed


def test_one_person_however_often_named(world: World, tmp_path: Path) -> None:
    named = (NamedPerson("薛玉梅", NUMBER, page=0, box=(1, 2, 3, 4)),)
    unit = (NamedUnit("临县晋昌纺织厂", "91350100M000100Y43"),)
    items = [new_item(world, tmp_path, bytes([n]), persons=named, units=unit) for n in range(3)]
    file_items(world.actor("service"), items=items[:2], now=NOW)
    renamed = dataclasses.replace(items[2], persons=(NamedPerson("薛玉枚", NUMBER), NamedPerson("某某")))
    file_items(world.actor("service"), items=[renamed], now=NOW)
    person = Person.objects.get()
    assert set(PersonName.objects.values_list("name", flat=True)) == {"薛玉梅", "薛玉枚"}
    assert Mention.objects.filter(person=person).count() == 3
    assert Mention.objects.get(name="某某").person is None  # a name is no key
    assert PersonIdentifier.objects.get().value == NUMBER


def test_numbers_are_not_in_the_database_in_clear(world: World, tmp_path: Path) -> None:
    named = (NamedPerson("薛玉梅", NUMBER),)
    file_items(world.actor("service"), items=[new_item(world, tmp_path, b"a", persons=named)], now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{NUMBER}%"])
            in_text = cursor.fetchone()[0]
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{NUMBER.encode().hex()}%"])
            assert (table, in_text, cursor.fetchone()[0]) == (table, 0, 0)


def test_looks_are_recorded_and_others_see_nothing(world: World, tmp_path: Path) -> None:
    [filed] = file_items(world.actor("service"), items=[new_item(world, tmp_path, b"a")], now=NOW)
    clerk = world.actor("clerk")
    view_item(clerk, item_id=filed.id, now=NOW)
    assert view_page(clerk, item_id=filed.id, number=1, now=NOW).number == 1
    assert view_component(clerk, item_id=filed.id, number=1, now=NOW).name == "档案/退休审批表.pdf"
    ops = [line.op for line in history(filed.id)]
    assert ops == ["file_drafts", "view_item", "view_page", "view_component"]
    with pytest.raises(Missing, match="H-04"):
        view_page(clerk, item_id=filed.id, number=2, now=NOW)
    for name in ("outsider",):
        with pytest.raises(Missing, match="H-01"):
            view_item(world.actor(name), item_id=filed.id, now=NOW)
    with pytest.raises(Refused):
        view_page(world.actor("system_officer"), item_id=filed.id, number=1, now=NOW)


def test_verify_catalogue_finds_what_differs(world: World, tmp_path: Path) -> None:
    filed = file_items(world.actor("service"), items=[new_item(world, tmp_path, bytes([n])) for n in range(4)], now=NOW)
    ids: list[UUID] = [f.id for f in filed]
    archivist = world.actor("archivist")
    assert verify_catalogue(archivist, sample=None, now=NOW).altered == ()
    Item.objects.filter(id=ids[0]).update(title="改过")
    Item.objects.filter(id=ids[1]).update(retention_end=None)
    PackageCopy.objects.filter(package_id=ids[2]).delete()
    Package.objects.filter(id=ids[2]).delete()
    report = verify_catalogue(archivist, sample=None, now=NOW)
    assert (set(report.altered), report.extra, report.missing) == ({ids[0], ids[1]}, (ids[2],), ())
    with pytest.raises(Refused):
        verify_catalogue(world.actor("clerk"), sample=None, now=NOW)


def test_found_fonds_and_install_schedule_once(world: World) -> None:
    assert install_schedule(actor_id=world.agency.id, agency_id=world.agency.id, now=NOW) == world.fonds.schedule
    with pytest.raises(Conflict, match="H-02"):
        found_fonds(
            keeper=world.agency,
            code="J019",
            name="又一个",
            schedule=world.fonds.schedule,
            actor_id=world.agency.id,
            now=NOW,
        )
    assert world.fonds.series.count() == 9
