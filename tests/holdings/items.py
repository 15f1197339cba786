"""Filed items for the tests of this room."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from uuid_utils.compat import uuid7

from cunzhen.formats.digests import digest_file
from cunzhen.formats.page_text import PageText, Word
from cunzhen.holdings.models import Item
from cunzhen.holdings.operations import file_items
from cunzhen.holdings.rules import NamedPerson, NewComponent, NewItem, NewPage
from tests.world import NOW, World

NUMBER = "11010519491231002X"  # the standard's own example, GB 11643
OTHER_NUMBER = "141124197506150023"
USCC = "91350100M000100Y43"


def new_item(world: World, folder: Path, content: bytes, **changes: object) -> NewItem:
    """One item of one file, ready to file."""
    path = folder / hashlib.sha256(content).hexdigest()[:16]
    path.write_bytes(content)
    digests = digest_file(path)
    component = NewComponent(
        id=uuid7(),
        source=path,
        name="档案/退休审批表.pdf",
        size=digests.size,
        sha256=digests.sha256,
        sm3=digests.sm3,
        sha512=digests.sha512,
        puid="fmt/276",
        mime="application/pdf",
        format_name="PDF 1.7",
    )
    text = PageText(100, 200, 0, 0.0, False, (Word("退休审批表", (1, 2, 30, 12), 0.99, 0),), "test")
    item = NewItem(
        id=uuid7(),
        fonds_id=world.fonds.id,
        series="YL",
        kind="retirement_approval",
        title="企业职工退休审批表",
        year=2019,
        document_date="2019-03-06",
        transfer_id=uuid7(),
        components=(component,),
        pages=(NewPage(uuid7(), 0, 0, text),),
        persons=(NamedPerson("薛玉梅", NUMBER, page=0, box=(1, 2, 3, 4)),),
        extra={"decision_number": "临社审〔2019〕1号"},
    )
    return dataclasses.replace(item, **changes)  # type: ignore[arg-type]


def file_some(world: World, folder: Path, count: int, **changes: object) -> list[Item]:
    """So many filed items, in the order of their codes."""
    folder.mkdir(parents=True, exist_ok=True)
    start = Item.objects.count()
    new = [new_item(world, folder, b"content %d" % n, **changes) for n in range(start, start + count)]
    ids = [f.id for f in file_items(world.actor("service"), items=new, now=NOW)]
    return list(Item.objects.filter(id__in=ids).select_related("fonds", "series").order_by("archival_code"))
