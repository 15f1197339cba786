"""What the desk's tests look at: transfers, papers on their way in, filed items; made by the product's operations."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from uuid import UUID

from cunzhen.access.models import Search
from cunzhen.accounts.models import Agency, User
from cunzhen.capture.models import Draft, Finding, SourceFile, Transfer, Upload
from cunzhen.capture.operations import close_transfer, open_transfer, read_drafts, receive_transfer
from cunzhen.capture.piles import list_pile
from cunzhen.formats.identifiers import identity_check_character
from cunzhen.holdings.models import Component, EmployerName, Fonds, Item, Mention, ScheduleRow
from tests.access.filed import file_papers, page
from tests.world import NOW, World

SAMPLES = Path(__file__).parents[2] / "samples"
BENEFIT, MATERNITY = "失业待遇/失业待遇核定表_冯志强.pdf", "生育待遇/生育待遇核定表_成晓燕.pdf"
PERSON = "薛玉梅"
_BODY = "14112419660312402"
NUMBER = _BODY + identity_check_character(_BODY)
COVERED = f"{NUMBER[:6]}********{NUMBER[-4:]}"


def pile(folder: Path, *names: str) -> Path:
    """Digital papers of the samples, which need no optical reading."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SAMPLES / name, folder / name)
    return folder


def opened(world: World, who: str = "clerk", name: str = "测试批次") -> Transfer:
    """A transfer that takes files."""
    return open_transfer(world.actor(who), name=name, now=NOW)


def received(world: World, *paths: Path, auto: bool = False, name: str = "测试批次") -> Transfer:
    """A transfer that was received and not read yet."""
    transfer = open_transfer(world.actor("clerk"), name=name, auto=auto, now=NOW)
    incoming, rejected = list_pile(paths)
    return receive_transfer(
        world.actor("clerk"), transfer_id=transfer.id, incoming=incoming, rejected=rejected, now=NOW
    )


def read(world: World, transfer: Transfer) -> list[Draft]:
    """Do what the jobs do."""
    service = world.actor("service")
    ids = list(Draft.objects.filter(transfer=transfer).order_by("number").values_list("id", flat=True))
    read_drafts(service, draft_ids=ids, clock=lambda: NOW)
    close_transfer(service, transfer_id=transfer.id, now=NOW)
    return list(Draft.objects.filter(id__in=ids).order_by("number"))


def waiting(world: World, folder: Path, *names: str) -> list[Draft]:
    """Papers that wait for a clerk, really read."""
    return read(world, received(world, pile(folder, *(names or (BENEFIT, MATERNITY)))))


def filed(
    world: World, folder: Path, count: int = 1, *, pages: int = 2, who: str = "archivist", year: int = 2019
) -> list[UUID]:
    """Filed items: an approval form of one person, on several pages."""
    folder.mkdir(exist_ok=True)
    lines = [page("退休审批表", f"姓名 {PERSON} {n}", f"公民身份号码 {NUMBER}") for n in range(pages)]
    papers: Sequence[Sequence[object]] = [lines] * count
    done = file_papers(world, folder, papers, person=PERSON, number=NUMBER, who=who, year=year)  # type: ignore[arg-type]
    return [f.id for f in done]


def data_words() -> Collection[str]:
    """Everything that stands on pages as it was written, in any language."""
    words: set[str] = set()
    for model, names in _WRITTEN:
        for row in model.objects.values_list(*names):  # type: ignore[attr-defined]
            words |= {str(v) for v in row if v}
    words |= {s.query for s in Search.objects.all()}
    words |= {str(v) for params in Finding.objects.values_list("params", flat=True) for v in params.values()}
    for path in (*SourceFile.objects.values_list("path", flat=True), *Draft.objects.values_list("name", flat=True)):
        words |= {path, path[:39] + "…", *path.split("/")}
    return words


_WRITTEN: tuple[tuple[type[object], tuple[str, ...]], ...] = (
    (Agency, ("name",)),
    (User, ("display_name",)),
    (Fonds, ("name", "code")),
    (ScheduleRow, ("material",)),
    (Transfer, ("name", "number")),
    (Upload, ("path",)),
    (Draft, ("title", "archival_code")),
    (Finding, ("file_path",)),
    (Item, ("title", "archival_code")),
    (Component, ("name", "format_name")),
    (Mention, ("name",)),
    (EmployerName, ("name",)),
)
