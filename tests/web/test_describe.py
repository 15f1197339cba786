"""著录: the form, what it takes, what it gives back, and two people at one paper."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils.translation import override

from cunzhen.capture.models import Draft
from cunzhen.capture.rules import Description
from cunzhen.ledger.models import LedgerEntry
from cunzhen.web.describing import field_rows
from tests.web.client import Page
from tests.web.conftest import Sit
from tests.web.papers import NUMBER, waiting
from tests.world import World

pytestmark = pytest.mark.django_db
FORM = "form#describe"


@pytest.fixture
def drafts(world: World, tmp_path: Path) -> list[Draft]:
    """Two papers that wait."""
    found = waiting(world, tmp_path)
    assert [d.state for d in found] == ["waiting", "waiting"]
    return found


def _described(draft: Draft) -> Description:
    draft.refresh_from_db()
    return Description.from_json(draft.description or "")


def test_the_queue_leads_from_paper_to_paper(sit: Sit, drafts: list[Draft]) -> None:
    clerk = sit("clerk")
    page = clerk.follow(clerk.raw("get", "/describe/"), "/describe/")
    assert page.url == f"/describe/{drafts[0].id}/" and "第 1 件，共 2 件" in page.text.replace("  ", " ")
    second = clerk.submit(page, FORM)
    assert second.url == f"/describe/{drafts[1].id}/"
    done = clerk.submit(second, FORM)
    assert "没有等待著录的材料" in done.h1
    assert set(Draft.objects.values_list("state", flat=True)) == {"described"}
    assert LedgerEntry.objects.filter(op="describe_draft").count() == 2


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_form_shows_what_was_read_and_where(sit: Sit, drafts: list[Draft], language: str) -> None:
    page = sit("clerk").speak(language).get(f"/describe/{drafts[0].id}/")
    said = _described(drafts[0])
    assert (page.field("kind"), page.field("title"), page.field("year")) == (said.kind, said.title, str(said.year))
    assert page.field("persons-0-name") == said.persons[0].name
    assert page.field("persons-0-id_number") == said.persons[0].id_number != ""
    rows = page.soup.select(".frow[data-box]")
    assert rows and all(len(str(r["data-box"]).split(",")) == 4 for r in rows)
    assert page.one("page-viewer script[type='application/json']").string


def test_a_confirmed_value_keeps_its_place_and_a_new_one_has_none(sit: Sit, drafts: list[Draft]) -> None:
    clerk, before = sit("clerk"), _described(drafts[0])
    clerk.submit(clerk.get(f"/describe/{drafts[0].id}/"), FORM, title="改过的题名", persons__0__name="改名人")
    after = _described(drafts[0])
    assert after.title == "改过的题名" and after.confirmed_by == "clerk"
    assert after.persons[0].source == "clerk" and after.persons[0].name == "改名人"
    assert before.units and after.units[0].box == before.units[0].box


def test_persons_and_units_are_added(sit: Sit, drafts: list[Draft]) -> None:
    clerk = sit("clerk")
    page = clerk.get(f"/describe/{drafts[0].id}/")
    more = {
        "persons-7-name": "李㛃",
        "persons-7-id_number": NUMBER.lower(),
        "persons-9-name": " ",
        "units-3-name": "纺织厂",
    }
    count = len(_described(drafts[0]).persons)
    clerk.submit(page, FORM, **more)
    after = _described(drafts[0])
    assert [(p.name, p.id_number) for p in after.persons[count:]] == [("李㛃", NUMBER)]
    assert after.units[-1].name == "纺织厂"


BAD = [
    ("kind", ""), ("kind", "no_such_kind"), ("title", " "), ("title", "长 " * 151), ("year", "20x9"), ("year", ""),
    ("year", "9" * 50), ("year", "3000"), ("document_date", "去年三月"), ("document_date", "2019-02-30"),
    ("document_date", "1901-01-01"), ("persons-0-id_number", "123456789012345678"), ("units-0-uscc", "91X"),
]  # fmt: skip


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_cannot_be_is_said_beside_its_field(sit: Sit, drafts: list[Draft], language: str) -> None:
    clerk = sit("clerk").speak(language)
    form = clerk.get(f"/describe/{drafts[0].id}/")
    for field, value in BAD:
        page = clerk.submit(form, FORM, 422, **{"title": "我写的题名", field: value})
        assert page.title.startswith("错误" if language != "en" else "Error")
        links = [str(a["href"]) for a in page.soup.select("[role=alert] a")]
        assert f"#{field}" in links and all(page.soup.select(f"[id='{link[1:]}']") for link in links), (field, links)
        row = page.one(f"[id='{field}']")
        assert row["aria-invalid"] == "true" and page.one(f"[id='{row['aria-describedby']}']").get_text().strip()
        assert page.field(field) == (value.strip() if value != "no_such_kind" else ""), field
        assert field == "title" or page.field("title") == "我写的题名"
    drafts[0].refresh_from_db()
    assert drafts[0].state == "waiting"


def test_nul_and_rare_characters_are_taken_as_people_mean_them(sit: Sit, drafts: list[Draft]) -> None:
    clerk = sit("clerk")
    page = clerk.get(f"/describe/{drafts[0].id}/")
    clerk.submit(page, FORM, title="退休\0审批表 𠮷", persons__0__name="𠮷\0㛃", units__0__name="\0")
    after = _described(drafts[0])
    assert (after.title, after.persons[0].name) == ("退休审批表 𠮷", "𠮷㛃")


def test_who_comes_second_is_told_and_nothing_is_lost(sit: Sit, drafts: list[Draft]) -> None:
    first, second = sit("clerk"), sit("archivist")
    one, other = (b.get(f"/describe/{drafts[0].id}/") for b in (first, second))
    first.submit(one, FORM, title="先写的")
    taken = second.submit(other, FORM, 409, title="后写的")
    assert "已由其他人处理" in taken.text and taken.soup.select("a[href='/describe/']")
    assert _described(drafts[0]).title == "先写的"
    assert "Somebody else" in second.speak("en").submit(other, FORM, 409).text


def test_a_paper_that_no_longer_waits_shows_its_transfer(sit: Sit, drafts: list[Draft]) -> None:
    clerk = sit("clerk")
    clerk.submit(clerk.get(f"/describe/{drafts[0].id}/"), FORM)
    answer = clerk.raw("get", f"/describe/{drafts[0].id}/")
    assert answer["Location"] == f"/transfers/{drafts[0].transfer_id}/"


def test_a_reviewer_returns_a_paper_and_goes_on(sit: Sit, drafts: list[Draft]) -> None:
    reviewer = sit("reviewer")
    page = reviewer.get(f"/describe/{drafts[0].id}/")
    following = reviewer.submit(page, "form[action$='/return/']", reason="第二页缺角")
    assert following.url == f"/describe/{drafts[1].id}/"
    drafts[0].refresh_from_db()
    assert drafts[0].state == "returned"
    assert not sit("clerk").get(f"/describe/{drafts[1].id}/").soup.select("form[action$='/return/']")
    refused = reviewer.submit(following, "form[action$='/return/']", 422, reason=" ")
    assert str(refused.one("main a.btn-main")["href"]) == f"/describe/{drafts[1].id}/"


def _picture(page: Page) -> str:
    import json

    return str(json.loads(page.one("page-viewer script").string or "")["pages"][0]["image"])


def test_the_viewer_is_given_the_pages_of_this_paper(sit: Sit, drafts: list[Draft]) -> None:
    page = sit("clerk").get(f"/describe/{drafts[0].id}/")
    assert _picture(page) == f"/describe/{drafts[0].id}/pages/1.jpg"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("20230518", "2023-05-18"), ("2023年5月18日", "2023-05-18"), ("2023.5", "2023-05"), ("2023年", "2023"), ("", "")],
)
def test_dates_are_taken_as_people_write_them(sit: Sit, drafts: list[Draft], typed: str, kept: str) -> None:
    clerk = sit("clerk")
    form = clerk.get(f"/describe/{drafts[0].id}/")
    year = {"year": "2023年"} if typed else {}
    clerk.submit(form, FORM, document_date=typed, **year)
    assert _described(drafts[0]).document_date == kept
    assert not year or _described(drafts[0]).year == 2023


def test_problems_speak_the_language_of_the_page(sit: Sit, drafts: list[Draft]) -> None:
    for language, said in (("zh-hans", "日期请写成"), ("en", "Write the date as")):
        clerk = sit("clerk").speak(language)
        form = clerk.get(f"/describe/{drafts[0].id}/")
        page = clerk.submit(form, FORM, 422, document_date="2019-02-30", year="1", persons__0__id_number="1")
        assert said in page.one("#document_date-e").get_text() and page.field("document_date") == "2019-02-30"


def test_suggested_dates_are_shown_as_people_read_them() -> None:
    found = [{"value": v, "confidence": 0.5, "page": 0, "box": None} for v in ("2012-10-18", "2012-10")]
    with override("en"):
        english = field_rows(None, {"fields": {"document_date": found}}, [], {}, {"document_date": "2012"})
    (row,) = [r for r in english if r.name == "document_date"]
    assert [s[:2] for s in row.suggestions] == [("2012-10-18", "Oct 18, 2012"), ("2012-10", "Oct 2012")]
    with override("zh-hans"):
        chinese = field_rows(None, {"fields": {"document_date": found}}, [], {}, {"document_date": "2012"})
    (row,) = [r for r in chinese if r.name == "document_date"]
    assert [s[1] for s in row.suggestions] == ["2012年10月18日", "2012年10月"]
