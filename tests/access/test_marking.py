"""Snippets and boxes: what was asked for is marked, what is personal is covered."""

from __future__ import annotations

import pytest

from cunzhen.access.folding import Reading
from cunzhen.access.language import parse
from cunzhen.access.marking import (
    SNIPPET_LENGTH,
    count_kinds,
    covered,
    find_marks,
    marked_title,
    page_boxes,
    page_patterns,
    snippet,
    title_patterns,
)
from cunzhen.formats.page_text import PageText, Word

NUMBER = "999999196001010012"


def marked(text: str, query: str) -> list[str]:
    """The marked stretches of a text."""
    return [text[a:b] for a, b in find_marks(Reading(text), page_patterns(parse(query)))]


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("关于退休 审批\n表的说明", '"退休审批表"', ["退休 审批\n表"]),
        ("ＰＤＦ／A 格式", '"pdf/a"', ["ＰＤＦ／A"]),
        ("甲甲甲乙", '"甲甲"', ["甲甲甲"]),
        (f"号码{NUMBER}。", NUMBER, [NUMBER]),
        ("号码999999600101001。", NUMBER, ["999999600101001"]),
        ("姓名王秀英，王秀英女士", "姓名:王秀英", ["王秀英", "王秀英"]),
        ("姓名王秀英", "-王秀英", []),
        ("养老 待遇的保险", "养老保险待遇", ["养老", "待遇", "保险"]),
        ("养老保险待遇 保险", "养老保险待遇", ["养老保险待遇"]),
        ("㎡单位", '"m2单"', ["㎡单"]),
        ("无关文字", "退休", []),
    ],
)
def test_marks_in_text(text: str, query: str, expected: list[str]) -> None:
    assert marked(text, query) == expected


def test_snippet_shows_the_place_with_most_marks_and_covers_numbers() -> None:
    text = (
        "退休。"
        + "无关文字，" * 40
        + f"姓名王秀英，身份证号{NUMBER}，电话138 0013 8000，退休审批。"
        + "后面文字，" * 40
    )
    shown = snippet(Reading(text), page_patterns(parse("退休 王秀英")))
    whole = "".join(s.text for s in shown)
    assert [s.text for s in shown if s.marked] == ["王秀英", "退休"]
    assert "999999********0012" in whole and NUMBER not in whole
    assert "0013" not in whole
    assert len(whole) <= SNIPPET_LENGTH + len(NUMBER)


@pytest.mark.parametrize("shift", range(1, 140, 7))
def test_a_snippet_never_shows_part_of_a_number(shift: int) -> None:
    text = "字" * shift + NUMBER + "字" * (140 - shift) + "退休" + NUMBER + "字" * shift + NUMBER
    whole = "".join(s.text for s in snippet(Reading(text), page_patterns(parse("退休"))))
    assert NUMBER[6:14] not in whole
    assert whole.replace("999999********0012", "").strip("字退休") == ""


def test_snippet_without_a_mark_is_the_beginning() -> None:
    shown = snippet(Reading("第一行\n第二行"), page_patterns(parse("别的")))
    assert [(s.text, s.marked) for s in shown] == [("第一行 第二行", False)]
    assert snippet(Reading(""), page_patterns(parse("别的"))) == ()


def test_titles() -> None:
    title = f"王秀英{NUMBER}退休审批表"
    segments = marked_title(title, title_patterns(parse("王秀英 退休")))
    assert [(s.text, s.marked) for s in segments] == [
        ("王秀英", True),
        ("999999********0012", False),
        ("退休", True),
        ("审批表", False),
    ]
    assert covered(Reading("甲" + NUMBER)) == "甲999999********0012"


def test_whole_terms_count_more_than_their_words() -> None:
    patterns = page_patterns(parse("养老保险待遇"))
    whole, parts, none = (count_kinds(Reading(t), patterns) for t in ("养老保险待遇", "养老、保险、待遇", "无"))
    assert whole > parts > none == 0


def page(*words: Word) -> PageText:
    """A page of words."""
    return PageText(1000, 1000, 0, 0.0, False, words, "test")


def test_boxes_split_a_word_by_the_width_of_its_characters() -> None:
    words = page(Word("AB退休审批", (100, 10, 200, 30), 1.0, 0))
    assert page_boxes(words, page_patterns(parse('"退休"'))) == ((120, 10, 160, 30),)
    assert page_boxes(words, page_patterns(parse('"ab"'))) == ((100, 10, 120, 30),)


def test_boxes_of_a_phrase_over_words_and_lines() -> None:
    words = page(
        Word("本人退休", (0, 0, 80, 20), 1.0, 0),
        Word("审", (90, 0, 110, 20), 1.0, 0),
        Word("批表格", (0, 30, 60, 50), 1.0, 1),
    )
    assert page_boxes(words, page_patterns(parse('"退休审批表"'))) == (
        (40, 0, 80, 20),
        (90, 0, 110, 20),
        (0, 30, 40, 50),
    )


def test_boxes_of_upright_text_and_of_numbers() -> None:
    upright = page(Word("退休审批", (10, 0, 30, 400), 1.0, 0))
    assert page_boxes(upright, page_patterns(parse('"审批"'))) == ((10, 200, 30, 400),)
    number = page(Word(f"号码{NUMBER}", (0, 0, 220, 20), 1.0, 0))
    assert page_boxes(number, page_patterns(parse(NUMBER))) == ((40, 0, 220, 20),)


def test_marks_and_search_read_a_page_in_the_same_order() -> None:
    """Words of one line may come apart in the list; the page's text puts them together, and so must the marks."""
    words = page(
        Word("退休", (0, 0, 40, 20), 1.0, 0),
        Word("别的", (0, 30, 40, 50), 1.0, 1),
        Word("审批", (40, 0, 80, 20), 1.0, 0),
    )
    assert words.text == "退休审批\n别的"
    assert page_boxes(words, page_patterns(parse('"退休审批"'))) == ((0, 0, 40, 20), (40, 0, 80, 20))
