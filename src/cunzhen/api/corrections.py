"""Corrections and renditions over the API: one item, many at once, further forms of an item.

They stand on the router of the items: one address answers for reading and correcting.
"""

from __future__ import annotations

import re
from typing import Annotated, Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Form, Schema, Status, UploadedFile
from pydantic import ConfigDict, StringConstraints

from cunzhen.api.auth import actor_in
from cunzhen.api.described import FILE_ANSWER, KEY_HEADER
from cunzhen.api.idempotency import idempotent
from cunzhen.api.items import ItemDetailOut, RenditionOut, item_detail, rendition_out, router
from cunzhen.api.texts import Code, Name, PageNumber
from cunzhen.errors import Invalid
from cunzhen.holdings.corrections import Correction
from cunzhen.holdings.incoming import on_disk
from cunzhen.holdings.operations import add_renditions, correct_items, view_rendition
from cunzhen.holdings.operations.renditions import NewRendition
from cunzhen.holdings.queries import get_item
from cunzhen.holdings.rules import NamedPerson, NamedUnit
from cunzhen.preservation.queries import open_content
from cunzhen.ui.downloads import sent_file

__all__ = ["router"]
_VERSION = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')
_MATCH_HEADER = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "required": False,
    "description": "the item's ETag as it was read; ``version`` in the body says the same",
}
Text = Annotated[str, StringConstraints(max_length=1_000)]


class PersonIn(Schema):
    """A person whom a paper names; ``page`` from 1 says where."""

    model_config = ConfigDict(extra="forbid")
    name: Name = ""
    id_number: Code = ""
    page: PageNumber | None = None


class UnitIn(Schema):
    """An employer whom a paper names."""

    model_config = ConfigDict(extra="forbid")
    name: Name = ""
    uscc: Code = ""
    page: PageNumber | None = None


class FieldsIn(Schema):
    """What shall change; what is absent or null stays. ``extra``: an empty text takes a field away."""

    model_config = ConfigDict(extra="forbid")
    title: Text | None = None
    document_date: Code | None = None
    kind: Code | None = None
    series: Code | None = None
    year: int | None = None
    term: Code | None = None
    term_confirmed: bool | None = None
    schedule_row_id: UUID | None = None
    security_level: Code | None = None
    case_number: Text | None = None
    extra: dict[str, str] = {}
    persons: list[PersonIn] = []
    units: list[UnitIn] = []
    retracted: list[UUID] = []


class CorrectionIn(FieldsIn):
    """A correction of one item; the version that was read stands here or in ``If-Match``."""

    reason: Text
    version: int | None = None


class OneOfManyIn(FieldsIn):
    """A correction of one of many items."""

    id: UUID
    version: int


class ManyIn(Schema):
    """Corrections that are taken together or not at all; at most 10,000."""

    model_config = ConfigDict(extra="forbid")
    reason: Text
    corrections: list[OneOfManyIn]


class CorrectedOut(Schema):
    """One item after it."""

    id: UUID
    version: int
    archival_code: str
    changed: bool


class ManyOut(Schema):
    """What became of all; ``change_set`` where one was written, to be folded into the packages later."""

    corrected: int
    unchanged: int
    change_set: UUID | None
    items: list[CorrectedOut]


class RenditionIn(Schema):
    """What goes with the files: what they are for, and the number of the file they were made from (0: the item)."""

    note: Name = ""
    source: int = 0


class RenditionsOut(Schema):
    """What was added."""

    items: list[RenditionOut]


@router.patch(
    "/items/{item_id}",
    response=ItemDetailOut,
    operation_id="correct_item",
    openapi_extra={"parameters": [*KEY_HEADER["parameters"], _MATCH_HEADER]},
)
@idempotent
def correct(request: HttpRequest, response: HttpResponse, item_id: UUID, data: CorrectionIn) -> ItemDetailOut:
    """Correct one item as it was read; 409 with its present version where somebody was faster."""
    actor = actor_in(request)
    actor.require("correct_items")
    correction = _correction(item_id, _version(request, data.version), data)
    correct_items(actor, corrections=[correction], reason=data.reason, now=timezone.now())
    item = get_item(actor, item_id)
    response["ETag"] = f'"{item.version}"'
    return item_detail(item)


@router.post("/corrections", response=ManyOut, operation_id="correct_items", openapi_extra=KEY_HEADER)
@idempotent
def correct_many(request: HttpRequest, data: ManyIn) -> ManyOut:
    """Correct many items, all or none; a problem of any is told by its id."""
    asked = [_correction(one.id, one.version, one) for one in data.corrections]
    done = correct_items(actor_in(request), corrections=asked, reason=data.reason, now=timezone.now())
    return ManyOut(
        corrected=done.changed_count,
        unchanged=len(done.items) - done.changed_count,
        change_set=done.change_set_id,
        items=[
            CorrectedOut(id=i.id, version=i.version, archival_code=i.archival_code, changed=i.is_changed)
            for i in done.items
        ],
    )


@router.post("/items/{item_id}/renditions", response={201: RenditionsOut}, operation_id="add_renditions")
def add(
    request: HttpRequest, item_id: UUID, files: File[list[UploadedFile]], data: Form[RenditionIn]
) -> Status[RenditionsOut]:
    """Add files made elsewhere to the item's package; no original changes. The same content again is refused (422)."""
    actor = actor_in(request)
    actor.require("add_renditions")
    with on_disk([(str(f.name or ""), f.chunks()) for f in files]) as found:
        new = [NewRendition(path, name, data.note, data.source) for path, name in found]
        rows = add_renditions(actor, item_id=item_id, files=new, now=timezone.now())
    return Status(201, RenditionsOut(items=[rendition_out(r) for r in rows]))


@router.get(
    "/items/{item_id}/renditions/{number}",
    operation_id="view_rendition",
    response=None,
    openapi_extra=FILE_ANSWER,
)
def rendition(request: HttpRequest, item_id: UUID, number: int) -> FileResponse:
    """One rendition, byte for byte; the look is recorded. It is always sent as a download."""
    row = view_rendition(actor_in(request), item_id=item_id, number=number, now=timezone.now())
    return sent_file(open_content(item_id, row.path), name=row.name, mime=row.mime, size=row.size)


def _version(request: HttpRequest, given: int | None) -> int:
    """The version that the caller read."""
    header = request.headers.get("If-Match", "")
    match = _VERSION.fullmatch(header.strip())
    if (header and match is None) or (not header and given is None):
        raise Invalid(
            "API-14",
            '请在 If-Match 或 version 中写明所读到的版本，例如 If-Match: "3"。',
            'Say which version you read, in If-Match or in version, such as If-Match: "3".',
        )
    read = int(match[1]) if match else given
    if read is None or (given is not None and given != read):
        raise Invalid("API-15", "If-Match 与 version 不一致。", "If-Match and version name two versions.")
    return read


def _correction(item_id: UUID, version: int, data: FieldsIn) -> Correction:
    plain: dict[str, Any] = {
        name: getattr(data, name)
        for name in FieldsIn.model_fields
        if name not in {"persons", "units", "retracted"} and getattr(data, name) is not None
    }
    return Correction(
        item_id=item_id,
        version=version,
        **plain,
        persons=tuple(NamedPerson(p.name, p.id_number, page=(p.page or 0) - 1) for p in data.persons),
        units=tuple(NamedUnit(u.name, u.uscc, page=(u.page or 0) - 1) for u in data.units),
        retracted=tuple(data.retracted),
    )
