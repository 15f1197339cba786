"""工作台: what each role finds there, what needs attention, and how the archive stands, in real figures."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cunzhen.capture.models import Draft
from cunzhen.capture.operations import return_drafts
from cunzhen.holdings.models import CodeCounter, Item
from cunzhen.holdings.operations import verify_catalogue
from cunzhen.jobs import enqueue
from cunzhen.jobs.models import Failure
from cunzhen.ledger.operations import sequence
from cunzhen.preservation.models import PackageCopy
from tests.web.client import Page
from tests.web.conftest import Sit
from tests.web.papers import filed, opened, waiting
from tests.world import NOW, World

pytestmark = pytest.mark.django_db
BUSINESS = ("clerk", "archivist", "reviewer", "leader")
OFFICERS = ("system_officer", "security_officer", "audit_officer")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("who", [*BUSINESS, *OFFICERS, "outsider"])
def test_everybody_has_a_home(sit: Sit, who: str, language: str) -> None:
    browser = sit(who).speak(language)
    home = browser.get("/")
    assert bool(home.soup.select("input[data-search]")) == (who not in OFFICERS)
    assert bool(home.soup.select("a[href='/transfers/new/']")) == (who in {"clerk", "archivist", "outsider"})
    assert bool(home.soup.select("nav a[href='/ledger/']")) == (who == "audit_officer")
    assert bool(home.soup.select("[aria-labelledby=h-keep]")) == (who != "security_officer")
    for link in home.soup.select("nav a[href], main a[href]"):
        browser.follow(browser.raw("get", str(link["href"])), str(link["href"]))


def _figures(page: Page) -> dict[str, str]:
    panel = page.one("[aria-labelledby=h-keep]")
    names = [t.get_text(" ", strip=True) for t in panel.select("dt")]
    return dict(zip(names, [d.get_text(" ", strip=True) for d in panel.select("dd")], strict=True))


def _alerts(page: Page) -> str:
    return page.one("[aria-labelledby=h-alert]").get_text(" ", strip=True)


def test_home_counts_what_the_agency_holds(sit: Sit, world: World, tmp_path: Path) -> None:
    filed(world, tmp_path, 3)
    sequence()
    found = _figures(sit("clerk").get("/"))
    assert (found["库藏"], found["全系统保存包数"], found["副本数"]) == ("3 件", "3 个", "3 份")
    assert found["上次核验"] == "尚未" and found["存证账本"].endswith("条") and found["最后一条"]
    assert _figures(sit("outsider").get("/"))["库藏"] == "0 件"
    assert "库藏" not in _figures(sit("system_officer").get("/"))


def test_nothing_needs_attention_in_an_empty_house(sit: Sit, world: World) -> None:
    for who in ("system_officer", "audit_officer"):
        assert "目前没有需要留意的事" in _alerts(sit(who).get("/"))


def test_returned_papers_are_named_by_their_transfer(sit: Sit, world: World, tmp_path: Path) -> None:
    drafts = waiting(world, tmp_path)
    archivist = world.actor("archivist")
    return_drafts(archivist, draft_ids=[drafts[0].id], reason="缺页", now=timezone.now())
    page = sit("archivist").get("/")
    assert "1 个批次有退回的件，共 1 件" in _alerts(page)
    assert page.soup.select(f"[aria-labelledby=h-alert] a[href='/transfers/{drafts[0].transfer_id}/']")
    assert "退回" not in _alerts(sit("outsider").get("/"))
    Draft.objects.filter(id=drafts[0].id).update(changed_at=timezone.now() - timedelta(days=31))
    assert "退回" not in _alerts(sit("archivist").get("/"))


def test_papers_that_wait_long_are_told(sit: Sit, world: World, tmp_path: Path) -> None:
    drafts = waiting(world, tmp_path)
    Draft.objects.update(changed_at=timezone.now())
    assert "等候过久" not in _alerts(sit("clerk").get("/"))
    Draft.objects.filter(id=drafts[0].id).update(changed_at=timezone.now() - timedelta(days=5, hours=1))
    page = sit("clerk").get("/")
    assert "1 件等待著录超过 3 天" in _alerts(page) and "已等 5 天" in _alerts(page)
    assert "等您处理 2 件" in page.one(".head .sub").get_text()
    for who in ("leader", "outsider"):
        assert "等候过久" not in _alerts(sit(who).get("/"))


@pytest.mark.django_db(transaction=True)
def test_bad_copies_and_a_bad_verification_are_told(sit: Sit, world: World, tmp_path: Path) -> None:
    filed(world, tmp_path, 2)
    page = sit("leader").get("/")
    assert "保存包还没有核验过" in _alerts(page)
    verify_catalogue(world.actor("audit_officer"), sample=None, now=timezone.now())
    page = sit("leader").get("/")
    assert "还没有核验过" not in _alerts(page) and "完好" in page.one("[aria-labelledby=h-keep] .tag").get_text()
    Item.objects.filter(id=Item.objects.earliest("id").id).update(title="改过")
    verify_catalogue(world.actor("audit_officer"), sample=None, now=timezone.now())
    PackageCopy.objects.filter(id=PackageCopy.objects.earliest("id").id).update(state="damaged", checked_at=NOW)
    for who in ("leader", "audit_officer", "system_officer"):
        page = sit(who).get("/")
        assert "1 份副本损坏或缺失" in _alerts(page) and "目录与保存包有 1 处不符" in _alerts(page)
        assert "有问题" in page.one("[aria-labelledby=h-keep] .tag").get_text()
        assert _figures(page)["其中损坏或缺失"] == "1 份"


@pytest.mark.django_db(transaction=True)
def test_a_difference_beside_the_packages_is_told_too(sit: Sit, world: World, tmp_path: Path) -> None:
    filed(world, tmp_path, 1)
    CodeCounter.objects.update(last=99)
    report = verify_catalogue(world.actor("audit_officer"), sample=None, now=timezone.now())
    assert report.findings and not (report.missing or report.extra or report.altered)
    page = sit("leader").get("/")
    assert f"目录与保存包有 {len(report.findings)} 处不符" in _alerts(page)
    assert "有问题" in page.one("[aria-labelledby=h-keep] .tag").get_text()


@pytest.mark.django_db(transaction=True)
def test_a_sample_takes_nothing_back_that_was_found(sit: Sit, world: World, tmp_path: Path) -> None:
    filed(world, tmp_path, 2)
    officer = world.actor("audit_officer")
    CodeCounter.objects.update(last=99)
    found = verify_catalogue(officer, sample=None, now=timezone.now())
    told = f"目录与保存包有 {len(found.findings)} 处不符"
    assert verify_catalogue(officer, sample=1, now=timezone.now()).ok
    assert told in _alerts(sit("leader").get("/"))
    CodeCounter.objects.update(last=2)
    assert verify_catalogue(officer, sample=None, now=timezone.now()).ok
    assert verify_catalogue(officer, sample=1, now=timezone.now()).ok
    assert "目录与保存包有" not in _alerts(sit("leader").get("/"))


def test_jobs_given_up_are_told_to_those_who_can_do_something(sit: Sit, world: World) -> None:
    Failure.objects.create(job_id=1, op="read_drafts", code="J-02", at=NOW)
    assert "后台工作" not in _alerts(sit("archivist").get("/")), "a crash that is tried again is no matter"
    Failure.objects.create(job_id=2, op="read_drafts", code="J-03", at=NOW)
    for who, told in (("archivist", True), ("system_officer", True), ("clerk", False), ("leader", False)):
        assert ("1 项后台工作已停止重试" in _alerts(sit(who).get("/"))) == told, who


def test_jobs_that_wait_too_long_are_told_to_those_who_can_do_something(sit: Sit, world: World) -> None:
    number = enqueue("close_transfer", transfer=str(world.agency.id))
    assert "后台工作" not in _alerts(sit("system_officer").get("/"))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_events SET at = at - interval '6 minutes' WHERE job_id = %s", [number])
    for who, told in (("archivist", True), ("system_officer", True), ("clerk", False), ("leader", False)):
        assert ("1 项后台工作等了 5 分钟以上" in _alerts(sit(who).get("/"))) == told, who


def test_unconfirmed_terms_are_told_with_a_way_to_their_items(sit: Sit, world: World) -> None:
    page = sit("leader").get("/")
    assert "条待确认" in _alerts(page)
    link = page.one("[aria-labelledby=h-alert] a[href^='/items/']")
    assert "暂不处置" in sit("leader").get(str(link["href"])).h1


def test_the_column_reads_no_table_whole(sit: Sit, world: World, tmp_path: Path) -> None:
    """The plans of its queries over the large tables, as they are where there are millions of rows."""
    filed(world, tmp_path, 2)
    sequence()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    browser = sit("archivist")
    with CaptureQueriesContext(connection) as asked:
        assert browser.raw("get", "/").status_code == 200
    large = ("preservation_packagecopy", "preservation_package", "holdings_item", "ledger_entry", "capture_draft")
    queries = [
        q["sql"] for q in asked.captured_queries if any(f'"{t}"' in q["sql"] or f" {t} " in q["sql"] for t in large)
    ]
    assert len(queries) > 8
    for query in queries:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + query)
            plan = "\n".join(row[0] for row in cursor.fetchall())
        # One pass is allowed where a bound ends it.
        assert "Seq Scan" not in plan or "LIMIT" in query, query + "\n" + plan


def test_counts_of_a_large_house_are_said_to_be_reckoned(
    sit: Sit, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed(world, tmp_path, 5)
    monkeypatch.setattr("cunzhen.database.counting.counted.__defaults__", (2,))
    monkeypatch.setattr("cunzhen.web.standing.MOST_COUNTED", 2)
    page = sit("leader").get("/")
    assert _figures(page)["库藏"].startswith("约 ")
    assert "共 约 " in sit("leader").get("/items/").h1
    opened(world)
