"""The tus 1.0.0 door: files come in pieces and go on where the line broke (creation and core protocol)."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.urls import reverse
from django.utils import timezone

from cunzhen.accounts.operations import refuse
from cunzhen.accounts.rules import Actor
from cunzhen.capture.operations import add_file, append_upload
from cunzhen.capture.queries import get_upload
from cunzhen.errors import CunzhenError, Invalid
from cunzhen.web.people import STATUS, said, signed_in

VERSION = "1.0.0"
PIECE = "application/offset+octet-stream"
_MOST_DIGITS = 18  # of a length in bytes: what the database's integers hold


class _Body:
    """The request's bytes; a line that breaks is told apart from a disk that fails."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def read(self, size: int) -> bytes:
        """The next bytes, empty at the end."""
        try:
            return self._request.read(size)
        except UnreadablePostError as error:
            raise ConnectionResetError("the line broke") from error


def _speaks_tus(request: HttpRequest) -> bool:
    return request.headers.get("Tus-Resumable") == VERSION


def _answer(status: int, **headers: str) -> HttpResponse:
    response = HttpResponse(status=status)
    response["Tus-Resumable"] = VERSION
    response["Cache-Control"] = "no-store"
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def _refusal(request: HttpRequest, error: CunzhenError) -> HttpResponse:
    refuse(error, actor=getattr(request, "actor", None), now=timezone.now())
    response = HttpResponse(said(error).message, status=STATUS[type(error)], content_type="text/plain; charset=utf-8")
    response["Tus-Resumable"] = VERSION
    return response


@signed_in
def create(request: HttpRequest, actor: Actor) -> HttpResponse:
    """``POST``: announce a file with Upload-Length and Upload-Metadata (path, transfer); answers where to send it."""
    if request.method == "OPTIONS":
        return _answer(204, Tus_Version=VERSION, Tus_Extension="creation")
    if request.method != "POST":
        return _answer(405, Allow="POST, OPTIONS")
    if not _speaks_tus(request):
        return _answer(412, Tus_Version=VERSION)
    try:
        metadata = _metadata(request.headers.get("Upload-Metadata", ""))
        upload = add_file(
            actor,
            transfer_id=_uuid(metadata.get("transfer", "")),
            path=metadata.get("path") or metadata.get("filename", ""),
            size=_size(request.headers.get("Upload-Length", "")),
            now=timezone.now(),
        )
    except CunzhenError as error:
        return _refusal(request, error)
    return _answer(201, Location=reverse("web:upload", args=[upload.id]), Upload_Offset=str(upload.offset))


@signed_in
def piece(request: HttpRequest, actor: Actor, upload_id: UUID) -> HttpResponse:
    """``HEAD``: how far it is. ``PATCH``: the next piece; only what is on disk is acknowledged."""
    try:
        if not _speaks_tus(request):
            return _answer(412, Tus_Version=VERSION)
        if request.method == "HEAD":
            upload = get_upload(actor, upload_id)
            return _answer(200, Upload_Offset=str(upload.offset), Upload_Length=str(upload.size))
        if request.method != "PATCH":
            return _answer(405, Allow="HEAD, PATCH")
        if request.content_type != PIECE:
            return _answer(415)
        offset = _size(request.headers.get("Upload-Offset", ""))
        upload = append_upload(actor, upload_id=upload_id, offset=offset, body=_Body(request))  # type: ignore[arg-type]
    except CunzhenError as error:
        return _refusal(request, error)
    return _answer(204, Upload_Offset=str(upload.offset))


def _metadata(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in header.split(","))):
        key, _, value = part.partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise Invalid("T-UP-01", "文件名或路径不合要求，请改名后重试。", "The metadata cannot be read.") from None
    return found


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("T-UP-08", "没有指明归档批次，请刷新页面后重试。", "The transfer is not named.") from None


def _size(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None
    if number is None:
        raise Invalid("T-UP-09", "缺少文件大小，请刷新页面后重试。", "The length or offset is missing.")
    return number
