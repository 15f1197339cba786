"""``/searches``: search_items posts a query, and its address tells nothing of it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from cunzhen.access.models import Search
from cunzhen.holdings.rules import Filed
from tests.api.doors import HIDDEN, NUMBER, PERSON, Asserted, Door

pytestmark = pytest.mark.django_db


def test_a_search_finds_and_can_be_opened_again(door: Door, filed: list[Filed]) -> None:
    made = door.post("/searches", {"query": '"退休审批表"'})
    assert made.status_code == 201, made.content
    body = made.json()
    assert body["total"] == 1
    (hit,) = body["items"]
    assert (hit["archival_code"], hit["pages"]) == (filed[0].archival_code, [1])
    again = door.get(f"/searches/{body['id']}").json()
    assert again | {"took_ms": 0} == body | {"took_ms": 0}
    narrowed = door.post("/searches", {"query": "", "filters": {"year": ["2021"]}, "sort": "year"}).json()
    assert [h["year"] for h in narrowed["items"]] == [2021]
    assert {f["value"]: f["count"] for f in narrowed["facets"]["year"]} == {"2019": 1, "2021": 1}


def test_numbers_are_found_and_stay_covered(door: Door, filed: list[Filed]) -> None:
    body = door.post("/searches", {"query": NUMBER}).json()
    assert body["total"] == 1
    shown = str(body["items"])
    assert NUMBER not in shown
    assert PERSON in shown
    assert HIDDEN[:6] not in shown or "*" in shown


def test_pages_of_a_result(door: Door, filed: list[Filed], is_problem: Asserted) -> None:
    first = door.client("clerk").post("/api/v1/searches?limit=1", {"query": ""}, content_type="application/json").json()
    second = door.get(f"/searches/{first['id']}", page=2, limit=1).json()
    assert (first["total"], first["pages"], second["page"]) == (2, 2, 2)
    assert {first["items"][0]["id"], second["items"][0]["id"]} == {str(f.id) for f in filed}
    assert door.get(f"/searches/{first['id']}", page=3, limit=1).json()["items"] == []
    is_problem(door.get(f"/searches/{first['id']}", page=10_000, limit=100), 422, "S-13")
    for bad in ({"page": 0}, {"limit": 101}, {"page": "x"}):
        is_problem(door.get(f"/searches/{first['id']}", **bad), 422, "API-01")


def test_the_neighbour_finds_nothing_and_sees_no_search(door: Door, filed: list[Filed], is_problem: Asserted) -> None:
    assert door.post("/searches", {"query": PERSON}, "outsider").json()["total"] == 0
    ours = door.post("/searches", {"query": PERSON}).json()["id"]
    theirs = is_problem(door.get(f"/searches/{ours}", who="outsider"), 404, "S-14")
    assert theirs == is_problem(door.get(f"/searches/{uuid4()}", who="outsider"), 404, "S-14")


def test_officers_do_not_search(door: Door, filed: list[Filed], is_problem: Asserted) -> None:
    ours = door.post("/searches", {"query": PERSON}).json()["id"]
    for who in ("system_officer", "security_officer", "audit_officer"):
        is_problem(door.post("/searches", {"query": "x"}, who), 403, "A-01")
        is_problem(door.get(f"/searches/{ours}", who=who), 403, "A-01")
    assert Search.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "API-01"),
        ({"query": 1}, "API-01"),
        ({"query": "x" * 2001}, "API-01"),
        ({"query": "x", "sort": "best"}, "API-01"),
        ({"query": "x", "filters": {"colour": ["red"]}}, "S-11"),
        ({"query": "x", "filters": {"year": ["two"]}}, "S-12"),
        ({"query": "x", "filters": {"kind": ["\0"]}}, "API-01"),
        ({"query": "x", "filters": ["year"]}, "API-01"),
    ],
)
def test_bad_queries_are_refused(door: Door, filed: list[Filed], is_problem: Asserted, body: object, code: str) -> None:
    is_problem(door.post("/searches", body), 422, code)


def test_without_an_index_it_is_unavailable(door: Door, is_problem: Asserted) -> None:
    is_problem(door.post("/searches", {"query": "x"}), 503)
