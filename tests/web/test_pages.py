"""Pictures of pages, and originals: the right bytes, each look recorded."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cunzhen.capture.models import Draft
from cunzhen.holdings.models import Item, Page
from cunzhen.ledger.models import LedgerEntry
from tests.web.conftest import Sit
from tests.web.papers import BENEFIT, SAMPLES, pile, read, received, waiting
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(world: World, tmp_path: Path) -> Item:
    """A digital paper, filed."""
    read(world, received(world, pile(tmp_path, BENEFIT), auto=True))
    return Item.objects.get()


def _picture(answer: Any) -> Image.Image:
    assert answer.status_code == 200 and answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"] == "private, no-store"
    image = Image.open(io.BytesIO(b"".join(answer.streaming_content)))
    image.load()
    assert image.format == "JPEG"
    return image


def _proportional(image: Image.Image, width: int, height: int) -> bool:
    return abs(image.height / image.width - height / width) < 0.02


def test_a_filed_page_is_drawn_and_the_look_recorded(sit: Sit, world: World, item: Item) -> None:
    clerk, page = sit("clerk"), Page.objects.get()
    image = _picture(clerk.raw("get", f"/items/{item.id}/pages/1.jpg"))
    assert image.width == 1600 and _proportional(image, page.width, page.height)
    assert len(image.convert("L").getcolors() or []) > 10, "something is drawn on it"
    small = _picture(clerk.raw("get", f"/items/{item.id}/thumbnails/1.jpg"))
    assert small.width == 200 and _proportional(small, page.width, page.height)
    (entry,) = LedgerEntry.objects.filter(op="view_page")
    assert entry.actor_id == world.clerk.id
    _picture(clerk.raw("get", f"/items/{item.id}/pages/1.jpg"))
    assert LedgerEntry.objects.filter(op="view_page").count() == 2, "the kept picture is a look too"


@pytest.mark.parametrize("number", ["0", "2", "9" * 12, pytest.param("9" * 5000, id="endless")])
def test_a_page_that_is_not_there(sit: Sit, item: Item, number: str) -> None:
    for kind in ("pages", "thumbnails"):
        sit("clerk").get(f"/items/{item.id}/{kind}/{number}.jpg", 404)
    sit("clerk").get(f"/items/{item.id}/files/{number}/", 404)
    assert not LedgerEntry.objects.filter(op="view_page").exists()


def test_the_original_comes_byte_for_byte(sit: Sit, world: World, item: Item) -> None:
    answer = sit("leader").raw("get", f"/items/{item.id}/files/1/")
    content = b"".join(answer.streaming_content)
    assert content == (SAMPLES / BENEFIT).read_bytes()
    assert hashlib.sha256(content).hexdigest() == item.components.get().sha256
    assert answer["Content-Disposition"].startswith("attachment") and answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert LedgerEntry.objects.filter(op="view_component", actor_id=world.leader.id).count() == 1


def test_an_original_with_an_odd_name_comes_too(sit: Sit, item: Item) -> None:
    item.components.update(name="扫描/a\nb.pdf", mime="x\r\ny")
    answer = sit("leader").raw("get", f"/items/{item.id}/files/1/")
    assert answer["Content-Disposition"] == 'attachment; filename="a_b.pdf"'
    assert answer["Content-Type"] == "application/octet-stream" and b"".join(answer.streaming_content)[:4] == b"%PDF"


def test_a_page_on_its_way_in_is_drawn(sit: Sit, world: World, tmp_path: Path) -> None:
    draft: Draft = waiting(world, tmp_path, BENEFIT)[0]
    clerk = sit("clerk")
    assert _picture(clerk.raw("get", f"/describe/{draft.id}/pages/1.jpg")).width == 1600
    assert _picture(clerk.raw("get", f"/describe/{draft.id}/thumbnails/1.jpg")).width == 200
    for number in ("0", "2", "9" * 12):
        clerk.get(f"/describe/{draft.id}/pages/{number}.jpg", 404)
