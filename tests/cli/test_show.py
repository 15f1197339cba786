"""``cunzhen show``: one item by its code, numbers covered, the look recorded."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.filed import PEOPLE, Home, filed_home


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it."""
    return filed_home()


def test_an_item_is_shown_with_its_history(home: Home) -> None:
    code = home.codes[0]
    body = home.ask("show", code)
    item = next(i for i in home.receipt["items"] if i["archival_code"] == code)
    assert (body["archival_code"], body["title"], body["pages"]) == (code, item["title"], item["pages"])
    assert body["components"][0]["sha256"] == item["sha256"]
    assert "file_drafts" in [line["op"] for line in body["history"]]
    assert not re.search(r"\d{17}[\dXx]", json.dumps(body["mentions"]))
    assert "*" in json.dumps(body["mentions"])
    again = home.ask("show", code)
    looks = [[line["op"] for line in said["history"]].count("view_item") for said in (body, again)]
    assert looks[0] >= 1 and looks[1] == looks[0] + 1  # others may have looked at it before


def test_the_text_for_people(home: Home) -> None:
    done = home.run("show", home.codes[0])
    assert done.returncode == 0
    assert f"档号：{home.codes[0]}" in done.stdout
    assert "SHA-256" in done.stdout


def test_what_is_not_there_or_not_allowed(home: Home) -> None:
    assert home.refused("show", "J019-ZY·SBYL·1999-000001") == "H-01"
    assert home.ask("show", home.codes[0], "--as", "leader", typed=f"{PEOPLE['leader']}\n")["pages"]
