"""``cunzhen scrub`` and ``cunzhen repair``: what they say and how they end; ``cunzhen check`` says it too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.filed import PEOPLE, Home, filed_home


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it, all copies in one store."""
    return filed_home()


@pytest.fixture
def spoiled(home: Home) -> Iterator[tuple[str, Path]]:
    """An item whose only copy has one wrong bit; put right at the end."""
    ((identity,),) = home.rows(f"SELECT id FROM holdings_item WHERE archival_code = '{home.codes[0]}'")
    inventories = home.path.glob("stores/a/ocfl/*/*/*/*/inventory.json")
    folder = next(p.parent for p in inventories if str(identity) in p.read_text(encoding="utf-8"))
    target = next((folder / "v1" / "content" / "originals").iterdir())
    kept = target.read_bytes()
    target.chmod(0o600)
    target.write_bytes(kept[:100] + bytes([kept[100] ^ 1]) + kept[101:])
    yield str(identity), target
    target.write_bytes(kept)
    assert home.run("repair").returncode == 0
    assert home.run("scrub", "--all", "--rate", "0").returncode == 0


def test_a_sound_home(home: Home) -> None:
    body = home.ask("scrub", "--all", "--rate", "0")
    assert body["copies"] >= 3 and body["bytes"] > 10_000 and body["ok"] is True
    assert (body["damaged"], body["missing"], body["mended"], body["open"]) == (0, 0, 0, 0)
    assert body["away"] == body["extra"] == body["behind"] == body["quarantined"] == []
    done = home.run("scrub")
    assert done.returncode == 0 and "全部完好" in done.stdout
    assert "没有需要修复的副本" in home.run("repair").stdout


def test_who_may_and_misuse(home: Home) -> None:
    for word in ("scrub", "repair"):
        assert home.refused(word, "--as", "clerk", typed=f"{PEOPLE['clerk']}\n") == "A-01"
        assert home.refused(word, "--as", "leader", typed=f"{PEOPLE['leader']}\n") == "A-01"
    assert home.run("scrub", "--as", "archivist", typed=f"{PEOPLE['archivist']}\n").returncode == 0
    home.refused("scrub", "--rate", "-1", status=2)
    home.refused("scrub", "--rate", "fast", status=2)
    assert home.refused("repair", "--new-store", "zzz") == "P-53"
    home.refused("repair", "--new-store", "a", "--dry-run", status=2)


def test_a_wrong_bit_without_another_copy(home: Home, spoiled: tuple[str, Path]) -> None:
    identity, target = spoiled
    wrong = target.read_bytes()
    body = home.ask("scrub", "--all", status=1)
    assert (body["damaged"], body["mended"], body["open"], body["quarantined"]) == (1, 0, 1, [identity])
    assert target.read_bytes() == wrong
    done = home.run("repair", "--dry-run")
    assert done.returncode == 1 and "v1/content/originals/0001" in done.stdout and "已隔离" in done.stdout
    found = home.ask("repair", status=1)
    assert [(c["package_id"], c["outcome"], c["problems"]) for c in found["copies"]] == [
        (identity, "quarantined", ["P-V-05"])
    ]
    assert target.read_bytes() == wrong
    checks = {c["name"]: c for c in json.loads(home.run("check", "--json").stdout)["checks"]}
    assert checks["copies"]["ok"] is False and "没有一份副本完好" in checks["copies"]["detail"]
    assert checks["scrub"]["ok"] is True


def test_check_tells_of_old_checks_and_lost_stores(home: Home) -> None:
    with home.database() as database:
        database.execute("UPDATE preservation_packagecopy SET checked_at = now() - interval '31 days'")
    checks = {c["name"]: c for c in json.loads(home.run("check", "--json").stdout)["checks"]}
    assert checks["scrub"]["ok"] is False and "超过 30 天" in checks["scrub"]["detail"]
    store = home.path / "stores" / "a"
    store.rename(store.with_name("away"))
    try:
        checks = {c["name"]: c for c in json.loads(home.run("check", "--json").stdout)["checks"]}
        assert checks["away_a"]["ok"] is False
        body = home.ask("scrub", status=1)
        assert (body["copies"], body["away"], body["missing"]) == (0, ["a"], 0)
        assert home.ask("repair", status=1)["away"] == ["a"]
    finally:
        store.with_name("away").rename(store)
    body = home.ask("scrub")
    assert body["copies"] >= 3 and body["ok"] is True
    checks = {c["name"]: c for c in json.loads(home.run("check", "--json").stdout)["checks"]}
    assert checks["scrub"]["ok"] is True and "away_a" not in checks
