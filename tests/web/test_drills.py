"""应急演练: the page, the form, the files."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from cunzhen.preservation.models import BackupState, Drill
from cunzhen.preservation.operations.drilling import record_drill
from tests.web.conftest import Sit
from tests.world import World

pytestmark = pytest.mark.django_db
FORM = "form.panel-body"


def _held(world: World, count: int = 1) -> None:
    for number in range(count):
        record_drill(
            world.actor("archivist"),
            kind="restore",
            held_on=timezone.localdate() - timedelta(days=number),
            person="王志远",
            result="passed",
            minutes=20 + number,
            note="20/20",
            now=timezone.now(),
        )


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_an_empty_page_says_what_to_do(sit: Sit, world: World, language: str) -> None:
    page = sit("archivist").speak(language).get("/drills/")
    assert "0" in page.h1 and page.one(".empty a")["href"] == "/drills/new/"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_list_and_how_it_stands(sit: Sit, world: World, settings: Settings, language: str) -> None:
    _held(world, 3)
    BackupState.objects.create(
        folder="/backup", card="1", base="b", base_at=timezone.now(), mark_at=timezone.now(), problem="B-07",
        problem_at=timezone.now(),
    )  # fmt: skip
    page = sit("leader").speak(language).get("/drills/")
    assert "3" in page.h1 and len(page.soup.select("tbody tr")) == 3
    assert "B-07" in page.text and not page.soup.select(".notice")
    assert not page.soup.select("a[href='/drills/new/']"), "a leader looks and does not write"


def test_late_ones_are_told(sit: Sit, world: World, settings: Settings) -> None:
    settings.DRILL_DAYS, settings.BACKUP_DAYS = -1, -1
    assert len(sit("system_officer").get("/drills/").soup.select(".notice")) == 2


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_drill_is_noted(sit: Sit, world: World, language: str) -> None:
    browser = sit("system_officer").speak(language)
    page = browser.get("/drills/new/")
    done = browser.submit(page, FORM, kind="power", minutes="12", result="partly", note="UPS 30 min")
    assert done.url == "/drills/"
    (drill,) = Drill.objects.all()
    assert (drill.kind, drill.result, drill.minutes, drill.held_on) == ("power", "partly", 12, timezone.localdate())
    assert "UPS 30 min" in done.text


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"minutes": "soon"}, "minutes"),
        ({"minutes": "999999"}, "minutes"),
        ({"held_on": "2999-01-01"}, "held_on"),
        ({"held_on": "yesterday"}, "held_on"),
        ({"person": " "}, "person"),
        ({"kind": "picnic"}, "kind"),
        ({"result": ""}, "result"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(sit: Sit, world: World, changed: dict[str, str], field: str) -> None:
    browser = sit("archivist")
    page = browser.get("/drills/new/")
    typed = {"minutes": "12", "result": "passed", "note": "<b>记</b>"} | changed
    again = browser.submit(page, FORM, status=422, **typed)
    assert again.one(".errors a")["href"] == f"#{field}"
    assert again.one("#note").text == "<b>记</b>", "what was typed is kept"
    assert Drill.objects.count() == 0


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_list_as_a_file(sit: Sit, world: World, form: str) -> None:
    _held(world, 2)
    browser = sit("leader")
    response = browser.raw("post", "/drills/export/", data={"form": form} | browser.token())
    body = b"".join(response.streaming_content)
    assert response.status_code == 200 and len(body) > 100
    if form == "csv":
        assert "王志远" in body.decode("utf-8-sig")


def test_who_may_not(sit: Sit, world: World) -> None:
    for who in ("clerk", "reviewer", "security_officer"):
        sit(who).get("/drills/", status=404)
        sit(who).get("/drills/new/", status=404)
    sit("leader").get("/drills/new/", status=404)
