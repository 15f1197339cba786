"""What the paper and the sender's catalogue give together, and when somebody must look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cunzhen.capture.extraction import SuggestedPerson, Suggestion, Suggestions, describe, is_sure
from cunzhen.capture.proposal import Proposal, paper_date, propose
from cunzhen.formats.identifiers import identity_check_character
from cunzhen.formats.page_text import PageText, Word


def number(body: str) -> str:
    return body + identity_check_character(body)


ZHANG, LI = number("14232619660101122"), number("14112419850512003")
UNIT = "临县第三纺织厂"


def value(field: str, text: str, confidence: float = 0.97) -> Suggestion:
    return Suggestion(field, text, confidence, 0, (1, 2, 3, 4), "label")


def person(name: str, id_number: str = "", role: str = "subject", confidence: float = 0.98) -> SuggestedPerson:
    return SuggestedPerson(name, id_number, confidence, 0, ((1, 2, 3, 4),), role)


def read(*persons: SuggestedPerson, contradictions: tuple[str, ...] = (), **fields: str) -> Suggestions:
    values = {
        "kind": "retirement_approval",
        "title": "企业职工退休审批表",
        "year": "2016",
        "document_date": "2016-01-05",
        "unit": UNIT,
    } | fields
    found: dict[str, tuple[Suggestion, ...]] = {n: (value(n, text),) for n, text in values.items() if text}
    found |= {"person_name": tuple(value("person_name", p.name) for p in persons)}
    found |= {"id_number": tuple(value("id_number", p.id_number) for p in persons if p.id_number)}
    return Suggestions(found, persons, contradictions)


def given(proposal: Proposal) -> list[tuple[str, str, str]]:
    return [(p.name, p.id_number, p.source) for p in proposal.description.persons]


def test_a_sure_reading_needs_nobody() -> None:
    proposal = propose(read(person("张秀兰", ZHANG)), {})
    assert (proposal.unsure, proposal.disagreements) == ((), ())
    assert given(proposal) == [("张秀兰", ZHANG, "machine")]
    assert proposal.description.units[0].name == UNIT
    assert (proposal.description.year, proposal.description.confirmed_by) == (2016, "machine")


def test_mentions_stand_behind_the_subjects() -> None:
    proposal = propose(read(person("张秀兰", ZHANG), person("李小四", LI, "other")), {"person": "张秀兰"})
    assert proposal.unsure == ()
    assert given(proposal) == [("张秀兰", ZHANG, "catalogue"), ("李小四", LI, "machine")]


def test_a_mention_is_no_subject() -> None:
    proposal = propose(read(person("李小四", LI, "other"), person("张秀兰", ZHANG)), {})
    assert [name for name, _, _ in given(proposal)] == ["张秀兰", "李小四"]


@pytest.mark.parametrize(
    ("row", "waits"),
    [
        ({"person": "张秀兰"}, False),
        ({"person": "张 秀 兰", "id_number": ZHANG}, False),
        ({"person": "张秀兰等3人"}, False),
        ({"person": "张秀芝"}, True),
        ({"person": "张秀芝", "id_number": ZHANG}, True),
        ({"person": "张秀兰", "id_number": LI}, True),
        ({"id_number": ZHANG}, False),
        ({"id_number": LI}, True),
        ({"person": "张秀兰、王五"}, True),
    ],
)
def test_the_catalogue_names_another_person(row: Mapping[str, str], waits: bool) -> None:
    proposal = propose(read(person("张秀兰", ZHANG)), row)
    assert ("persons" in proposal.unsure) is waits
    assert ("persons" in proposal.disagreements) is waits
    if row.get("person") and waits:
        assert "张秀兰" in {p.name for p in proposal.description.persons}


def test_one_number_with_two_names_waits() -> None:
    proposal = propose(read(person("张秀兰", ZHANG), person("张秀芝", ZHANG, "other")), {})
    assert "persons" in proposal.unsure


def test_namesakes_with_numbers_of_their_own_do_not_wait() -> None:
    proposal = propose(read(person("张秀兰", ZHANG), person("张秀兰", LI), kind="staff_change"), {})
    assert proposal.unsure == ()
    assert len(proposal.description.persons) == 2


def test_a_wrong_number_in_the_catalogue_waits() -> None:
    wrong = ZHANG[:-1] + ("0" if ZHANG[-1] != "0" else "1")
    proposal = propose(read(person("张秀兰", ZHANG)), {"person": "张秀兰", "id_number": wrong})
    assert "id_number" in proposal.unsure
    assert given(proposal) == [("张秀兰", ZHANG, "catalogue")]


def test_the_catalogue_settles_a_doubtful_reading_of_the_same_name() -> None:
    doubtful = read(person("张秀兰", ZHANG, confidence=0.6))
    assert propose(doubtful, {}).unsure == ("person_name",)
    assert propose(doubtful, {"person": "张秀兰"}).unsure == ()


def test_what_the_paper_contradicts_no_catalogue_settles() -> None:
    torn = read(person("张秀兰", ZHANG), person("李小四", LI), contradictions=("two_persons",))
    assert "person_name" in propose(torn, {"person": "张秀兰"}).unsure


def test_another_unit_or_year_waits() -> None:
    proposal = propose(read(person("张秀兰", ZHANG)), {"unit": "临县第四纺织厂", "year": "2015"})
    assert set(proposal.disagreements) == {"unit", "year"} <= set(proposal.unsure)


@pytest.mark.parametrize(("clear", "sure"), [(0.97, True), (0.91, True), (0.89, False), (0.5, False)])
def test_a_name_read_unclearly_waits(clear: float, sure: bool) -> None:
    cells = [
        ("企业职工退休审批表", 800, 100, 70), ("单位名称：" + UNIT, 200, 300, 40), ("2016年1月5日", 1600, 300, 40),
        ("姓名", 200, 400, 40), ("张秀兰", 600, 400, 40), ("身份证号码", 1200, 400, 40), (ZHANG, 1600, 400, 40),
    ]  # fmt: skip
    words = [Word(t, (x, y, x + h * len(t), y + h), 0.99, i) for i, (t, x, y, h) in enumerate(cells)]
    words[4] = replace(words[4], confidence=clear)
    found = describe([PageText(2480, 3508, 0, 0.0, False, tuple(words), "test")])
    assert is_sure(found) == ([] if sure else ["person_name"])
    assert propose(found, {}).unsure == (() if sure else ("person_name",))


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2019年3月6日", "2019-03-06"),
        ("2019.3", "2019-03"),
        ("2019", "2019"),
        ("2019-03-06 00:00", "2019-03-06"),
        ("三月", ""),
    ],
)
def test_dates_of_catalogues(text: str, iso: str) -> None:
    assert paper_date(text) == iso
