"""Archival codes: the standard's examples, round trips, and every numbered refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunzhen.errors import Invalid
from cunzhen.formats import archival_code as codes

fonds = st.from_regex(r"[A-Z][0-9]{3}", fullmatch=True)
classes = st.sampled_from(["GL", "ZJ", "YL", "YB", "SB", "GS", "SY", "TJ", "JH"])
years = st.integers(1950, 2099)


@given(fonds, classes, years, st.integers(1, 999_999))
def test_default_template_round_trips(fond: str, category: str, year: int, serial: int) -> None:
    values: dict[str, str | int] = {"全宗": fond, "类别": category, "年度": year, "件": serial}
    code = codes.format_code(codes.DEFAULT_TEMPLATE, values)
    assert code == f"{fond}-ZY·SB{category}·{year}-{serial:06d}"
    back = codes.parse_code(codes.DEFAULT_TEMPLATE, code)
    assert back == {"全宗": fond, "类别": category, "年度": str(year), "件": f"{serial:06d}"}
    assert codes.format_code(codes.DEFAULT_TEMPLATE, back) == code


@given(st.text(max_size=40))
def test_any_text_either_parses_or_has_numbered_problems(text: str) -> None:
    template = codes.parse_template(codes.DEFAULT_TEMPLATE)
    problems = template.problems(text)
    assert all(p.code in codes.PROBLEMS and p.message and p.english for p in problems)
    if not problems:
        assert template.format(template.parse(text)) == text


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{全宗}-ZY·JC·CC·{年度}·{期限}-{案卷3}-{件3}", "J019-ZY·JC·CC·2019·D30-001-001"),
        ("{全宗}-WS·{年度}·{期限}-{案卷3}-{件3}", "A439-WS·2015·D30-003-005"),
        ("{全宗}-WS·{年度}·{期限}-{件3}", "Z008-WS·2019·Y-037"),
        ("{全宗}-KU·01·{年度}-{案卷3}-{件3}", "J019-KU·01·2017-001-001"),
        ("{全宗}-WS·{年度}-{期限}-{机构}-{件4}", "Z109-WS·2011-Y-BGS-0001"),
    ],
)
def test_examples_of_the_standards_can_be_made_and_read(template: str, code: str) -> None:
    assert codes.format_code(template, codes.parse_code(template, code)) == code


def test_templates_say_what_they_wait_for() -> None:
    plain, volume = codes.parse_template(codes.DEFAULT_TEMPLATE), codes.parse_template(codes.VOLUME_TEMPLATE)
    assert (plain.needs_term, plain.needs_volume) == (False, False)
    assert (volume.needs_term, volume.needs_volume) == (True, True)
    assert codes.parse_template(codes.ITEM_TEMPLATE).needs_term
    assert plain.serial_width() == 6 and plain.serial_width("案卷") == 0


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{全宗-{件4}", "AC-01"),
        ("{全宗}-{险种}-{件4}", "AC-02"),
        ("{全宗}-{件4}-{件4}", "AC-03"),
        ("{全宗}-{件}", "AC-04"),
        ("{全宗4}-{件4}", "AC-04"),
        ("{全宗}{年度}-{件4}", "AC-05"),
        ("{全宗}/{件4}", "AC-06"),
        ("ZY-{件4}", "AC-07"),
    ],
)
def test_bad_templates_are_refused_by_number(template: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        codes.parse_template(template)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("code", "number", "part"),
    [
        ("J019-ZY·SBYL·2019", "AC-21", ""),
        ("J019-ZY·SBYL·2019-00001", "AC-13", "件"),
        ("J019-ZY·SBYL·2019-000000", "AC-22", "件"),
        ("J019-ZY·SBYL·19-000001", "AC-12", "年度"),
        ("J019-ZY·SB·2019-000001", "AC-11", "类别"),
        ("J019-ZY·SByl·2019-000001", "AC-12", "类别"),
        ("J019 -ZY·SBYL·2019-000001", "AC-23", ""),
        ("J019－ZY·SBYL·2019-000001", "AC-23", ""),
    ],
)
def test_bad_codes_are_found_by_number(code: str, number: str, part: str) -> None:
    problems = codes.parse_template(codes.DEFAULT_TEMPLATE).problems(code)
    assert [(p.code, p.part) for p in problems] == [(number, part)]
    with pytest.raises(Invalid) as caught:
        codes.parse_code(codes.DEFAULT_TEMPLATE, code)
    assert caught.value.code == number


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ({"全宗": "J019", "类别": "YL", "年度": 2019}, "AC-11"),
        ({"全宗": "J019", "类别": "YL", "年度": 2019, "件": 1_000_000}, "AC-13"),
        ({"全宗": "J019", "类别": "YL", "年度": 2019, "件": 0}, "AC-22"),
        ({"全宗": "J 019", "类别": "YL", "年度": 2019, "件": 1}, "AC-12"),
    ],
)
def test_formatting_refuses_what_it_could_not_read_back(values: dict[str, str | int], number: str) -> None:
    with pytest.raises(Invalid) as caught:
        codes.format_code(codes.DEFAULT_TEMPLATE, values)
    assert caught.value.code == number


@pytest.mark.parametrize(("term", "code"), [("Y", "Y"), ("30", "D30"), ("100", "D100")])
def test_term_codes(term: str, code: str) -> None:
    assert codes.term_code(term) == code


def test_an_unknown_term_has_no_code() -> None:
    with pytest.raises(Invalid):
        codes.term_code("")
