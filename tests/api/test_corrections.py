"""Corrections and renditions over the API: versions, all or none, repeated requests, files in and out."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cunzhen.holdings.models import Item
from cunzhen.holdings.rules import Filed
from cunzhen.ledger.models import LedgerEntry
from tests.api.doors import BASE, HIDDEN, NUMBER, Asserted, Door

pytestmark = pytest.mark.django_db


def patch(door: Door, item: object, body: dict[str, Any], who: str = "archivist", **headers: str) -> Any:
    """PATCH an item."""
    return door.client(who).patch(f"{BASE}/items/{item}", body, content_type="application/json", headers=headers)


def test_an_item_is_corrected_as_it_was_read(door: Door, filed: list[Filed], is_problem: Asserted) -> None:
    read = door.get(f"/items/{filed[0].id}", who="archivist")
    assert (read["ETag"], read.json()["version"]) == ('"1"', 1)
    person = next(m for m in read.json()["mentions"] if m["kind"] == "person")
    body = {
        "title": "更正题名", "year": 2018, "document_date": "", "security_level": "public", "case_number": "7",
        "extra": {"amount": "3,200", "phone": "13812345678"}, "persons": [{"name": "张样本", "page": 1}],
        "retracted": [person["id"]], "reason": "看错",
    }  # fmt: skip
    done = patch(door, filed[0].id, body, **{"If-Match": read["ETag"]})
    assert done.status_code == 200, done.content
    said = done.json()
    assert (said["title"], said["version"], done["ETag"]) == ("更正题名", 2, '"2"')
    assert said["former_codes"] == [filed[0].archival_code] and said["archival_code"] != filed[0].archival_code
    assert [(m["name"], m["page"]) for m in said["mentions"] if m["kind"] == "person"] == [("张样本", 1)]
    assert said["extra"]["amount"] == "3,200" and "13812345678" not in json.dumps(said)
    assert NUMBER not in json.dumps(said) and HIDDEN in read.content.decode()
    assert door.get("/items", code=filed[0].archival_code).json()["items"][0]["id"] == str(filed[0].id)
    stale = patch(door, filed[0].id, {"title": "再改", "reason": "看错"}, **{"If-Match": '"1"'})
    is_problem(stale, 409, "H-21")
    assert stale.json()["items"] == {str(filed[0].id): 2}


def test_what_is_wrong_is_told_by_field(door: Door, filed: list[Filed], is_problem: Asserted) -> None:
    item = filed[0].id
    wrong = patch(door, item, {"title": " ", "term": "7", "reason": "看错", "version": 1})
    is_problem(wrong, 422, "H-22")
    assert set(wrong.json()["fields"]) == {"title", "term"}
    for body, headers, code in (
        ({"title": "改", "reason": "看错"}, {}, "API-14"),
        ({"title": "改", "reason": "看错"}, {"If-Match": "*"}, "API-14"),
        ({"title": "改", "reason": "看错", "version": 2}, {"If-Match": '"1"'}, "API-15"),
        ({"title": "改", "reason": " ", "version": 1}, {}, "H-20"),
        ({"reason": "看错", "version": 1}, {}, "H-23"),
        ({"titel": "改", "reason": "看错", "version": 1}, {}, "API-01"),
    ):
        is_problem(patch(door, item, body, **headers), 422, code)
    is_problem(patch(door, uuid4(), {"title": "改", "reason": "看错", "version": 1}), 404, "H-01")
    assert Item.objects.get(id=item).version == 1


def test_many_are_corrected_together_or_not_at_all(door: Door, filed: list[Filed], is_problem: Asserted) -> None:
    one, two = filed[0].id, filed[1].id
    asked = [{"id": str(one), "version": 1, "title": "一"}, {"id": str(two), "version": 1, "year": 1800}]
    wrong = door.post("/corrections", {"reason": "看错", "corrections": asked}, "archivist")
    is_problem(wrong, 422, "H-22")
    assert set(wrong.json()["items"]) == {str(two)} and Item.objects.get(id=one).version == 1
    asked[1] = {"id": str(two), "version": 1, "title": Item.objects.get(id=two).title}
    body = {"reason": "看错", "corrections": asked}
    done = door.post("/corrections", body, "archivist", key="one-key").json()
    assert (done["corrected"], done["unchanged"], done["change_set"]) == (1, 1, None)
    assert [(i["version"], i["changed"]) for i in done["items"]] == [(2, True), (1, False)]
    again = door.post("/corrections", body, "archivist", key="one-key")
    assert again.json() == done and LedgerEntry.objects.filter(op="correct_items").count() == 1
    asked[1]["version"] = 7
    is_problem(door.post("/corrections", body, "archivist"), 409, "H-21")


def test_a_repeated_patch_is_done_once(door: Door, filed: list[Filed]) -> None:
    body = {"title": "更正题名", "reason": "看错", "version": 1}
    first = patch(door, filed[0].id, body, **{"Idempotency-Key": "k"})
    second = patch(door, filed[0].id, body, **{"Idempotency-Key": "k"})
    assert (first.status_code, second.status_code) == (200, 200) and first.json() == second.json()
    assert Item.objects.get(id=filed[0].id).version == 2


def test_renditions_go_in_and_come_out(door: Door, filed: list[Filed], is_problem: Asserted) -> None:
    address, content = f"{BASE}/items/{filed[0].id}/renditions", b"%PDF-1.4\n%%EOF\n"
    archivist = door.client("archivist")
    two = [SimpleUploadedFile("甲.pdf", content), SimpleUploadedFile("乙.txt", b"text")]
    done = archivist.post(address, {"files": two, "note": "长期保存", "source": "1"})
    assert done.status_code == 201, done.content
    assert [(r["number"], r["name"], r["source"]) for r in done.json()["items"]] == [(1, "甲.pdf", 1), (2, "乙.txt", 1)]
    answer = door.client("clerk").get(f"{address}/1")
    assert b"".join(answer.streaming_content) == content and "attachment" in answer["Content-Disposition"]
    assert len(door.get(f"/items/{filed[0].id}").json()["renditions"]) == 2
    is_problem(archivist.post(address, {"files": SimpleUploadedFile("丙.pdf", content)}), 422, "H-33")
    is_problem(archivist.post(address, {}), 422, "API-01")
    is_problem(door.client("clerk").get(f"{address}/3"), 404, "H-34")
