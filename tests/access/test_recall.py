"""Search against a brute-force scan written without the search code: the two must agree item for item."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from cunzhen.access import vocabulary
from cunzhen.holdings.rules import IndexDocument
from tests.access import texts
from tests.access.conftest import SmallIndex
from tests.access.papers import MARK, is_credit_code, is_resident_number, personal_numbers, without_personal

SAMPLES = Path(__file__).parents[2] / "samples"
Fill = Callable[[Sequence[IndexDocument]], SmallIndex]


@cache
def plain(text: str) -> str:
    """Width and case folded, without whitespace."""
    folded = (unicodedata.normalize("NFKC", c).casefold() for c in text)
    return "".join("".join(folded).split())


def holding(items: Sequence[IndexDocument], phrase: str) -> set[UUID]:
    """Items of which one page holds the phrase."""
    wanted = plain(phrase)
    return {i.id for i in items if any(wanted in plain(p) for p in i.page_texts)}


def test_every_phrase_finds_exactly_the_pages_that_hold_it(filled: Fill) -> None:
    rng = random.Random(20261122)
    items = [texts.item(rng, at) for at in range(520)]
    index = filled(items)
    asked = 0
    for _ in range(1200):
        source = plain(rng.choice(rng.choice(items).page_texts))
        if len(source) < 9:
            continue
        length = rng.randrange(1, 9)
        start = rng.randrange(len(source) - length)
        phrase = source[start : start + length]
        if re.search(r'["“”＂]', phrase):
            continue
        asked += 1
        assert index.ids(f'"{phrase}"') == holding(items, phrase), phrase
    assert asked > 1000


def test_phrases_that_stand_nowhere_find_nothing(filled: Fill) -> None:
    rng = random.Random(7)
    items = [texts.item(rng, at) for at in range(200)]
    index = filled(items)
    absent = 0
    for _ in range(400):  # two halves that both occur, joined where they need not
        a, b = (plain(rng.choice(i.page_texts)) for i in rng.sample(items, 2))
        phrase = a[:3] + b[-3:]
        if re.search(r'["“”＂]', phrase):
            continue
        absent += not holding(items, phrase)
        assert index.ids(f'"{phrase}"') == holding(items, phrase), phrase
    assert absent > 200


def test_a_phrase_reaches_over_lines_but_never_over_pages(filled: Fill) -> None:
    rng = random.Random(1)
    over_lines = texts.item(rng, 1, page_texts=("关于退 休\n审\u3000批表的说明",))
    over_pages = texts.item(rng, 2, page_texts=("此处退休", "", "审批表此处", "甲", "乙"))
    index = filled([over_lines, over_pages])
    assert index.ids('"退休审批表"') == {over_lines.id}
    assert index.ids('"退休审批"') == {over_lines.id}
    assert index.ids('"休审"') == {over_lines.id}
    assert index.ids('"此处退休"') == {over_pages.id}
    assert index.ids('"处甲"') == index.ids('"甲乙"') == set()
    assert index.ids('"甲"') == {over_pages.id}
    assert index.ids('"退 休审 批"') == {over_lines.id}


def test_repeated_characters_and_repeated_terms(filled: Fill) -> None:
    rng = random.Random(1)
    items = [texts.item(rng, n, page_texts=("甲" * n + "乙", "丙" * 3)) for n in range(1, 8)]
    index = filled(items)
    for n in range(1, 9):
        assert index.ids(f'"{"甲" * n}"') == holding(items, "甲" * n)
        assert index.ids(f'"{"甲" * n}乙"') == holding(items, "甲" * n + "乙")


def test_whole_names_are_always_found(filled: Fill) -> None:
    rng = random.Random(3)
    items = [texts.item(rng, at) for at in range(500)]
    index = filled(items)
    for item in items:
        wanted = item.person_names[0]
        bearers = {i.id for i in items if plain(i.person_names[0]) == plain(wanted)}
        assert index.ids(f"姓名:{wanted}") == bearers, wanted
        everywhere = {
            i.id
            for i in items
            if any(plain(wanted) in plain(t) for t in (i.title, *i.person_names, *i.units, *i.page_texts))
        }
        assert index.ids(wanted) == everywhere, wanted


def test_names_that_only_the_page_knows_are_found_too(filled: Fill) -> None:
    rng = random.Random(4)
    names = [texts.name(rng) for _ in range(300)]
    items = [
        texts.item(rng, at, person_names=(), title="人员增减表", page_texts=(texts.page(rng, who),))
        for at, who in enumerate(names)
    ]
    index = filled(items)
    for at, who in enumerate(names):
        assert items[at].id in index.ids(who), who


def test_whole_numbers_are_always_found_by_either_form(filled: Fill) -> None:
    rng = random.Random(5)
    described = [texts.item(rng, at) for at in range(200)]
    on_page = [texts.number(rng, fifteen=at % 2 == 0) for at in range(200)]
    read = [
        texts.item(rng, 200 + at, id_numbers=(), page_texts=(texts.page(rng, f"身份证号：{n}；"),))
        for at, n in enumerate(on_page)
    ]
    index = filled([*described, *read])
    for item in described:
        number = item.id_numbers[0]
        old = number[:6] + number[8:17]
        for query in (
            number,
            number.lower(),
            old,
            f"id:{number}",
            f"身份证：{old}",
            f"{number[:6]} {number[6:14]} {number[14:]}",
        ):
            assert index.ids(query) == {item.id}, query
    for item, number in zip(read, on_page, strict=True):
        assert index.ids(number) == {item.id}
        assert index.ids(number[:-2]) == set() or len(number) - 2 < 11


def test_a_number_is_found_where_the_next_column_clings_to_it(filled: Fill) -> None:
    rng = random.Random(10)
    number = texts.number(rng)
    item = texts.item(rng, 1, page_texts=(f"身份证号{number}20190315缴费",))
    index = filled([item])
    assert index.ids(number) == index.ids(f"{number}20190315") == {item.id}


def test_name_and_phrase_together(filled: Fill) -> None:
    rng = random.Random(6)
    items = [texts.item(rng, at) for at in range(500)]
    index = filled(items)
    checked = 0
    for item in items:
        phrase = next((w for w in texts.TRADE if any(w in plain(p) for p in item.page_texts)), None)
        if phrase is None:
            continue
        checked += 1
        who = plain(item.person_names[0])
        expected = holding(items, phrase) & {
            i.id for i in items if any(who in plain(t) for t in (i.title, *i.person_names, *i.units, *i.page_texts))
        }
        assert item.id in expected
        assert index.ids(f'{item.person_names[0]} "{phrase}"') == expected
        assert index.ids(f"姓名:{item.person_names[0]} “{phrase}”") <= expected
    assert checked > 400


def test_a_phrase_may_hold_a_whole_number(filled: Fill) -> None:
    rng = random.Random(8)
    first, second = texts.number(rng), texts.number(rng)
    a = texts.item(rng, 1, page_texts=(f"申请人{first}男，电话13800138000转",))
    b = texts.item(rng, 2, page_texts=(f"申请人{second}男，申请人甲{first}",))
    index = filled([a, b])
    assert index.ids(f'"申请人{first}男"') == {a.id}
    assert index.ids(f'"{first}"') == {a.id, b.id}
    assert index.ids('"电话13800138000转"') == {a.id}
    assert index.ids('"电话13800138"') == set()
    assert index.ids("13800138000") == {a.id}
    assert index.ids("138-0013-8000") == {a.id}


def test_figures_beside_one_another_are_no_account(filled: Fill) -> None:
    rng = random.Random(9)
    table = texts.item(rng, 1, page_texts=("缴费 12000 13000 14000\n2001 2002 2003 2004 合计",))
    index = filled([table])
    for phrase in ("12000 13000", "3000 14", "120001300014000", "2003 2004 合", "2001200220032004"):
        assert index.ids(f'"{phrase}"') == {table.id}, phrase


def _sample_pages() -> list[dict[str, Any]]:
    files = sorted((SAMPLES / ".truth").rglob("*.json"))
    truths = (json.loads(path.read_text(encoding="utf-8")) for path in files)
    return [page for truth in truths if isinstance(truth["pages"], list) for page in truth["pages"]]


def read_samples(rng: random.Random) -> list[IndexDocument]:
    """The sample papers with the text that truly stands on them."""
    items = []
    for at, path in enumerate(sorted((SAMPLES / ".truth").rglob("*.json"))):
        truth = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(truth["pages"], list):
            continue  # a file that is bad on purpose
        pages = tuple("\n".join(line["text"] for line in p["lines"]) for p in truth["pages"])
        people = [p for page in truth["pages"] for p in page["fields"].get("persons", [])]
        names = tuple(dict.fromkeys(p["name"] for p in people if p.get("name")))
        numbers = tuple(dict.fromkeys(p["id_number"] for p in people if p.get("id_number")))
        items.append(
            texts.item(rng, at, title=path.stem, page_texts=pages, person_names=names, id_numbers=numbers, units=())
        )
    return items


def test_the_numbers_of_the_samples_are_what_their_truth_says() -> None:
    """The rules by which the test below tells numbers apart agree with what was drawn."""
    drawn = [page["fields"] for page in _sample_pages()]
    people = [p["id_number"] for fields in drawn for p in fields.get("persons", []) if p.get("id_number")]
    codes = [fields["uscc"] for fields in drawn if fields.get("uscc")]
    misprinted = {n for n in people if not is_resident_number(n)}
    assert len(people) > 150 and len(misprinted) == 1  # one paper bears a wrong check digit on purpose
    assert len(codes) > 15 and all(map(is_credit_code, codes))
    assert not any(map(is_resident_number, codes))  # the other way round, one in 31 passes by chance


def test_the_sample_papers_are_found_by_every_phrase_name_and_number(filled: Fill) -> None:
    rng = random.Random(11)
    items = read_samples(rng)
    index = filled(items)
    assert len(items) > 40
    # A personal number is one piece: found whole, and nothing that stands inside it is searchable.
    shown = {i.id: [plain(without_personal(p)) for p in i.page_texts] for i in items}

    def bearing(phrase: str) -> set[UUID]:
        return {i for i, pages in shown.items() if any(phrase in p for p in pages)}

    numbers = 0
    for item in items:
        for match in (m for page in item.page_texts for m in personal_numbers(page)):
            numbers += 1
            assert item.id in index.ids(match[0]), match[0]
            start = rng.randrange(len(match[0]) - 8)
            for piece in (match[0][start : start + 8], match[0][:-1]):
                assert index.ids(f'"{piece}"') == bearing(plain(piece)), (piece, match[0])
    assert numbers > 150
    for item in items:
        for page in (p for p in shown[item.id] if len(p) > 10):
            for _ in range(12):
                length = rng.randrange(2, 9)
                start = rng.randrange(len(page) - length)
                phrase = page[start : start + length]
                if not re.search(rf'["“”＂{MARK}]', phrase):
                    assert index.ids(f'"{phrase}"') == bearing(phrase), phrase
        for name in item.person_names:
            expected = {
                i.id for i in items if any(plain(name) in plain(t) for t in (i.title, *i.person_names, *i.page_texts))
            }
            assert index.ids(name) == expected and item.id in expected, name
            assert item.id in index.ids(f"姓名:{name}")
        for number in item.id_numbers:
            assert item.id in index.ids(number), number


def test_words_of_the_dictionary_are_found_as_exactly_as_any_phrase(filled: Fill) -> None:
    """They are looked up another way, so they get a test of their own: overlapping, nested, beside rare characters."""
    rng = random.Random(12)
    words = [w for w in vocabulary._trade_words() if 3 <= len(w) <= 9]
    items = []
    for at in range(300):
        parts = [w[rng.randrange(3) :] if rng.random() < 0.3 else w for w in rng.choices(words, k=12)]
        glue = rng.choices(("", "", "\n", "𠮷", "1", "A", "、"), k=12)
        items.append(texts.item(rng, at, page_texts=("".join(a + b for a, b in zip(parts, glue, strict=True)),)))
    index = filled(items)
    assert sum(vocabulary.is_known(w) for w in words) == len(words)
    for word in words:
        assert index.ids(f'"{word}"') == holding(items, word), word
