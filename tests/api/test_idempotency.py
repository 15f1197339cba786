"""``Idempotency-Key``: one effect and one answer, whatever breaks in between and however many ask at once."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone

from cunzhen.api.idempotency import forget_old_keys
from cunzhen.api.models import IdempotencyKey
from cunzhen.capture.models import Draft, Transfer, Upload
from cunzhen.ledger.models import LedgerEntry
from tests.api.doors import BASE, Asserted, Door


@pytest.mark.django_db
def test_the_same_key_gives_the_same_answer(door: Door, is_problem: Asserted) -> None:
    first = door.post("/transfers", {"name": "一"}, key="k1")
    again = door.post("/transfers", {"name": "一"}, key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Cache-Control"] == "no-store"
    is_problem(door.post("/transfers", {"name": "二"}, key="k1"), 409, "API-05")
    assert door.post("/transfers", {"name": "一"}, key="k2").json()["id"] != first.json()["id"]
    assert door.post("/transfers", {"name": "一"}, "archivist", key="k1").json()["id"] != first.json()["id"]
    assert Transfer.objects.count() == 3


@pytest.mark.django_db
def test_a_refusal_is_not_kept(door: Door, is_problem: Asserted) -> None:
    transfer = door.open()
    is_problem(door.post(f"/transfers/{transfer}/receive", key="k"), 422, "T-UP-06")
    door.send(transfer, "a.pdf", b"x")
    first = door.post(f"/transfers/{transfer}/receive", key="k")
    again = door.post(f"/transfers/{transfer}/receive", key="k")
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert Draft.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["k" * 201, "钥匙".encode().decode("latin-1"), "a\tb"])
def test_impossible_keys_are_refused(door: Door, is_problem: Asserted, key: str) -> None:
    is_problem(door.post("/transfers", {"name": "一"}, key=key), 422, "API-13")
    assert Transfer.objects.count() == 0


@pytest.mark.django_db
def test_old_answers_are_dropped(door: Door) -> None:
    door.post("/transfers", {"name": "一"}, key="old")
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(days=8))
    door.post("/transfers", {"name": "一"}, key="new")
    assert forget_old_keys(timezone.now()) == 1
    assert [k.key for k in IdempotencyKey.objects.all()] == ["new"]


@pytest.mark.django_db
def test_answers_are_sealed_and_requests_blinded(door: Door) -> None:
    """A name may stand in either; neither stands in the table, nor a digest that could be guessed from it."""
    body = json.dumps({"name": "张三的退休审批表"})
    said = door.post("/transfers", json.loads(body), key="k").content.decode()
    assert "张三" in said
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT body, request_blind FROM {IdempotencyKey._meta.db_table}")
        ((sealed, token),) = cursor.fetchall()
    assert "张三".encode() not in bytes(sealed)
    assert b"name" not in bytes(sealed)
    head = f"POST {BASE}/transfers\n".encode()
    guesses = {
        hashlib.sha256(head + g).hexdigest()
        for g in (body.encode(), json.dumps(json.loads(body), ensure_ascii=False).encode())
    }
    assert token not in guesses
    assert json.loads(IdempotencyKey.objects.get().body) == json.loads(said)


@pytest.mark.django_db(transaction=True)
def test_answers_kept_before_they_were_sealed_are_given_again(door: Door) -> None:
    first = door.post("/transfers", {"name": "一"}, key="k").json()
    table = IdempotencyKey._meta.db_table
    digest = hashlib.sha256(f"POST {BASE}/transfers\n".encode() + b'{"name": "\\u4e00"}').hexdigest()
    executor = MigrationExecutor(connection)
    try:
        executor.migrate([("api", "0001_initial")])
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET body = %s, request_sha256 = %s", [json.dumps(first).encode(), digest])
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate([("api", "0002_seal_answers")])
    assert door.post("/transfers", {"name": "一"}, key="k").json() == first


@pytest.mark.django_db(transaction=True)
def test_a_crash_in_between_leaves_nothing(door: Door, is_problem: Asserted, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> str:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(json, "dumps", crash)
        headers = {"Idempotency-Key": "k"}
        body = '{"name": "一"}'
        client = door.client("clerk")
        with pytest.raises(RuntimeError):  # even the problem document needs the broken function
            client.post(f"{BASE}/transfers", body, content_type="application/json", headers=headers)
    assert Transfer.objects.count() == 0
    assert LedgerEntry.objects.filter(op="open_transfer").count() == 0
    assert door.post("/transfers", {"name": "一"}, key="k").status_code == 201
    assert Transfer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_at_once_have_one_effect(door: Door) -> None:
    headers = door._headers("clerk") | {"Idempotency-Key": "both"}
    start = threading.Barrier(4)
    answers: list[tuple[int, str]] = []

    def ask() -> None:
        start.wait()
        try:
            done = Client(headers=headers).post(f"{BASE}/transfers", {"name": "一"}, content_type="application/json")
            answers.append((done.status_code, done.json()["id"]))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [status for status, _ in answers] == [201] * 4
    assert len({id_ for _, id_ in answers}) == 1
    assert Transfer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_crash_after_receiving_loses_no_sent_file(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    transfer = door.open()
    door.send(transfer, "a.pdf", b"x")

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(IdempotencyKey.objects, "create", crash)
        assert door.post(f"/transfers/{transfer}/receive", key="k").status_code == 500
    assert Upload.objects.count() == 1
    assert list((settings.HOME / "uploads" / transfer).iterdir()), "the bytes were acknowledged"
    assert door.post(f"/transfers/{transfer}/receive", key="k").status_code == 200
