"""Tables as files that office programs open: CSV and XLSX, sent row by row, with nothing in them that is executed.

XLSX is written here and not by openpyxl: the same 100,000 rows cost a fifth of its processor time, nothing is written
to a disk, and the first bytes go at once. The file holds what ECMA-376 part 1 asks for and no more.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any
from xml.sax.saxutils import escape

from django.utils.timezone import localtime

Cell = str | int | datetime | None
# What makes a spreadsheet program take a text for a formula, also in the wide forms that it folds.
_EXECUTED = tuple("=+-@\t\r\n＝＋－＠")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ROWS_AT_ONCE = 500
_WIDEST = 60
_LONGEST = 32_767  # characters of a cell
_MOMENT_WIDTH = 18
_EPOCH = datetime(1899, 12, 30)  # a spreadsheet's clock has no zone
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_BOLD, _MOMENT = 1, 2  # places among the cell formats below
_FIXED = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType='
    '"application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{_OFFICE}/styles" '
    'Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" '
    'formatCode="yyyy\\-mm\\-dd\\ hh:mm"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill '
    'patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border>'
    "<left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def csv_parts(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """A CSV file in UTF-8, piece by piece: with a byte order mark, without which Excel takes Chinese for Latin."""
    text = io.StringIO()
    writer = csv.writer(text)
    yield b"\xef\xbb\xbf"
    writer.writerow([harmless(h) for h in headings])
    for number, row in enumerate(rows, 1):
        writer.writerow([_csv_cell(cell) for cell in row])
        if number % _ROWS_AT_ONCE == 0:
            yield _emptied(text)
    if text.tell():
        yield _emptied(text)


def harmless(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet program would take for a formula."""
    return f"'{text}" if text.startswith(_EXECUTED) else text


def xlsx_parts(title: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """An XLSX workbook of one sheet, piece by piece. A text is marked as a text, so nothing in it is a formula.

    Args:
        title: of the sheet.
        headings: of the columns; they and the first rows give the columns' widths.
        rows: as many cells each as there are headings.
    """
    out = _Outlet()
    sheet = escape(re.sub(r"[\[\]:*?/\\]", " ", title)[:31], {'"': "&quot;"})
    workbook = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as book:
        for name, text in (*_FIXED.items(), ("xl/workbook.xml", workbook)):
            book.writestr(name, _HEAD + text)
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for piece in _sheet(headings, iter(rows)):
                part.write(piece.encode("utf-8"))
                if out.holds_some:
                    yield out.taken()
    yield out.taken()


class _Outlet(io.RawIOBase):
    """Takes what the zip writer writes, to be handed on; it cannot go back."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        piece = bytes(data)
        if piece:
            self._pieces.append(piece)
        return len(piece)

    @property
    def holds_some(self) -> bool:
        """Whether something waits to be handed on; a piece of no bytes would end an answer early."""
        return bool(self._pieces)

    def taken(self) -> bytes:
        """What was written since the last time."""
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece


def _sheet(headings: Sequence[str], rows: Iterator[Sequence[Cell]]) -> Iterator[str]:
    first = list(islice(rows, _ROWS_AT_ONCE))
    widths = [max([_width(h), *(_width(row[n]) for row in first)]) for n, h in enumerate(headings)]
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{min(_WIDEST, width) + 2}" customWidth="1"/>'
        for n, width in enumerate(widths, 1)
    )
    yield (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" '
        'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>"
    )
    yield _row([_text(heading, f' s="{_BOLD}"') for heading in headings])
    rest = chain(first, rows)
    while some := list(islice(rest, _ROWS_AT_ONCE)):
        yield "".join(_row([_xlsx_cell(cell) for cell in row]) for row in some)
    yield "</sheetData></worksheet>"


def _row(cells: Sequence[str]) -> str:
    """Cells without addresses stand one after another (ECMA-376-1 18.3.1.4)."""
    return f"<row>{''.join(cells)}</row>"


def _xlsx_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return _text(cell) if cell else "<c/>"
    if isinstance(cell, datetime):
        since = localtime(cell).replace(tzinfo=None, second=0, microsecond=0) - _EPOCH
        return f'<c s="{_MOMENT}"><v>{since.days + since.seconds / 86_400:.10f}</v></c>'
    return "<c/>" if cell is None else f"<c><v>{cell}</v></c>"


def _text(text: str, style: str = "") -> str:
    plain = escape(_NOT_XML.sub("", text)[:_LONGEST])
    return f'<c t="inlineStr"{style}><is><t xml:space="preserve">{plain}</t></is></c>'


def _emptied(text: io.StringIO) -> bytes:
    content = text.getvalue().encode("utf-8", "replace")
    text.seek(0)
    text.truncate()
    return content


def _csv_cell(cell: Cell) -> str | int:
    if isinstance(cell, datetime):
        return f"{localtime(cell):%Y-%m-%d %H:%M}"
    return harmless(cell) if isinstance(cell, str) else "" if cell is None else cell


def _width(cell: Cell) -> int:
    """In columns of a spreadsheet; a Chinese character takes two."""
    if isinstance(cell, datetime):
        return _MOMENT_WIDTH
    return sum(1 if ord(character) < 0x1100 else 2 for character in str("" if cell is None else cell)[:_WIDEST])
