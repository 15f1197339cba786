"""Dates as people write them, and the one way they are kept."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunzhen.formats.paper_date import is_normal_date, normal_date


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2012-10-18", "2012-10-18"), ("2012.10.18", "2012-10-18"), ("2012/10/18", "2012-10-18"),
        ("20121018", "2012-10-18"), ("2012年10月18日", "2012-10-18"), ("2012年10月18号", "2012-10-18"),
        ("2012 年 1 月 8 日", "2012-01-08"), ("２０１２．１０．１８", "2012-10-18"), ("2012年10月", "2012-10"),
        ("2012-10", "2012-10"), ("2012.1", "2012-01"), ("201210", "2012-10"), ("2012年", "2012"), (" 2012 ", "2012"),
        ("2012-02-29", "2012-02-29"),
    ],
)  # fmt: skip
def test_every_way_of_writing_is_understood(text: str, kept: str) -> None:
    assert normal_date(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "去年", "2013-02-29", "2012-13", "20121318", "201213", "2012-10-18-1", "2012-10.18", "12-10-18",
        "2012-00", "0000", "2012-10-18x", "2012年13月", "2012年2月30日", "二〇一二年", "2012-", "9" * 40, "2012-1٢",
    ],
)  # fmt: skip
def test_what_is_no_date_gives_none(text: str) -> None:
    assert normal_date(text) == ""


def test_only_the_kept_form_is_normal() -> None:
    assert [is_normal_date(t) for t in ("2012-10-18", "2012-10", "2012", "2012.10", "20121018", "")] == [
        *(True, True, True, False, False, False)
    ]


@given(st.dates(min_value=date(1800, 1, 1), max_value=date(2199, 12, 31)))
def test_all_forms_of_a_day_are_one(day: date) -> None:
    y, m, d = day.year, day.month, day.day
    for text in (f"{y}年{m}月{d}日", f"{y}-{m}-{d}", f"{y}.{m:02}.{d:02}", f"{y}{m:02}{d:02}", day.isoformat()):
        assert normal_date(text) == day.isoformat()
    assert is_normal_date(day.isoformat())


@given(st.text(max_size=12))
def test_any_text_gives_a_date_or_none(text: str) -> None:
    kept = normal_date(text)
    assert kept == "" or is_normal_date(kept)
