"""What lies beside the papers: catalogues that describe and hang files, and three files that cannot be read."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import datetime

import openpyxl
import pikepdf

from .plan import Item
from .sheet import Facts
from .truth import Json

HEADINGS = ("序号", "题名", "姓名", "身份证号", "单位", "年度", "日期", "页数", "文件名")
CSV_CATALOGUE = "征缴类/2009年缴费基数申报/目录.csv"
XLSX_CATALOGUE = "养老待遇/2019年退休批次/目录.xlsx"
MISSING_FILE = "2019-06.pdf"
FILE_WITHOUT_ROW = "2019-05.jpg"
BAD_FILES = {
    "扫描件0017.jpg": ("truncated", "JPEG cut off after 40 % of its bytes", "征缴类/催缴通知书2012-19号.jpg"),
    "养老待遇/调待通知2023_高守田.pdf": (
        "encrypted",
        "PDF that needs a password to open",
        "管理类/个人账户/2015对账单_刘锦荣.pdf",
    ),
    "统计报表/2011年年报.pdf": ("not_a_pdf", "plain text under the name of a PDF", ""),
}
PASSWORD = "yangben-2023"
ZIP_DATE = (2024, 5, 6, 8, 30, 0)


def catalogue_rows(items: list[Item], folder: str) -> list[tuple[str, ...]]:
    """One row for each item of the folder that a catalogue describes, in the order of the files."""
    rows: list[tuple[str, ...]] = []
    for item in items:
        file = item.files[0]
        if item.how == "catalogue" and file.path.startswith(folder + "/"):
            rows.append(
                _row(len(rows) + 1, file.pages[0].sheet.facts, sum(len(f.pages) for f in item.files), file.path)
            )
    return rows


def _row(number: int, facts: Facts, pages: int, path: str) -> tuple[str, ...]:
    names = "、".join(name for name, _ in facts.persons)
    numbers = "、".join(number for _, number in facts.persons)
    who = (names, numbers)
    return (str(number), facts.title, *who, facts.unit, str(facts.year), facts.date, str(pages), path.rsplit("/", 1)[1])


def csv_catalogue(rows: list[tuple[str, ...]]) -> bytes:
    """The catalogue as an old office program saves it: CSV in GB18030."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows(rows)
    return out.getvalue().encode("gb18030")


def xlsx_catalogue(rows: list[tuple[str, ...]]) -> bytes:
    """The catalogue as a workbook; its last row names a file that is not there."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "目录"
    sheet.append(HEADINGS)
    missing = (*rows[1][1:7], "1", MISSING_FILE)
    for row in (*rows, (str(len(rows) + 1), *missing)):
        sheet.append([int(cell) if column in {0, 5, 7} else cell for column, cell in enumerate(row)])
    for column, width in zip("ABCDEFGHI", (6, 26, 10, 22, 28, 8, 12, 6, 16), strict=True):
        sheet.column_dimensions[column].width = width
    book.properties.created = datetime(*ZIP_DATE)
    out = io.BytesIO()
    book.save(out)
    return _settle(out.getvalue())


def _settle(data: bytes) -> bytes:
    """Take the clock out of a workbook so that a redraw gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2024-05-06T08:30:00Z", content)
            new.writestr(zipfile.ZipInfo(name, ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def bad_file(path: str, source: bytes) -> bytes:
    """The bytes of a bad file, made from those of a good one."""
    problem = BAD_FILES[path][0]
    if problem == "truncated":
        return source[: len(source) * 2 // 5]
    if problem == "encrypted":
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(source)) as pdf:
            # RC4 takes no random bytes, so that a redraw gives the same file; only that it asks for a password matters.
            locked = pikepdf.Encryption(user=PASSWORD, owner=PASSWORD, R=3, aes=False, metadata=False)
            pdf.save(out, encryption=locked, static_id=True)
        return out.getvalue()
    return "2011年度社会保险统计年报（样本）\n本文件是文本，不是 PDF。\n".encode()


def bad_truth(path: str) -> Json:
    """Truth of a bad file: why it cannot be read."""
    problem, note, _ = BAD_FILES[path]
    return {"file": path, "form": "bad", "bad": {"problem": problem, "note": note}, "pages": []}


def catalogue_truth() -> list[Json]:
    """The catalogues with what does not agree in them."""
    return [
        {"file": CSV_CATALOGUE, "encoding": "gb18030", "rows_without_file": [], "files_without_row": []},
        {
            "file": XLSX_CATALOGUE,
            "encoding": "",
            "rows_without_file": [MISSING_FILE],
            "files_without_row": [FILE_WITHOUT_ROW],
        },
    ]
