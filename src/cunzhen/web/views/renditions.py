"""衍生件 on an item's page: adding files, taking one out."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cunzhen.accounts.rules import Actor
from cunzhen.holdings.incoming import on_disk
from cunzhen.holdings.operations import add_renditions, view_rendition
from cunzhen.holdings.operations.renditions import NewRendition
from cunzhen.holdings.queries import get_item
from cunzhen.preservation.queries import open_content
from cunzhen.ui.downloads import sent_file
from cunzhen.web.people import plain_text, signed_in, whole_number


@require_POST
@signed_in
def add(request: HttpRequest, actor: Actor, item_id: UUID) -> HttpResponse:
    """Add the chosen files to the item."""
    actor.require("add_renditions")
    get_item(actor, item_id)  # before anything that was sent is written down
    note = plain_text(request.POST.get("note", ""))
    source = whole_number(request.POST.get("source", "")) or 0
    with on_disk([(str(f.name or ""), f.chunks()) for f in request.FILES.getlist("files")]) as files:
        new = [NewRendition(path, name, note, source) for path, name in files]
        added = add_renditions(actor, item_id=item_id, files=new, now=timezone.now())
    messages.success(request, _("已加入衍生件 %(n)d 个，原件没有变动。") % {"n": len(added)})
    return redirect(reverse("web:item", args=[item_id]))


@require_GET
@signed_in
def download(request: HttpRequest, actor: Actor, item_id: UUID, number: int) -> HttpResponseBase:
    """One rendition, byte for byte, as a download; the look is recorded."""
    row = view_rendition(actor, item_id=item_id, number=number, now=timezone.now())
    return sent_file(open_content(item_id, row.path), name=row.name, mime=row.mime, size=row.size)
