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
    page = chromium.new_page(viewport={"width": 794, "height": 1123}, device_scale_factor=2)
    for words, path in zip(made, write_sheets(tmp_path / "set", sheet, made), strict=True):
        page.goto(path.as_uri())
        picture = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
        read, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
        assert read.lower() == words
        assert page.evaluate("document.documentElement.scrollHeight") <= 1123
    page.close()
