"""归档批次: from a new one to its receipt, with and without scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cunzhen.capture.models import Draft, Finding, Transfer, Upload
from cunzhen.capture.operations import close_transfer, return_drafts
from cunzhen.capture.rules import STATE_LABELS
from cunzhen.web.views import transfers
from tests.web.client import Page
from tests.web.conftest import Sit
from tests.web.papers import BENEFIT, MATERNITY, SAMPLES, opened, pile, read, received, waiting
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


def test_a_clerk_opens_one(sit: Sit, world: World) -> None:
    clerk = sit("clerk")
    form = clerk.get("/transfers/new/")
    page = clerk.submit(form, "main form", name="2019年退休材料", year="2019", series="YL", auto="1")
    transfer = Transfer.objects.get()
    assert (transfer.default_year, transfer.default_series, transfer.auto) == (2019, "YL", True)
    assert page.url == f"/transfers/{transfer.id}/" and "2019年退休材料" in page.h1
    assert page.one("upload-zone")["endpoint"] == "/uploads/"
    assert transfer.number in clerk.get("/transfers/").text


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("year", "19"),
        ("year", "2019年"),
        ("year", "9" * 50),
        ("year", "2999"),
        ("year", "二〇一九"),
        ("series", "XX" * 9),
    ],
)
def test_what_cannot_be_keeps_what_was_typed(sit: Sit, world: World, field: str, value: str, language: str) -> None:
    clerk = sit("clerk").speak(language)
    form = clerk.get("/transfers/new/")
    page = clerk.submit(form, "main form", 422, **{"name": "退休\0材料", "auto": "1", field: value})
    assert page.one("[role=alert] a")["href"] == f"#{field}"
    assert page.soup.select(f"#{field}")
    assert page.field("name") == "退休材料"
    assert page.one("#auto").has_attr("checked")
    if field == "year":
        assert page.field("year") == value
    assert not Transfer.objects.exists()


def test_a_fonds_of_another_agency_is_not_there(sit: Sit, world: World) -> None:
    world.neighbour_fonds.code = "J777"
    world.neighbour_fonds.save()
    sit("clerk").post("/transfers/new/", {"name": "x", "fonds": "J777"}, 404)


def test_a_name_may_hold_anything(sit: Sit, world: World) -> None:
    clerk = sit("clerk")
    page = clerk.submit(clerk.get("/transfers/new/"), "main form", name="<script>alert(1)</script>\0&𠮷㛃")
    assert Transfer.objects.get().name == "<script>alert(1)</script>&𠮷㛃" and "𠮷㛃" in page.h1


def test_without_scripts_files_come_with_the_form(sit: Sit, world: World) -> None:
    clerk, transfer = sit("clerk"), opened(world)
    page = clerk.get(f"/transfers/{transfer.id}/")
    assert page.one("form.drop")["enctype"] == "multipart/form-data"
    files = [SimpleUploadedFile(n.rsplit("/")[-1], (SAMPLES / n).read_bytes()) for n in (BENEFIT, MATERNITY)]
    after = clerk.submit(page, "form.drop", files=[*files, SimpleUploadedFile("空.pdf", b"")])
    assert Draft.objects.filter(transfer=transfer).count() == 3 and not Upload.objects.exists()
    assert "处理中" in after.h1 and after.one("#live").has_attr("hx-get")


def test_a_form_sent_again_adds_only_what_is_missing(sit: Sit, world: World) -> None:
    clerk, transfer = sit("clerk"), opened(world)
    content = (SAMPLES / BENEFIT).read_bytes()
    Upload.objects.create(transfer=transfer, path="a.pdf", size=len(content), offset=100, created_at=NOW)
    folder = Path(_uploads(transfer))
    folder.mkdir(parents=True)
    (folder / str(Upload.objects.get().id)).write_bytes(content[:100])
    clerk.submit(clerk.get(f"/transfers/{transfer.id}/"), "form.drop", files=[SimpleUploadedFile("a.pdf", content)])
    assert Draft.objects.get().files.get().size == len(content)


def _uploads(transfer: Transfer) -> str:
    from django.conf import settings

    return f"{settings.HOME}/uploads/{transfer.id}"


def test_nothing_to_receive_is_said_and_leads_back(sit: Sit, world: World) -> None:
    clerk, transfer = sit("clerk"), opened(world)
    page = clerk.submit(clerk.get(f"/transfers/{transfer.id}/"), "form.drop", 422)
    assert "还没有传完的文件" in page.text
    back = str(page.one("main a.btn-main")["href"])
    assert back == f"/transfers/{transfer.id}/" and clerk.get(back).status == 200


def test_the_way_back_never_leaves_the_house(sit: Sit, world: World) -> None:
    clerk, transfer = sit("clerk"), opened(world)
    page = clerk.post(
        f"/transfers/{transfer.id}/receive/", status=422, headers={"Referer": "https://example.com/transfers/"}
    )
    assert page.one("main a.btn-main")["href"] == "/"


def _polls(page: Page) -> bool:
    return bool(page.soup.select("[hx-get], [hx-trigger]"))


def test_progress_is_asked_for_until_nothing_is_in_work(sit: Sit, world: World, tmp_path: Path) -> None:
    clerk = sit("clerk")
    transfer = received(world, pile(tmp_path, BENEFIT, MATERNITY))
    address = f"/transfers/{transfer.id}/"
    part = clerk.get(address, **{"HX-Request": "true"})
    live = part.one("#live")
    assert (live["hx-get"], live["hx-trigger"]) == (address, "every 2s")
    assert not part.soup.select("nav, title") and "可以离开本页" in part.text
    assert part.one("#run")["value"] == "0" and part.one("#run")["max"] == "2"
    read(world, transfer)
    done = clerk.get(address, **{"HX-Request": "true"})
    assert not _polls(done) and "等待著录" in done.text
    whole = clerk.get(address)
    assert not _polls(whole) and whole.one("h1").get_text().startswith("测试批次")


def test_findings_are_told_with_what_to_do(sit: Sit, world: World, tmp_path: Path) -> None:
    (tmp_path / "坏.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    (tmp_path / "空.pdf").write_bytes(b"")
    transfer = received(world, tmp_path)
    read(world, transfer)
    for language in ("zh-hans", "en"):
        page = sit("clerk").speak(language).get(f"/transfers/{transfer.id}/")
        rows = page.soup.select("section[aria-labelledby=h-bad] tbody tr")
        assert {str(r.th.get_text()) for r in rows if r.th} == {"坏.jpg", "空.pdf"}
        assert all(re.search(r"[A-Z]-[A-Z]+-\d\d", r.get_text()) for r in rows)


def test_returned_papers_are_read_again(sit: Sit, world: World, tmp_path: Path) -> None:
    drafts = waiting(world, tmp_path)
    return_drafts(world.actor("archivist"), draft_ids=[d.id for d in drafts], reason="缺页", now=NOW)
    clerk, address = sit("clerk"), f"/transfers/{drafts[0].transfer_id}/"
    closing = clerk.get(address)
    assert "处理中" in closing.h1 and _polls(closing), "the page waits until the transfer is closed"
    close_transfer(world.actor("service"), transfer_id=drafts[0].transfer_id, now=NOW)
    page = clerk.get(address)
    assert "已办结" in page.h1 and not _polls(page) and page.text.count("缺页") == 2
    again = clerk.submit(page, "form[action$='/retry/']")
    assert set(Draft.objects.values_list("state", flat=True)) == {"received"} and _polls(again)


def test_papers_of_another_transfer_are_not_taken_along(sit: Sit, world: World, tmp_path: Path) -> None:
    drafts = waiting(world, tmp_path)
    other = opened(world)
    page = sit("archivist").post(f"/transfers/{other.id}/return/", {"draft": str(drafts[0].id), "reason": "x"}, 422)
    assert "没有选中" in page.text
    assert sit("archivist").post(f"/transfers/{other.id}/retry/", {"draft": "no id"}, 422)
    assert not Finding.objects.filter(code="T-RT-01").exists()


def test_several_papers_are_returned_with_a_reason(sit: Sit, world: World, tmp_path: Path) -> None:
    drafts = waiting(world, tmp_path)
    ids = [str(d.id) for d in drafts]
    address = f"/transfers/{drafts[0].transfer_id}/return/"
    assert "退回原因" in sit("reviewer").post(address, {"draft": ids, "reason": " \0 "}, 422).text
    assert "模糊不清" in sit("reviewer").post(address, {"draft": ids, "reason": "模糊\0不清"}).text
    assert set(Draft.objects.values_list("state", flat=True)) == {"returned"}


def _figures(text: str) -> list[int]:
    return [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", text)]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_receipt_adds_up(sit: Sit, world: World, tmp_path: Path, language: str) -> None:
    (tmp_path / "坏.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    transfer = received(world, pile(tmp_path, BENEFIT, MATERNITY), auto=True)
    read(world, transfer)
    clerk = sit("clerk").speak(language)
    page = clerk.get(f"/transfers/{transfer.id}/receipt/")
    sent, got, filed, waits, returned, doubles = _figures(page.one(".sum").get_text())
    assert sent == got == filed + waits + returned + doubles == 3 and returned == 1
    assert len(page.soup.select("tbody tr")) == 3
    for draft in Draft.objects.filter(state="filed"):
        assert draft.archival_code in page.text
    assert clerk.get(f"/transfers/{transfer.id}/").status == 200


def test_the_list_is_filtered_by_state(sit: Sit, world: World, tmp_path: Path) -> None:
    first, second = opened(world, name="开着的"), received(world, pile(tmp_path, BENEFIT), name="收了的")
    clerk = sit("clerk")
    assert set(STATE_LABELS) >= {"open", "working", "closed"}
    for state, shown in (("open", {first}), ("working", {second}), ("closed", set()), ("nonsense", {first, second})):
        text = clerk.get(f"/transfers/?state={state}").text
        assert {t for t in (first, second) if t.number in text} == shown
    for page in ("2", "0", "x", "9" * 5000):
        clerk.get(f"/transfers/?page={page}")
    assert "还没有归档批次" in sit("outsider").get("/transfers/").text


def test_the_list_is_sorted_by_its_headings_and_paged_by_key(
    sit: Sit, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers, "PAGE", 4)
    for name in ("丙", "甲", "乙", "甲", "丙", "乙", "甲", "丁", "丁", "丙"):
        opened(world, name=name)
    opened(world, "outsider", name="邻县")
    clerk = sit("clerk")
    mine = Transfer.objects.filter(agency=world.agency)
    page = clerk.get("/transfers/?state=open")
    for label, order in (
        ("名称", ("name", "id")),
        ("名称", ("-name", "-id")),
        ("批次", ("-number",)),
        ("开始", ("-id",)),
    ):
        (link,) = [a for a in page.soup.select("th a.sort") if a.get_text(strip=True) == label]
        page = clerk.get("/transfers/" + str(link["href"]))
        (heading,) = page.soup.select("th[aria-sort]")
        assert heading.get_text(strip=True) == label and "共 10 批" in page.h1
        assert page.soup.select("nav [aria-current=true]")[0].get_text() == "接收中"
        seen, current = [], page
        while True:
            seen += [a.get_text() for a in current.soup.select("tbody th a")]
            following = current.soup.select("nav.pager a[rel=next]")
            if not following:
                break
            current = clerk.get("/transfers/" + str(following[0]["href"]))
        assert seen == list(mine.order_by(*order).values_list("number", flat=True)), (label, order)
    back = current.soup.select("nav.pager a")[0]
    assert back.get_text(strip=True) == "第一页"
    assert clerk.get("/transfers/" + str(back["href"])).text == page.text


def test_a_state_without_transfers_says_so(sit: Sit, world: World) -> None:
    opened(world)
    clerk = sit("clerk")
    assert "没有这个状态的批次" in clerk.get("/transfers/?state=closed").text
    assert "共 1 批" in clerk.get("/transfers/?state=nonsense").h1
