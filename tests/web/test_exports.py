"""Lists as files at the desk: buttons, what comes, and what cannot be taken out."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cunzhen.access.operations import search_items
from cunzhen.holdings import rules
from cunzhen.holdings.models import Item
from cunzhen.holdings.operations import exporting
from cunzhen.ledger.models import LedgerEntry
from tests.access.filed import follow
from tests.web.client import Browser
from tests.web.conftest import Sit
from tests.web.papers import COVERED, NUMBER, PERSON, filed, opened
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


def _taken(browser: Browser, address: str, form: str, **data: str) -> tuple[Any, bytes]:
    answer = browser.raw("post", address, data=browser.token() | {"form": form} | data)
    assert answer.status_code == 200, answer.content[:500]
    return answer, b"".join(answer.streaming_content)


def _rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_buttons_of_the_list_give_it_as_it_is_filtered(sit: Sit, world: World, tmp_path: Path) -> None:
    filed(world, tmp_path, 3, year=2019)
    filed(world, tmp_path, 2, year=2008)
    Item.objects.filter(year=2008).update(title="=2+5，薛玉梅" + NUMBER)
    leader = sit("leader")
    page = leader.get("/items/?year=2008")
    form = page.one("form.export")
    sent = page.values(form) | {"form": "csv"}
    answer = leader.raw("post", str(form["action"]), data=sent)
    assert answer["Content-Type"] == "text/csv; charset=utf-8" and answer["Cache-Control"] == "no-store"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''%E6%A1%A3")
    head, *rows = _rows(b"".join(answer.streaming_content))
    assert head[:2] == ["档号", "题名"] and len(rows) == 2
    line = dict(zip(head, rows[0], strict=True))
    assert line["题名"] == f"'=2+5，薛玉梅{COVERED}" and line["年度"] == "2008"
    assert (line["参保人"], line["公民身份号码"], line["形成日期"]) == (PERSON, COVERED, "2008-03-06")
    assert NUMBER not in str(rows)


def test_a_workbook_opens_and_holds_the_same(sit: Sit, world: World, tmp_path: Path) -> None:
    filed(world, tmp_path, 2)
    answer, content = _taken(sit("archivist").speak("en"), "/items/export/", "xlsx")
    assert answer["Content-Type"].endswith("spreadsheetml.sheet")
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    head, *rows = [[c.value for c in row] for row in sheet.iter_rows()]
    assert head[0] == "Archival code" and len(rows) == 2
    assert rows[0][0] == Item.objects.order_by("-id").values_list("archival_code", flat=True).first()


def test_a_search_is_taken_out(sit: Sit, world: World, tmp_path: Path) -> None:
    filed(world, tmp_path, 3)
    follow()
    search = search_items(world.actor("reviewer"), query="退休审批表", now=NOW)
    reviewer = sit("reviewer")
    page = reviewer.get(f"/search/{search.id}/")
    assert len(page.soup.select("button[form=out]")) == 2
    _, content = _taken(reviewer, str(page.one("form#out")["action"]), "csv")
    assert len(_rows(content)) == 4
    entry = LedgerEntry.objects.get(op="export_items")
    assert entry.actor_id == world.reviewer.id


def test_transfers_are_taken_out(sit: Sit, world: World) -> None:
    for number in range(3):
        opened(world, name=f"批次{number}")
    leader = sit("leader")
    page = leader.get("/transfers/?state=open")
    sent = page.values(page.one("form.export")) | {"form": "csv"}
    assert sent["state"] == ["open"]
    answer = leader.raw("post", "/transfers/export/", data=sent)
    rows = _rows(b"".join(answer.streaming_content))
    assert [r[1] for r in rows[1:]] == ["批次2", "批次1", "批次0"] and rows[1][3] == "接收中"


def test_whoever_may_not_has_no_button_and_no_file(sit: Sit, world: World, tmp_path: Path) -> None:
    filed(world, tmp_path, 1)
    follow()
    search = search_items(world.actor("clerk"), query="退休审批表", now=NOW)
    clerk = sit("clerk")
    for address in ("/items/", "/transfers/", f"/search/{search.id}/"):
        page = clerk.get(address)
        assert not page.soup.select("form.export, form#out, button[form=out]")
    for address in ("/items/export/", "/transfers/export/", f"/search/{search.id}/export/"):
        clerk.post(address, {"form": "csv"}, 404)
        assert sit("leader").raw("get", address).status_code == 405
    assert LedgerEntry.objects.filter(op="refuse", actor_id=world.clerk.id).count() == 2
    assert not LedgerEntry.objects.filter(op__startswith="export").exists()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_too_many_is_a_page_that_says_what_to_do(
    sit: Sit, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    filed(world, tmp_path, 2)
    monkeypatch.setattr(exporting, "MOST_EXPORTED", 1)
    monkeypatch.setattr(rules, "MOST_EXPORTED", 1)
    page = sit("leader").speak(language).post("/items/export/", {"form": "csv"}, 422)
    assert "H-08" in page.text and ("几次导出" if language != "en" else "in parts") in page.text


def test_an_empty_list_gives_its_headings(sit: Sit, world: World) -> None:
    assert not sit("leader").get("/items/").soup.select("form.export")
    for form in ("csv", "xlsx", "nonsense", ""):
        _, content = _taken(sit("leader"), "/items/export/", form, year="%00", series="nonsense")
        assert content.startswith(b"PK" if form == "xlsx" else b"\xef\xbb\xbf")
