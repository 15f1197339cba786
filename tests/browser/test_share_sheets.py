"""A recovery share as paper shows it: one A4 page, whose QR code another library reads than the one that drew it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser

from cunzhen.cli.share_sheets import Sheet, write_sheets
from cunzhen.keys.keystore import KeyStore
from cunzhen.keys.shares import split

pytestmark = pytest.mark.browser


def test_a_printed_page_can_be_scanned(chromium: Browser, tmp_path: Path) -> None:
    made = split(KeyStore(bytes(32), bytes(32)), shares=3, needed=2)
    sheet = Sheet("node-1", "0123456789abcdef", 2, datetime(2026, 11, 23, tzinfo=UTC))
    for words, path in zip(made, write_sheets(tmp_path / "set", sheet, made), strict=True):
        # As with a hand scanner: nearer and farther until it reads.
        assert any(seen_at(chromium, path, scale).lower() == words for scale in (2, 4, 3, 1.5))
    page = chromium.new_page(viewport={"width": 794, "height": 1123})
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollHeight") <= 1123, "one page of A4"
    page.close()


def seen_at(chromium: Browser, path: Path, scale: float) -> str:
    """What the QR code of a page says, empty where it cannot be read at this size."""
    page = chromium.new_page(viewport={"width": 794, "height": 1123}, device_scale_factor=scale)
    page.goto(path.as_uri())
    code = cv2.imdecode(np.frombuffer(page.locator("svg").screenshot(), np.uint8), cv2.IMREAD_COLOR)
    page.close()
    code = cv2.copyMakeBorder(code, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    return str(cv2.QRCodeDetector().detectAndDecode(code)[0])
