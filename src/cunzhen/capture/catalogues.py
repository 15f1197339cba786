"""The sender's catalogue (目录): an Excel or CSV file beside the papers that describes and hangs them (挂接)."""

from __future__ import annotations

import csv
import io
import re
import struct
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from cunzhen.capture.grouping import natural_key

MAX_ROWS = 200_000
MAX_BYTES = 60_000_000  # of a catalogue, unpacked: 200,000 rows of 300 bytes

# What the columns are called in practice, by our field's name.
COLUMNS: dict[str, tuple[str, ...]] = {
    "file": ("文件名", "电子文件名", "文件名称", "电子文件名称", "影像文件名", "图像文件", "扫描件", "路径", "file"),
    "title": ("题名", "材料名称", "文件题名", "标题", "title"),
    "person": ("姓名", "参保人", "人员姓名", "申请人", "name"),
    "id_number": ("身份证号", "身份证号码", "公民身份号码", "社会保障号码", "证件号码", "id"),
    "unit": ("单位", "单位名称", "工作单位", "参保单位", "unit"),
    "uscc": ("统一社会信用代码", "信用代码"),
    "year": ("年度", "年份", "归档年度", "year"),
    "date": ("日期", "形成日期", "文件日期", "date"),
    "pages": ("页数", "pages"),
    "kind": ("材料种类", "材料类型", "业务类型", "kind"),
    "series": ("类别", "档案类别", "series"),
}
_BY_NAME = {name: field for field, names in COLUMNS.items() for name in names}
_HEADER_ROWS = 10


@dataclass(frozen=True)
class CatalogueRow:
    """One row: its line in the sheet (from 1) and its values by our field's name."""

    line: int
    values: dict[str, str]


@dataclass(frozen=True)
class Hanging:
    """What hangs on what.

    Args:
        groups: item name to its paths, for every row whose files are there.
        rows: item name to its row.
        missing: rows whose file is not there.
        repeated: rows whose files an earlier row has named already, with that row's line.
        unlisted: files of the catalogue's folder that no row names.
    """

    groups: dict[str, list[str]]
    rows: dict[str, CatalogueRow]
    missing: list[CatalogueRow]
    repeated: list[tuple[CatalogueRow, int]]
    unlisted: list[str]


# What csv, zipfile, zlib, expat and openpyxl raise on a table that is not one, or was made to do harm.
_UNREADABLE = (
    InvalidFileException, BadZipFile, csv.Error, zlib.error, struct.error, ArithmeticError, AttributeError, EOFError,
    LookupError, NotImplementedError, RuntimeError, SyntaxError, TypeError, ValueError,
)  # fmt: skip


def read_catalogue(path: Path, name: str) -> list[CatalogueRow] | None:
    """The rows of a catalogue, or None where the file is no catalogue (then it is a paper like any other).

    A catalogue has, within its first ten rows, a heading with a file column and at least one that describes. A table
    that is damaged, or larger than any catalogue, is no catalogue.
    """
    suffix = PurePosixPath(name).suffix.lower()
    try:
        if suffix == ".csv" and path.stat().st_size <= MAX_BYTES:
            return _from_rows(_csv_rows(path))
        if suffix in {".xlsx", ".xlsm"} and _unpacked_bytes(path) <= MAX_BYTES:
            return _from_workbook(path)
    except _UNREADABLE:
        return None
    return None


def read_table(path: Path, name: str) -> list[list[str]] | None:
    """Every row of a CSV file or of a workbook's first sheet as texts; None where it is damaged, too large or neither.

    Args:
        path: where it lies.
        name: what it is called; its suffix says which of the two it is.
    """
    suffix = PurePosixPath(name).suffix.lower()
    try:
        if suffix == ".csv" and path.stat().st_size <= MAX_BYTES:
            return [[_text(cell) for cell in row] for row in islice(_csv_rows(path), MAX_ROWS)]
        if suffix in {".xlsx", ".xlsm"} and _unpacked_bytes(path) <= MAX_BYTES:
            book = load_workbook(path, read_only=True, data_only=True)
            with closing(book):
                rows = book.worksheets[0].iter_rows(values_only=True) if book.worksheets else iter(())
                return [[_text(cell) for cell in row] for row in islice(rows, MAX_ROWS)]
    except _UNREADABLE:
        return None
    return None


def _from_workbook(path: Path) -> list[CatalogueRow] | None:
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        return _from_rows(book.worksheets[0].iter_rows(values_only=True)) if book.worksheets else None
    finally:
        book.close()


def _unpacked_bytes(path: Path) -> int:
    """What a workbook would unpack to by its own directory; zipfile never reads more of a member than that."""
    with ZipFile(path) as zipped:
        return sum(m.file_size for m in zipped.infolist())


def _csv_rows(path: Path) -> Iterable[Sequence[str]]:
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return csv.reader(io.StringIO(text, newline=""))
    return []


def _from_rows(rows: Iterable[Sequence[Any]]) -> list[CatalogueRow] | None:
    columns: dict[int, str] = {}
    found: list[CatalogueRow] = []
    for line, row in enumerate(rows, 1):
        if line > MAX_ROWS:
            break
        if not columns:
            heading = {i: _BY_NAME[_key(cell)] for i, cell in enumerate(row) if _key(cell) in _BY_NAME}
            if "file" in heading.values() and len(set(heading.values())) > 1:
                columns = heading
            elif line >= _HEADER_ROWS:
                return None
            continue
        values = {field: _text(row[i]) for i, field in columns.items() if i < len(row)}
        values = {field: value for field, value in values.items() if value}
        if values:
            found.append(CatalogueRow(line, values))
    return found if columns else None


def _key(cell: object) -> str:
    return re.sub(r"\s|　", "", str(cell or "")).lower()


def _text(cell: object) -> str:
    if isinstance(cell, datetime | date):
        return cell.strftime("%Y-%m-%d")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip() if cell is not None else ""


def hang(
    rows: Sequence[CatalogueRow], folder: str, paths: Sequence[str], taken: dict[str, int] | None = None
) -> Hanging:
    """Hang the files of the catalogue's folder (and below) on its rows.

    A row names a file (with or without suffix), a subfolder, or several files separated by ``;``.

    Args:
        folder: the catalogue's own folder, relative, ``.`` for the pile's root.
        paths: every other file received.
        taken: path to the line that named it, of the catalogues before this one; this one's are added.
    """
    taken = {} if taken is None else taken
    prefix = "" if folder == "." else f"{folder}/"
    inside = [p for p in paths if p.startswith(prefix)]
    by_name: dict[str, list[str]] = {}
    for path in inside:
        relative = path[len(prefix) :]
        for name in {relative, str(PurePosixPath(relative).with_suffix("")), PurePosixPath(relative).name}:
            by_name.setdefault(_composed(name), []).append(path)
        for parent in PurePosixPath(relative).parents:
            if str(parent) != ".":
                by_name.setdefault(_composed(str(parent)), []).append(path)
    hanging = Hanging({}, {}, [], [], [])
    for row in rows:
        names = [n.strip().replace("\\", "/").strip("/") for n in re.split("[;；、]", row.values.get("file", ""))]
        named = [p for n in names if n for p in sorted(by_name.get(_composed(n), []), key=natural_key)]
        files = list(dict.fromkeys(p for p in named if p not in taken))
        if not files and named:
            hanging.repeated.append((row, taken[named[0]]))
            continue
        if not files:
            hanging.missing.append(row)
            continue
        taken.update(dict.fromkeys(files, row.line))
        name = prefix + names[0]
        hanging.groups[name] = files
        hanging.rows[name] = row
    hanging.unlisted.extend(p for p in inside if p not in taken)
    return hanging


def _composed(name: str) -> str:
    """Names of files from some systems are decomposed (é as e and an accent); in a catalogue they are not."""
    return unicodedata.normalize("NFC", name)
