"""Identity numbers and credit codes: published vectors, round trips, reading errors, false friends."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cunzhen.errors import Invalid
from cunzhen.formats import identifiers as ids

births = st.dates(date(1900, 1, 1), date(2025, 12, 31))


@st.composite
def numbers(draw: st.DrawFn) -> str:
    born = draw(births)
    body = f"{draw(st.integers(110000, 659999))}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return body + ids.identity_check_character(body)


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_published_identity_numbers_are_accepted(number: str) -> None:
    assert ids.parse_identity_number(number).number == number


def test_parts_of_a_number() -> None:
    parsed = ids.parse_identity_number(" 110105 19491231 002x ")
    assert (parsed.division, parsed.birth_date, parsed.sex, parsed.was_old) == (
        "110105", date(1949, 12, 31), "female", False,
    )  # fmt: skip


def test_division_codes_are_never_looked_up() -> None:
    body = "14232619660101123"  # 142326 was abolished in 2003; 999999 never existed
    assert ids.is_identity_number(body + ids.identity_check_character(body))
    body = "99999919660101123"
    assert ids.is_identity_number(body + ids.identity_check_character(body))


@given(numbers())
def test_any_single_wrong_digit_is_noticed(number: str) -> None:
    for place in range(17):
        wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        assert not ids.is_identity_number(wrong)


@given(numbers())
def test_old_form_leads_back_to_the_same_number(number: str) -> None:
    old = ids.old_identity_number(number)
    if number[6:8] == "19":
        assert ids.normalise_identity_number(old) == number
        assert ids.parse_identity_number(old).was_old
    else:
        assert old == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("123", "ID-02"),
        ("11010519490231002X", "ID-03"),
        ("110105194912310021", "ID-04"),
        ("１", "ID-02"),
        ("", "ID-02"),
    ],
)
def test_refusals_are_numbered(text: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        ids.parse_identity_number(text)
    assert caught.value.code == code


@given(numbers(), st.data())
def test_reading_errors_are_repaired(number: str, data: st.DataObject) -> None:
    places = [i for i, c in enumerate(number) if c in "01"][:2]
    read = list(number)
    for place in places:
        read[place] = data.draw(st.sampled_from("OoQ" if number[place] == "0" else "lI|"))
    text = "身份证号:" + "".join(read).replace("X", data.draw(st.sampled_from("xX×"))) + "。"
    found = ids.find_identity_numbers(text)
    assert [f.number for f in found] == [number]
    assert found[0].repairs >= len(places)


@given(numbers())
def test_spaces_inside_are_allowed(number: str) -> None:
    text = f"1 {number[:6]} {number[6:14]} {number[14:]} 男"
    assert [f.number for f in ids.find_identity_numbers(text)][-1:] == [number]
    spaced = " ".join(number)
    assert [f.number for f in ids.find_identity_numbers(f"号码 {spaced}，")] == [number]


def test_a_number_that_fails_is_reported_without_a_value() -> None:
    found = ids.find_identity_numbers("身份证号110105194912310021")
    assert [(f.number, f.checked) for f in found] == [("", False)]


@pytest.mark.parametrize("text", ["6222021234567890123", "电话13812345678", "20190306", "1234567890123456789012"])
def test_other_numbers_are_left_alone(text: str) -> None:
    assert ids.find_identity_numbers(text) == []


def test_fifteen_digits_need_a_possible_date() -> None:
    assert [f.number for f in ids.find_identity_numbers("证号142326660101123。")] == [
        ids.normalise_identity_number("142326660101123")
    ]
    assert ids.find_identity_numbers("合同142326661301123") == []


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110000600037341L"])
def test_published_credit_codes(code: str) -> None:
    assert ids.normalise_uscc(code.lower()) == code
    assert ids.has_organisation_check(code)


def test_check_character_where_the_sum_is_divisible_by_31() -> None:
    assert ids.uscc_check_character("0" * 17) == "0"


@given(st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17))
def test_credit_codes_round_trip(body: str) -> None:
    code = body + ids.uscc_check_character(body)
    assert ids.is_uscc(code)
    other = "1" if code[5] != "1" else "2"
    assert not ids.is_uscc(code[:5] + other + code[6:])


def test_credit_code_with_confusions_is_found() -> None:
    found = ids.find_usccs("统一社会信用代码：9135O1OOM000100Y43 有效")
    assert [(f.number, f.repairs) for f in found] == [("91350100M000100Y43", 3)]
    assert ids.find_usccs("9135O1OOM000100Y44") == []


@pytest.mark.parametrize(
    ("text", "code"), [("913", "UC-02"), ("91350100M000100Y44", "UC-03"), ("91350100I000100Y43", "UC-01")]
)
def test_credit_code_refusals(text: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        ids.normalise_uscc(text)
    assert caught.value.code == code


def test_phones() -> None:
    found = ids.find_phones("电话138 1234 5678，座机0358-4422123，号码22345678901")
    assert [f.number for f in found] == ["13812345678", "03584422123"]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("142326196601011234", "142326********1234"),
        ("142326660101123", "142326*****1123"),
        ("13812345678", "138****5678"),
        ("4422123", "*****23"),
        ("1", "*"),
        ("", ""),
    ],
)
def test_masking(number: str, shown: str) -> None:
    assert ids.mask(number) == shown


@given(st.text(max_size=200))
def test_finders_never_fail_on_any_text(text: str) -> None:
    for found in ids.find_identity_numbers(text) + ids.find_usccs(text):
        assert text[found.start : found.end] == found.raw
