"""``cunzhen find`` against a brute-force look into the packages on the disk."""

from __future__ import annotations

import random
import re

import pytest

from tests.cli.filed import PEOPLE, Home, filed_home, package_texts, plain


@pytest.fixture(scope="module")
def home() -> Home:
    """The home with three papers in it."""
    return filed_home()


def _phrases(texts: dict[str, list[str]]) -> list[str]:
    """Chinese stretches of the texts themselves, drawn with a fixed seed."""
    draw = random.Random(20261122)
    whole = " ".join(page for pages in texts.values() for page in pages)
    stretches = sorted(set(re.findall(r"[\u4e00-\u9fff]{4,12}", whole)))
    return draw.sample(stretches, 4)


def test_a_phrase_finds_exactly_the_papers_that_hold_it(home: Home) -> None:
    texts = package_texts(home)
    assert len(texts) >= 3
    for phrase in ("待遇核定表", *_phrases(texts)):
        wanted = {
            code: [n for n, page in enumerate(pages, 1) if phrase in plain(page)]
            for code, pages in texts.items()
            if any(phrase in plain(page) for page in pages)
        }
        answer = home.ask("find", f'"{phrase}"', "--exact", "--limit", "1000")
        found = {i["archival_code"]: i["pages"] for i in answer["items"]}
        assert found == wanted, phrase
        assert answer["total"] == len(wanted)
        assert answer["query"] == f'"{phrase}"'
        assert all(phrase in plain(i["snippet"]) for i in answer["items"]), phrase


def test_limit_facets_and_fields(home: Home) -> None:
    code = home.codes[0]
    answer = home.ask("find", f"code:{code}", "--facets")
    assert [i["archival_code"] for i in answer["items"]] == [code]
    assert sum(answer["facets"]["series"].values()) == 1
    limited = home.ask("find", "待遇", "--limit", "1")
    assert len(limited["items"]) == 1 < limited["total"]
    assert limited["facets"] == {}
    assert home.ask("find", "name:成晓燕")["total"] >= 1
    nothing = home.run("find", '"没有这样的字句"')
    assert nothing.returncode == 0
    assert "共 0 件" in nothing.stdout


def test_a_number_finds_and_stays_covered(home: Home) -> None:
    done = home.run("find", "-", typed="142326198512309992\n")
    assert done.returncode == 0
    assert re.search(r"共 [1-9]\d* 件", done.stdout)
    assert "142326198512309992" not in done.stdout + done.stderr


def test_misuse_and_refusal(home: Home) -> None:
    for words in (["x", "--limit", "0"], ["x", "--limit", "-1"], ["x", "--limit", "many"], []):
        home.refused("find", *words, status=2)
    assert home.refused("find", "x", "--as", "clerk", typed="wrong\n") == "A-03"
    assert home.ask("find", "待遇", "--as", "leader", typed=f"{PEOPLE['leader']}\n")["total"] >= 1
