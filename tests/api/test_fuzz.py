"""Whatever is sent, the answer is never a 500, and a problem document where it is no success."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, assume, given, seed, settings
from hypothesis import strategies as st

from cunzhen.holdings.rules import Filed
from tests.api.doors import BASE, Door

pytestmark = pytest.mark.django_db

TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["", "\0", "退休", '"', "name:", "id:999999196001010012", "year:9999999999", "(" * 50, "\ud800", "*"]
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-(10**30), 10**30), st.floats(), TEXTS)
ANY = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
TRANSFERS = st.fixed_dictionaries(
    {"name": st.one_of(TEXTS, ANY)},
    optional={"fonds": ANY, "auto": ANY, "year": ANY, "series": st.one_of(st.just("YL"), ANY)},
)
FIELDS = st.sampled_from(["year", "series", "kind", "fonds", "retention", "x"])
SEARCHES = st.fixed_dictionaries(
    {"query": TEXTS},
    optional={
        "filters": st.one_of(ANY, st.dictionaries(FIELDS, st.lists(TEXTS, max_size=3), max_size=3)),
        "sort": st.one_of(ANY, st.sampled_from(["relevance", "newest", "code", "date", "year"])),
        "exact": ANY,
    },
)
QUIET = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _check(response: Any) -> None:
    assert response.status_code < 500, response.content
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json"
        assert json.loads(response.content)["status"] == response.status_code


@seed(20261122)
@QUIET
@given(body=st.one_of(TRANSFERS, ANY))
def test_bodies_of_open_transfer(door: Door, body: Any) -> None:
    text = json.dumps(body)
    _check(door.client("clerk").post(f"{BASE}/transfers", text, content_type="application/json"))


@seed(20261122)
@QUIET
@given(body=st.one_of(SEARCHES, SEARCHES, ANY))
def test_bodies_of_search_items(door: Door, filed: list[Filed], body: Any) -> None:
    text = json.dumps(body)
    _check(door.client("clerk").post(f"{BASE}/searches", text, content_type="application/json"))


@seed(20261122)
@QUIET
@given(query=st.dictionaries(st.sampled_from(["year", "series", "kind", "code", "cursor", "limit"]), SCALARS))
def test_queries_of_lists(door: Door, filed: list[Filed], query: dict[str, Any]) -> None:
    clean = {k: str(v).encode("utf-8", "replace").decode() for k, v in query.items()}
    _check(door.client("clerk").get(f"{BASE}/items", clean))
    _check(door.client("clerk").get(f"{BASE}/transfers", clean))


@seed(20261122)
@QUIET
@given(
    path=st.text(max_size=30).map(lambda t: t.encode("utf-8", "replace").decode()),
    name=st.text(max_size=30).map(lambda t: t.encode("utf-8", "replace").decode()),
    content=st.binary(max_size=20),
)
def test_names_of_files(door: Door, path: str, name: str, content: bytes) -> None:
    transfer = getattr(door, "kept", "") or door.open()
    door.kept = transfer  # type: ignore[attr-defined]
    try:
        file = SimpleUploadedFile(name or "a", content)
    except SuspiciousFileOperation:  # the test's own client cannot send a name such as "/"
        assume(False)
    _check(door.client("clerk").post(f"{BASE}/transfers/{transfer}/files", {"file": file, "path": path}))
    _check(door.get(f"/transfers/{transfer}"))


@seed(20261122)
@QUIET
@given(tail=st.text(max_size=20).map(lambda t: t.encode("utf-8", "replace").decode()))
def test_addresses(door: Door, filed: list[Filed], tail: str) -> None:
    from urllib.parse import quote

    for path in ("/items/", f"/items/{filed[0].id}/pages/", f"/items/{filed[0].id}/components/", "/searches/", "/"):
        _check(door.client("clerk").get(BASE + path + quote(tail, safe="")))
