"""Personal numbers are told from other figures."""

from __future__ import annotations

import random

import pytest

from cunzhen.access.numbers import canonical, find_numbers, is_whole_number
from tests.access import texts

NUMBER = "999999196001010012"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"身份证号{NUMBER}男", [NUMBER]),
        ("身份证号999999600101001男", [NUMBER]),
        ("９９９９９９１９６００１０１００１２", [NUMBER]),
        ("999999 19600101 0012", [NUMBER]),
        ("9 9 9 9 9 9 1 9 6 0 0 1 0 1 0 0 1 2", [NUMBER]),
        ("99999919600101OO12", [NUMBER]),
        ("99999919600101001x", ["99999919600101001X"]),
        ("电话 138 0013 8000 或 138-0013-8000", ["13800138000", "13800138000"]),
        ("0358-4422110", ["03584422110"]),
        ("账号6222020200998877660。", ["6222020200998877660"]),
        ("卡号 4111 1111 1111 1111", ["4111111111111111"]),
        ("信用代码 91350100M000100Y43", []),
        ("2001 2002 2003 2004 2005", []),
        ("12000 13000 14000\n15000", []),
        ("2019年3月6日 12,345.67元 20190306 1234567890", []),
        ("J019-ZY·SBYL·2019-000123", []),
        ("", []),
    ],
)
def test_find_numbers(text: str, expected: list[str]) -> None:
    assert [s.number for s in find_numbers(text)] == expected


def test_canonical_forms_agree() -> None:
    rng = random.Random(1)
    for _ in range(200):
        number = texts.number(rng)
        old = number[:6] + number[8:17]
        assert canonical(number.lower()) == canonical(f" {number[:6]} {number[6:14]}-{number[14:]}") == number
        assert canonical(old) == number


def test_whole_numbers() -> None:
    assert is_whole_number(NUMBER) and is_whole_number("138 0013 8000")
    assert not is_whole_number(f"号{NUMBER}") and not is_whole_number("999999") and not is_whole_number("")


def test_spans_stand_where_the_numbers_stand() -> None:
    rng = random.Random(2)
    for _ in range(200):
        parts = [texts.page(rng) + "：", texts.number(rng, fifteen=rng.random() < 0.5), "；" + texts.page(rng)]
        spans = find_numbers("".join(parts))
        assert [(s.start, s.end) for s in spans] == [(len(parts[0]), len(parts[0]) + len(parts[1]))]
