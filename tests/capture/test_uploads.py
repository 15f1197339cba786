"""A file sent whole: the same again is harmless, a broken sending goes on, another content of its name is refused."""

from __future__ import annotations

import io
from uuid import UUID

import pytest

from cunzhen.capture.models import Upload
from cunzhen.capture.operations import add_file, append_upload, open_transfer
from cunzhen.capture.operations.uploads import upload_path
from cunzhen.errors import Conflict, Invalid
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def transfer_id(world: World) -> UUID:
    """An open transfer."""
    return open_transfer(world.actor("clerk"), name="一批", now=NOW).id


def _send(world: World, transfer_id: UUID, data: bytes, size: int | None = None) -> Upload:
    size = len(data) if size is None else size
    return add_file(
        world.actor("clerk"), transfer_id=transfer_id, path="a.pdf", size=size, now=NOW, body=io.BytesIO(data)
    )


def test_the_same_again_is_the_same(world: World, transfer_id: UUID) -> None:
    first, again = _send(world, transfer_id, b"one"), _send(world, transfer_id, b"one")
    assert first.id == again.id
    assert again.offset == 3
    assert upload_path(again).read_bytes() == b"one"


@pytest.mark.parametrize(("kept", "sent"), [(b"abc", b"xbcdef"), (b"abc", b"abxdef"), (b"abcdef", b"abcdeX")])
def test_other_content_of_the_same_name_is_refused(world: World, transfer_id: UUID, kept: bytes, sent: bytes) -> None:
    clerk = world.actor("clerk")
    upload = add_file(clerk, transfer_id=transfer_id, path="a.pdf", size=6, now=NOW)
    append_upload(clerk, upload_id=upload.id, offset=0, body=io.BytesIO(kept))
    with pytest.raises(Conflict) as refused:
        _send(world, transfer_id, sent)
    assert refused.value.code == "T-UP-08"
    assert upload_path(upload).read_bytes() == kept


def test_a_broken_sending_goes_on_where_it_broke(world: World, transfer_id: UUID) -> None:
    clerk = world.actor("clerk")
    upload = add_file(clerk, transfer_id=transfer_id, path="a.pdf", size=6, now=NOW)
    append_upload(clerk, upload_id=upload.id, offset=0, body=io.BytesIO(b"abc"))
    assert _send(world, transfer_id, b"abcdef").offset == 6
    assert upload_path(upload).read_bytes() == b"abcdef"


def test_large_content_is_compared_to_its_end(world: World, transfer_id: UUID) -> None:
    data = bytes(range(256)) * 10_000
    _send(world, transfer_id, data)
    with pytest.raises(Conflict):
        _send(world, transfer_id, data[:-1] + b"\0")


def test_more_than_was_announced_is_refused(world: World, transfer_id: UUID) -> None:
    with pytest.raises(Invalid) as refused:
        _send(world, transfer_id, b"abcdef", size=3)
    assert refused.value.code == "T-UP-05"
