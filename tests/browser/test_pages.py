"""Every page in both widths: no serious barrier, no sideways scrolling, everything within reach of the keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import NARROW, WIDE, Desk, Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PLAIN = (
    "/",
    "/transfers/",
    "/transfers/new/",
    "/items/",
    "/items/?year=1901",
    "/search/",
    "/help/",
    "/account/",
    "/preservation/",
    "/drills/",
    "/drills/new/",
    "/no-such-page/",
)


def _addresses(page: Page) -> Iterator[str]:
    """Each kind of page once, found by following links."""
    yield from PLAIN
    page.goto("/describe/")
    yield page.url
    page.goto("/transfers/")
    for link in page.locator("tbody th a").all()[:2]:
        address = str(link.get_attribute("href"))
        yield address
        yield f"{address}receipt/"
    page.goto("/items/")
    item = str(page.locator("tbody th a").first.get_attribute("href"))
    yield from (f"{item}?tab={tab}" for tab in ("summary", "text", "keeping", "history"))
    yield f"{item}correct/"
    page.goto("/search/")
    page.fill("#q", "冯志强")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/search/.+/$"))
    yield page.url


def _barriers(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url}: {v['id']} {v['help']}: {n['html'][:150]} {n.get('failureSummary', '')[:300]}"
        for v in found
        if v["impact"] in {"serious", "critical"}
        for n in v["nodes"][:3]
    ]


def _opened_all(page: Page, addresses: list[str]) -> Iterator[str]:
    for address in addresses:
        page.goto(address)
        if page.locator("page-viewer").count():
            page.wait_for_selector("page-viewer .sheet img", state="attached")
        page.wait_for_load_state("networkidle")
        yield address


def _refuse_something(page: Page) -> None:
    """As a second window does: what was received is received again."""
    page.goto("/transfers/")
    page.locator("tbody th a").first.click()
    page.evaluate(
        """() => {
          const form = document.createElement('form');
          form.method = 'post';
          form.action = location.pathname + 'receive/';
          form.append(document.querySelector('[name=csrfmiddlewaretoken]').cloneNode());
          document.body.append(form);
          form.submit();
        }"""
    )
    expect(page.locator("h1")).to_have_text("没有办成")


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_page_has_a_serious_barrier(visit: Visit, stocked: Desk, size: dict[str, int]) -> None:
    found: list[str] = []
    page = visit(viewport=size)
    for _ in _opened_all(page, list(_addresses(page))):
        found += _barriers(page)
    page.keyboard.press("?")
    found += _barriers(page)
    _refuse_something(page)
    found += _barriers(page)
    officer = visit("liu", viewport=size)
    for _ in _opened_all(officer, ["/", "/ledger/"]):
        found += _barriers(officer)
    stranger = visit("", viewport=size)
    stranger.goto("/sign-in/")
    found += _barriers(stranger)
    stranger.fill("#username", "guo")
    stranger.fill("#password", "wrong")
    stranger.keyboard.press("Enter")
    expect(stranger.locator("[role=alert]")).to_be_focused()
    found += _barriers(stranger)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("width", [390, 320])
@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
def test_no_page_scrolls_sideways(visit: Visit, stocked: Desk, width: int, locale: str) -> None:
    page = visit(viewport={"width": width, "height": 800}, locale=locale)
    wide = []
    for address in _opened_all(page, list(_addresses(page))):
        inside = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        if inside[0] > inside[1]:
            culprits = page.evaluate(
                "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
                ".slice(0, 4).map(e => e.outerHTML.slice(0, 120))"
            )
            wide.append(f"{address}: {inside} {culprits}")
    assert not wide, "\n".join(wide)


def test_keys_of_every_page(visit: Visit, stocked: Desk) -> None:
    page = visit()
    page.goto("/items/")
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#bar-q")).to_be_focused()
    page.keyboard.type("/?")
    expect(page.locator("#bar-q")).to_have_value("/?")
    expect(page.locator("dialog#keys")).not_to_be_visible()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog#keys")).not_to_be_visible()


def test_what_has_the_focus_is_seen(visit: Visit, stocked: Desk) -> None:
    page = visit()
    for address in ("/", "/transfers/", "/items/"):
        page.goto(address)
        for _ in range(40):
            page.keyboard.press("Tab")
            seen = page.evaluate(
                """() => {
                  const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect();
                  if (e === document.body) return 'end';
                  const ring = (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none';
                  return ring && b.width > 0 && b.bottom > 0 && b.top < innerHeight ? '' : e.outerHTML.slice(0, 150);
                }"""
            )
            if seen == "end":
                break
            assert not seen, f"{address}: {seen}"


def test_large_type_stays_and_the_menu_opens_on_a_narrow_screen(visit: Visit, stocked: Desk) -> None:
    page = visit()
    before = page.evaluate("getComputedStyle(document.body).fontSize")
    page.click("[data-toggle-size]")
    page.goto("/items/")
    assert float(page.evaluate("getComputedStyle(document.body).fontSize")[:-2]) > float(before[:-2])
    narrow = visit(viewport=NARROW)
    expect(narrow.locator("#menu")).not_to_be_in_viewport()
    narrow.click("[data-toggle-menu]")
    expect(narrow.locator("#menu a[href='/items/']")).to_be_in_viewport()


def test_only_our_own_server_is_asked(visit: Visit, stocked: Desk) -> None:
    page = visit()
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    for _ in _opened_all(page, list(_addresses(page))):
        pass
    assert all(url.startswith((stocked.address, "blob:", "data:")) for url in asked), asked
    assert not [url for url in asked if re.search(r"\d{15}", url)]
