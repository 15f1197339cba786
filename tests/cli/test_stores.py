"""``cunzhen stores``: what is there, and the policy of copies."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from cunzhen.cli import stores
from cunzhen.errors import Invalid, Missing, Refused
from cunzhen.holdings.models import Series
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def two(settings: Settings, tmp_path: Path) -> None:
    """Two local stores, before the world is made in them."""
    settings.STORES = {"a": tmp_path / "a", "b": tmp_path / "b"}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command in this process."""

    def go(*words: str, user: str = "", as_json: bool = True) -> tuple[int, Any]:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
        parser = argparse.ArgumentParser()
        stores.configure(parser)
        args = parser.parse_args(words)
        args.as_user, args.json = user, as_json
        status = stores.run(args)
        out = capsys.readouterr().out
        return status, json.loads(out) if as_json else out

    return go


def test_stores_and_policies_are_shown(world: World, run: Any) -> None:
    status, found = run()
    assert status == 0
    assert [(s["name"], s["reachable"], s["not_whole"]) for s in found["stores"]] == [("a", True, 0), ("b", True, 0)]
    assert len(found["policies"]) == Series.objects.filter(fonds=world.fonds).count()
    assert {tuple(p["stores"]) for p in found["policies"]} == {()}
    text = run(as_json=False)[1]
    assert "可用" in text
    assert "全部存储" in text


def test_the_policy_of_a_series_and_of_a_fonds(world: World, run: Any) -> None:
    status, found = run("--fonds", "J019", "--series", "YL", "--keep", "b", user="system_officer")
    assert (status, found["promised"]) == (0, 0)
    assert Series.objects.get(fonds=world.fonds, code="YL").stores == ["b"]
    assert Series.objects.exclude(stores=[]).count() == 1
    run("--fonds", "J019", "--keep", "a,b", "--existing", user="system_officer")
    assert set(map(tuple, Series.objects.filter(fonds=world.fonds).values_list("stores", flat=True))) == {("a", "b")}
    assert not Series.objects.filter(fonds=world.neighbour_fonds).exclude(stores=[]).exists()
    run("--fonds", "J019", "--keep", "all", user="system_officer")
    assert not Series.objects.exclude(stores=[]).exists()


def test_refusals(world: World, run: Any) -> None:
    with pytest.raises(Refused, match="A-01"):
        run("--fonds", "J019", "--keep", "a")  # the machine itself may not
    with pytest.raises(Invalid, match="C-08"):
        run("--keep", "a", user="system_officer")
    with pytest.raises(Missing, match="H-06"):
        run("--fonds", "J999", "--keep", "a", user="system_officer")
    with pytest.raises(Invalid, match="H-07"):
        run("--fonds", "J019", "--keep", "a,z", user="system_officer")
    assert not Series.objects.exclude(stores=[]).exists()
