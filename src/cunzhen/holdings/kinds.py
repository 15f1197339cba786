"""Kinds of material, categories and the shipped schedule, from the data files of this room."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Category:
    """One of the nine categories of Order No. 3 with our letter code."""

    code: str
    name: str
    english: str


@dataclass(frozen=True)
class Kind:
    """材料种类: what a paper is, and which row of the schedule it falls under (``item`` 0: 待确认)."""

    code: str
    name: str
    english: str
    category: str
    item: int
    subject: str
    required: tuple[str, ...]
    expected: tuple[str, ...]


@dataclass(frozen=True)
class ShippedRow:
    """One row of the shipped schedule."""

    category: str
    number: str
    material: str
    term: str
    evidence: str
    confirmed: bool
    note: str


@dataclass(frozen=True)
class ShippedSchedule:
    """The shipped 归档范围与保管期限表."""

    version: str
    in_force_from: date
    rows: tuple[ShippedRow, ...]


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((files("cunzhen.holdings") / "data" / name).read_text(encoding="utf-8"))
    return loaded


@cache
def categories() -> tuple[Category, ...]:
    """The nine categories, in the order of the annex."""
    return tuple(Category(c["code"], c["name"], c["english"]) for c in _read("categories.json")["categories"])


@cache
def all_kinds() -> Mapping[str, Kind]:
    """Every kind by its code."""
    return {
        k["code"]: Kind(
            code=k["code"],
            name=k["name"],
            english=k["english"],
            category=k["category"],
            item=int(k["item"]),
            subject=k["subject"],
            required=tuple(k["required"]),
            expected=tuple(k["expected"]),
        )
        for k in _read("material_kinds.json")["kinds"]
    }


@cache
def schedule_data() -> ShippedSchedule:
    """The schedule as shipped; Order No. 3 came into force on 2009-09-01."""
    raw = _read("retention_schedule.json")
    rows = tuple(
        ShippedRow(r["category"], str(r["item"]), r["material"], r["term"], r["evidence"], r["confirmed"], r["note"])
        for r in raw["rows"]
    )
    return ShippedSchedule(raw["version"], date(2009, 9, 1), rows)


def is_kind(code: str) -> bool:
    """Whether a kind of that code exists."""
    return code in all_kinds()


def is_series(code: str) -> bool:
    """Whether a category of that code exists."""
    return any(c.code == code for c in categories())


def kind_name(code: str, language: str = "zh") -> str:
    """What screens call a kind; an unknown code is shown as it is."""
    kind = all_kinds().get(code)
    return code if kind is None else kind.name if language.startswith("zh") else kind.english


def series_name(code: str, language: str = "zh") -> str:
    """What screens call a category."""
    for category in categories():
        if category.code == code:
            return category.name if language.startswith("zh") else category.english
    return code


def series_of(kind: str) -> str:
    """Category letters of a kind, empty for an unknown one."""
    found = all_kinds().get(kind)
    return found.category if found else ""


def schedule_key(kind: str) -> tuple[str, str]:
    """(category, item number) of the schedule row a kind falls under."""
    found = all_kinds().get(kind)
    return (found.category, str(found.item)) if found else ("", "")


TERM_NAMES: Mapping[str, tuple[str, str]] = {"Y": ("永久", "Permanent"), "": ("待确认", "To be confirmed")}


def term_name(term: str, language: str = "zh") -> str:
    """What screens call a term: 永久, 30 年, 待确认."""
    zh = language.startswith("zh")
    if term in TERM_NAMES:
        return TERM_NAMES[term][0 if zh else 1]
    return f"{term} 年" if zh else f"{term} years"


def extra_json(extra: Mapping[str, str]) -> str | None:
    """Further fields as they are stored, or None where there are none."""
    return json.dumps(dict(extra), ensure_ascii=False, sort_keys=True) if extra else None


def read_extra(stored: str | None) -> dict[str, str]:
    """What ``extra_json`` stored."""
    loaded: dict[str, str] = json.loads(stored) if stored else {}
    return loaded
