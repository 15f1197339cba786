"""``/items``: lists, view_item, view_page and view_component, with masked numbers and safe downloads."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest

from cunzhen.holdings.models import Component, Item
from cunzhen.holdings.rules import Filed
from cunzhen.ledger.models import LedgerEntry
from tests.api.doors import BASE, HIDDEN, NUMBER, PERSON, Asserted, Door

pytestmark = pytest.mark.django_db


def test_the_list_and_its_filters(door: Door, filed: list[Filed], is_problem: Asserted) -> None:
    everything = door.get("/items").json()
    assert [i["id"] for i in everything["items"]] == [str(f.id) for f in reversed(filed)]
    assert everything["next"] == ""
    code = filed[0].archival_code
    for query in ({"year": 2019}, {"code": code}, {"code": code, "series": "YL", "kind": "retirement_approval"}):
        assert [i["archival_code"] for i in door.get("/items", **query).json()["items"]] == [code]
    assert door.get("/items", series="SY").json() == {"items": [], "next": ""}
    assert door.get("/items", who="outsider").json()["items"] == []
    first = door.get("/items", limit=1).json()
    second = door.get("/items", limit=1, cursor=first["next"]).json()
    assert [i["id"] for i in (*first["items"], *second["items"])] == [i["id"] for i in everything["items"]]
    for bad in ({"year": "x"}, {"code": "\0"}, {"cursor": "\0"}, {"limit": -1}):
        is_problem(door.get("/items", **bad), 422)


def test_one_item_with_its_files_and_people(door: Door, filed: list[Filed]) -> None:
    body = door.get(f"/items/{filed[0].id}").json()
    item = Item.objects.get(id=filed[0].id)
    assert (body["archival_code"], body["title"], body["pages"]) == (item.archival_code, item.title, 2)
    (component,) = body["components"]
    assert (component["name"], component["number"]) == ("0001.tif", 1)
    assert len(component["sha256"]) == 64
    persons = [m for m in body["mentions"] if m["kind"] == "person"]
    assert [(m["name"], m["number"]) for m in persons] == [(PERSON, HIDDEN)]
    assert NUMBER not in str(body)
    assert LedgerEntry.objects.filter(op="view_item").count() == 1


def test_a_page_gives_words_with_their_boxes(door: Door, filed: list[Filed], is_problem: Asserted) -> None:
    body = door.get(f"/items/{filed[0].id}/pages/1").json()
    assert (body["number"], body["width"], body["height"]) == (1, 1000, 1400)
    assert [w["text"] for w in body["words"]][:2] == ["退休", "审批表"]
    assert all(len(w["box"]) == 4 for w in body["words"])
    assert LedgerEntry.objects.filter(op="view_page").count() == 1
    for number in (0, 3, -1, 10**12):
        is_problem(door.get(f"/items/{filed[0].id}/pages/{number}"), 404, "H-04")
    is_problem(door.get(f"/items/{filed[0].id}/pages/one"), 422, "API-01")


def _content(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_file_comes_out_byte_for_byte(door: Door, filed: list[Filed], is_problem: Asserted) -> None:
    answer = door.get(f"/items/{filed[0].id}/components/1")
    component = Component.objects.get(item_id=filed[0].id)
    content = _content(answer)
    import hashlib

    assert hashlib.sha256(content).hexdigest() == component.sha256
    assert answer["Content-Length"] == str(len(content))
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "image/tiff"
    assert LedgerEntry.objects.filter(op="view_component").count() == 1
    is_problem(door.get(f"/items/{filed[0].id}/components/9"), 404, "H-05")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("失业待遇/核定表_冯志强.pdf", "核定表_冯志强.pdf"),
        ('a"b;c.pdf', 'a"b;c.pdf'),
        ("a\r\nSet-Cookie: x=1.pdf", "a__Set-Cookie: x=1.pdf"),
        ("..\\..\\a.exe", "a.exe"),
        ("倒\u202efdp.exe", "倒_fdp.exe"),
        ("百分%41.pdf", "百分%41.pdf"),
    ],
)
def test_downloads_have_a_safe_name(door: Door, filed: list[Filed], name: str, shown: str) -> None:
    Component.objects.filter(item_id=filed[0].id).update(name=name, mime="text/html\r\nx: y")
    answer = door.get(f"/items/{filed[0].id}/components/1")
    assert answer.status_code == 200
    disposition = answer["Content-Disposition"]
    assert disposition.startswith("attachment; ")
    assert "\r" not in disposition and "\n" not in disposition and disposition.isascii()
    starred = re.search(r"filename\*=utf-8''(\S+)", disposition)
    plain = re.search(r'filename="((?:[^"\\]|\\.)*)"', disposition)
    if starred:
        assert unquote(starred[1]) == shown
    else:
        assert plain and re.sub(r"\\(.)", r"\1", plain[1]) == shown
    assert answer["Content-Type"] == "application/octet-stream"


def test_what_is_the_neighbours_is_absent(door: Door, filed: list[Filed], is_problem: Asserted) -> None:
    for tail in ("", "/pages/1", "/components/1"):
        theirs = is_problem(door.get(f"/items/{filed[0].id}{tail}", who="outsider"), 404, "H-01")
        absent = is_problem(door.get(f"/items/{uuid4()}{tail}", who="outsider"), 404, "H-01")
        assert theirs == absent
    assert LedgerEntry.objects.filter(op__startswith="view_").count() == 0


def test_roles_without_the_right_are_refused(door: Door, filed: list[Filed], is_problem: Asserted) -> None:
    for who in ("system_officer", "security_officer", "audit_officer"):
        for path in ("", f"/{filed[0].id}", f"/{uuid4()}", f"/{filed[0].id}/pages/1", f"/{filed[0].id}/components/1"):
            is_problem(door.get(f"/items{path}", who=who), 403, "A-01")


def test_ids_that_are_none_are_bad_input(door: Door, is_problem: Asserted) -> None:
    for bad in ("x", "1", "%00", "%F0%9F%92%A9"):
        is_problem(door.client("clerk").get(f"{BASE}/items/{bad}"), 422, "API-01")
