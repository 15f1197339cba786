"""衍生件: added beside the originals, in a new version of the package, and taken out byte for byte."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from cunzhen.errors import Invalid, Missing, Refused
from cunzhen.holdings.corrections import Correction
from cunzhen.holdings.models import Item, Rendition
from cunzhen.holdings.operations import add_renditions, correct_items, verify_catalogue, view_rendition
from cunzhen.holdings.operations.renditions import NewRendition
from cunzhen.ledger.queries import history
from cunzhen.preservation.models import Package
from cunzhen.preservation.operations import verify_packages
from cunzhen.preservation.queries import content_paths, read_content, read_description
from tests.holdings.items import file_some
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(days=1)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def made(folder: Path, data: bytes = PDF, name: str = "made.pdf") -> Path:
    """A file made elsewhere."""
    path = folder / name
    path.write_bytes(data)
    return path


def test_it_stands_beside_the_original(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path / "in", 1)
    original = read_content(item.id, "originals/0001.pdf")
    file = NewRendition(made(tmp_path), "长期保存/退休审批表.PDF", "长期保存格式", 1)
    [added] = add_renditions(world.actor("archivist"), item_id=item.id, files=[file], now=LATER)
    assert (added.number, added.path, added.name, added.mime) == (
        1,
        "renditions/0001.pdf",
        "退休审批表.PDF",
        "application/pdf",
    )
    assert added.format_name and len(added.sm3) == 64
    assert read_content(item.id, added.path) == PDF
    assert read_content(item.id, "originals/0001.pdf") == original
    assert "originals/0001.pdf" in content_paths(item.id)
    assert Package.objects.get(id=item.id).version == "v2"
    said = read_description(item.id)
    assert (said.version, Item.objects.get(id=item.id).version) == (2, 2)
    assert (said.renditions[0].sha256, said.renditions[0].source_number) == (added.sha256, 1)
    assert (said.events[-1].op, said.events[-1].detail) == ("add_renditions", "renditions/0001.pdf")
    assert view_rendition(world.actor("clerk"), item_id=item.id, number=1, now=LATER).id == added.id
    assert [line.op for line in history(item.id)] == ["file_drafts", "add_renditions", "view_rendition"]
    assert history(added.id)[0].op == "add_renditions"  # the ledger names it by its own digests
    assert verify_packages().ok
    assert verify_catalogue(world.actor("archivist"), sample=None, now=LATER).altered == ()


def test_the_next_one_and_what_waits_to_be_folded(world: World, tmp_path: Path) -> None:
    items = file_some(world, tmp_path / "in", 51)
    archivist = world.actor("archivist")
    asked = [Correction(i.id, 1, case_number="批-9") for i in items]
    correct_items(archivist, corrections=asked, reason="补", now=LATER)
    add_renditions(archivist, item_id=items[0].id, files=[NewRendition(made(tmp_path), "a.pdf")], now=LATER)
    more = [
        NewRendition(made(tmp_path, PDF + b"%2", "2"), "b.tar.gz.verylong"),
        NewRendition(made(tmp_path, b"text", "3"), "c.txt"),
    ]
    added = add_renditions(archivist, item_id=items[0].id, files=more, now=LATER)
    assert [(r.number, r.path) for r in added] == [(2, "renditions/0002"), (3, "renditions/0003.txt")]
    said = read_description(items[0].id)
    assert (said.case_number, said.version, len(said.renditions)) == ("批-9", 4, 3)
    assert Package.objects.get(id=items[0].id).version == "v3"


def test_what_cannot_be_added(world: World, tmp_path: Path, settings: Settings) -> None:
    [item] = file_some(world, tmp_path / "in", 1)
    archivist, good = world.actor("archivist"), NewRendition(made(tmp_path), "a.pdf")
    original = next((tmp_path / "in").iterdir())
    for code, files in (
        ("H-30", []),
        ("H-30", [good] * 21),
        ("H-31", [NewRendition(good.source, " . ")]),
        ("H-31", [NewRendition(good.source, "a\x00.pdf")]),
        ("H-31", [NewRendition(good.source, "a.pdf", "说" * 201)]),
        ("H-31", [NewRendition(good.source, "a.pdf", source_number=2)]),
        ("H-32", [NewRendition(made(tmp_path, b"", "empty"), "a.pdf")]),
        ("H-32", [NewRendition(tmp_path / "gone", "a.pdf")]),
        ("H-33", [good, good]),
        ("H-33", [NewRendition(original, "a.pdf")]),
    ):
        with pytest.raises(Invalid, match=code):
            add_renditions(archivist, item_id=item.id, files=files, now=LATER)
    settings.UPLOAD_LIMIT_BYTES = 10
    with pytest.raises(Invalid, match="H-32"):
        add_renditions(archivist, item_id=item.id, files=[good], now=LATER)
    assert not Rendition.objects.exists()
    assert Package.objects.get(id=item.id).version == "v1"


def test_who_may(world: World, tmp_path: Path) -> None:
    [item] = file_some(world, tmp_path / "in", 1)
    file = NewRendition(made(tmp_path), "a.pdf")
    for who in ("clerk", "reviewer", "leader", "service"):
        with pytest.raises(Refused):
            add_renditions(world.actor(who), item_id=item.id, files=[file], now=timezone.now())
    with pytest.raises(Missing):
        add_renditions(world.actor("outsider"), item_id=item.id, files=[file], now=timezone.now())
    add_renditions(world.actor("archivist"), item_id=item.id, files=[file], now=timezone.now())
    with pytest.raises(Missing, match="H-01"):
        view_rendition(world.actor("outsider"), item_id=item.id, number=1, now=timezone.now())
    with pytest.raises(Missing, match="H-34"):
        view_rendition(world.actor("clerk"), item_id=item.id, number=2, now=timezone.now())
    with pytest.raises(Refused):
        view_rendition(world.actor("audit_officer"), item_id=item.id, number=1, now=timezone.now())
