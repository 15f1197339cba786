"""``cunzhen rebuild``: PostgreSQL's folder is deleted, and the commands bring the catalogue back from what is left."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest

from tests.cli.conftest import clean_environment
from tests.cli.filed import Home, pile
from tests.holdings.catalogue import TABLES

LEDGER = {"ledger_entry", "ledger_leaf", "ledger_subject", "ledger_detail"}


def dump(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """The tables that matter, without what may differ; sealed columns by their presence only."""
    with home.database() as database:
        found = {}
        for table, differing in TABLES.items():
            names = [
                name
                for (name, kind) in database.execute(
                    "SELECT column_name, udt_name FROM information_schema.columns WHERE table_name = %s"
                    " AND table_schema = 'public' ORDER BY 1",
                    (table,),
                ).fetchall()
                if name not in differing and (kind != "bytea" or table in LEDGER)
            ]
            columns = ", ".join(f'"{name}"::text' for name in names)
            found[table] = sorted(database.execute(f"SELECT {columns} FROM {table}").fetchall(), key=str)
        return found


def server(home: Home, stack: ExitStack) -> None:
    """Attach to the home's database until the stack is closed."""
    from cunzhen.database.launcher import ensure_running

    with patch.dict(os.environ, clean_environment(), clear=True):
        attached = stack.enter_context(ensure_running(home.path))
    home.owner_url, home.admin_url = attached.owner_url, attached.admin_url


@pytest.mark.timeout(600)
def test_the_database_is_deleted_and_everything_comes_back(open_path: Path, tmp_path: Path) -> None:
    home = Home(open_path / "home", "", "")
    assert home.run("init").returncode == 0
    with ExitStack() as stack:
        server(home, stack)
        home.ask("found", "--agency", "临县社会保险中心", "--region", "141124", "--fonds", "J019")
        home.receipt = home.ask("ingest", pile(tmp_path / "pile"), "--auto")
        assert home.receipt["filed"] == 3
        found_before = home.ask("find", "失业")
        exported = home.ask("ledger", "export", tmp_path / "ledger", "--details")
        assert exported["details"] == exported["size"]
        before = dump(home)
        assert home.refused("rebuild", "--catalogue") == "H-42"
        for words in ([], ["--catalogue", "--derived"], ["--nonsense"]):
            assert home.run("rebuild", *words).returncode == 2
    for path in (home.path / "postgres", home.path / "postgres-secrets.json"):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    place = home.path / "postgres-place.json"
    assert not place.exists()
    assert home.run("init").returncode == 0
    with ExitStack() as stack:
        server(home, stack)
        beginning = ("found", "--agency", "临县社会保险中心", "--region", "141124", "--fonds", "J019")
        assert home.refused(*beginning) == "A-22", "nobody begins anew over the stores of a lost database"
        assert "落后" in home.run("check").stdout
        body = home.ask("rebuild", "--catalogue", "--index", "--ledger", tmp_path / "ledger")
        found = body["catalogue"]
        assert (found["items"], found["lost"], found["unrecorded"], found["reserved"]) == (3, [], [], 0)
        assert found["ledger"]["restored"] == exported["size"]
        assert body["statistics"]["tables"] > 30
        with home.database() as database:
            counted = database.execute("SELECT reltuples FROM pg_class WHERE relname = 'holdings_item'").fetchone()
            assert counted == (3,), "lists reckon with this beyond what they count"
        after = dump(home)
        for table in TABLES:
            if table in LEDGER:
                assert set(before[table]) <= set(after[table])
            else:
                assert after[table] == before[table], table
        verified = home.ask("verify")
        assert verified["catalogue"]["findings"] == [] and verified["catalogue"]["checked"] == 4
        assert home.ask("find", "失业")["total"] == found_before["total"] > 0
        shown = home.ask("show", home.codes[0])
        assert shown["archival_code"] == home.codes[0]
        _mend_by_what_verify_says(home)


def _mend_by_what_verify_says(home: Home) -> None:
    with home.database(superuser=True) as database:
        database.execute("SET session_replication_role = replica")
        database.execute("UPDATE holdings_item SET title = '改过' WHERE archival_code = %s", (home.codes[0],))
        database.execute("UPDATE holdings_fonds SET name = '改过'")
        database.execute("UPDATE holdings_codecounter SET last = last + 7")
    body = home.ask("verify", "--catalogue", status=1)["catalogue"]
    commands = {finding["mend"] for finding in body["findings"]}
    assert len(commands) == 3
    done = home.run("verify", "--catalogue")
    assert all(command in done.stdout for command in commands)
    for command in sorted(commands):
        assert home.run(*command.split()[1:]).returncode == 0
    assert home.ask("verify", "--catalogue")["catalogue"]["findings"] == []
    assert home.run("rebuild", "--items", home.codes[1]).returncode == 0
    assert home.refused("rebuild", "--items", "J019-无") == "H-01"
    assert home.run("rebuild", "--index").returncode == 0
    assert "张表" in home.run("rebuild", "--statistics").stdout
