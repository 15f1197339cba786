"""检索: asked by post, answered at an address that tells nothing, narrowed by facets, widened by pills."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cunzhen.access.models import Search
from cunzhen.access.operations import follow_ledger
from cunzhen.ledger.models import LedgerEntry
from cunzhen.ledger.operations import sequence
from tests.web.conftest import Sit
from tests.web.papers import NUMBER, PERSON, filed
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def holdings(world: World, tmp_path: Path) -> None:
    """25 items of 2019, one of 2008, one of the neighbour's; all in the index."""
    filed(world, tmp_path, 25, pages=1)
    filed(world, tmp_path, 1, pages=2, year=2008)
    filed(world, tmp_path, 1, pages=1, who="outsider")
    sequence()
    follow_ledger()


def _shown(url: str) -> bool:
    return re.fullmatch(r"/search/[0-9a-f-]{36}/", url) is not None


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_asked_narrowed_and_widened(sit: Sit, holdings: None, language: str) -> None:
    clerk = sit("clerk").speak(language)
    found = clerk.submit(clerk.get("/"), "main form[action='/search/']", q='"退休审批表"')
    assert _shown(found.url) and len(found.soup.select("ol.hits > li")) == 20 and "26" in found.h1
    assert found.soup.select("ol.hits mark") and found.field("q") == '"退休审批表"'
    second = clerk.get(found.url + str(found.soup.select("nav.pager a")[-1]["href"]))
    assert len(second.soup.select("ol.hits > li")) == 6
    assert len(found.soup.select(".facets button[form=again][value='year=2008']")) == 1
    fewer = clerk.submit(found, "#again", turn="year=2008")
    assert _shown(fewer.url) and fewer.url != found.url
    assert len(fewer.soup.select("ol.hits > li")) == 1 and len(fewer.soup.select(".pill")) == 1
    assert fewer.soup.select(".facets button[aria-pressed=true]")
    wide = clerk.submit(fewer, "#again", turn=str(fewer.soup.select(".pill button")[0]["value"]))
    assert "26" in wide.h1 and not wide.soup.select(".pill")
    sorted_by_code = clerk.submit(found, "#again", sort="code")
    codes = [c.get_text() for c in sorted_by_code.soup.select("ol.hits .code")]
    assert codes == sorted(codes)


def test_a_hit_leads_to_its_marked_page(sit: Sit, holdings: None) -> None:
    clerk = sit("clerk")
    found = clerk.post("/search/", {"q": f"{PERSON} 1", "year": "2008"})
    (hit,) = found.soup.select("ol.hits > li")
    item = clerk.get(str(hit.select("h3 a")[0]["href"]))
    assert '"state": "hit"' in str(item.one("page-viewer script"))


def test_an_identity_number_is_found_and_shown_covered(sit: Sit, holdings: None) -> None:
    clerk = sit("clerk")
    found = clerk.post("/search/", {"q": NUMBER})
    assert "26" in found.h1 and NUMBER not in found.text and found.field("q") == NUMBER
    for address in ("/", "/search/"):
        assert NUMBER[:6] in clerk.get(address).text, "covered among the latest searches"
    narrowed = clerk.submit(found, "main form.search", year="2008")
    assert "1" in narrowed.h1


def test_earlier_searches_are_listed_once(sit: Sit, holdings: None) -> None:
    clerk = sit("clerk")
    for query in (PERSON, "退休", PERSON, PERSON):
        clerk.post("/search/", {"q": query})
    links = [a.get_text() for a in clerk.get("/search/").soup.select("ul.alerts a")]
    assert links == [PERSON, "退休"]


def test_a_search_is_recorded_and_kept_sealed(sit: Sit, world: World, holdings: None) -> None:
    sit("leader").post("/search/", {"q": PERSON})
    assert LedgerEntry.objects.filter(op="search_items", actor_id=world.leader.id).count() == 1
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT query::text FROM access_search")
        assert PERSON not in str(cursor.fetchall())


def test_agencies_find_their_own(sit: Sit, holdings: None) -> None:
    found = sit("outsider").post("/search/", {"q": PERSON})
    assert len(found.soup.select("ol.hits > li")) == 1


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_nothing_found_says_what_to_do(sit: Sit, holdings: None, language: str) -> None:
    clerk = sit("clerk").speak(language)
    none = clerk.post("/search/", {"q": "没有这样的词", "year": "2008"})
    assert ("没有找到" if language != "en" else "found") in none.text and none.soup.select(".pill")


@pytest.mark.parametrize("data", [{"year": "20x9", "q": "退休"}, {"year": "12345", "q": ""}])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_wrong_filter_keeps_the_query(sit: Sit, world: World, data: dict[str, str], language: str) -> None:
    page = sit("clerk").speak(language).post("/search/", data, 422)
    assert page.one("main [role=alert]").get_text().strip() and page.field("q") == data["q"]
    assert not Search.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        "\0",
        '"',
        "(((",
        "NOT",
        "年度：",
        "年度:2015..2010",
        "*",
        "a" * 600,
        "姓名：",
        "😀𠮷",
        "-退休",
        "身份证：123",
        "<b>&",
    ],
)
def test_any_text_is_answered(sit: Sit, holdings: None, query: str) -> None:
    page = sit("clerk").post("/search/", {"q": query})
    assert page.status == 200


def test_an_empty_question_asks_again(sit: Sit, world: World) -> None:
    assert sit("clerk").post("/search/", {"q": "  "}).url == "/search/"
    assert not Search.objects.exists()


@pytest.mark.parametrize(
    ("number", "status"),
    [("0", 200), ("x", 200), pytest.param("9" * 5000, 200, id="endless"), ("99999", 422), ("-1", 200)],
)
def test_pages_beyond_the_end(sit: Sit, holdings: None, number: str, status: int) -> None:
    found = sit("clerk").post("/search/", {"q": PERSON})
    answer = sit("clerk").get(f"{found.url}?page={number}", status)
    assert answer.h1


def test_without_an_index_the_page_says_so(sit: Sit, world: World) -> None:
    page = sit("clerk").post("/search/", {"q": PERSON}, 503)
    assert page.one("[role=alert]").get_text().strip()
    sit("clerk").speak("en").post("/search/", {"q": PERSON}, 503)
    sit("clerk").get("/")
