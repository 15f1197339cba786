"""Which stores keep the packages of a series: said by the system officer, kept by filing, never taken away."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings
from uuid_utils.compat import uuid7

from cunzhen.errors import Invalid, Missing, Refused, Unavailable
from cunzhen.formats.ocfl import object_path
from cunzhen.holdings.models import Item, Series
from cunzhen.holdings.operations import file_items, set_store_policy
from cunzhen.ledger.queries import history
from cunzhen.preservation.models import PackageCopy
from cunzhen.preservation.operations import verify_packages
from cunzhen.preservation.rules import object_id
from tests.holdings.test_operations import new_item
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def three(settings: Settings, tmp_path: Path) -> dict[str, Path]:
    """Three local stores, before the world is made in them."""
    settings.STORES = {name: tmp_path / "stores" / name for name in "abc"}
    return dict(settings.STORES)


def _series(world: World) -> Series:
    return Series.objects.get(fonds=world.fonds, code="YL")


def _kept_in(item: Item) -> list[str]:
    return list(PackageCopy.objects.filter(package_id=item.id).order_by("store").values_list("store", flat=True))


def test_new_packages_of_a_series_go_where_its_policy_says(
    world: World, three: dict[str, Path], tmp_path: Path
) -> None:
    officer, series = world.actor("system_officer"), _series(world)
    policy = set_store_policy(officer, series_id=series.id, stores=["c", "a"], now=NOW)
    assert policy.stores == ("a", "c")  # in the order of the settings
    [filed] = file_items(world.actor("service"), items=[new_item(world, tmp_path, b"a")], now=NOW)
    item = Item.objects.get(id=filed.id)
    assert _kept_in(item) == ["a", "c"]
    place = object_path(object_id(item.id))
    assert [name for name, folder in three.items() if (folder / "ocfl" / place).exists()] == ["a", "c"]
    set_store_policy(officer, series_id=series.id, stores=[], now=NOW)
    [later] = file_items(world.actor("service"), items=[new_item(world, tmp_path, b"b")], now=NOW)
    assert _kept_in(Item.objects.get(id=later.id)) == ["a", "b", "c"]
    assert _kept_in(item) == ["a", "c"]
    assert verify_packages().ok
    assert [line.op for line in history(series.id)] == ["set_store_policy", "set_store_policy"]


def test_packages_filed_before_are_promised_what_they_lack(
    world: World, three: dict[str, Path], tmp_path: Path
) -> None:
    officer, series = world.actor("system_officer"), _series(world)
    set_store_policy(officer, series_id=series.id, stores=["a"], now=NOW)
    [filed] = file_items(world.actor("service"), items=[new_item(world, tmp_path, b"a")], now=NOW)
    assert set_store_policy(officer, series_id=series.id, stores=["a", "b"], existing=True, now=NOW).promised == 1
    assert set_store_policy(officer, series_id=series.id, stores=["a", "b"], existing=True, now=NOW).promised == 0
    assert PackageCopy.objects.get(store="b", package_id=filed.id).state == "missing"
    assert verify_packages().missing == (filed.id,)  # until repair has made it


def test_a_policy_is_refused_to_others_and_for_stores_that_are_not_there(
    world: World, three: dict[str, Path], tmp_path: Path, settings: Settings
) -> None:
    officer, series = world.actor("system_officer"), _series(world)
    for name in ("clerk", "archivist", "leader", "security_officer", "audit_officer", "service"):
        with pytest.raises(Refused):
            set_store_policy(world.actor(name), series_id=series.id, stores=["a"], now=NOW)
    for stores in (["a", "z"], ["a", "a"], [""]):
        with pytest.raises(Invalid, match="H-07"):
            set_store_policy(officer, series_id=series.id, stores=stores, now=NOW)
    neighbours = Series.objects.get(fonds=world.neighbour_fonds, code="YL")
    for series_id in (neighbours.id, uuid7()):
        with pytest.raises(Missing, match="H-06"):
            set_store_policy(officer, series_id=series_id, stores=["a"], now=NOW)
    assert not Series.objects.exclude(stores=[]).exists()
    set_store_policy(officer, series_id=series.id, stores=["a", "c"], now=NOW)
    settings.STORES = {"a": three["a"], "b": three["b"]}
    with pytest.raises(Unavailable, match="P-41"):  # never fewer copies than promised
        file_items(world.actor("service"), items=[new_item(world, tmp_path, b"a")], now=NOW)
    assert Item.objects.count() == 0
