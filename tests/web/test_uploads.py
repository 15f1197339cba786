"""The tus door: files in pieces, resumed, and nothing taken that should not be."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID, uuid4

import pytest

from cunzhen.capture.models import Upload
from cunzhen.capture.operations.uploads import upload_path
from tests.web.client import Browser
from tests.web.conftest import Sit
from tests.web.papers import opened
from tests.world import World

pytestmark = pytest.mark.django_db
BODY = bytes(range(256)) * 40


def _tus(browser: Browser, method: str, address: str, data: bytes = b"", **headers: str) -> Any:
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    more = {"data": data, "content_type": named.pop("Content-Type", "application/offset+octet-stream")}
    token = browser.token()["csrfmiddlewaretoken"]
    all_headers = {"Tus-Resumable": "1.0.0", "X-CSRFToken": token} | named
    return browser.raw(method, address, headers=all_headers, **({} if method in {"head", "get"} else more))


def _announce(
    browser: Browser, transfer: UUID, path: str = "二〇一九/退休.pdf", size: str = str(len(BODY)), **headers: str
) -> Any:
    pairs = {"path": path, "transfer": str(transfer)}
    metadata = ",".join(
        f"{k} {base64.b64encode(v.encode('utf-8', 'surrogatepass')).decode()}" for k, v in pairs.items()
    )
    return _tus(browser, "post", "/uploads/", Upload_Length=size, Upload_Metadata=metadata, **headers)


def test_a_file_comes_in_pieces_and_goes_on_after_a_break(sit: Sit, world: World) -> None:
    clerk, transfer = sit("clerk"), opened(world)
    made = _announce(clerk, transfer.id)
    assert made.status_code == 201, made.content
    address = made["Location"]
    assert _tus(clerk, "head", address)["Upload-Offset"] == "0"
    first = _tus(clerk, "patch", address, BODY[:1000], Upload_Offset="0")
    assert (first.status_code, first["Upload-Offset"]) == (204, "1000")
    wrong = _tus(clerk, "patch", address, BODY[1000:], Upload_Offset="900")
    assert wrong.status_code == 409 and "断点" in wrong.content.decode()
    state = _tus(clerk, "head", address)
    assert (state["Upload-Offset"], state["Upload-Length"], state["Cache-Control"]) == (
        "1000",
        str(len(BODY)),
        "no-store",
    )
    again = _announce(clerk, transfer.id)
    assert (again["Location"], again["Upload-Offset"]) == (address, "1000"), "the same file is the same upload"
    last = _tus(clerk, "patch", address, BODY[1000:], Upload_Offset="1000")
    assert last["Upload-Offset"] == str(len(BODY))
    assert upload_path(Upload.objects.get()).read_bytes() == BODY
    assert "传完" in clerk.get(f"/transfers/{transfer.id}/").text


def test_more_than_announced_is_refused(sit: Sit, world: World) -> None:
    clerk = sit("clerk")
    address = _announce(clerk, opened(world).id, size="10")["Location"]
    assert _tus(clerk, "patch", address, BODY[:11], Upload_Offset="0").status_code == 422
    assert _tus(clerk, "head", address)["Upload-Offset"] == "0"


@pytest.mark.parametrize("size", ["", "-1", "ten", "1e3", "9" * 5000, "9" * 18, "٣"])
def test_a_length_that_cannot_be_is_refused(sit: Sit, world: World, size: str) -> None:
    answer = _announce(sit("clerk"), opened(world).id, size=size)
    assert answer.status_code == 422 and not Upload.objects.exists()


@pytest.mark.parametrize("path", ["", "../secret", "a/../../b", "..", "x" * 2000, "a\0b.pdf", "/", "..\\..\\a"])
def test_tricks_with_paths_are_refused(sit: Sit, world: World, path: str) -> None:
    answer = _announce(sit("clerk"), opened(world).id, path=path)
    assert answer.status_code == 422 and not Upload.objects.exists()
    assert answer["Content-Type"].startswith("text/plain")


def test_a_path_never_names_the_file_on_the_disk(sit: Sit, world: World) -> None:
    _announce(sit("clerk"), opened(world).id, path="/etc/passwd")
    upload = Upload.objects.get()
    assert upload.path == "etc/passwd" and upload_path(upload).name == str(upload.id)


def test_another_agencys_transfer_is_not_there(sit: Sit, world: World) -> None:
    transfer = opened(world)
    assert _announce(sit("outsider"), transfer.id).status_code == 404
    assert _announce(sit("outsider"), uuid4()).status_code == 404
    assert _announce(sit("leader"), transfer.id).status_code == 404


@pytest.mark.parametrize("metadata", ["", "path", "path ####", "transfer bm9uZQ==", "path /w=="])
def test_metadata_that_cannot_be_read_is_refused(sit: Sit, world: World, metadata: str) -> None:
    answer = _tus(sit("clerk"), "post", "/uploads/", Upload_Length="1", Upload_Metadata=metadata)
    assert answer.status_code == 422


def test_the_protocol_is_spoken_as_written(sit: Sit, world: World) -> None:
    clerk, transfer = sit("clerk"), opened(world)
    options = _tus(clerk, "options", "/uploads/")
    assert (options.status_code, options["Tus-Version"], options["Tus-Extension"]) == (204, "1.0.0", "creation")
    old = _announce(clerk, transfer.id, **{"Tus-Resumable": "0.2.2"})
    assert (old.status_code, old["Tus-Version"]) == (412, "1.0.0")
    address = _announce(clerk, transfer.id)["Location"]
    assert _tus(clerk, "patch", address, b"x", Upload_Offset="0", Content_Type="text/plain").status_code == 415
    assert _tus(clerk, "get", address).status_code == 405
    assert _tus(clerk, "get", "/uploads/").status_code == 405


def test_a_received_transfer_takes_no_more(sit: Sit, world: World) -> None:
    clerk, transfer = sit("clerk"), opened(world)
    transfer.state = "working"
    transfer.save()
    assert _announce(clerk, transfer.id).status_code == 409


def test_english_is_answered_in_english(sit: Sit, world: World) -> None:
    answer = _announce(sit("clerk").speak("en"), opened(world).id, path="..")
    assert answer.content.decode().isascii()


def test_a_forged_piece_is_refused(sit: Sit, world: World) -> None:
    clerk = sit("clerk")
    address = _announce(clerk, opened(world).id)["Location"]
    answer = clerk.raw("patch", address, headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}, data=b"x",
                       content_type="application/offset+octet-stream")  # fmt: skip
    assert answer.status_code == 403
