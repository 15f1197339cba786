"""保管状况: what it shows, to whom, and its two buttons."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from cunzhen.accounts.rules import Role
from cunzhen.formats.ocfl import object_path
from cunzhen.holdings.models import Item
from cunzhen.preservation.models import Damage, PackageCopy, ScrubRound
from cunzhen.preservation.operations import repair_packages, roll_scrub, scrub_copies
from cunzhen.preservation.rules import object_id
from cunzhen.preservation.scrub_jobs import repair_packages_job
from tests.web.conftest import Sit
from tests.web.papers import filed
from tests.world import World

pytestmark = pytest.mark.django_db
MAY_SEE = {Role.ARCHIVIST, Role.LEADER, Role.AUDIT_OFFICER, Role.SYSTEM_OFFICER}
MAY_MEND = {Role.ARCHIVIST, Role.SYSTEM_OFFICER}


@pytest.fixture
def items(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Item]:
    """Three items with a copy in the tests' own store and in two new ones."""
    new = {name: tmp_path / "stores" / name for name in ("q", "r")}
    monkeypatch.setattr(settings, "STORES", settings.STORES | new)
    PackageCopy.objects.update(checked_at=timezone.now())  # the set-up's own package is no matter here
    return list(Item.objects.filter(id__in=filed(world, tmp_path, 3)).order_by("id"))


def _folder(store: str, item: Item) -> Path:
    return Path(settings.STORES[store]) / "ocfl" / object_path(object_id(item.id))  # type: ignore[arg-type]


def _spoil(store: str, item: Item) -> None:
    path = _folder(store, item) / "v1/content/mets.xml"
    path.chmod(0o600)
    path.write_bytes(b"<forged/>")


@pytest.mark.parametrize("role", list(Role))
def test_who_sees_it_and_who_has_buttons(sit: Sit, items: list[Item], role: Role) -> None:
    answer = sit(role.value).raw("get", "/preservation/")
    assert answer.status_code == (200 if role in MAY_SEE else 404)
    for address in ("/preservation/scrub/", "/preservation/repair/"):
        sit(role.value).post(address, status=200 if role in MAY_MEND else 404)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_sound_archive(sit: Sit, world: World, items: list[Item], language: str) -> None:
    scrub_copies(world.actor("service"), everything=True, clock=timezone.now, megabytes_per_second=0)
    page = sit("archivist").speak(language).get("/preservation/")
    rows = page.soup.select("section[aria-labelledby=h-stores] tbody tr")
    assert [r.select_one("th").get_text() for r in rows] == ["a", "q", "r"]  # type: ignore[union-attr]
    assert [r.select("td")[1].get_text() for r in rows][1:] == ["3", "3"]
    assert page.soup.select("section[aria-labelledby=h-f] tbody tr")
    assert not page.soup.select(".notice-bad")


def test_before_anything_is_kept(sit: Sit, world: World) -> None:
    PackageCopy.objects.all().delete()
    page = sit("archivist").get("/preservation/")
    assert page.h1 == "保管状况" and "没有应答" not in page.text


def test_damage_its_filters_and_its_end(sit: Sit, world: World, items: list[Item]) -> None:
    _spoil("r", items[0])
    shutil.rmtree(_folder("q", items[1]))
    scrub_copies(world.actor("service"), everything=True, clock=timezone.now, megabytes_per_second=0)
    page = sit("archivist").get("/preservation/")
    rows = page.soup.select("#damage tbody tr")
    assert len(rows) == 2 and all("已修复" in r.get_text() for r in rows)
    assert {str(a["href"]) for r in rows for a in r.select("a")} == {f"/items/{i.id}/" for i in items[:2]}
    assert len(sit("archivist").get("/preservation/?store=r").soup.select("#damage tbody tr")) == 1
    assert sit("archivist").get("/preservation/?state=open").soup.select("#damage .empty")
    today, later = timezone.localdate(), timezone.localdate() + timedelta(days=1)
    assert len(sit("archivist").get(f"/preservation/?from={today}&to={today}").soup.select("#damage tbody tr")) == 2
    assert sit("archivist").get(f"/preservation/?from={later}").soup.select("#damage .empty")
    for odd in ("?from=x&to=9999-99-99", "?state=zzz", "?store=%00", "?after=1", "?to=9999-12-31"):
        assert sit("archivist").raw("get", f"/preservation/{odd}").status_code == 200, odd


def test_a_package_without_a_whole_copy(sit: Sit, world: World, items: list[Item]) -> None:
    for store in ("a", "q", "r"):
        _spoil(store, items[2])
    scrub_copies(world.actor("service"), everything=True, clock=timezone.now, megabytes_per_second=0)
    page = sit("archivist").get("/preservation/")
    assert "待修复" in page.h1 and page.soup.select(".notice-bad")
    row = page.one("section[aria-labelledby=h-q] tbody tr")
    assert "v1/content/mets.xml" in row.get_text() and items[2].archival_code in row.get_text()
    assert "已隔离" in page.one("#damage").get_text()
    menu = page.one("nav.nav a[href='/preservation/']")
    assert "3" in menu.get_text()
    officer = sit("system_officer").get("/preservation/")  # runs the system, sees no item
    assert items[2].archival_code not in officer.text and str(items[2].id) in officer.text


def test_the_neighbour_sees_nothing_of_ours(sit: Sit, world: World, items: list[Item]) -> None:
    _spoil("q", items[0])
    for store in ("a", "q", "r"):
        _spoil(store, items[1])
    scrub_copies(world.actor("service"), everything=True, clock=timezone.now, megabytes_per_second=0)
    text = sit("outsider").get("/preservation/").text
    for item in items[:2]:
        assert item.archival_code not in text and str(item.id) not in text
    assert sit("outsider").get("/preservation/").soup.select("#damage .empty")
    assert not sit("outsider").get("/preservation/").soup.select("section[aria-labelledby=h-f] tbody tr")


def test_a_scrub_that_was_asked_for_shows_and_is_done(sit: Sit, world: World, items: list[Item]) -> None:
    desk = sit("archivist")
    desk.post("/preservation/scrub/")
    desk.post("/preservation/scrub/")  # twice is once
    page = desk.get("/preservation/")
    section = page.one("#scrub")
    assert section["hx-trigger"] == "every 3s" and int(str(page.one("#run")["max"])) >= 9
    assert ScrubRound.objects.get().asked_by == world.archivist.id
    done = roll_scrub(world.actor("service"), clock=timezone.now, stop=lambda: False)
    assert done and done.copies >= 9
    section = desk.get("/preservation/").one("#scrub")
    assert not section.has_attr("hx-get") and str(done.copies) in section.get_text()


def test_a_repair_that_was_asked_for_is_queued_and_done(sit: Sit, world: World, items: list[Item]) -> None:
    _spoil("q", items[0])
    PackageCopy.objects.filter(package_id=items[0].id, store="q").update(state="damaged")
    sit("archivist").post("/preservation/repair/")
    repair_packages_job(skip=0)
    assert not PackageCopy.objects.exclude(state="kept").exists()
    assert Damage.objects.get().outcome == "mended"
    assert repair_packages(world.actor("service"), clock=timezone.now).copies == []


def test_a_store_that_is_away_is_named(sit: Sit, world: World, items: list[Item]) -> None:
    store = Path(settings.STORES["r"])  # type: ignore[arg-type]
    store.rename(store.with_name("away"))
    page = sit("archivist").get("/preservation/")
    assert "存储“r”没有应答" in page.text
    PackageCopy.objects.filter(store="r").update(store="old")
    page = sit("archivist").get("/preservation/")
    assert "设置中没有这个存储" in page.text


def test_old_checks_are_told(sit: Sit, world: World, items: list[Item]) -> None:
    PackageCopy.objects.update(checked_at=timezone.now() - timedelta(days=40))
    assert "份副本超过 30 天没有核对" in sit("archivist").get("/preservation/").text
