"""``cunzhen read``: text, boxes and fields of a file that is not filed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.filed import PAPERS, SAMPLES, Home, filed_home


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it."""
    return filed_home()


def test_a_paper_is_read_and_not_kept(home: Home) -> None:
    before = home.rows("SELECT count(*) FROM capture_draft")
    body = home.ask("read", SAMPLES / PAPERS[0], SAMPLES / PAPERS[2])
    assert {p["file"] for p in body["pages"]} == {Path(PAPERS[0]).name, Path(PAPERS[2]).name}
    page = body["pages"][0]
    assert {"width", "height", "rotation", "text", "words"} <= set(page)
    assert "失业保险待遇核定表" in page["text"]
    for word in page["words"]:
        x0, y0, x1, y1 = word["box"]
        assert 0 <= x0 < x1 <= page["width"] and 0 <= y0 < y1 <= page["height"]
        assert 0 <= word["confidence"] <= 1
    assert body["fields"]["fields"]
    assert body["problems"] == []
    assert home.rows("SELECT count(*) FROM capture_draft") == before


def test_what_cannot_be_read_is_named(home: Home, tmp_path: Path) -> None:
    bad = tmp_path / "坏.pdf"
    bad.write_text("这不是 PDF", encoding="utf-8")
    body = home.ask("read", bad, SAMPLES / PAPERS[0], status=1)
    assert {p["file"] for p in body["problems"]} == {"坏.pdf"}
    assert body["problems"][0]["code"].startswith("T-")
    assert body["problems"][0]["message"]
    assert body["pages"], "the other file is read all the same"
    assert home.refused("read", tmp_path / "none.pdf") == "T-PA-01"
    home.refused("read", status=2)
