"""工作台: what each role finds there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.conftest import Sit
from tests.web.papers import filed
from tests.world import World

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
    for link in home.soup.select("nav a[href]"):
        browser.get(str(link["href"]))


def test_home_counts_what_the_agency_holds(sit: Sit, world: World, tmp_path: Path) -> None:
    filed(world, tmp_path, 3)
    assert "库藏 3 件" in sit("clerk").get("/").text
    assert "库藏 0 件" in sit("outsider").get("/").text
