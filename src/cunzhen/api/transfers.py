"""Transfers over the API: open, add files, receive, follow, receipt."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Form, Router, Schema, Status, UploadedFile

from cunzhen.access.queries import indexed_items
from cunzhen.api.auth import actor_in
from cunzhen.api.described import KEY_HEADER
from cunzhen.api.idempotency import idempotent
from cunzhen.api.paging import Page, page_of
from cunzhen.api.texts import Code, FilePath, Limit, Name, SeriesCode, Year
from cunzhen.capture import queries
from cunzhen.capture.models import Transfer
from cunzhen.capture.operations import add_file, open_transfer, receive_uploads
from cunzhen.capture.receipts import receipt_of
from cunzhen.capture.rules import Counts

router = Router(tags=["transfers"])


class TransferIn(Schema):
    """What a new transfer needs."""

    name: Name
    fonds: Code = ""
    auto: bool = False
    year: Year | None = None
    series: SeriesCode = ""


class CountsOut(Schema):
    """How many items stand where."""

    sent: int
    received: int
    filed: int
    waiting: int
    returned: int
    duplicates: int
    in_work: int


class TransferOut(Schema):
    """One transfer."""

    id: UUID
    number: str
    name: str
    state: str
    fonds: str
    auto: bool
    opened_at: datetime
    received_at: datetime | None
    closed_at: datetime | None
    counts: CountsOut


class FindingOut(Schema):
    """A numbered finding."""

    code: str
    message: str


class ReceiptItemOut(Schema):
    """One item of a receipt."""

    source: str
    state: str
    archival_code: str
    title: str
    sha256: str
    sm3: str
    pages: int
    findings: list[FindingOut]


class ReceiptOut(Schema):
    """A receipt: sent = received = filed + waiting + returned + duplicates."""

    transfer: str
    id: UUID
    sent: int
    received: int
    filed: int
    waiting: int
    returned: int
    duplicates: int
    in_work: int
    indexed: int
    preserved: int
    items: list[ReceiptItemOut]
    findings: list[FindingOut]


class FileIn(Schema):
    """What goes with a file; its own name where there is no path."""

    path: FilePath = ""


class FileOut(Schema):
    """A file as it arrived."""

    id: UUID
    path: str
    size: int
    offset: int


def _transfer_out(transfer: Transfer, counts: Counts | None = None) -> TransferOut:
    counts = counts or queries.counts_of(transfer)
    return TransferOut(
        id=transfer.id,
        number=transfer.number,
        name=transfer.name,
        state=transfer.state,
        fonds=transfer.fonds.code,
        auto=transfer.auto,
        opened_at=transfer.opened_at,
        received_at=transfer.received_at,
        closed_at=transfer.closed_at,
        counts=CountsOut(**{name: getattr(counts, name) for name in CountsOut.model_fields}),
    )


@router.post("/transfers", response={201: TransferOut}, operation_id="open_transfer", openapi_extra=KEY_HEADER)
@idempotent
def create(request: HttpRequest, data: TransferIn) -> Status[TransferOut]:
    """Open a transfer that files can be added to."""
    transfer = open_transfer(
        actor_in(request),
        name=data.name,
        fonds_code=data.fonds,
        auto=data.auto,
        year=data.year,
        series=data.series,
        now=timezone.now(),
    )
    return Status(201, _transfer_out(transfer))


@router.get("/transfers", response=Page[TransferOut], operation_id="list_transfers")
def index(request: HttpRequest, cursor: str = "", limit: Limit = 50) -> Page[TransferOut]:
    """Transfers within reach, newest first."""
    found, following = page_of(queries.visible_transfers(actor_in(request)), cursor, limit)
    counts = queries.counts_of_many([t.id for t in found])
    return Page(items=[_transfer_out(t, counts[t.id]) for t in found], next=following)


@router.get("/transfers/{transfer_id}", response=TransferOut, operation_id="view_transfer")
def record(request: HttpRequest, transfer_id: UUID) -> TransferOut:
    """One transfer with its counts."""
    return _transfer_out(queries.get_transfer(actor_in(request), transfer_id))


@router.post("/transfers/{transfer_id}/files", response={201: FileOut}, operation_id="add_file")
def add(request: HttpRequest, transfer_id: UUID, file: File[UploadedFile], data: Form[FileIn]) -> Status[FileOut]:
    """Add one file. ``path`` is its name within the pile, with folders; large files go through ``/uploads/`` (tus).

    Sending the same file again is harmless, so no ``Idempotency-Key`` is needed; other content under a name that has
    been sent already is a conflict.
    """
    upload = add_file(
        actor_in(request),
        transfer_id=transfer_id,
        path=data.path or PurePosixPath(file.name or "file").name,
        size=file.size or 0,
        now=timezone.now(),
        body=file,  # type: ignore[arg-type]
    )
    return Status(201, FileOut(id=upload.id, path=upload.path, size=upload.size, offset=upload.offset))


@router.post(
    "/transfers/{transfer_id}/receive",
    response=TransferOut,
    operation_id="receive_transfer",
    openapi_extra=KEY_HEADER,
)
@idempotent
def receive(request: HttpRequest, transfer_id: UUID) -> TransferOut:
    """Receive everything that was added; reading and filing go on in the background."""
    return _transfer_out(receive_uploads(actor_in(request), transfer_id=transfer_id, now=timezone.now()))


@router.get("/transfers/{transfer_id}/receipt", response=ReceiptOut, operation_id="view_receipt")
def receipt(request: HttpRequest, transfer_id: UUID) -> ReceiptOut:
    """The receipt as it stands; final once the transfer is closed."""
    actor = actor_in(request)
    return ReceiptOut.model_validate(
        receipt_of(actor, transfer_id=transfer_id, indexed=lambda ids: len(indexed_items(ids)))
    )
