"""Every refusal is a problem document, whatever part of the house it comes from, and tells no values."""

from __future__ import annotations

import logging

import pytest
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError

from cunzhen.api import transfers
from cunzhen.api.errors import STATUS
from cunzhen.errors import CunzhenError
from tests.api.doors import BASE, Asserted, Door

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/transfers/", "/items/1/2/3", "/openapi.yaml", "/%00"])
@pytest.mark.parametrize("who", ["clerk", "anonymous"])
def test_unknown_addresses(door: Door, is_problem: Asserted, path: str, who: str) -> None:
    answer = door.client(who).get(BASE + path, follow=True)
    is_problem(answer, 404, "API-04")


@pytest.mark.parametrize(("method", "path"), [("put", "/transfers"), ("delete", "/items"), ("post", "/items")])
def test_methods_that_an_address_has_not(door: Door, is_problem: Asserted, method: str, path: str) -> None:
    answer = getattr(door.client("clerk"), method)(BASE + path)
    is_problem(answer, 405, "API-07")
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b"[1,2", b"[" * 100_000, b'{"name": ' + b"9" * 5000 + b"}", b"nul", b""]
)
def test_bodies_that_are_no_json(door: Door, is_problem: Asserted, body: bytes) -> None:
    answer = door.client("clerk").post(f"{BASE}/transfers", body, content_type="application/json")
    assert answer.status_code in {400, 422}
    is_problem(answer, answer.status_code)


def test_json_that_is_no_object(door: Door, is_problem: Asserted) -> None:
    for body in (b"[]", b"1", b'"x"', b"null", b'{"name": "\\ud800"}', b'{"name": NaN}'):
        answer = door.client("clerk").post(f"{BASE}/transfers", body, content_type="application/json")
        is_problem(answer, 422, "API-01")


def test_a_body_that_is_too_large(door: Door, is_problem: Asserted, settings: object) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000  # type: ignore[attr-defined]
    is_problem(door.post("/transfers", {"name": "x" * 2000}), 413, "API-08")
    is_problem(door.post("/transfers", {"name": "x" * 2000}, key="k"), 413, "API-08")


def test_values_are_not_repeated(door: Door, is_problem: Asserted) -> None:
    secret = "999999196001010012"
    said = is_problem(door.post("/transfers", {"name": "a", "year": secret, "series": secret}), 422)
    assert secret not in str(said)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("connection to 王秀英 lost"), 503, "D-22"),
        (RequestDataTooBig("x"), 413, "API-08"),
        (RuntimeError("王秀英 999999196001010012"), 500, "API-12"),
    ],
)
def test_what_breaks_inside_is_told_without_words(
    door: Door,
    is_problem: Asserted,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
    code: str,
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(transfers, "open_transfer", break_down)
    caplog.set_level(logging.INFO)
    said = is_problem(door.post("/transfers", {"name": "a"}), status, code)
    assert "王秀英" not in str(said) + caplog.text
    if status == 500:
        assert said["reference"] in caplog.text
        assert "RuntimeError" in caplog.text and "transfers.py" in caplog.text


def test_every_way_of_saying_no_has_a_status() -> None:
    assert set(STATUS) == set(CunzhenError.__subclasses__())


def test_answers_are_never_cached(door: Door) -> None:
    for path in ("/transfers", "/items", "/openapi.json"):
        assert door.get(path)["Cache-Control"] == "no-store"
