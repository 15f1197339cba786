"""Signing in and out, and the language of the pages."""

from __future__ import annotations

from uuid import UUID

import pytest

from cunzhen.ledger.models import LedgerEntry
from tests.web.conftest import Sit
from tests.world import PASSWORD, World

pytestmark = pytest.mark.django_db


def test_a_clerk_signs_in_and_out(sit: Sit, world: World) -> None:
    browser = sit("")
    form = browser.get("/sign-in/")
    home = browser.submit(form, "form.sign-in", username="clerk", password=PASSWORD)
    assert (home.url, home.h1) == ("/", "今天的工作")
    assert world.clerk.display_name in home.text
    assert LedgerEntry.objects.filter(op="sign_in", actor_id=world.clerk.id).count() == 1
    out = browser.submit(home, "form[action='/sign-out/']")
    assert out.url == "/sign-in/"
    assert browser.raw("get", "/transfers/").status_code == 302


def test_signing_in_leads_where_one_wanted_to_go(sit: Sit, world: World) -> None:
    browser = sit("")
    asked = browser.follow(browser.raw("get", "/transfers/?state=open"), "/transfers/")
    page = browser.submit(asked, "form.sign-in", username="clerk", password=PASSWORD)
    assert page.url == "/transfers/?state=open"


@pytest.mark.parametrize("username", ["clerk", "nobody", "cl\0erk", "x" * 300])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_wrong_password_tells_nothing(sit: Sit, world: World, username: str, language: str) -> None:
    browser = sit("").speak(language)
    page = browser.submit(browser.get("/sign-in/"), "form.sign-in", 422, username=username, password="wrong")
    said = page.one("[role=alert]").get_text()
    assert ("登录名或口令不对" if language != "en" else "sign-in name or the password is wrong") in said
    assert page.title.startswith("错误" if language != "en" else "Error")
    assert page.field("username") == username.replace("\0", "")[:200]
    assert page.field("password") == ""
    assert page.one("[autofocus]").get("role") == "alert"
    refused = LedgerEntry.objects.filter(op="refuse_sign_in").count()
    assert refused == (username.replace("\0", "") == "clerk")


def test_who_has_left_cannot_sign_in(sit: Sit, world: World) -> None:
    world.clerk.is_active = False
    world.clerk.save()
    browser = sit("")
    browser.submit(browser.get("/sign-in/"), "form.sign-in", 422, username="clerk", password=PASSWORD)
    assert sit("clerk").raw("get", "/").status_code == 302, "nor go on with an old session"


@pytest.mark.parametrize(
    "onward",
    [
        "https://example.com/", "//example.com/x", r"\\example.com", "/\\example.com", "javascript:alert(1)", "example",
        "web:home", "http:example.com", "\thttps://example.com", "///example.com", "/\n/example.com",
    ],
)  # fmt: skip
def test_nobody_is_led_away(sit: Sit, world: World, onward: str) -> None:
    browser = sit("")
    form = browser.get("/sign-in/")
    token = browser.token()
    answer = browser.raw("post", "/sign-in/", data=token | {"username": "clerk", "password": PASSWORD, "next": onward})
    assert answer.status_code == 302
    assert answer["Location"] in {"/", "/%0A/example.com"}, form.url


def test_a_forged_form_is_refused(sit: Sit, world: World) -> None:
    answer = sit("").raw("post", "/sign-in/", data={"username": "clerk", "password": PASSWORD})
    assert answer.status_code == 403


def test_the_language_is_switched_and_kept(sit: Sit, world: World) -> None:
    browser = sit("clerk")
    home = browser.get("/transfers/")
    assert home.soup.html is not None and home.soup.html["lang"] == "zh-CN"
    english = browser.submit(home, "form[action='/language/']", language="en")
    assert english.url == "/transfers/"
    assert english.soup.html is not None and english.soup.html["lang"] == "en"
    assert browser.get("/").h1 == "Today's work"
    chinese = browser.submit(english, "form[action='/language/']", language="zh-hans")
    assert "归档批次" in chinese.h1


def test_pages_are_chinese_until_somebody_chooses(sit: Sit) -> None:
    page = sit("clerk").get("/", **{"Accept-Language": "en-GB,en;q=0.9"})
    assert page.soup.html is not None and page.soup.html["lang"] == "zh-CN"


def test_the_language_form_leads_nowhere_else(sit: Sit) -> None:
    browser = sit("clerk")
    answer = browser.raw(
        "post", "/language/", data=browser.token() | {"language": "en", "next": "https://example.com/"}
    )
    assert answer["Location"] == "/"


def test_a_part_of_a_page_after_the_session_ended_loads_the_page_again(sit: Sit) -> None:
    answer = sit("").raw("get", f"/transfers/{UUID(int=1)}/", headers={"HX-Request": "true"})
    assert answer.status_code == 200 and answer["HX-Refresh"] == "true" and answer.content == b""


def test_pages_are_not_kept_by_browsers(sit: Sit) -> None:
    for address in ("/", "/sign-in/", "/transfers/"):
        assert "no-store" in sit("clerk" if address != "/sign-in/" else "").raw("get", address)["Cache-Control"]
