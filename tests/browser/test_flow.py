"""A clerk's day: papers go in by the drop zone, what waits is described by keyboard, all is found and shown marked."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SAMPLES, Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
PAPERS = ("征缴类/2022年缴费基数核定表_望湫二小.pdf", "医疗待遇/住院费用审核单_李㛃.pdf")
TITLE = "键盘著录的题名"
ON_ITS_WAY = "正在进入检索库"
INDEX_SECONDS = 60.0


def _describe_by_keyboard(page: Page) -> None:
    """Only keys: F2 to the next doubtful field, Alt+1 for the first suggestion, Enter accepts, Ctrl+Enter confirms."""
    page.wait_for_selector("describe-desk .viewer .sheet img", state="attached")
    page.keyboard.press("F2")
    for _ in range(30):
        if not page.locator("#describe .frow[data-unsure]").count():
            break
        row = page.locator(".frow-now")
        field = row.locator("input:not([type=hidden]), select").first
        if not field.input_value():
            if row.locator("button[data-suggest]").count():
                page.keyboard.press("Alt+1")
                continue
            page.keyboard.press("ArrowDown" if field.evaluate("e => e.tagName") == "SELECT" else "x")
        page.keyboard.press("Enter")
    assert not page.locator("#describe .frow[data-unsure]").count(), "every doubtful field was reached by keys"


def test_from_a_pile_to_the_marked_page(visit: Visit, tmp_path: Path) -> None:
    bad = tmp_path / "打不开.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0" + b"no picture" * 20)
    page = visit()
    page.click("main a[href='/transfers/new/']")
    page.fill("#name", "浏览器测试批次")
    page.click("main form button[type=submit]")
    page.wait_for_url(re.compile(r"/transfers/[0-9a-f-]{36}/$"))
    transfer = page.url

    page.set_input_files("#files", [*(SAMPLES / n for n in PAPERS), bad])
    expect(page.locator("[data-upload-status]")).to_contain_text("已上传 3 个，失败 0 个，剩余 0 个")
    page.click("[data-receive]")
    page.wait_for_selector("#run")
    expect(page.locator("#live")).not_to_have_attribute("hx-trigger", "every 2s", timeout=90_000)
    expect(page.locator("section[aria-labelledby=h-bad]")).to_contain_text("打不开.jpg")
    expect(page.locator("dl.figures")).to_contain_text("待著录")

    page.click("a:has-text('著录 2 件')")
    for number in (1, 2):
        page.wait_for_selector("#describe")
        _describe_by_keyboard(page)
        if number == 1:
            page.focus("#title")
            page.keyboard.press("Control+a")
            page.keyboard.type(TITLE)
        address = page.url
        page.keyboard.press("Control+Enter")
        page.wait_for_url(lambda url, left=address: url != left)
    page.goto(transfer)
    expect(page.locator("h1")).to_contain_text("已办结", timeout=60_000)
    filed = page.locator("section[aria-labelledby=h-ok] a.code")
    expect(filed).to_have_count(2)

    _finds(page, TITLE, 1)
    _finds(page, "李㛃", 1)
    _finds(page, '"缴费基数"', 1, at_least=True)
    page.locator("ol.hits h3 a").first.click()
    box = page.locator("page-viewer svg.boxes .hit").first
    expect(box).to_be_visible()
    view, place = page.locator("page-viewer .canvas").bounding_box(), box.bounding_box()
    assert view and place and place["width"] > 5 and view["y"] <= place["y"] <= view["y"] + view["height"]

    page.goto(transfer + "receipt/")
    figures = [int(n) for n in re.findall(r"\d+", page.locator(".sum").inner_text())]
    assert figures == [3, 3, 2, 0, 1, 0]


def _finds(page: Page, words: str, count: int, at_least: bool = False) -> None:
    """Ask for as long as the page itself says that what was filed is on its way into the index, and once more."""
    until = time.monotonic() + INDEX_SECONDS
    on_its_way = True
    while on_its_way:
        page.goto("/search/")
        page.fill("#q", words)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/search/[0-9a-f-]{36}/$"))
        found = page.locator("ol.hits > li").count()
        if found == count or (at_least and found >= count):
            return
        on_its_way = bool(page.locator(f"main :text('{ON_ITS_WAY}')").count()) and time.monotonic() < until
        page.wait_for_timeout(500)
    raise AssertionError(f"{words} was not found {count} times: {page.locator('main').inner_text()}")


def test_the_only_doubtful_field_is_not_passed_over(visit: Visit, stocked: object) -> None:
    """F2 goes round to it again; were it to go on to the button, Enter would confirm what nobody has looked at."""
    page = visit()
    page.goto("/describe/")
    page.wait_for_selector("describe-desk .viewer .sheet img", state="attached")
    address = page.url
    page.evaluate(
        """() => {
            const all = [...document.querySelectorAll("#describe .frow[data-field]")];
            const rows = all.filter((r) => r.querySelector("input"));
            for (const row of rows) delete row.dataset.unsure;
            rows[1].dataset.unsure = "";
            rows[1].querySelector("input").focus();
        }"""
    )
    only = page.locator("#describe .frow[data-unsure]")
    for _ in range(2):
        page.keyboard.press("F2")
        assert only.evaluate("row => row.contains(document.activeElement)")
    page.keyboard.press("Enter")
    expect(only).to_have_count(0)
    assert page.evaluate("document.activeElement.matches('#describe [type=submit]')")
    assert page.url == address


def test_without_scripts_the_main_job_is_done_all_the_same(visit: Visit, stocked: object) -> None:
    page = visit(scripts=False)
    page.goto("/transfers/new/")
    page.fill("#name", "无脚本批次")
    page.click("main form button[type=submit]")
    page.set_input_files("#files", SAMPLES / "生育待遇/生育津贴申领表_成晓燕.jpg")
    page.click("[data-receive]")
    expect(page.locator("h1")).to_contain_text("无脚本批次")
    expect(page.locator("dl.figures")).to_be_visible()
    page.goto("/items/?kind=&year=")
    page.locator("tbody tr", has_text=re.compile("失业.*核定表")).first.locator("th a").click()
    page.click("nav.tabs a:has-text('文字')")
    expect(page.locator(".page-text").first).to_contain_text("冯志强")
    page.goto("/search/")
    page.fill("#q", "冯志强")
    page.click("main form button[type=submit]")
    expect(page.locator("ol.hits > li").first).to_be_visible()
    page.click("nav.tabs a, ol.hits h3 a >> nth=0")
    expect(page.locator("h1")).to_be_visible()
