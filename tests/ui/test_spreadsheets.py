"""Lists as files: what is in them comes back as it was, and nothing in them is executed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunzhen.ui.spreadsheets import Cell, csv_parts, harmless, xlsx_parts

AT = datetime(2026, 11, 22, 2, 5, 59, tzinfo=UTC)
EXECUTED = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    '=HYPERLINK("x")',
    "=cmd|' /C calc'!A0",
]


def _csv(rows: Sequence[Sequence[Cell]], headings: Sequence[str] = ("甲", "乙")) -> list[list[str]]:
    content = b"".join(csv_parts(headings, rows))
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def _xlsx(rows: Sequence[Sequence[Cell]], headings: Sequence[str] = ("甲", "乙")) -> list[list[tuple[object, str]]]:
    book = openpyxl.load_workbook(io.BytesIO(b"".join(xlsx_parts("目录", headings, rows))))
    return [[(c.value, c.data_type) for c in row] for row in book["目录"].iter_rows()]


@pytest.mark.parametrize("text", EXECUTED)
def test_no_text_is_a_formula(text: str) -> None:
    assert _csv([[text, "x"]], [text, "x"])[0][0] == f"'{text}"
    assert _csv([[text, "x"]])[1][0] == f"'{text}" == harmless(text)
    (_, kind), _ = _xlsx([[text, "x"]])[1]
    assert kind == "s"
    assert _xlsx([], [text, "x"])[0][0][1] == "s"


def test_ordinary_texts_stay_as_they_are() -> None:
    rows: list[list[Cell]] = [["J019-ZY·SBYL·2019-000003", '引号"，逗号, 换\n行 <b>&amp; 㛃 𠮷'], ["", None], [3, AT]]
    assert _csv(rows)[1:] == [rows[0], ["", ""], ["3", "2026-11-22 10:05"]]
    assert _xlsx(rows)[1:] == [
        [(rows[0][0], "s"), (rows[0][1], "s")],
        [(None, "n"), (None, "n")],
        [(3, "n"), (datetime(2026, 11, 22, 10, 5), "d")],
    ]


def test_a_sheet_has_a_heading_that_stays_and_columns_that_fit() -> None:
    parts = b"".join(xlsx_parts("目录/[1]", ("档号", "题名"), [["x" * 30, "退休审批表" * 30]]))
    sheet = openpyxl.load_workbook(io.BytesIO(parts)).active
    assert sheet is not None and sheet.freeze_panes == "A2" and sheet["A1"].font.b
    assert 30 < sheet.column_dimensions["A"].width < 40 and sheet.column_dimensions["B"].width <= 65


def test_what_xml_cannot_hold_is_left_out() -> None:
    assert _xlsx([["a\x00b\x0bc\ud800d\ufffe", "x"]])[1][0] == ("abcd", "s")
    assert len(str(_xlsx([["长" * 40_000, "x"]])[1][0][0])) == 32_767


@given(st.lists(st.tuples(st.text(max_size=20), st.integers(-(10**12), 10**12)), max_size=5))
def test_both_forms_hold_the_same(rows: list[tuple[str, int]]) -> None:
    written = _csv(rows)[1:]
    assert [r[1] for r in written] == [str(n) for _, n in rows]
    assert [c[1][0] for c in _xlsx(rows)[1:]] == [n for _, n in rows]


def test_pieces_come_while_rows_are_read() -> None:
    read = 0

    def rows() -> Iterator[list[Cell]]:
        nonlocal read
        for read in range(1, 30_001):
            yield [f"J019-{read}", read]

    for parts in (csv_parts, lambda h, r: xlsx_parts("目录", h, r)):
        read = 0
        pieces = iter(parts(("甲", "乙"), rows()))
        for _ in range(3):
            assert next(pieces)
        assert read < 15_000, "the whole list was read before the first pieces went"
        assert all(pieces) and read == 30_000
