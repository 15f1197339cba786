"""我的账号: one's own password, sign-ins and tokens."""

from __future__ import annotations

import pytest
from django.utils import timezone

from cunzhen.accounts.models import ApiToken
from cunzhen.accounts.operations import issue_token, shut_user
from cunzhen.ledger.models import LedgerEntry
from tests.web.client import Browser, Page
from tests.web.conftest import Sit
from tests.world import NOW, PASSWORD, World

pytestmark = pytest.mark.django_db
FORM = "form[aria-labelledby=h-pass]"
NEW = "Another-long-1!"
EVERYBODY = ("clerk", "archivist", "reviewer", "leader", "system_officer", "security_officer", "audit_officer")


def _signed_in(sit: Sit, password: str = PASSWORD) -> Browser:
    browser = sit("")
    browser.submit(browser.get("/sign-in/"), "form.sign-in", username="clerk", password=password)
    return browser


def _change(browser: Browser, status: int = 200, **typed: str) -> Page:
    values = {"old": PASSWORD, "new": NEW, "again": NEW} | typed
    return browser.submit(browser.get("/account/"), FORM, status, **values)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_reaches_their_account_from_the_menu_of_their_name(sit: Sit, who: str, language: str) -> None:
    browser = sit(who).speak(language)
    link = browser.get("/").one(".who-menu a")
    page = browser.get(str(link["href"]))
    assert page.url == "/account/" and page.soup.select(FORM)


def test_a_new_password_signs_out_everywhere_else(sit: Sit, world: World) -> None:
    here, elsewhere = _signed_in(sit), _signed_in(sit)
    page = _change(here)
    assert page.url == "/account/" and "口令已更改" in page.one("[role=status]").get_text()
    assert here.get("/transfers/").status == 200, "the one who changed it stays"
    assert elsewhere.raw("get", "/transfers/")["Location"].startswith("/sign-in/")
    assert _signed_in(sit, NEW).get("/").status == 200
    stranger = sit("")
    stranger.submit(stranger.get("/sign-in/"), "form.sign-in", 422, username="clerk", password=PASSWORD)
    assert LedgerEntry.objects.filter(op="change_password", actor_id=world.clerk.id).count() == 1


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"old": "wrong"}, "old"), ({"old": ""}, "old"), ({"old": "x\0y"}, "old"), ({"again": "other"}, "again"),
        ({"new": "short", "again": "short"}, "new"), ({"new": PASSWORD, "again": PASSWORD}, "new"),
        ({"new": "1234567890", "again": "1234567890"}, "new"), ({"new": "", "again": ""}, "new"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_its_field(
    sit: Sit, world: World, typed: dict[str, str], field: str, language: str
) -> None:
    browser = _signed_in(sit).speak(language)
    page = _change(browser, 422, **typed)
    assert page.title.startswith("错误" if language != "en" else "Error")
    assert page.one("[role=alert] a")["href"] == f"#{field}" and page.one(f"#{field}")["aria-invalid"] == "true"
    assert not [i for i in page.soup.select("input[type=password]") if i.get("value")], "no password comes back"
    assert browser.get("/transfers/").status == 200
    assert not LedgerEntry.objects.filter(op="change_password").exists()


def test_guesses_at_the_old_password_are_told_to_the_ledger_but_do_not_fill_it(sit: Sit, world: World) -> None:
    browser = _signed_in(sit)
    for number in range(5):
        _change(browser, 422, old=f"guess-{number}")
    assert LedgerEntry.objects.filter(op="refuse", actor_id=world.clerk.id).count() == 1


def test_ones_tokens_are_listed_and_taken_back(sit: Sit, world: World) -> None:
    for who, label in (("clerk", "扫描系统"), ("archivist", "别人的")):
        issue_token(world.actor(who), username=who, label=label, days=9, now=timezone.now())
    clerk = sit("clerk")
    page = clerk.get("/account/")
    assert "扫描系统" in page.text and "别人的" not in page.text
    page = clerk.submit(page, "li.token form")
    assert "令牌已吊销" in page.one("[role=status]").get_text() and "扫描系统" not in page.text
    mine, theirs = ApiToken.objects.get(label="扫描系统"), ApiToken.objects.get(label="别人的")
    assert mine.revoked_at is not None
    for token in (mine, theirs):
        clerk.post(f"/account/tokens/{token.id}/revoke/", status=404)
    assert ApiToken.objects.get(label="别人的").revoked_at is None


def test_whoever_was_shut_is_out_with_the_next_click(sit: Sit, world: World) -> None:
    browser = _signed_in(sit)
    shut_user(world.actor("system_officer"), username="clerk", now=NOW)
    assert browser.raw("get", "/account/")["Location"].startswith("/sign-in/")


def test_sign_ins_are_shown(sit: Sit, world: World) -> None:
    browser = _signed_in(sit)
    stranger = sit("")
    stranger.submit(stranger.get("/sign-in/"), "form.sign-in", 422, username="clerk", password="wrong")
    lines = [li.get_text() for li in browser.get("/account/").soup.select("[aria-labelledby=h-ins] li")]
    assert len(lines) == 2 and "被拒" in lines[0] and "被拒" not in lines[1] and "127.0.0.1" in lines[1]
