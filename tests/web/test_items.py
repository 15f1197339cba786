"""档案目录: the list by key, its filters, and the tabs of one item."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

from cunzhen.access.operations import search_items
from cunzhen.holdings.models import Component, Item
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.operations import sequence
from cunzhen.web.views import items
from tests.web.client import Page
from tests.web.conftest import Sit
from tests.web.papers import COVERED, NUMBER, PERSON, filed
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


def _codes(page: Page) -> list[str]:
    return [a.get_text() for a in page.soup.select("tbody th a")]


def test_the_list_is_paged_by_key(sit: Sit, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "PAGE", 4)
    filed(world, tmp_path, 10)
    everything = list(Item.objects.order_by("-id").values_list("archival_code", flat=True))
    browser, seen = sit("leader"), []
    page = browser.get("/items/?year=2019")
    pages = [page]
    while True:
        seen += _codes(page)
        following = [a for a in page.soup.select("nav.pager a") if "after=" in str(a["href"])]
        if not following:
            break
        page = browser.get("/items/" + str(following[0]["href"]))
        pages.append(page)
    assert seen == everything and len(pages) == 3 and "共 10 件" in page.h1
    for earlier in reversed(pages[:-1]):
        back = [a for a in page.soup.select("nav.pager a") if "before=" in str(a["href"])]
        page = browser.get("/items/" + str(back[0]["href"]))
        assert _codes(page) == _codes(earlier)
    assert not [a for a in page.soup.select("nav.pager a") if "before=" in str(a["href"])]


@pytest.mark.parametrize("key", ["x", "%00", "0" * 99, "0192f3a4-5b6c-7d8e-8f90-a1b2c3d4e5f6"])
def test_a_key_that_is_none_shows_a_page_all_the_same(sit: Sit, world: World, tmp_path: Path, key: str) -> None:
    filed(world, tmp_path)
    for name in ("after", "before"):
        sit("clerk").get(f"/items/?{name}={key}")


def test_filters_are_told_in_the_heading(sit: Sit, world: World, tmp_path: Path) -> None:
    filed(world, tmp_path, 2, year=2019)
    filed(world, tmp_path, 1, year=2008)
    code = Item.objects.get(year=2008).archival_code
    clerk = sit("clerk")
    for query, count, words in (
        ("", 3, "全部档案"), ("year=2008", 1, "2008 年"), ("series=YL", 3, "养老"), ("series=GL", 0, "管理"),
        ("kind=retirement_approval&year=2019", 2, "2019 年"), (f"code={code}", 1, code), ("year=%00", 3, "全部档案"),
        ("year=x", 0, ""), ("code=%00x", 0, "x"), ("term=pending", None, "待确认"), ("term=Y", None, "永久"),
        ("held=1", None, "暂不处置"), ("year=" + "9" * 50, 0, ""), ("kind=none", 0, "none"),
    ):  # fmt: skip
        page = clerk.get(f"/items/?{query}")
        assert words in page.h1 and (count is None or f"共 {count} 件" in page.h1), (query, page.h1)
        if count == 0:
            assert "没有符合条件的档案" in page.text
    form = clerk.get("/items/?year=2008&series=YL&term=pending")
    assert (form.field("year"), form.field("series"), form.field("term")) == ("2008", "YL", "pending")
    assert "还没有档案" in sit("outsider").get("/items/").text


def _looks(op: str) -> int:
    return LedgerEntry.objects.filter(op=op).count()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("who", ["clerk", "archivist", "reviewer", "leader"])
def test_every_tab_is_a_page(sit: Sit, world: World, tmp_path: Path, who: str, language: str) -> None:
    (item_id,) = filed(world, tmp_path)
    sequence()
    browser = sit(who).speak(language)
    for tab in ("summary", "text", "keeping", "history", "nonsense"):
        page = browser.get(f"/items/{item_id}/?tab={tab}")
        assert len(page.soup.select("nav.tabs a[aria-current]")) == 1
    item = Item.objects.get()
    summary, text, keeping, history = (
        browser.get(f"/items/{item_id}/?tab={t}") for t in ("summary", "text", "keeping", "history")
    )
    assert PERSON in summary.text and COVERED in summary.text and item.content_sha256 in summary.text
    assert "退休审批表" in text.text and COVERED in text.text
    component = item.components.get()
    assert component.sha256 in keeping.text and component.sm3 in keeping.text and str(item.id) in keeping.text
    assert ("归档" if language != "en" else "Filed") in history.text


def test_each_look_at_the_words_is_recorded(sit: Sit, world: World, tmp_path: Path) -> None:
    (item_id,) = filed(world, tmp_path)
    browser = sit("leader")
    for tab, looks in (("summary", 1), ("keeping", 1), ("history", 1), ("text", 2)):
        browser.get(f"/items/{item_id}/?tab={tab}")
        assert _looks("view_item") == looks, tab
    entry = LedgerEntry.objects.filter(op="view_item").order_by("id").first()
    assert entry is not None and entry.actor_id == world.leader.id


def _viewer(page: Page) -> dict[str, object]:
    given: dict[str, object] = json.loads(page.one("page-viewer script").string or "")
    return given


def test_hits_of_the_search_are_marked(sit: Sit, world: World, tmp_path: Path) -> None:
    (item_id,) = filed(world, tmp_path, pages=3)
    search = search_items(world.actor("clerk"), query=f'"{PERSON} 1"', now=NOW)
    page = sit("clerk").get(f"/items/{item_id}/?search={search.id}")
    viewer = _viewer(page)
    boxes = [[b["box"] for b in p["boxes"] if b["state"] == "hit"] for p in viewer["pages"]]  # type: ignore[attr-defined]
    assert [bool(b) for b in boxes] == [False, True, False] and viewer["start"] == 2
    assert page.soup.select(f"a[href='/search/{search.id}/']")
    for tab in page.soup.select("nav.tabs a"):
        assert f"search={search.id}" in str(tab["href"])
    assert _viewer(sit("clerk").get(f"/items/{item_id}/?search={search.id}&page=3"))["start"] == 3


@pytest.mark.parametrize("search", ["x", str(UUID(int=5)), "%00", "'"])
def test_a_link_that_is_partly_wrong_still_shows_the_item(sit: Sit, world: World, tmp_path: Path, search: str) -> None:
    (item_id,) = filed(world, tmp_path, pages=2)
    for number in ("0", "99", "x", "9" * 5000, "-1"):
        shown = sit("clerk").get(f"/items/{item_id}/?search={search}&page={number}")
        assert _viewer(shown)["start"] in {1, 2} and not shown.soup.select("a[href*='/search/0']")


def test_another_agencys_search_marks_nothing(sit: Sit, world: World, tmp_path: Path) -> None:
    (item_id,) = filed(world, tmp_path)
    search = search_items(world.actor("outsider"), query=PERSON, now=NOW)
    page = sit("clerk").get(f"/items/{item_id}/?search={search.id}")
    assert "hit" not in str(_viewer(page)) and not page.soup.select(f"a[href*='{search.id}']")


def _sorted(page: Page) -> tuple[str, str]:
    (heading,) = page.soup.select("th[aria-sort]")
    return heading.get_text(strip=True), str(heading["aria-sort"])


def test_a_click_on_a_heading_sorts_and_pages_go_on_in_that_order(
    sit: Sit, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "PAGE", 3)
    for year in (2008, 2019, 2012, 2019):
        filed(world, tmp_path, 2, year=year)
    filed(world, tmp_path, 2, who="outsider")
    Item.objects.filter(year=2012).update(document_date="")
    browser = sit("leader")
    page = browser.get("/items/?kind=retirement_approval")
    assert _sorted(page) == ("归档时间", "descending")
    mine = Item.objects.filter(fonds=world.fonds)
    for label, first, second, keys in (
        ("档号", "ascending", "descending", ("archival_code", "id")),
        ("日期", "descending", "ascending", ("-document_date", "-id")),
        ("归档时间", "descending", "ascending", ("-id",)),
    ):
        for state, order in ((first, keys), (second, tuple(k[1:] if k[0] == "-" else f"-{k}" for k in keys))):
            (link,) = [a for a in page.soup.select("th a.sort") if a.get_text(strip=True) == label]
            begins = (label, state) == ("归档时间", first)  # nothing sorts by it before the list begins
            page = browser.get("/items/?kind=retirement_approval" if begins else "/items/" + str(link["href"]))
            assert _sorted(page) == (label, state) and "kind=retirement_approval" in page.url
            assert page.field("kind") == "retirement_approval"
            seen, current = _codes(page), page
            while following := current.soup.select("nav.pager a[rel=next]"):
                current = browser.get("/items/" + str(following[0]["href"]))
                seen += _codes(current)
            assert seen == list(mine.order_by(*order).values_list("archival_code", flat=True)), (label, state)


def test_a_search_form_keeps_the_order(sit: Sit, world: World, tmp_path: Path) -> None:
    filed(world, tmp_path, 2)
    browser = sit("leader")
    page = browser.submit(browser.get("/items/?sort=-code"), "form.filters", year="2019")
    assert _sorted(page) == ("档号", "descending")
    for nonsense in ("title", "-", "password", "id;", "%00"):
        assert _sorted(browser.get(f"/items/?sort={nonsense}")) == ("归档时间", "descending")


def test_numbers_in_titles_and_names_are_covered(sit: Sit, world: World, tmp_path: Path) -> None:
    (item_id,) = filed(world, tmp_path)
    Item.objects.update(title=f"{NUMBER} 退休审批表")
    Component.objects.update(name=f"退休/{NUMBER}.pdf")
    leader = sit("leader")
    assert COVERED in leader.get("/items/").text
    for tab in ("summary", "text", "keeping", "history"):
        assert COVERED in leader.get(f"/items/{item_id}/?tab={tab}").h1


def test_many_fonds_are_sorted_as_one(sit: Sit, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A city that sees two counties: codes of both in one order, each county's own index giving its part."""
    monkeypatch.setattr(items, "PAGE", 3)
    filed(world, tmp_path, 4)
    filed(world, tmp_path, 4, who="outsider", year=2018)
    world.neighbour.parent = world.agency
    world.neighbour.save()
    browser, seen = sit("leader"), []
    page = browser.get("/items/?sort=code")
    while True:
        seen += [str(a["href"]) for a in page.soup.select("tbody th a")]
        following = page.soup.select("nav.pager a[rel=next]")
        if not following:
            break
        page = browser.get("/items/" + str(following[0]["href"]))
    assert seen == [f"/items/{i}/" for i in Item.objects.order_by("archival_code", "id").values_list("id", flat=True)]
