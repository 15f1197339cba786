"""Every route by everybody: nothing is more open than ``accounts.rules.PERMISSIONS`` says, nobody is let in unnamed."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cunzhen.accounts.rules import PERMISSIONS, Role
from cunzhen.holdings.models import Item
from cunzhen.holdings.rules import Filed
from tests.api.doors import BASE, Asserted, Door
from tools.write_openapi import SNAPSHOT

pytestmark = pytest.mark.django_db

# Which permission each operation goes by; a new route must be added here by hand.
NEEDS = {
    "open_transfer": "open_transfer",
    "list_transfers": "view_transfer",
    "view_transfer": "view_transfer",
    "add_file": "add_files",
    "receive_transfer": "receive_transfer",
    "view_receipt": "view_transfer",
    "list_items": "view_item",
    "view_item": "view_item",
    "view_page": "view_page",
    "view_component": "view_page",
    "correct_item": "correct_items",
    "correct_items": "correct_items",
    "add_renditions": "add_renditions",
    "view_rendition": "view_page",
    "search_items": "search_items",
    "view_search": "search_items",
}
ROUTES = [
    (operation["operationId"], method, path)
    for path, methods in json.loads(SNAPSHOT.read_text(encoding="utf-8"))["paths"].items()
    for method, operation in methods.items()
]
BODIES: dict[str, Any] = {"open_transfer": {"name": "批次"}, "search_items": {"query": "退休"}}
GOOD = {200, 201}


def _call(client: Client, operation: str, method: str, path: str, ids: dict[str, object]) -> Any:
    address = path.format(**ids)
    if operation == "add_renditions":
        return client.post(address, {"files": SimpleUploadedFile("a.pdf", uuid4().bytes)})
    if operation.startswith("correct_item"):
        return _corrected(client, operation, address, ids["item_id"])
    if operation == "add_file":
        return client.post(address, {"file": SimpleUploadedFile(f"{uuid4()}.pdf", b"x")})
    if method == "post":
        return client.post(address, BODIES.get(operation, {}), content_type="application/json")
    return client.get(address)


def _corrected(client: Client, operation: str, address: str, item_id: object) -> Any:
    version = Item.objects.filter(id=str(item_id)).values_list("version", flat=True).first() or 1
    fields = {"title": f"更正 {uuid4()}", "version": version}
    if operation == "correct_item":
        return client.patch(address, {**fields, "reason": "看错"}, content_type="application/json")
    body = {"reason": "看错", "corrections": [{**fields, "id": str(item_id)}]}
    return client.post(address, body, content_type="application/json")


def _ids(door: Door, filed: list[Filed]) -> dict[str, object]:
    """Things that are there and ready for every operation; a received transfer cannot be received again."""
    transfer = door.open()
    door.send(transfer, "a.pdf", b"x")
    search = door.post("/searches", {"query": "退休"}).json()["id"]
    rendition = SimpleUploadedFile("a.pdf", uuid4().bytes)
    door.client("archivist").post(f"{BASE}/items/{filed[0].id}/renditions", {"files": rendition})
    return {"transfer_id": transfer, "item_id": filed[0].id, "search_id": search, "number": 1}


def test_every_route_stands_in_the_matrix() -> None:
    assert {operation for operation, _, _ in ROUTES} == set(NEEDS)


@pytest.mark.parametrize(("operation", "method", "path"), ROUTES, ids=[r[0] for r in ROUTES])
def test_a_route_opens_to_those_with_the_permission_only(
    door: Door, filed: list[Filed], is_problem: Asserted, operation: str, method: str, path: str
) -> None:
    for role in Role:
        answer = _call(door.client(role.value), operation, method, path, _ids(door, filed))
        if NEEDS[operation] in PERMISSIONS[role]:
            assert answer.status_code in GOOD, (role, answer.content)
        else:
            is_problem(answer, 403, "A-01")
    is_problem(_call(Client(), operation, method, path, _ids(door, filed)), 401, "API-02")


WITH_IDS = [r for r in ROUTES if "_id}" in r[2]]


@pytest.mark.parametrize(("operation", "method", "path"), WITH_IDS, ids=[r[0] for r in WITH_IDS])
def test_nobody_can_tell_the_neighbours_things_from_none(
    door: Door, filed: list[Filed], is_problem: Asserted, operation: str, method: str, path: str
) -> None:
    ids = _ids(door, filed)
    unknown = {**ids, **dict.fromkeys(("transfer_id", "item_id", "search_id"), UUID(int=7))}
    for role in Role:
        client = door.neighbour(role)
        theirs = _call(client, operation, method, path, ids)
        is_problem(theirs, 404 if NEEDS[operation] in PERMISSIONS[role] else theirs.status_code)
        assert theirs.status_code in {403, 404}
        assert _call(client, operation, method, path, unknown).content == theirs.content, role
