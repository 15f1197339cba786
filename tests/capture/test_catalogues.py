"""The sender's catalogue: what counts as one, and how its rows hang on files."""

from __future__ import annotations

from pathlib import Path

from openpyxl import Workbook

from cunzhen.capture.catalogues import CatalogueRow, hang, read_catalogue

HEADING = ["序号", "题名", "姓 名", "身份证号", "年度", "页数", "文件名"]


def _workbook(path: Path, rows: list[list[object]]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_a_heading_below_a_title_row(tmp_path: Path) -> None:
    rows = [["2019 年度目录"], HEADING, [1, "退休审批表", "薛玉梅", None, 2019, 2.0, "0001.pdf"], [None] * 7]
    found = read_catalogue(_workbook(tmp_path / "目录.xlsx", rows), "目录.xlsx")
    values = {"title": "退休审批表", "person": "薛玉梅", "year": "2019", "pages": "2", "file": "0001.pdf"}
    assert found == [CatalogueRow(3, values)]


def test_csv_in_gb18030(tmp_path: Path) -> None:
    path = tmp_path / "目录.csv"
    path.write_bytes("题名,姓名,文件名\r\n招工登记表,㐆永,0002.jpg\r\n".encode("gb18030"))
    assert read_catalogue(path, path.name) == [
        CatalogueRow(2, {"title": "招工登记表", "person": "㐆永", "file": "0002.jpg"})
    ]


def test_a_statistics_sheet_is_no_catalogue(tmp_path: Path) -> None:
    path = _workbook(tmp_path / "报表.xlsx", [["指标", "合计"], ["参保人数", 12]])
    assert read_catalogue(path, path.name) is None


def test_a_broken_workbook_is_no_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "坏.xlsx"
    path.write_bytes(b"PK\x03\x04 not a workbook")
    assert read_catalogue(path, path.name) is None


def test_hanging_by_name_stem_folder_and_list() -> None:
    rows = [
        CatalogueRow(2, {"file": "0001.pdf"}),
        CatalogueRow(3, {"file": "0002"}),
        CatalogueRow(4, {"file": "档案"}),
        CatalogueRow(5, {"file": "a.jpg；b.jpg"}),
        CatalogueRow(6, {"file": "没有.pdf"}),
    ]
    paths = [
        "p/0001.pdf",
        "p/0002.tif",
        "p/档案/1.jpg",
        "p/档案/2.jpg",
        "p/a.jpg",
        "p/b.jpg",
        "p/多余.pdf",
        "q/0003.pdf",
    ]
    hung = hang(rows, "p", paths)
    assert hung.groups == {
        "p/0001.pdf": ["p/0001.pdf"],
        "p/0002": ["p/0002.tif"],
        "p/档案": ["p/档案/1.jpg", "p/档案/2.jpg"],
        "p/a.jpg": ["p/a.jpg", "p/b.jpg"],
    }
    assert [r.line for r in hung.missing] == [6]
    assert hung.unlisted == ["p/多余.pdf"]


def test_two_rows_never_share_a_file() -> None:
    hung = hang([CatalogueRow(2, {"file": "a"}), CatalogueRow(3, {"file": "a"})], ".", ["a.pdf"])
    assert list(hung.groups.values()) == [["a.pdf"]]
    assert [(r.line, other) for r, other in hung.repeated] == [(3, 2)] and hung.missing == []
