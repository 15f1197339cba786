"""What the machine may file by itself: every written field is sure, and a kind without its rules is never filed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cunzhen.capture.extraction import Suggestions, describe, is_sure
from cunzhen.capture.extraction.kinds import KindRule, load_rules
from cunzhen.capture.proposal import propose
from cunzhen.formats.page_text import PageText, Word
from cunzhen.holdings import kinds
from tests.capture.test_extraction import LI, USCC, ZHANG, Row, paper

SAMPLES = Path(__file__).parents[2] / "samples"
UNIT = "临县第三纺织厂"
PERSON: list[Row] = [["姓名", "张秀兰", "身份证号码", ZHANG], ["工作单位", UNIT]]
MANY: list[Row] = [
    f"单位名称：{UNIT}",
    ["序号", "姓名", "身份证号码"],
    ["1", "张秀兰", ZHANG],
    ["2", "李小四", LI],
    None,
]
EMPLOYER: list[Row] = [f"单位名称：{UNIT}"]
YEARLY = {"annual_statistics", "contribution_annual", "pension_payment_annual", "medical_payment_annual", "fund_budget"}
WRONG = ZHANG[:17] + ("1" if ZHANG[17] != "1" else "2")


def composed(rule: KindRule) -> PageText:
    """A paper of a kind as plain as can be: its first title (or the words of its card), its subject, words and date."""
    kind = kinds.all_kinds()[rule.kind]
    rows = {"person": PERSON, "many": MANY}.get(kind.subject, EMPLOYER)
    words = [f"{word}事项" for word in rule.words if word not in rule.titles[0][0]][:3]
    title = rule.titles[0][0]
    if rule.kind in YEARLY:
        # A yearly paper says which year; its date is mostly of the next one.
        title = f"2015{title}" if title.startswith("年度") else f"2015年度{title}"
    return paper(title, [*rows, None, *words, None, "填报日期：2016年1月5日"])


@pytest.mark.parametrize("rule", load_rules().rules, ids=lambda r: r.kind)
def test_a_paper_of_a_kind_without_rules_waits(rule: KindRule) -> None:
    """Take one kind's rules away: its papers must wait, not be filed as something else."""
    page = composed(rule)
    assert is_sure(describe([page])) == []
    assert describe([page]).value("kind") == rule.kind
    for title, _ in rule.titles:
        renamed = PageText(
            page.width, page.height, 0, 0.0, False, (_named(page.words[0], title), *page.words[1:]), "test"
        )
        assert "kind" in is_sure(describe([renamed], rules=load_rules().without(rule.kind))), title


def _named(word: Word, title: str) -> Word:
    wide = 70 * len(title)
    return Word(title, (1240 - wide // 2, word.box[1], 1240 + wide // 2, word.box[3]), word.confidence, word.line)


def test_every_kind_has_rules() -> None:
    assert {rule.kind for rule in load_rules().rules} == set(kinds.all_kinds())


@cache
def sample_items() -> tuple[tuple[str, tuple[PageText, ...]], ...]:
    return tuple(_sample_items())


def _sample_items() -> Iterator[tuple[str, tuple[PageText, ...]]]:
    for index in (SAMPLES / ".truth" / "index.json", SAMPLES / ".truth" / "hard" / "index.json"):
        for item in json.loads(index.read_text("utf-8"))["items"]:
            truths = [json.loads((SAMPLES / ".truth" / f"{name}.json").read_text("utf-8")) for name in item["files"]]
            pages = tuple(_true_page(page) for truth in truths for page in truth.get("pages", []))
            if pages:
                yield item["files"][0], pages


def _true_page(page: dict[str, Any]) -> PageText:
    words = tuple(Word(line["text"], tuple(line["box"]), 1.0, n) for n, line in enumerate(page["lines"]))
    return PageText(page["width"], page["height"], 0, 0.0, not words, words, "truth")


def test_samples_of_a_kind_without_rules_wait() -> None:
    """The same on real layouts: also the papers lying behind a form must not name the item in its stead."""
    filed = []
    for name, pages in sample_items():
        kind = describe(pages).value("kind")
        found = describe(pages, rules=load_rules().without(kind)) if kind else describe(pages)
        if is_sure(found) == []:
            filed.append((name, kind, found.value("kind")))
    assert filed == []


def retirement(*rows: Row) -> Suggestions:
    return describe([paper("企业职工退休审批表", [*rows, None, ["审批意见", "同意", "2016年1月20日"]])])


def test_what_is_filed_carries_only_what_is_sure() -> None:
    """A doubtful amount and a relative who is hard to read are left out; nothing of the kind's own holds the item
    up.
    """
    rows: list[Row] = [*PERSON, ["累计缴费月数", "354"], ["配偶姓名", "李小四"]]
    page = paper("企业职工退休审批表", [*rows, None, ["审批意见", "同意", "2016年1月20日"]])
    assert {p.name for p in propose(describe([page]), {}).description.persons} == {"张秀兰", "李小四"}
    faint = [Word(w.text, w.box, 0.6 if w.text in ("354", "李小四") else w.confidence, w.line) for w in page.words]
    proposal = propose(describe([PageText(page.width, page.height, 0, 0.0, False, tuple(faint), "test")]), {})
    assert proposal.unsure == ()
    assert [p.name for p in proposal.description.persons] == ["张秀兰"]
    assert "insured_months" not in proposal.description.extra
    assert proposal.description.units[0].name == UNIT


def test_what_waits_keeps_what_is_doubtful_for_the_person() -> None:
    page = paper(
        "企业职工退休审批表", [["姓名", "张秀兰"], ["配偶姓名", "李小四"], ["审批意见", "同意", "2016年1月20日"]]
    )
    faint = [Word(w.text, w.box, 0.6 if len(w.text) == 3 else w.confidence, w.line) for w in page.words]
    proposal = propose(describe([PageText(page.width, page.height, 0, 0.0, False, tuple(faint), "test")]), {})
    assert "person_name" in proposal.unsure
    assert [p.name for p in proposal.description.persons] == ["张秀兰", "李小四"]


@pytest.mark.parametrize(
    ("text", "field"),
    [(UNIT, "unit"), ("企业职工退休审批表", "title"), ("2016年1月20日", "document_date"), ("张秀兰", "person_name")],
)
def test_a_field_that_two_readers_dispute_waits(text: str, field: str) -> None:
    page = paper("企业职工退休审批表", [*PERSON, None, ["审批意见", "同意", "2016年1月20日"]])
    assert is_sure(describe([page])) == []
    words = tuple(Word(w.text, w.box, 0.89 if w.text == text else w.confidence, w.line) for w in page.words)
    assert field in is_sure(describe([PageText(page.width, page.height, 0, 0.0, False, words, "test")]))


@pytest.mark.parametrize(
    ("title", "rows"),
    [
        ("企业职工退休审批表", [["姓名", "张秀兰", "身份证号码", WRONG], ["工作单位", UNIT]]),
        ("企业职工退休审批表", [["姓名", "张秀兰", "身份证号码", ZHANG[:16]], ["工作单位", UNIT]]),
        ("参保人员增减变动表", [*MANY[:2], ["1", "张秀兰", ZHANG], ["2", "李小四", LI], ["3", "王小五", WRONG]]),
        ("缴费基数申报表", [*MANY[:2], ["1", "张秀兰", ZHANG], ["2", "李小四", LI], ["3", "王小五", WRONG]]),
        ("参保人员增减变动表", [*MANY[:2], ["1", "张秀兰", ZHANG], ["2", "李小四", LI], ["3", "王小五", ZHANG[:12]]]),
    ],
)
def test_a_number_that_fails_is_never_sure(title: str, rows: Sequence[Row]) -> None:
    found = describe([paper(title, [*rows, None, "填报日期：2016年1月20日"])])
    assert "id_number" in is_sure(found)
    assert WRONG not in {p.id_number for p in found.persons}


def test_a_failing_number_behind_the_form_waits_where_the_form_has_none() -> None:
    front = paper("企业职工退休审批表", [["姓名", "张秀兰"], ["工作单位", UNIT], ["审批意见", "同意", "2016年1月20日"]])
    back = paper([], [["身份证号码", WRONG]])
    assert is_sure(describe([front])) == []
    assert "id_number" in is_sure(describe([front, back]))


def test_a_list_gives_everybody_in_its_order() -> None:
    found = describe([paper("参保人员增减变动表", [*MANY, "填报日期：2016年1月20日"])])
    assert [(p.name, p.id_number, p.role) for p in found.persons] == [
        ("张秀兰", ZHANG, "subject"),
        ("李小四", LI, "subject"),
    ]
    assert is_sure(found) == []


def test_a_form_gives_everybody_it_names() -> None:
    rows: list[Row] = [
        ["死亡职工姓名", "张秀兰", "身份证号码", ZHANG],
        ["申领人", "李小四", "申领人身份证号", LI],
        "填表日期：2016年1月5日",
    ]
    found = describe([paper("丧葬补助金和抚恤金申领表", rows)])
    assert [(p.name, p.id_number, p.role) for p in found.persons] == [
        ("张秀兰", ZHANG, "subject"),
        ("李小四", LI, "other"),
    ]
    assert is_sure(found) == []


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (["3", "", ""], "row_without_name"),
        (["3", "※※", LI[:6]], "row_without_name"),
        (["3", "王小五", ""], "row_without_number"),
    ],
)
def test_a_list_with_a_row_that_could_not_be_read_waits(row: Row, code: str) -> None:
    found = describe(
        [paper("参保人员增减变动表", [*MANY[:-1], row, ["4", "赵小六", "备注"], None, "填报日期：2016年1月20日"])]
    )
    assert code in found.contradictions
    assert is_sure(found) != []


def test_a_list_on_two_pages_is_judged_on_both() -> None:
    first = paper("参保人员增减变动表", [*MANY, "填报日期：2016年1月20日"])
    second = paper(
        [], [["序号", "姓名", "身份证号码"], ["3", "王小五", WRONG], ["4", "赵小六", ZHANG], ["5", "孙小七", LI]]
    )
    assert "id_number" in is_sure(describe([first, second]))


def test_a_number_run_together_with_the_next_cell_is_found() -> None:
    rows: list[Row] = [*MANY[:3], ["2", "李小四", LI + "5484.00"], None, "填报日期：2016年1月20日"]
    found = describe([paper("缴费基数申报表", rows)])
    assert [p.id_number for p in found.persons] == [ZHANG, LI]


def test_two_spellings_of_one_name_wait() -> None:
    form = paper("企业职工退休审批表", [*PERSON, None, ["审批意见", "同意", "2016年1月20日"]])
    card = paper([], ["姓名 张秀芝", "民族 汉", "住址 山西省临县", "2016年1月5日"])
    assert "names_alike" in describe([form, card]).contradictions
    assert "person_name" in is_sure(describe([form, card]))


def test_two_codes_on_a_persons_paper_wait() -> None:
    other = USCC[:8] + "MA0K000B8"
    from cunzhen.formats.identifiers import uscc_check_character

    rows: list[Row] = [*PERSON, ["统一社会信用代码", USCC], ["医院信用代码", other + uscc_check_character(other)]]
    assert "uscc" in is_sure(retirement(*rows))


def test_an_employer_whose_first_character_is_missing_waits() -> None:
    assert "unit" in is_sure(retirement(["姓名", "张秀兰", "身份证号码", ZHANG], ["工作单位", "县昌盛陶瓷有限公司"]))


def test_a_title_that_begins_in_a_year_waits() -> None:
    assert "title" in is_sure(describe([paper("〇二〇年度缴费基数申报表", [*MANY, "填报日期：2020年1月20日"])]))
