"""Take the pictures of every page for the README and the guides from a running ``cunzhen demo``.

    python tools/screenshots.py http://127.0.0.1:8000 var

The home names the demonstration's sign-ins. Pictures land in docs/screenshots as NAME.LANGUAGE.SIZE.png with at most
128 colours each, so that all of them together stay small enough to be kept beside the text.
"""

from __future__ import annotations

import argparse
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

OUT = Path(__file__).parents[1] / "docs" / "screenshots"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZES = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 390, "height": 844}}
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
CHOSEN = {"zh": "zh-hans", "en": "en"}
MOST_BYTES = 4_000_000
COLOURS = 64
QUERY = '"退休审批表"'


def main() -> int:
    """Take them all; 1 where they are too large together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="http://127.0.0.1:8000")
    parser.add_argument("home", type=Path, help="the demonstration's home")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    args = parser.parse_args()
    signins = json.loads((args.home / "demo-sign-ins.json").read_text(encoding="utf-8"))
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=args.chromium, args=list(FLAGS))
        for language in LANGUAGES:
            for size in SIZES:
                _take_all(browser, args.address, signins, language, size)
        browser.close()
    total = sum(p.stat().st_size for p in OUT.glob("*.png"))
    print(f"{len(list(OUT.glob('*.png')))} pictures, {total / 1e6:.1f} MB")
    return int(total > MOST_BYTES)


def _take_all(browser: Browser, address: str, signins: dict[str, str], language: str, size: str) -> None:
    for username, pages in (("", _outside), ("archivist", _desk), ("audit_officer", _audit)):
        context = browser.new_context(base_url=address, viewport=SIZES[size], locale=LANGUAGES[language])  # type: ignore[arg-type]
        context.add_cookies([{"name": "django_language", "value": CHOSEN[language], "url": address}])
        page = context.new_page()
        if username:
            page.goto("/sign-in/")
            page.fill("#username", username)
            page.fill("#password", signins[username])
            page.keyboard.press("Enter")
            page.wait_for_url(lambda url: "/sign-in/" not in url)
        for name in pages(page):
            _keep(page, f"{name}.{language}.{size}.png")
        context.close()


def _outside(page: Page) -> Iterator[str]:
    page.goto("/sign-in/")
    yield "sign-in"


def _desk(page: Page) -> Iterator[str]:
    for name, path in (
        ("home", "/"),
        ("transfers", "/transfers/"),
        ("new-transfer", "/transfers/new/"),
        ("help", "/help/"),
        ("account", "/account/"),
        ("preservation", "/preservation/"),
        ("drills", "/drills/"),
    ):
        page.goto(path)
        yield name
    page.goto("/transfers/")
    transfer = page.locator("tbody th a").last.get_attribute("href") or "/"
    page.goto(transfer)
    yield "transfer"
    page.goto(f"{transfer}receipt/")
    yield "receipt"
    page.goto("/describe/")
    yield "describe"
    page.goto("/items/")
    yield "items"
    yield from _search(page)


def _search(page: Page) -> Iterator[str]:
    page.goto("/search/")
    yield "search"
    page.fill("#q", QUERY)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/search/.+/$"))
    yield "results"
    page.locator("ol.hits h3 a").first.click()
    page.wait_for_selector("h1")
    yield "item"
    item = page.url.partition("?")[0]
    for tab in ("text", "keeping", "history"):
        page.goto(f"{item}?tab={tab}")
        yield f"item-{tab}"
    page.goto(f"{item}correct/")
    yield "correct"


def _audit(page: Page) -> Iterator[str]:
    page.goto("/ledger/")
    yield "ledger"


def _keep(page: Page, name: str) -> None:
    """What the window shows, once its pictures are there, in few colours."""
    page.wait_for_load_state("networkidle")
    if page.locator("page-viewer").count():
        page.wait_for_function("[...document.querySelectorAll('page-viewer .sheet img')].every(i => i.complete)")
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(OUT / name, optimize=True)


if __name__ == "__main__":
    raise SystemExit(main())
