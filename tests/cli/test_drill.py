"""``cunzhen drill``: noted, listed, held by the machine; and what ``check`` says of drills and backups."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.filed import Home, filed_home

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it."""
    return filed_home()


def test_noted_and_listed(home: Home) -> None:
    drill = home.ask("drill", "record", "--kind", "power", "--minutes", "12", "--person", "王志远", "--note", "UPS")
    assert (drill["kind"], drill["result"], drill["minutes"]) == ("power", "passed", 12)
    listed = home.ask("drill", "list")
    assert drill["id"] in [d["id"] for d in listed["drills"]] and not listed["is_late"]
    assert "断电" in home.run("drill", "list").stdout


def test_what_is_not_understood(home: Home) -> None:
    home.refused("drill", status=2)
    home.refused("drill", "run", status=2)
    home.refused("drill", "record", "--person", "王志远", status=2)
    home.refused("drill", "record", "--minutes", "-1", status=2)
    home.refused("drill", "record", "--minutes", "1", "--on", "yesterday", status=2)
    assert home.refused("drill", "record", "--minutes", "1") == "B-32"
    assert home.refused("drill", "record", "--minutes", "1", "--person", "王", "--on", "2999-01-01") == "B-31"


def test_a_restore_drill_that_the_machine_holds(home: Home, open_path: Path) -> None:
    backup = open_path / "backup"
    home.ask("backup", backup)
    done = home.ask("drill", "run", backup, "--person", "王志远", "--scratch", open_path)
    assert done["result"] == "passed" and done["minutes"] >= 1 and done["report"]["ok"]
    assert [p.name for p in open_path.iterdir()] == ["backup"], "nothing of it is left"
    assert home.refused("drill", "run", backup, "--person", "王", "--scratch", home.path) == "B-36"
    assert home.refused("drill", "run", backup, "--person", "王", "--scratch", open_path / "none") == "B-35"


def test_a_drill_that_finds_no_backup_is_noted_as_failed(home: Home, open_path: Path) -> None:
    (open_path / "empty").mkdir()
    done = home.ask("drill", "run", open_path / "empty", "--person", "王志远", "--scratch", open_path, status=1)
    assert done["result"] == "failed" and done["note"].startswith("B-06")


def test_check_says_how_they_stand(home: Home) -> None:
    assert (
        home.run("worker", "--once").returncode == 0
    )  # what the module has left to be done may have waited long by now
    home.ask("ledger", "audit")  # nor is what another module altered, found and put back any matter here
    lines = {line["name"]: line for line in home.ask("check")["checks"]}
    assert lines["backup"]["ok"] and lines["drill"]["ok"], "a new home has time"
