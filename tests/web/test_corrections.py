"""更正 at the desk: the form, its check, two people at one item, taking it back, and what the history tells whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cunzhen.holdings.kinds import read_extra
from cunzhen.holdings.models import Item, Mention, Rendition
from cunzhen.ledger.models import LedgerEntry
from cunzhen.preservation.models import Package
from cunzhen.preservation.queries import read_content
from tests.web.client import Page
from tests.web.conftest import Sit
from tests.web.papers import COVERED, NUMBER, PERSON, filed
from tests.world import World

pytestmark = pytest.mark.django_db
FORM, CONFIRM = "form#correct", "form#confirm"
WHY = "著录时看错"


@pytest.fixture
def item(world: World, tmp_path: Path) -> Item:
    """A filed item of two pages."""
    [item_id] = filed(world, tmp_path / "in")
    return Item.objects.get(id=item_id)


def url(item: Item) -> str:
    return f"/items/{item.id}/correct/"


def rows(page: Page) -> dict[str, tuple[str, ...]]:
    """The table of changes: label to before and after."""
    found = {}
    for row in page.soup.select(".changes tbody tr"):
        cells = [" ".join(c.get_text(" ").split()) for c in row.select("th, td")]
        found[cells[0]] = tuple(cells[1:])
    return found


def test_a_correction_is_checked_and_then_done(sit: Sit, item: Item) -> None:
    archivist = sit("archivist")
    page = archivist.get(url(item))
    assert (page.field("title"), page.field("year"), page.field("persons-0-name")) == (item.title, "2019", PERSON)
    check = archivist.submit(page, FORM, title="提前退休审批表", year="2018", document_date="2018年5月", reason=WHY)
    assert rows(check)["题名"] == (item.title, "提前退休审批表")
    assert rows(check)["形成日期"] == ("2019年3月6日", "2018年5月")
    assert "将按新的类别和年度顺序重新编档号" in check.text and item.archival_code in check.text
    assert Item.objects.get(id=item.id).version == 1  # nothing is done yet
    done = archivist.submit(check, CONFIRM, step="confirm")
    after = Item.objects.get(id=item.id)
    assert (after.title, after.document_date, after.version) == ("提前退休审批表", "2018-05", 2)
    assert "现为第 2 版" in done.text and done.url.endswith("?tab=history")
    assert after.archival_code != item.archival_code
    assert item.archival_code in sit("clerk").get(f"/items/{item.id}/").text  # the old code is shown


def test_back_from_the_check_everything_typed_is_still_there(sit: Sit, item: Item) -> None:
    archivist = sit("archivist")
    more: dict[str, Any] = {"persons-1-name": "张样本", "persons-1-code": "", "persons-1-page": "2"}
    check = archivist.submit(archivist.get(url(item)), FORM, title="改", reason=WHY, **more)
    form = archivist.submit(check, CONFIRM, step="edit")
    assert (form.field("title"), form.field("persons-1-name"), form.field("persons-1-page")) == ("改", "张样本", "2")
    assert form.one("#reason").get_text() == WHY


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_of_it_in_both_languages(sit: Sit, item: Item, language: str) -> None:
    archivist = sit("archivist").speak(language)
    page = archivist.get(url(item))
    check = archivist.submit(page, FORM, title="Form", security_level="public", term="Y", confirmed="1", reason="42")
    archivist.submit(check, CONFIRM, step="confirm")
    for tab in ("summary", "text", "keeping", "versions", "history"):
        archivist.get(f"/items/{item.id}/?tab={tab}")
    archivist.submit(page, FORM, 409, title="Other", reason="42")
    undo = archivist.get(f"/items/{item.id}/?tab=history").one("a[href$='/undo/']")
    archivist.get(str(undo["href"]))
    assert archivist.submit(archivist.get(url(item)), FORM, 422, year="abc", reason="").soup.select(".errors a")


def test_persons_are_corrected_where_they_stand(sit: Sit, item: Item) -> None:
    archivist = sit("archivist")
    old = Mention.objects.get(item=item, kind="person")
    page = archivist.get(url(item))
    more: dict[str, Any] = {"persons-1-name": "张样本", "persons-1-code": "", "persons-1-page": "1"}
    check = archivist.submit(page, FORM, persons__0__name="薛玉枚", reason=WHY, **more)
    assert COVERED in check.text and NUMBER not in check.text
    archivist.submit(check, CONFIRM, step="confirm")
    old.refresh_from_db()
    assert old.retracted_at is not None and old.name == PERSON
    standing = Mention.objects.filter(item=item, kind="person", retracted_at=None).order_by("id")
    assert [(m.name, m.number, m.page, m.box) for m in standing] == [
        ("薛玉枚", NUMBER, old.page, old.box),
        ("张样本", None, 0, None),
    ]
    page = archivist.get(url(item))  # now one is taken out by emptying its fields
    check = archivist.submit(page, FORM, persons__1__name="", persons__1__page="", reason=WHY)
    archivist.submit(check, CONFIRM, step="confirm")
    assert [m.name for m in Mention.objects.filter(item=item, kind="person", retracted_at=None)] == ["薛玉枚"]


def test_what_is_wrong_is_said_beside_its_field(sit: Sit, item: Item) -> None:
    archivist = sit("archivist")
    wrong: dict[str, Any] = {
        "persons-1-name": "张样本", "persons-1-code": "110105194912310021", "persons-1-page": "9",
        "title": "", "year": "2040", "reason": WHY,
    }  # fmt: skip
    page = archivist.submit(archivist.get(url(item)), FORM, 422, **wrong)
    targets = {str(a["href"]) for a in page.soup.select(".errors a")}
    assert {"#title", "#year", "#persons-1-code", "#persons-1-page"} <= targets
    assert page.title.startswith("错误：") and page.field("persons-1-code") == "110105194912310021"
    nothing = archivist.submit(archivist.get(url(item)), FORM, 422, reason=WHY)
    assert "还没有改动任何内容" in nothing.text
    silent = archivist.submit(archivist.get(url(item)), FORM, 422, title="改")
    assert "请写明更正原因" in silent.text and silent.field("title") == "改"
    assert Item.objects.get(id=item.id).version == 1


def test_two_people_at_one_item_see_both_versions(sit: Sit, item: Item) -> None:
    archivist, reviewer = sit("archivist"), sit("reviewer")
    slow = archivist.get(url(item))
    slow_check = archivist.submit(slow, FORM, title="慢的", reason=WHY)
    check = reviewer.submit(reviewer.get(url(item)), FORM, title="快的", case_number="7", reason=WHY)
    reviewer.submit(check, CONFIRM, step="confirm")
    for page in (
        archivist.submit(slow, FORM, 409, title="慢的", reason=WHY),
        archivist.submit(slow_check, CONFIRM, 409, step="confirm"),
    ):
        assert "有人先改了这一件" in page.h1
        said = {
            r.select("th")[0].get_text(): [c.get_text() for c in r.select("td")] for r in page.soup.select("tbody tr")
        }
        assert said["题名"] == ["慢的", "快的"]
        assert said["业务受理号"] == ["—", "7"]
    assert Item.objects.get(id=item.id).title == "快的"


def test_the_history_says_before_and_after_to_those_with_the_right(sit: Sit, item: Item) -> None:
    archivist = sit("archivist")
    check = archivist.submit(
        archivist.get(url(item)), FORM, title="新题名", persons__0__name="薛玉枚", confirmed="1", reason=WHY
    )
    archivist.submit(check, CONFIRM, step="confirm")
    history = f"/items/{item.id}/?tab=history"
    for who in ("archivist", "reviewer", "leader"):
        text = sit(who).get(history).text
        assert all(word in text for word in ("题名：", "退休审批表", "新题名", "薛玉枚", WHY, COVERED)), who
    clerk = sit("clerk").get(history)
    assert "更正" in clerk.text and "题名" in clerk.text
    assert "新题名" not in clerk.one("ol.panel-body").get_text() and WHY not in clerk.text
    for who, may in (("archivist", True), ("reviewer", True), ("leader", False), ("clerk", False)):
        assert bool(sit(who).get(history).soup.select("a[href$='/undo/']")) == may


def test_one_click_leads_back(sit: Sit, item: Item) -> None:
    archivist = sit("archivist")
    check = archivist.submit(archivist.get(url(item)), FORM, title="错题名", term_confirmed="1", reason=WHY)
    archivist.submit(check, CONFIRM, step="confirm")
    link = str(archivist.get(f"/items/{item.id}/?tab=history").one("a[href$='/undo/']")["href"])
    undo = archivist.get(link)
    assert rows(undo)["题名"] == ("错题名", item.title) and "改回" in undo.one("#reason").get_text()
    stale = undo
    done = archivist.submit(undo, CONFIRM, step="confirm")
    assert "现为第 3 版" in done.text and Item.objects.get(id=item.id).title == item.title
    assert archivist.submit(stale, CONFIRM, 409, step="confirm").soup.select(".errors")  # twice is once
    assert "没有可以改回的内容" in archivist.get(link).text
    archivist.get(f"/items/{item.id}/corrections/{uuid4()}/undo/", 404)


def test_further_fields(sit: Sit, item: Item) -> None:
    archivist = sit("archivist")
    check = archivist.submit(archivist.get(url(item)), FORM, new_extra="amount", new_extra_value="3,200.00", reason=WHY)
    assert rows(check)["核定金额"] == ("—", "3,200.00")
    archivist.submit(check, CONFIRM, step="confirm")
    assert read_extra(Item.objects.get(id=item.id).extra)["amount"] == "3,200.00"
    assert "3,200.00" in archivist.get(f"/items/{item.id}/").text
    no_amount: dict[str, Any] = {"extra.amount": "", "reason": WHY}
    check = archivist.submit(archivist.get(url(item)), FORM, **no_amount)
    archivist.submit(check, CONFIRM, step="confirm")
    assert read_extra(Item.objects.get(id=item.id).extra) == {}


def test_nobody_else_corrects(sit: Sit, item: Item) -> None:
    data = {"version": "1", "step": "confirm", "title": "改", "reason": WHY}
    for who in ("clerk", "leader", "audit_officer", "outsider"):
        browser = sit(who)
        browser.get(url(item), 404)
        browser.post(url(item), data, 404)
        browser.get(f"/items/{item.id}/corrections/{uuid4()}/undo/", 404)
        assert not sit("clerk").get(f"/items/{item.id}/").soup.select(f"a[href='{url(item)}']")
    assert Item.objects.get(id=item.id).version == 1


def test_versions_are_listed_with_what_is_new(sit: Sit, item: Item) -> None:
    archivist = sit("archivist")
    check = archivist.submit(archivist.get(url(item)), FORM, title="新题名", reason=WHY)
    archivist.submit(check, CONFIRM, step="confirm")
    page = archivist.get(f"/items/{item.id}/?tab=versions")
    table = [[" ".join(c.get_text(" ").split()) for c in r.select("th, td")] for r in page.soup.select("tbody tr")]
    assert [(r[0], r[4]) for r in table] == [("v2", "著录信息"), ("v1", "著录信息、原件 1、识别文字")]
    assert item.archival_code in table[0][3]


def test_renditions_are_added_and_taken_out(sit: Sit, item: Item) -> None:
    archivist, pdf = sit("archivist"), b"%PDF-1.4\n%%EOF\n"
    page = archivist.get(f"/items/{item.id}/")
    upload = SimpleUploadedFile("扫描.PDF", pdf, "application/pdf")
    done = archivist.submit(page, "form#add-renditions", files=upload, source="1")
    assert "已加入衍生件 1 个" in done.text and "长期保存格式" in done.text
    row = Rendition.objects.get(item=item)
    assert (row.name, row.source_number, row.note) == ("扫描.PDF", 1, "长期保存格式")
    assert read_content(item.id, row.path) == pdf
    answer = sit("clerk").raw("get", f"/items/{item.id}/renditions/1/")
    assert b"".join(answer.streaming_content) == pdf and "attachment" in answer["Content-Disposition"]
    assert LedgerEntry.objects.filter(op="view_rendition").count() == 1
    assert Package.objects.get(id=item.id).version == "v2"
    again = SimpleUploadedFile("二.pdf", pdf)
    archivist.submit(archivist.get(f"/items/{item.id}/"), "form#add-renditions", 422, files=again)
    assert not sit("reviewer").get(f"/items/{item.id}/").soup.select("form#add-renditions")
    sit("outsider").get(f"/items/{item.id}/renditions/1/", 404)
    sit("clerk").get(f"/items/{item.id}/renditions/2/", 404)
    for who in ("reviewer", "outsider"):
        sit(who).post(f"/items/{item.id}/renditions/", {"files": SimpleUploadedFile("a", b"a")}, 404)


@pytest.fixture
def many(world: World, tmp_path: Path) -> list[UUID]:
    """Ids of three items of 2019 and 52 of 2016."""
    few = filed(world, tmp_path / "in", 3, pages=1)
    return few + filed(world, tmp_path / "in", 52, pages=1, year=2016)


def test_ticked_items_are_corrected_together(sit: Sit, many: list[UUID]) -> None:
    archivist = sit("archivist")
    page = archivist.get("/items/?year=2019")
    assert len(page.soup.select("input[name=item][form=bulk]")) == 3
    two = [str(i) for i in many[:2]]
    choose = archivist.post("/items/correct/", {"scope": "ticked", "item": two, "step": "choose"})
    assert "2 件" in choose.h1
    more: dict[str, Any] = {"set_security_level": "restricted", "set_term_confirmed": "yes", "reason": WHY}
    check = archivist.submit(choose, "form#bulk", **more)
    assert "将更正 2 件" in check.h1 and "内部" in check.text and "限制" in check.text
    assert not Item.objects.filter(version=2).exists()
    done = archivist.submit(check, CONFIRM, step="confirm")
    assert "已更正 2 件" in done.text
    assert set(Item.objects.filter(security_level="restricted").values_list("id", flat=True)) == set(many[:2])
    assert set(Item.objects.filter(id__in=many[:2]).values_list("hold_reason", flat=True)) == {""}


def test_everything_that_a_filter_finds(sit: Sit, many: list[UUID]) -> None:
    archivist = sit("archivist")
    page = archivist.get("/items/?year=2016")
    choose = archivist.submit(page, "form#bulk", scope="all")
    assert "52 件" in choose.h1
    check = archivist.submit(choose, "form#bulk", set_case_number="批-9", reason=WHY)
    assert "将更正 52 件" in check.h1 and "另有 32 件" in check.text
    done = archivist.submit(check, CONFIRM, step="confirm")
    assert "已更正 52 件" in done.text and "变更集" in done.text
    assert set(Item.objects.filter(case_number="批-9").values_list("id", flat=True)) == set(many[3:])
    assert "正等待并入保存包" in archivist.get(f"/items/{many[3]}/?tab=versions").text


def test_what_changed_while_it_was_checked_is_shown_again(sit: Sit, many: list[UUID]) -> None:
    archivist, reviewer = sit("archivist"), sit("reviewer")
    two = [str(i) for i in many[:2]]
    choose = archivist.post("/items/correct/", {"scope": "ticked", "item": two, "step": "choose"})
    check = archivist.submit(choose, "form#bulk", set_title="统一题名", reason=WHY)
    other = reviewer.submit(reviewer.get(f"/items/{two[0]}/correct/"), FORM, title="别人改的", reason=WHY)
    reviewer.submit(other, CONFIRM, step="confirm")
    again = archivist.submit(check, CONFIRM, 409, step="confirm")
    assert "在您核对期间" in again.text and "别人改的" in again.text
    archivist.submit(again, CONFIRM, step="confirm")
    assert Item.objects.filter(title="统一题名").count() == 2


def test_what_stands_in_the_way_is_listed_and_nothing_is_done(sit: Sit, many: list[UUID]) -> None:
    archivist = sit("archivist")
    everything = {"scope": "all", "step": "check", "reason": WHY}
    page = archivist.post("/items/correct/", everything | {"set_document_date": "2016-05"}, 422)
    assert "55 件中有 3 件不能这样更正" in page.h1 and "日期应在年度当年或次年" in page.text
    assert "请至少选定一项" in archivist.post("/items/correct/", everything, 422).text
    assert (
        "请写明更正原因" in archivist.post("/items/correct/", everything | {"set_title": "改", "reason": ""}, 422).text
    )
    none = archivist.post("/items/correct/", {"scope": "ticked", "step": "choose"})
    assert "还没有勾选档案" in none.text
    same = archivist.post("/items/correct/", everything | {"set_kind": "retirement_approval"})
    assert "没有需要更正的" in same.text
    assert not Item.objects.filter(version=2).exists()


def test_clearing_and_moving_many(sit: Sit, many: list[UUID]) -> None:
    archivist = sit("archivist")
    data = {
        "scope": "all",
        "year": "2019",
        "step": "check",
        "set_year": "2018",
        "clear_document_date": "1",
        "reason": WHY,
    }
    check = archivist.post("/items/correct/", data)
    assert "其中 3 件将按新的类别和年度重新编档号" in check.text
    archivist.submit(check, CONFIRM, step="confirm")
    codes = Item.objects.filter(id__in=many[:3]).order_by("archival_code").values_list("archival_code", flat=True)
    assert [c[-11:] for c in codes] == ["2018-000001", "2018-000002", "2018-000003"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_pages_of_many_in_both_languages(sit: Sit, many: list[UUID], language: str) -> None:
    archivist = sit("archivist").speak(language)
    choose = archivist.submit(archivist.get("/items/"), "form#bulk", scope="all")
    archivist.submit(choose, "form#bulk", 422, reason="")
    archivist.submit(choose, "form#bulk", 422, set_document_date="2016-05", reason="42")
    check = archivist.submit(choose, "form#bulk", set_term="Y", set_year="2019", clear_document_date="1", reason="42")
    archivist.submit(check, CONFIRM, step="confirm")
    archivist.get("/items/")


def test_others_correct_nothing_together(sit: Sit, many: list[UUID]) -> None:
    data = {"scope": "all", "step": "confirm", "set_title": "改", "reason": WHY}
    for who in ("clerk", "leader", "audit_officer"):
        sit(who).post("/items/correct/", data, 404)
    assert not sit("clerk").get("/items/").soup.select("form#bulk, .tick")
    outsider = sit("outsider").post("/items/correct/", {"scope": "ticked", "item": [str(many[0])], "step": "choose"})
    assert "还没有勾选档案" in outsider.text  # another agency's items are none of theirs
    assert not Item.objects.filter(version=2).exists()
