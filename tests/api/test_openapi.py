"""The OpenAPI document: the committed one is current, and its operation ids are the names used everywhere."""

from __future__ import annotations

import json

import pytest

from cunzhen.api.urls import api
from tests.api.doors import BASE, Door
from tools.write_openapi import SNAPSHOT, document

NAMES = {
    "open_transfer",
    "list_transfers",
    "view_transfer",
    "add_file",
    "receive_transfer",
    "view_receipt",
    "list_items",
    "view_item",
    "view_page",
    "view_component",
    "correct_item",
    "correct_items",
    "add_renditions",
    "view_rendition",
    "search_items",
    "view_search",
}


def test_the_committed_document_is_current() -> None:
    kept = SNAPSHOT.read_text(encoding="utf-8")
    assert kept == document(), "the API has changed: renew the snapshot with  python -m tools.write_openapi"


def test_operation_ids() -> None:
    paths = api.get_openapi_schema(path_prefix="/")["paths"]
    assert {o["operationId"] for methods in paths.values() for o in methods.values()} == NAMES


@pytest.mark.django_db
def test_it_is_served(door: Door) -> None:
    served = door.get("/openapi.json", who="anonymous").json()
    assert served == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


def test_no_address_carries_personal_data() -> None:
    """What goes into addresses ends up in logs: ids, codes, years and cursors only."""
    paths = api.get_openapi_schema(path_prefix="/")["paths"]
    named = {
        p["name"]
        for methods in paths.values()
        for o in methods.values()
        for p in o["parameters"]
        if p["in"] != "header"
    }
    allowed = {"transfer_id", "item_id", "search_id", "number", "cursor", "limit", "page"}
    assert named <= allowed | {"year", "series", "kind", "code"}


def test_every_operation_tells_its_refusals() -> None:
    for path, methods in api.get_openapi_schema(path_prefix="/")["paths"].items():
        for operation in methods.values():
            statuses = set(operation["responses"])
            assert {"401", "403", "422", "503"} <= {str(s) for s in statuses}, path
            assert operation["description"], path


def test_the_address_of_the_api() -> None:
    assert all(p.startswith(f"{BASE}/") for p in json.loads(SNAPSHOT.read_text(encoding="utf-8"))["paths"])
