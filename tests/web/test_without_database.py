"""The database does not serve: the page says so in words, wherever on the way it was asked."""

from __future__ import annotations

import logging

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from cunzhen.config.logs import Placed
from tests.world import World

pytestmark = pytest.mark.django_db

FULL = 'could not extend file "base/5/16400": No space left on device, while storing 王秀英'


@pytest.mark.parametrize(
    "place", ["cunzhen.web.people.actor_of", "django.contrib.sessions.backends.db.SessionStore.load"]
)
@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OperationalError("connection of 王秀英 lost"), "D-22", "数据库没有应答"),
        (InterfaceError("the connection is closed"), "D-22", "数据库没有应答"),
        (OperationalError(FULL), "D-21", "腾出空间"),
    ],
)
def test_it_is_a_refusal_and_no_fault(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    place: str,
    error: Exception,
    code: str,
    words: str,
) -> None:
    def break_down(*_: object) -> None:
        raise error

    client = Client(raise_request_exception=False)
    client.force_login(world.clerk)
    monkeypatch.setattr(place, break_down)
    for language, told in (("zh-hans", words), ("en", "database")):
        client.cookies["django_language"] = language
        answer = client.get("/")
        text = answer.content.decode()
        assert answer.status_code == 503 and code in text and told in text, (answer.status_code, text)
        assert "王秀英" not in text
    written = "\n".join(Placed().format(record) for record in caplog.records)
    assert code in written and "break_down" in written, "the log tells where"
    assert "王秀英" not in written


def test_the_log_of_this_process_is_written_so() -> None:
    (handler,) = [h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler]
    assert isinstance(handler.formatter, Placed)
    assert not logging.getLogger("django").handlers


def test_any_other_break_down_has_a_number(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("boom")

    client = Client(raise_request_exception=False)
    client.force_login(world.clerk)
    monkeypatch.setattr("cunzhen.web.people.actor_of", break_down)
    caplog.set_level(logging.ERROR)
    answer = client.get("/")
    assert answer.status_code == 500
    (line,) = [r.getMessage() for r in caplog.records if r.name == "cunzhen.web"]
    assert line.rsplit(" ", 1)[1] in answer.content.decode() and "boom" not in answer.content.decode()
