"""Items filed for real: package, rows, ledger entry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from uuid_utils.compat import uuid7

from cunzhen.access.operations import follow_ledger
from cunzhen.formats.digests import digest_bytes
from cunzhen.formats.page_text import PageText, Word
from cunzhen.holdings.operations import file_items
from cunzhen.holdings.rules import Filed, NamedPerson, NamedUnit, NewComponent, NewItem, NewPage
from cunzhen.ledger.operations import sequence
from tests.world import NOW, World


def page(*lines: str) -> PageText:
    """A page with one word per blank-separated stretch, 20 pixels a character, 40 a line."""
    words = []
    for number, line in enumerate(lines):
        at = 0
        for text in line.split(" "):
            words.append(Word(text, (at * 20, number * 40, (at + len(text)) * 20, number * 40 + 30), 0.99, number))
            at += len(text) + 1
    return PageText(1000, 1400, 0, 0.0, not lines, tuple(words), "test")


def file_papers(
    world: World,
    folder: Path,
    papers: Sequence[Sequence[PageText]],
    *,
    title: str = "退休审批表",
    person: str = "",
    number: str = "",
    who: str = "archivist",
    year: int = 2019,
) -> list[Filed]:
    """File one item per paper, each a list of pages."""
    fonds = world.neighbour_fonds if who == "outsider" else world.fonds
    items = []
    for pages in papers:
        source = folder / f"{uuid7()}.tif"
        source.write_bytes(source.name.encode())
        found = digest_bytes(source.name.encode())
        items.append(
            NewItem(
                id=uuid7(),
                fonds_id=fonds.id,
                series="YL",
                kind="retirement_approval",
                title=title,
                year=year,
                document_date=f"{year}-03-06",
                transfer_id=uuid7(),
                components=(
                    NewComponent(
                        id=uuid7(),
                        source=source,
                        name="0001.tif",
                        size=len(source.name),
                        sha256=found.sha256,
                        sm3=found.sm3,
                        sha512=found.sha512,
                        puid="fmt/353",
                        mime="image/tiff",
                        format_name="TIFF",
                    ),
                ),
                pages=tuple(NewPage(uuid7(), 0, index, text) for index, text in enumerate(pages)),
                persons=(NamedPerson(person, number),) if person else (),
                units=(NamedUnit("临县第一小学"),),
            )
        )
    return file_items(world.actor(who), items=items, now=NOW)


def follow() -> int:
    """Number what waits and let the index follow to the end."""
    while sequence():
        pass
    followed = 0
    while some := follow_ledger():
        followed += some
    return followed


def ids_of(filed: Sequence[Filed]) -> set[UUID]:
    """The items' ids."""
    return {f.id for f in filed}
