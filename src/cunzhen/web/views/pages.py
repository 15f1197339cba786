"""Pictures of pages: drawn upright when somebody looks, kept in the cache; each look at a filed page is recorded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from cunzhen.accounts.rules import Actor
from cunzhen.capture.documents import render_page
from cunzhen.capture.models import Sheet
from cunzhen.capture.queries import get_draft, inbox_file
from cunzhen.capture.thumbnails import cache_path, keep_picture
from cunzhen.errors import Missing
from cunzhen.holdings.models import Page
from cunzhen.holdings.operations import view_component, view_page
from cunzhen.holdings.queries import get_item, open_page
from cunzhen.preservation.queries import open_content
from cunzhen.ui.downloads import sent_file
from cunzhen.web.people import signed_in

PAGE_WIDTH = 1600
THUMBNAIL_WIDTH = 200


@require_GET
@signed_in
def item_page(request: HttpRequest, actor: Actor, item_id: UUID, number: int) -> HttpResponseBase:
    """A filed page; the look is recorded."""
    return _archived(view_page(actor, item_id=item_id, number=number, now=timezone.now()), "pages", PAGE_WIDTH)


@require_GET
@signed_in
def item_thumbnail(request: HttpRequest, actor: Actor, item_id: UUID, number: int) -> HttpResponseBase:
    """The small picture of a filed page, too small to read."""
    actor.require("view_page")
    page = Page.objects.select_related("component").filter(item=get_item(actor, item_id), number=number).first()
    if page is None:
        raise Missing("H-04", f"这件档案没有第 {number} 页。", f"This item has no page {number}.")
    return _archived(page, "thumbnails", THUMBNAIL_WIDTH)


@require_GET
@signed_in
def component(request: HttpRequest, actor: Actor, item_id: UUID, number: int) -> HttpResponseBase:
    """One original, byte for byte, as a download; the look is recorded."""
    row = view_component(actor, item_id=item_id, number=number, now=timezone.now())
    return sent_file(open_content(item_id, row.path), name=row.name, mime=row.mime, size=row.size)


def _archived(page: Page, kind: str, width: int) -> HttpResponseBase:
    def draw() -> bytes:
        suffix = Path(page.component.path).suffix
        with (
            open_content(page.item_id, page.component.path) as content,
            tempfile.NamedTemporaryFile(suffix=suffix) as copy,
        ):
            while block := content.read(1 << 20):
                copy.write(block)
            copy.flush()
            return render_page(Path(copy.name), page.index, page.rotation, page.skew, width)

    return _picture(kind, page.id, draw)


@require_GET
@signed_in
def draft_page(request: HttpRequest, actor: Actor, draft_id: UUID, number: int) -> HttpResponseBase:
    """A page on its way in."""
    return _incoming(actor, draft_id, number, "pages", PAGE_WIDTH)


@require_GET
@signed_in
def draft_thumbnail(request: HttpRequest, actor: Actor, draft_id: UUID, number: int) -> HttpResponseBase:
    """The small picture of a page on its way in."""
    return _incoming(actor, draft_id, number, "thumbnails", THUMBNAIL_WIDTH)


def _incoming(actor: Actor, draft_id: UUID, number: int, kind: str, width: int) -> HttpResponseBase:
    draft = get_draft(actor, draft_id)
    sheet = Sheet.objects.select_related("file").filter(draft=draft, number=number).first()
    if sheet is None:
        raise Missing("T-04", f"这件材料没有第 {number} 页。", f"This draft has no page {number}.")
    text = open_page(bytes(sheet.words))

    def draw() -> bytes:
        return render_page(inbox_file(sheet.file), sheet.index, text.rotation, text.skew, width)

    return _picture(kind, sheet.id, draw)


def _picture(kind: str, page_id: UUID, draw: Callable[[], bytes]) -> HttpResponseBase:
    path = cache_path(kind, page_id)
    if not path.exists():
        path = keep_picture(kind, page_id, draw())
    response = FileResponse(path.open("rb"), content_type="image/jpeg")
    response["Cache-Control"] = "private, no-store"
    return response
