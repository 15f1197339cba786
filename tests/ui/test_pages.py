"""Every page of the desk, for each role and in both languages, is a sound page."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.template import engines
from django.test import Client, RequestFactory, override_settings
from django.utils import translation

from cunzhen.accounts.rules import Role
from cunzhen.capture.operations import open_transfer
from tests.access.filed import file_papers, page
from tests.ui.judge import faults
from tests.world import NOW, World

CHINESE = re.compile(r"[一-鿿]")
ADDRESSES = ("/", "/transfers/", "/transfers/new/", "/describe/", "/items/", "/search/", "/ledger/", "/help/")
# What stays Chinese in English pages: names of people, agencies and papers, and the switch back.
NAMES = ("临县社会保险中心", "中文", "测试批次", "临县第一小学", "退休审批表", "薛玉梅", "存真系统")


def _client(user: object, language: str) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_an_empty_archive_are_sound_for_every_role(world: World, language: str) -> None:
    for role in Role:
        client = _client(getattr(world, role.value), language)
        for address in ADDRESSES:
            response = client.get(address, follow=True)
            assert response.status_code in {200, 404}, (role, address)
            assert faults(response.content.decode()) == [], (role, address)


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_of_records_are_sound(world: World, tmp_path: Path, language: str) -> None:
    open_transfer(world.actor("clerk"), name="测试批次", now=NOW)
    item = file_papers(world, tmp_path, [[page("退休审批表", "姓名 薛玉梅"), page()]], person="薛玉梅")[0]
    client = _client(world.clerk, language)
    transfers = client.get("/transfers/").content.decode()
    transfer = re.search(r'href="(/transfers/[0-9a-f-]{36}/)"', transfers)
    assert transfer
    addresses = [
        "/",
        "/transfers/",
        transfer[1],
        "/items/",
        f"/items/{item.id}/",
        "/items/?year=2019",
        "/items/?year=1990",
    ]
    addresses += [f"/items/{item.id}/?tab={tab}" for tab in ("text", "keeping", "history")]
    found = {address: faults(_body(client, address)) for address in addresses}
    results = client.post("/search/", {"q": "薛玉梅"}, follow=True)
    found["results"] = faults(results.content.decode())
    assert {address: wrong for address, wrong in found.items() if wrong} == {}


def _body(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return str(response.content.decode())


@pytest.mark.django_db
def test_english_pages_are_english(world: World) -> None:
    client = _client(world.archivist, "en")
    for address in ("/transfers/", "/items/", "/help/"):
        text = re.sub(r"<(select|option|script)[^>]*>.*?</\1>|<[^>]+>", " ", _body(client, address), flags=re.DOTALL)
        for name in (*NAMES, "薛建平", "存"):
            text = text.replace(name, "")
        assert CHINESE.findall(text) == [], address


@pytest.mark.django_db
def test_what_is_missing_and_what_is_forbidden_look_the_same(world: World, tmp_path: Path) -> None:
    theirs = file_papers(world, tmp_path, [[page("退休审批表")]], who="outsider")[0]
    client = _client(world.clerk, "zh-hans")
    answers = [client.get(f"/items/{which}/") for which in (theirs.id, uuid4())]
    bodies = [
        re.sub(r"[0-9a-f-]{36}|value=\"[^\"]{64}\"|content=\"[^\"]{64}\"", "", a.content.decode()) for a in answers
    ]
    assert [a.status_code for a in answers] == [404, 404]
    assert bodies[0] == bodies[1]
    assert faults(answers[0].content.decode()) == []


@pytest.mark.django_db
def test_the_sign_in_form_says_what_is_wrong_first(world: World) -> None:
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    assert faults(client.get("/sign-in/").content.decode()) == []
    refused = client.post("/sign-in/", {"username": "clerk", "password": "wrong"})
    html = refused.content.decode()
    assert refused.status_code == 422
    assert faults(html) == []
    assert "<title>错误：" in html
    assert 'value="clerk"' in html
    assert "wrong" not in html


@pytest.mark.parametrize("name", ["ui/404.html", "ui/500.html", "ui/problem.html"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_for_failures_are_sound(name: str, language: str) -> None:
    request = RequestFactory().get("/items/")
    with translation.override(language), override_settings(LANGUAGE_CODE=language):
        html = (
            engines["django"].get_template(name).render({"message": "x", "code": "A-01", "reference": "7F3A"}, request)
        )
    assert faults(html) == [] if name != "ui/500.html" else set(faults(html)) <= {"no skip link"}


def test_the_judge_notices() -> None:
    bad = (
        '<input name="a"><p id="x"></p><p id="x" style="color:red"></p>'
        '<img src="https://a/b"><table></table><script>1</script>'
    )
    assert len(faults(bad, whole=False)) >= 7
