"""``/transfers``: open_transfer, add_file, append_upload, receive_uploads, the receipt; and who may not."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.conf import settings

from cunzhen.capture.models import Draft, Transfer, Upload
from cunzhen.capture.operations import add_file, append_upload, close_transfer, read_drafts
from cunzhen.capture.operations.uploads import upload_path
from tests.api.doors import BASE, PDF, Asserted, Door
from tests.world import NOW

pytestmark = pytest.mark.django_db
PATH = "失业待遇/核定表 2019.pdf"


@pytest.mark.django_db(transaction=True)
def test_from_open_to_the_receipt(door: Door) -> None:
    transfer = door.open(auto=True, year=2019, series="SY")
    sent = door.send(transfer, PDF.name, PDF.read_bytes(), path=PATH)
    assert sent.status_code == 201, sent.content
    size = PDF.stat().st_size
    assert sent.json() == {"id": sent.json()["id"], "path": PATH, "size": size, "offset": size}

    received = door.post(f"/transfers/{transfer}/receive")
    assert received.status_code == 200, received.content
    assert received.json()["state"] == "working"
    assert received.json()["counts"]["sent"] == 1
    before = door.get(f"/transfers/{transfer}/receipt").json()
    assert (before["sent"], before["in_work"], before["items"][0]["state"]) == (1, 1, "waiting")

    service = door.world.actor("service")
    read_drafts(service, draft_ids=list(Draft.objects.values_list("id", flat=True)), clock=lambda: NOW)
    close_transfer(service, transfer_id=UUID(transfer), now=NOW)
    receipt = door.get(f"/transfers/{transfer}/receipt").json()
    assert receipt["sent"] == receipt["received"] == receipt["filed"] == receipt["preserved"] == 1
    (item,) = receipt["items"]
    assert (item["source"], item["state"]) == (PATH, "filed")
    assert len(item["sha256"]) == len(item["sm3"]) == 64
    assert door.get(f"/transfers/{transfer}").json()["state"] == "closed"
    assert door.get("/items").json()["items"][0]["archival_code"] == item["archival_code"]
    assert not (settings.HOME / "uploads" / transfer).exists()


def test_the_list_is_paged_newest_first(door: Door, is_problem: Asserted) -> None:
    ids = [door.open() for _ in range(5)]
    other = door.open(who="outsider")
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        body = door.get("/transfers", limit=2, cursor=cursor).json()
        seen += [t["id"] for t in body["items"]]
        cursor = body["next"]
    assert seen == ids[::-1]
    assert cursor == ""
    assert other not in seen
    for bad in ("x", "0", "'"):
        is_problem(door.get("/transfers", cursor=bad), 422, "API-06")
    for limit in (0, 201, "x"):
        is_problem(door.get("/transfers", limit=limit), 422, "API-01")


def test_the_list_asks_the_same_number_of_questions_for_any_length(
    door: Door, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    for _ in range(6):
        door.open()
    door.client("clerk")
    with django_assert_max_num_queries(10):  # type: ignore[operator]
        assert len(door.get("/transfers").json()["items"]) == 6


def test_what_is_the_neighbours_is_absent(door: Door, is_problem: Asserted) -> None:
    theirs = door.open(who="outsider")
    for absent in (theirs, str(uuid4())):
        answers = [
            is_problem(door.get(f"/transfers/{absent}", who="archivist"), 404, "T-00"),
            is_problem(door.get(f"/transfers/{absent}/receipt", who="archivist"), 404, "T-00"),
            is_problem(door.post(f"/transfers/{absent}/receive", who="archivist"), 404, "T-00"),
            is_problem(door.send(absent, "a.pdf", b"x", who="archivist"), 404, "T-00"),
        ]
        assert len({a["detail"] for a in answers}) == 1
    assert Upload.objects.count() == 0


def test_who_may_only_look(door: Door, is_problem: Asserted) -> None:
    transfer = door.open()
    is_problem(door.post("/transfers", {"name": "批次"}, "leader"), 403, "A-01")
    is_problem(door.send(transfer, "a.pdf", b"x", who="leader"), 403, "A-01")
    is_problem(door.get("/transfers", who="system_officer"), 403, "A-01")
    assert door.get(f"/transfers/{transfer}", who="leader").status_code == 200
    assert Transfer.objects.count() == 1


def test_a_leader_cannot_receive(door: Door, is_problem: Asserted) -> None:
    transfer = door.open()
    assert door.send(transfer, "a.pdf", b"x").status_code == 201
    is_problem(door.post(f"/transfers/{transfer}/receive", who="leader"), 403, "A-01")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "a", "year": 10**12}, "year"),
        ({"name": "a", "year": "x"}, "year"),
        ({"name": "a", "series": "ZZ"}, "series"),
        ({"name": "a", "fonds": "\0"}, "fonds"),
        ({"name": "a", "auto": 7}, "auto"),
    ],
)
def test_a_bad_transfer_says_where(door: Door, is_problem: Asserted, body: object, field: str) -> None:
    said = is_problem(door.post("/transfers", body), 422, "API-01")
    assert [e["where"][-1] for e in said["errors"]] == [field]
    assert Transfer.objects.count() == 0


def test_an_unknown_fonds_is_missing(door: Door, is_problem: Asserted) -> None:
    is_problem(door.post("/transfers", {"name": "a", "fonds": "Z999"}), 404, "T-OP-01")


def test_the_same_file_again_is_harmless_other_content_is_not(door: Door, is_problem: Asserted) -> None:
    transfer = door.open()
    first = door.send(transfer, "a.pdf", b"one")
    again = door.send(transfer, "a.pdf", b"one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    is_problem(door.send(transfer, "a.pdf", b"two"), 409, "T-UP-08")
    upload = Upload.objects.get()
    assert upload_path(upload).read_bytes() == b"one"
    assert door.send(transfer, "a.pdf", b"longer").status_code == 201  # replaced before it was received
    assert upload_path(Upload.objects.get()).read_bytes() == b"longer"


def test_a_sending_that_broke_off_goes_on_only_with_the_same_content(door: Door, is_problem: Asserted) -> None:
    import io

    transfer = door.open()
    clerk = door.world.actor("clerk")
    upload = add_file(clerk, transfer_id=UUID(transfer), path="a.pdf", size=6, now=NOW)
    append_upload(clerk, upload_id=upload.id, offset=0, body=io.BytesIO(b"abc"))
    is_problem(door.send(transfer, "a.pdf", b"xyzdef"), 409, "T-UP-08")
    assert door.send(transfer, "a.pdf", b"abcdef").json()["offset"] == 6
    assert upload_path(upload).read_bytes() == b"abcdef"


@pytest.mark.parametrize("path", ["../a.pdf", "/", "..", "a/../../b", "x" * 901, "a\0.pdf"])
def test_paths_that_lead_out_are_refused(door: Door, is_problem: Asserted, path: str) -> None:
    is_problem(door.send(door.open(), "a.pdf", b"x", path=path), 422)


def test_bad_uploads(door: Door, is_problem: Asserted, settings: object) -> None:
    transfer = door.open()
    client = door.client("clerk")
    address = f"{BASE}/transfers/{transfer}/files"
    is_problem(client.post(address, {"path": "a.pdf"}), 422, "API-01")
    is_problem(client.post(address, b"x", content_type="application/octet-stream"), 422, "API-01")
    is_problem(client.post(address, b"x", content_type="multipart/form-data"), 400, "API-03")
    is_problem(client.post(address, b"--x", content_type="multipart/form-data; boundary=y"), 422)
    settings.UPLOAD_LIMIT_BYTES = 10  # type: ignore[attr-defined]
    is_problem(door.send(transfer, "a.pdf", b"x" * 11), 422, "T-UP-02")
    is_problem(door.post(f"/transfers/{transfer}/receive"), 422, "T-UP-06")


def test_a_received_transfer_takes_nothing_more(door: Door, is_problem: Asserted) -> None:
    transfer = door.open()
    door.send(transfer, "a.pdf", b"x")
    assert door.post(f"/transfers/{transfer}/receive").status_code == 200
    is_problem(door.send(transfer, "b.pdf", b"y"), 409, "T-RE-01")
    again = door.post(f"/transfers/{transfer}/receive")
    assert again.status_code in {409, 422}, "received already, or nothing more was sent"
    assert Draft.objects.count() == 1
