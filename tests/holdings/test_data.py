"""Shipped tables agree with each other and never turn a guess into a rule."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from cunzhen.capture.extraction.kinds import load_rules
from cunzhen.holdings import kinds

ROWS: list[dict[str, Any]] = json.loads(
    (files("cunzhen.holdings") / "data/retention_schedule.json").read_text("utf-8")
)["rows"]
KINDS: list[dict[str, Any]] = json.loads((files("cunzhen.holdings") / "data/material_kinds.json").read_text("utf-8"))[
    "kinds"
]
FIELDS = {
    "title", "year", "person_name", "id_number", "unit", "uscc", "document_date", "birth_date", "retire_date",
    "death_date", "accident_date", "amount", "insured_months", "document_number",
}  # fmt: skip


def test_nine_categories_in_the_order_of_the_annex() -> None:
    assert [c.code for c in kinds.categories()] == ["GL", "ZJ", "YL", "YB", "SB", "GS", "SY", "TJ", "JH"]
    assert all(c.name.endswith("类") and c.english for c in kinds.categories())


def test_schedule_rows_are_unique_and_numbered_without_gaps() -> None:
    for category in kinds.categories():
        items = [r["item"] for r in ROWS if r["category"] == category.code]
        assert items == list(range(1, len(items) + 1))


def test_terms_are_those_of_the_order() -> None:
    assert {r["term"] for r in ROWS} == {"Y", "100", "50", "30", "10", ""}


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['category']}{r['item']}")
def test_only_seen_texts_are_confirmed_and_the_rest_is_held(row: dict[str, Any]) -> None:
    assert row["confirmed"] == (row["evidence"] in ("C-A", "C-B") and row["term"] != "")
    assert row["hold"] == (not row["confirmed"])
    if row["evidence"] in ("UNKNOWN", "R-med"):
        assert row["term"] == "" and row["note"]


@pytest.mark.parametrize(
    ("category", "item", "term", "confirmed"),
    [
        ("GL", 1, "Y", True),
        ("GL", 9, "10", False),
        ("ZJ", 1, "100", False),
        ("YL", 1, "50", False),
        ("YL", 3, "", False),
        ("YB", 4, "10", True),
        ("GS", 2, "50", True),
        ("GS", 7, "", False),
        ("SY", 1, "", False),
        ("TJ", 1, "Y", True),
        ("JH", 4, "Y", False),
    ],
)
def test_rows_as_the_sources_give_them(category: str, item: int, term: str, confirmed: bool) -> None:
    row = next(r for r in ROWS if r["category"] == category and r["item"] == item)
    assert (row["term"], row["confirmed"]) == (term, confirmed)


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k["code"])
def test_every_kind_has_a_row_or_says_to_be_confirmed(kind: dict[str, Any]) -> None:
    assert any(r["category"] == kind["category"] and r["item"] in (kind["item"], 1) for r in ROWS)
    if kind["item"]:
        row = next(r for r in ROWS if r["category"] == kind["category"] and r["item"] == kind["item"])
        assert row["material"] or row["term"] == ""
    assert kind["subject"] in {"person", "many", "unit"}
    assert {"title", "year"} <= set(kind["required"]) <= FIELDS
    assert set(kind["expected"]) <= FIELDS
    assert str(kind["english"]).isascii() and kind["english"]


def test_kinds_are_unique_and_all_have_rules() -> None:
    codes = [k["code"] for k in KINDS]
    assert len(codes) == len(set(codes)) >= 45
    assert {rule.kind for rule in load_rules().rules} == set(codes)


def test_no_title_belongs_to_two_kinds() -> None:
    titles = [text for rule in load_rules().rules for text, _ in rule.titles]
    assert len(titles) == len(set(titles))
