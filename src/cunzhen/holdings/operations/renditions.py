"""衍生件: adding further forms of an item to its package."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from uuid_utils.compat import uuid7

from cunzhen.accounts.rules import Actor
from cunzhen.database.rows import copy_rows
from cunzhen.errors import Invalid, Missing
from cunzhen.formats import mets
from cunzhen.formats.digests import digest_file
from cunzhen.formats.failpoints import failpoint
from cunzhen.formats.probes import identify
from cunzhen.holdings.changing import said_before
from cunzhen.holdings.fields import text_problem
from cunzhen.holdings.models import Component, Item, Rendition
from cunzhen.holdings.packaging import content_path
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.preservation.fixity import version_subject
from cunzhen.preservation.operations import revise_descriptions
from cunzhen.preservation.rules import ContentFile, NewDescription

MOST_FILES = 20
LONGEST_NAME, LONGEST_NOTE = 255, 200


@dataclass(frozen=True)
class NewRendition:
    """A file to add.

    Args:
        source: where it lies; it may go once the operation has returned.
        name: what it is called.
        note: what it is for, such as 长期保存格式.
        source_number: number of the component it was made from, 0 for the item as a whole.
    """

    source: Path
    name: str
    note: str = ""
    source_number: int = 0


def add_renditions(actor: Actor, *, item_id: UUID, files: Sequence[NewRendition], now: datetime) -> list[Rendition]:
    """Add files to an item's package as a new version of it; no original and no older version changes.

    1. the right; 2. the item locked, within reach; 3. names, sizes and digests looked at, formats told by content;
    4. rows; 5. the package with its new description; 6. one ledger entry that names every file by its digests.

    Args:
        item_id: of the item.
        files: 1 to 20.

    Raises:
        Refused: ``A-01``. Missing: ``H-01``. Conflict: ``H-24`` the package says otherwise than the catalogue.
        Invalid: ``H-30`` no file or too many, ``H-31`` a name, note or source, ``H-32`` an empty, unreadable or too
        large file, ``H-33`` the item has the same content already. Unavailable.
    """
    actor.require("add_renditions")
    _check_asked(files)
    with transaction.atomic():
        item = _locked(actor, item_id)
        rows = _rows(item, files, actor, now)
        failpoint("rendition-1-looked-at")
        item.version += 1
        item.save(update_fields=["version"])
        copy_rows(rows)
        [kept] = revise_descriptions([_revised(item, rows, files, actor, now)], now=now)
        failpoint("rendition-2-kept")
        subjects = (
            Subject(item.id, item.content_sha256),
            *(Subject(r.id, r.sha256, r.sm3) for r in rows),
            version_subject(kept),
        )
        detail = {"code": item.archival_code, "version": item.version, "renditions": [r.number for r in rows]}
        record([NewEntry("add_renditions", actor.id, item.fonds.keeper_id, subjects, detail)], at=now)
        failpoint("rendition-3-recorded")
    return rows


def _check_asked(files: Sequence[NewRendition]) -> None:
    if not 1 <= len(files) <= MOST_FILES:
        raise Invalid("H-30", f"请选择 1 至 {MOST_FILES} 个文件。", f"Choose 1 to {MOST_FILES} files.", most=MOST_FILES)
    for file in files:
        named = bool(_plain(file.name).strip(" .")) and not text_problem(file.name, LONGEST_NAME)
        if not named or text_problem(file.note, LONGEST_NOTE):
            raise Invalid(
                "H-31",
                f"文件名不能为空、不能超过 {LONGEST_NAME} 个字，说明不能超过 {LONGEST_NOTE} 个字，也不能含控制字符。",
                f"A name has 1 to {LONGEST_NAME} characters, a note at most {LONGEST_NOTE}; no control characters.",
            )


def _locked(actor: Actor, item_id: UUID) -> Item:
    within = Item.objects.filter(id=item_id, fonds__keeper_id__in=actor.agency_ids)
    item = within.select_for_update(of=("self",)).select_related("fonds").first()
    if item is None:
        raise Missing("H-01", "没有找到这件档案，请核对链接或档号。", "There is no such item within your reach.")
    return item


def _rows(item: Item, files: Sequence[NewRendition], actor: Actor, now: datetime) -> list[Rendition]:
    sources = {0, *Component.objects.filter(item=item).values_list("number", flat=True)}
    if not {f.source_number for f in files} <= sources:
        raise Invalid(
            "H-31", "衍生件所依据的原件不存在。", "There is no such file that a rendition could be made from."
        )
    known = set(Component.objects.filter(item=item).values_list("sha256", flat=True))
    known |= set(Rendition.objects.filter(item=item).values_list("sha256", flat=True))
    last = Rendition.objects.filter(item=item).count()
    probes = identify([f.source for f in files])
    rows = []
    for number, (file, probe) in enumerate(zip(files, probes, strict=True), last + 1):
        if not 0 < probe.size <= settings.UPLOAD_LIMIT_BYTES:
            raise Invalid(
                "H-32",
                "文件是空的、读不出来，或超过了上限，没有加入。请检查后重新选择。",
                "A file is empty, cannot be read, or is too large; nothing was added.",
            )
        digests = digest_file(file.source)
        if digests.sha256 in known:
            raise Invalid(
                "H-33",
                "这件档案已有内容完全相同的文件，没有重复加入。",
                "The item already has a file with this content.",
            )
        known.add(digests.sha256)
        rows.append(
            Rendition(
                id=uuid7(),
                item=item,
                number=number,
                source_number=file.source_number,
                path=content_path("renditions", number, _plain(file.name)),
                name=_plain(file.name),
                note=file.note.strip(),
                size=digests.size,
                sha256=digests.sha256,
                sm3=digests.sm3,
                sha512=digests.sha512,
                puid=probe.puid,
                mime=probe.mime,
                format_name=probe.format_name[:200],
                added_at=now,
                added_by=actor.id,
            )
        )
    return rows


def _plain(name: str) -> str:
    """The last part of a name: senders' folders are none of the archive's."""
    return name.replace("\\", "/").rsplit("/", 1)[-1].strip()


def _revised(
    item: Item, rows: Sequence[Rendition], files: Sequence[NewRendition], actor: Actor, now: datetime
) -> NewDescription:
    said = said_before(item)
    paths = "、".join(r.path for r in rows)
    event = mets.Event(uuid7(), "add_renditions", now, actor.id, actor.name, paths, "success")
    description = dataclasses.replace(
        said,
        version=item.version,
        renditions=(*said.renditions, *(_said(r) for r in rows)),
        events=(*said.events, event),
    )
    content = tuple(ContentFile(r.path, f.source, r.sha256, r.sm3) for r, f in zip(rows, files, strict=True))
    return NewDescription(item.id, description, f"加入衍生件 {paths}", actor.name, now, content)


def _said(row: Rendition) -> mets.Rendition:
    names = (f.name for f in dataclasses.fields(mets.Rendition))
    return mets.Rendition(**{name: getattr(row, name) for name in names})
