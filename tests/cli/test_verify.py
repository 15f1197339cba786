"""``cunzhen verify`` finds what was spoilt: in packages, ledger, catalogue and index; each time it is mended again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.filed import PEOPLE, Home, filed_home


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it."""
    return filed_home()


def _package(home: Home) -> tuple[str, Path]:
    """An item's id and its package's folder."""
    ((identity,),) = home.rows(f"SELECT id FROM holdings_item WHERE archival_code = '{home.codes[0]}'")
    found = [
        p.parent
        for p in home.path.glob("stores/a/ocfl/**/inventory.json")
        if p.parent.name != "v1" and str(identity) in p.read_text(encoding="utf-8")
    ]
    assert len(found) == 1
    return str(identity), found[0]


def _clean(home: Home) -> None:
    body = home.ask("verify")
    assert set(body) == {"packages", "ledger", "catalogue", "index"}
    assert body["packages"]["checked"] >= 3


def test_a_sound_home(home: Home) -> None:
    _clean(home)
    done = home.run("verify", "--packages", "--sample", "1")
    assert done.returncode == 0
    assert "checked: 1" in done.stdout and "全部相符" in done.stdout
    assert set(home.ask("verify", "--ledger", "--index")) == {"ledger", "index"}
    home.refused("verify", "--sample", "0", status=2)
    assert home.refused("verify", "--as", "clerk", typed=f"{PEOPLE['clerk']}\n") == "A-01"


def test_a_changed_byte_in_a_package(home: Home) -> None:
    identity, folder = _package(home)
    target = next((folder / "v1" / "content" / "originals").iterdir())
    kept = target.read_bytes()
    mode = target.stat().st_mode
    target.chmod(0o600)
    target.write_bytes(kept[:100] + bytes([kept[100] ^ 1]) + kept[101:])
    try:
        body = home.ask("verify", "--packages", status=1)
        assert [b["id"] for b in body["packages"]["bad"]] == [identity]
        assert "originals/" in body["packages"]["bad"][0]["path"]
    finally:
        target.write_bytes(kept)
        target.chmod(mode)
    home.ask("verify", "--packages")


def test_a_changed_row_in_the_ledger(home: Home) -> None:
    with home.database(superuser=True) as database:
        database.execute("SET session_replication_role = replica")  # past every trigger
        ((entry, op),) = database.execute("SELECT id, op FROM ledger_entry ORDER BY id LIMIT 1 OFFSET 2").fetchall()
        database.execute("UPDATE ledger_entry SET op = 'view_item' WHERE id = %s", (entry,))
        try:
            body = home.ask("verify", status=1)
            assert not body["ledger"]["ok"]
            assert body["ledger"]["problems"]
            assert home.run("ledger", "audit").returncode == 1
        finally:
            database.execute("UPDATE ledger_entry SET op = %s WHERE id = %s", (op, entry))
    assert home.ask("verify", "--ledger")["ledger"]["ok"]


def test_catalogue_packages_and_index_that_do_not_know_one_another(home: Home) -> None:
    """One item under another id: its package and its index document lose their item, and it has neither."""
    identity, _ = _package(home)
    other = "01900000-0000-7000-8000-000000000001"
    with home.database(superuser=True) as database:
        database.execute("SET session_replication_role = replica")
        database.execute("UPDATE holdings_item SET id = %s WHERE id = %s", (other, identity))
        try:
            body = home.ask("verify", "--catalogue", "--index", "--packages", status=1)
        finally:
            database.execute("UPDATE holdings_item SET id = %s WHERE id = %s", (identity, other))
    assert body["catalogue"]["missing"] == [identity]
    assert body["catalogue"]["extra"] == [other]
    assert body["index"]["missing"] == [other]
    assert body["index"]["extra"] == [identity]
    assert body["packages"]["bad"] == []
    _clean(home)


def test_an_altered_description(home: Home) -> None:
    identity, _ = _package(home)
    with home.database(superuser=True) as database:
        ((title,),) = database.execute("SELECT title FROM holdings_item WHERE id = %s", (identity,)).fetchall()
        database.execute("UPDATE holdings_item SET title = '改过的题名' WHERE id = %s", (identity,))
        try:
            body = home.ask("verify", "--catalogue", status=1)
        finally:
            database.execute("UPDATE holdings_item SET title = %s WHERE id = %s", (title, identity))
    assert body["catalogue"]["altered"] == [identity]


def test_a_package_that_is_gone_and_one_too_many(home: Home, tmp_path: Path) -> None:
    identity, folder = _package(home)
    away = tmp_path / "away"
    shutil.move(folder, away)
    stranger = folder.parent / ("0" * 64)
    shutil.copytree(away, stranger)
    try:
        body = home.ask("verify", "--packages", status=1)
    finally:
        shutil.rmtree(stranger)
        shutil.move(away, folder)
    told = body["packages"]
    assert identity in {*told["missing"], *(b["id"] for b in told["bad"])}
    assert told["extra"] or any(b["id"] != identity for b in told["bad"])
    _clean(home)


def test_a_damaged_or_absent_index_does_not_hide_the_rest(home: Home) -> None:
    index = home.path / "index"
    away = home.path / "index-away"
    index.rename(away)
    try:
        body = home.ask("verify", "--index", "--ledger")
        assert body["index"] == {"missing": [], "extra": [], "damaged": [], "mend": ""}, "built anew from the ledger"
        assert body["ledger"]["ok"]
    finally:
        shutil.rmtree(index, ignore_errors=True)
        away.rename(index)
    _clean(home)
