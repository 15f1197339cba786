"""A table of corrections: a row an item, found by its archival code; every row that cannot be taken is named."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Invalid
from cunzhen.formats.identifiers import is_identity_number, is_uscc, normalise_identity_number, normalise_uscc
from cunzhen.formats.paper_date import normal_date
from cunzhen.holdings.corrections import Correction
from cunzhen.holdings.fields import EXTRAS, SECURITY_LEVELS, term_of
from cunzhen.holdings.kinds import all_kinds, categories
from cunzhen.holdings.models import ArchivalCode, Mention
from cunzhen.holdings.rules import NamedPerson, NamedUnit

CLEAR = ("（空）", "(空)")  # in a cell: clear the field; an empty cell leaves it alone
HEADER_ROWS = 10
CODE = "archival_code"

# What the columns are called, by our field's name.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    CODE: ("档号",),
    "version": ("版本",),
    "title": ("题名",),
    "kind": ("材料种类",),
    "series": ("类别",),
    "year": ("年度",),
    "document_date": ("形成日期", "日期"),
    "term": ("保管期限",),
    "term_confirmed": ("期限确认",),
    "security_level": ("密级",),
    "case_number": ("业务受理号",),
    "person": ("补参保人", "补姓名"),
    "id_number": ("补公民身份号码", "补身份证号"),
    "unit": ("补参保单位",),
    "uscc": ("补统一社会信用代码",),
    "page": ("所在页",),
    "not_person": ("撤参保人", "撤姓名"),
    "not_unit": ("撤参保单位",),
    **{f"extra.{code}": (names[0],) for code, names in EXTRAS.items()},
}
_BY_NAME = {name: key for key, names in COLUMNS.items() for name in names}
_MAY_BE_CLEARED = ("document_date", "case_number", "extra.")


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with one cell: line of the file from 1 (0 for the whole), column as it is headed."""

    line: int
    column: str
    message: str
    english: str


@dataclass
class CorrectionTable:
    """What a table asks for.

    Args:
        corrections: of the rows that can be taken.
        lines: item to the line it stands on.
        problems: of those that cannot.
        ignored: columns that mean nothing here.
    """

    corrections: list[Correction] = field(default_factory=list)
    lines: dict[UUID, int] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)
    ignored: tuple[str, ...] = ()


class _Wrong(Exception):
    """A cell cannot be taken."""

    def __init__(self, column: str, message: str, english: str) -> None:
        super().__init__(column)
        self.column, self.message, self.english = column, message, english


@dataclass(frozen=True)
class _Known:
    """An item that a row names: its id, its version and whom it names."""

    id: UUID
    version: int
    mentions: Sequence[Mention]


def read_corrections(actor: Actor, rows: Sequence[Sequence[str]]) -> CorrectionTable:
    """What a table asks for, by rows as texts; nothing is changed.

    Raises:
        Refused. Invalid: ``H-28`` the table has no heading with 档号 and a field, or no row.
    """
    actor.require("correct_items")
    start, columns = _heading(rows)
    found = CorrectionTable(ignored=tuple(c for n, c in enumerate(rows[start]) if c.strip() and n not in columns))
    filled = []
    for line, row in enumerate(rows[start + 1 :], start + 2):
        values = {name: row[n].strip() for n, name in columns.items() if n < len(row) and row[n].strip()}
        if values:
            filled.append((line, values))
    if not filled:
        raise _no_table()
    known = _known_items(actor, {values.get(CODE, "") for _line, values in filled})
    for line, values in filled:
        try:
            _take(found, line, values, known)
        except _Wrong as wrong:
            found.problems.append(RowProblem(line, wrong.column, wrong.message, wrong.english))
    return found


def column_of(name: str) -> str:
    """How the column of a field is headed; a field's name as operations report it, part by part."""
    short = re.sub(r"^(persons|units)-\d+-", "", name)
    key = {"name": "person" if name.startswith("persons") else "unit", "retracted": "not_person"}.get(short, short)
    return COLUMNS[key][0] if key in COLUMNS else key


def _heading(rows: Sequence[Sequence[str]]) -> tuple[int, dict[int, str]]:
    for start, row in enumerate(rows[:HEADER_ROWS]):
        columns = {n: _BY_NAME[_key(cell)] for n, cell in enumerate(row) if _key(cell) in _BY_NAME}
        if CODE in columns.values() and len(set(columns.values())) > 1:
            return start, columns
    raise _no_table()


def _key(cell: str) -> str:
    return re.sub(r"\s|　", "", cell)


def _no_table() -> Invalid:
    return Invalid(
        "H-28",
        "没有找到可用的表：第一行应为列名，其中要有“档号”和至少一个要更正的项目，下面至少一行。",
        "No usable table: it needs a heading with the archival code and at least one field, and a row below.",
    )


def _known_items(actor: Actor, codes: Iterable[str]) -> dict[str, _Known]:
    """Items within reach by the codes they bear or bore."""
    within = ArchivalCode.objects.filter(code__in=list(codes), item__fonds__keeper_id__in=actor.agency_ids)
    rows = list(within.order_by("id").values_list("code", "item_id", "item__version"))
    mentions: dict[UUID, list[Mention]] = defaultdict(list)
    for m in Mention.objects.filter(item_id__in={r[1] for r in rows}, retracted_at=None).order_by("id"):
        mentions[m.item_id].append(m)
    return {code: _Known(item_id, version, mentions[item_id]) for code, item_id, version in rows}


def _take(found: CorrectionTable, line: int, values: Mapping[str, str], known: Mapping[str, _Known]) -> None:
    item = known.get(values.get(CODE, ""))
    if item is None:
        raise _Wrong("档号", "没有这个档号，请核对。", "There is no such archival code within your reach.")
    if item.id in found.lines:
        first = found.lines[item.id]
        raise _Wrong("档号", f"与第 {first} 行是同一件，请合并。", f"The same item as in line {first}; join them.")
    asked = {name: _CELLS[name](name, text) for name, text in values.items() if name in _CELLS}
    found.lines[item.id] = line
    found.corrections.append(
        Correction(
            item_id=item.id,
            version=asked.pop("version", item.version),
            **asked,
            extra={n.removeprefix("extra."): _cleared(n, t) for n, t in values.items() if n.startswith("extra.")},
            persons=_person(values),
            units=_unit(values),
            retracted=(*_not_named(values, "not_person", item), *_not_named(values, "not_unit", item)),
        )
    )


def _cleared(name: str, text: str) -> str:
    """The cell's text; a mark for clearing becomes empty where the field may be."""
    if text not in CLEAR:
        return text
    if not name.startswith(_MAY_BE_CLEARED):
        raise _Wrong(column_of(name), "这一项不能清空。", "This field cannot be cleared.")
    return ""


def _whole(name: str, text: str) -> int:
    plain = normal_date(text) if name == "year" else text
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 6):
        raise _Wrong(column_of(name), "请填数字。", "Write a number.")
    return int(plain)


def _date(name: str, text: str) -> str:
    plain = _cleared(name, text)
    return normal_date(plain) or plain


def _term(name: str, text: str) -> str:
    term = term_of(text)
    if term is None:
        raise _Wrong("保管期限", "应为永久、100、50、30、10 年或待确认。", "Permanent, 100, 50, 30, 10, or 待确认.")
    return term


def _yes(name: str, text: str) -> bool:
    if text not in {"是", "否", "1", "0", "已确认", "未确认"}:
        raise _Wrong(column_of(name), "请填“是”或“否”。", "Write 是 (yes) or 否 (no).")
    return text in {"是", "1", "已确认"}


def _named(choices: Mapping[str, str]) -> Callable[[str, str], str]:
    def look_up(name: str, text: str) -> str:
        if text not in choices:
            raise _Wrong(
                column_of(name), "没有这一种，请照系统中的名称或代码填写。", "Unknown; write the name or code in use."
            )
        return choices[text]

    return look_up


_CELLS: Mapping[str, Callable[[str, str], Any]] = {
    "version": _whole,
    "title": _cleared,
    "kind": _named({key: k.code for k in all_kinds().values() for key in (k.code, k.name)}),
    "series": _named({key: c.code for c in categories() for key in (c.code, c.name)}),
    "year": _whole,
    "document_date": _date,
    "term": _term,
    "term_confirmed": _yes,
    "security_level": _named({key: code for code, names in SECURITY_LEVELS.items() for key in (code, names[0])}),
    "case_number": _cleared,
}


def _person(values: Mapping[str, str]) -> tuple[NamedPerson, ...]:
    name, number = values.get("person", ""), values.get("id_number", "")
    if not (name or number):
        return ()
    return (
        NamedPerson(
            name, normalise_identity_number(number) if is_identity_number(number) else number, page=_page(values)
        ),
    )


def _unit(values: Mapping[str, str]) -> tuple[NamedUnit, ...]:
    name, code = values.get("unit", ""), values.get("uscc", "")
    if not (name or code):
        return ()
    return (NamedUnit(name, normalise_uscc(code) if is_uscc(code) else code, page=_page(values)),)


def _page(values: Mapping[str, str]) -> int:
    return _whole("page", values["page"]) - 1 if "page" in values else -1


def _not_named(values: Mapping[str, str], name: str, item: _Known) -> list[UUID]:
    """Assertions to be taken back: everything of the kind that bears the name or the number."""
    if name not in values:
        return []
    kind = "person" if name == "not_person" else "employer"
    found = [m.id for m in item.mentions if m.kind == kind and values[name] in {m.name, m.number}]
    if not found:
        raise _Wrong(column_of(name), "本件没有这条记载，或已经撤回。", "The item has no such mention, or no more.")
    return found
