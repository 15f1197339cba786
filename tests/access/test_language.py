"""The query language: what is understood, and that nothing is ever refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunzhen.access.folding import fold
from cunzhen.access.language import LONGEST_QUERY, MOST_TERMS, NOTES, PREFIXES, Kind, Query, parse

NUMBER = "999999196001010012"


def shape(text: str) -> list[list[tuple[str, str]]]:
    """Groups of (kind, text), a minus before what is excluded."""
    return [[(("-" if t.negated else "") + t.kind, t.text) for t in group] for group in parse(text).groups]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \u3000\n ", []),
        ("退休 审批", [[("free", "退休")], [("free", "审批")]]),
        ('"退休审批表"', [[("phrase", "退休审批表")]]),
        ("“退休审批表”王秀英", [[("phrase", "退休审批表")], [("free", "王秀英")]]),
        ("「退休」『审批』＂表＂", [[("phrase", "退休")], [("phrase", "审批")], [("phrase", "表")]]),
        ('王秀英"退休"', [[("free", "王秀英")], [("phrase", "退休")]]),
        ("name:王秀英", [[("name", "王秀英")]]),
        ("姓名：王秀英 单位: 临县一中", [[("name", "王秀英")], [("unit", "临县一中")]]),
        ('单位:"临县 一中"', [[("unit", "临县 一中")]]),
        (NUMBER, [[("number", NUMBER)]]),
        ("999999 19600101 0012", [[("number", NUMBER)]]),
        ("id:999999600101001", [[("number", NUMBER)]]),
        ("999999600101001", [[("number", NUMBER)]]),
        ("身份证：999999 19600101 0012 退休", [[("number", NUMBER)], [("free", "退休")]]),
        (f"王秀英{NUMBER}", [[("free", "王秀英")], [("number", NUMBER)]]),
        ("１３８００１３８０００", [[("number", "13800138000")]]),
        ("J019-ZY·SBYL·2019-000123", [[("code", "J019-ZY·SBYL·2019-000123")]]),
        ("j019-zy.sbyl.2019-000123", [[("free", "j019-zy.sbyl.2019-000123")]]),
        ("档号:J019-ZY", [[("code", "J019-ZY")]]),
        ("2019-03-06", [[("free", "2019-03-06")]]),
        ("-复印件 退休", [[("-free", "复印件")], [("free", "退休")]]),
        ('－"复印件"', [[("-phrase", "复印件")]]),
        ("-姓名:王秀英", [[("-name", "王秀英")]]),
        ("退休|退职 审批", [[("free", "退休"), ("free", "退职")], [("free", "审批")]]),
        ("退休 ｜ 退职", [[("free", "退休"), ("free", "退职")]]),
        ("退休（职）审批表", [[("free", "退休（职）审批表")]]),
        ("类别:养老 种类:退休审批表 全宗:J019 期限:永久 题名:申请", None),
    ],
)
def test_parse(text: str, expected: list[list[tuple[str, str]]] | None) -> None:
    if expected is None:
        kinds = [t.kind for t in parse(text).wanted]
        assert kinds == [Kind.SERIES, Kind.MATERIAL, Kind.FONDS, Kind.RETENTION, Kind.TITLE]
    else:
        assert shape(text) == expected
        assert parse(text).notes == ()


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("year:2019", 2019, 2019),
        ("年度：2019年", 2019, 2019),
        ("year:2015..2019", 2015, 2019),
        ("年度:2019-2015", 2015, 2019),
        ("年度:2015至2019", 2015, 2019),
        ("year:2015..", 2015, 9999),
        ("year:..2019", 0, 2019),
        ("year:２０１９", 2019, 2019),
    ],
)
def test_years(text: str, low: int, high: int) -> None:
    (term,) = parse(text).wanted
    assert (term.kind, term.low, term.high) == (Kind.YEAR, low, high)


@pytest.mark.parametrize(
    ("text", "note", "left"),
    [
        ('"退休审批', "S-21", [[("phrase", "退休审批")]]),
        ("退休 |", "S-22", [[("free", "退休")]]),
        ("| 退休", "S-22", [[("free", "退休")]]),
        ("退休 || 退职", "S-22", [[("free", "退休"), ("free", "退职")]]),
        ("year:昨年", "S-23", [[("free", "昨年")]]),
        ("year:..", "S-23", [[("free", "..")]]),
        ("姓名:", "S-24", [[("free", "name")]]),
        ("foo:bar", "S-25", [[("free", "foo:bar")]]),
        ("id:999999", "S-27", [[("free", "999999")]]),
        ("- 退休", "S-28", [[("free", "退休")]]),
        ("-", "S-28", []),
    ],
)
def test_odd_input_is_searched_as_text_and_noted(text: str, note: str, left: list[list[tuple[str, str]]]) -> None:
    assert [n.code for n in parse(text).notes] == [note]
    assert shape(text) == left


def test_long_queries_are_cut_and_noted() -> None:
    assert [n.code for n in parse("退" * (LONGEST_QUERY + 1)).notes] == ["S-26"]
    many = parse(" ".join("退休审批养老保险"[n % 6 : n % 6 + 2] for n in range(100)))
    assert len(many.groups) == MOST_TERMS
    assert [n.code for n in many.notes] == ["S-26"]
    wide = parse("|".join("退" for _ in range(100)))
    assert sum(map(len, wide.groups)) == MOST_TERMS


@given(
    st.text(
        alphabet=st.sampled_from(list('"“”「|｜-－:： \u3000*()年度姓名idyear2019..退休\n\0\u200b王𠮷')), max_size=60
    )
    | st.text()
)
def test_any_input_is_understood_somehow(text: str) -> None:
    query = parse(text)
    assert isinstance(query, Query)
    assert all(fold(t.text) for group in query.groups for t in group)
    assert {n.code for n in query.notes} <= set(NOTES)


def test_every_prefix_works_with_either_colon_and_any_case() -> None:
    for name, kind in PREFIXES.items():
        value = {Kind.YEAR: "2019", Kind.NUMBER: NUMBER}.get(kind, "甲")
        for written in (f"{name}:{value}", f"{name.upper()}：{value}", f"{name}: {value}"):
            (term,) = parse(written).wanted
            assert term.kind is kind, written
