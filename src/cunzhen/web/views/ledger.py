"""存证账本: its published resources for programs, and a page for those who may see it."""

from __future__ import annotations

from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from cunzhen.accounts.models import User
from cunzhen.accounts.operations import refuse
from cunzhen.accounts.queries import actor_names, actor_of
from cunzhen.accounts.rules import Actor
from cunzhen.errors import Missing, Refused
from cunzhen.ledger.published import resource
from cunzhen.ledger.queries import entries_after, head, last_number
from cunzhen.web.events import event_label
from cunzhen.web.people import signed_in

SHOWN = 50


@require_GET
@signed_in
def page(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Size, head and the latest entries."""
    actor.require("view_ledger")
    try:
        now = head()
    except Missing:
        return render(request, "web/ledger.html", {"head": None, "entries": []})
    entries = entries_after(last_number() - SHOWN, SHOWN)[::-1]
    names = actor_names({e.actor_id for e in entries})
    lines = [(e, event_label(e.op, get_language()), names.get(e.actor_id, "—")) for e in entries]
    return render(request, "web/ledger.html", {"head": now, "entries": lines})


@require_GET
def published(request: HttpRequest, path: str) -> HttpResponseBase:
    """``/ledger/checkpoint``, ``/ledger/tile/…``, ``/ledger/vkey``; entries themselves need the audit role."""
    if path.startswith("tile/entries") and not _may_read_entries(request):
        return HttpResponse(status=404)
    try:
        found = resource(path)
    except Missing:
        return HttpResponse(status=404)
    content_type = "application/octet-stream" if path.startswith("tile/") else "text/plain; charset=utf-8"
    if isinstance(found, Path):
        return FileResponse(found.open("rb"), content_type=content_type)
    return HttpResponse(found, content_type=content_type)


def _may_read_entries(request: HttpRequest) -> bool:
    """Whether somebody has signed in who has the right; a refusal is entered in the ledger, as everywhere."""
    if not isinstance(request.user, User):
        return False
    actor = actor_of(request.user)
    try:
        actor.require("view_ledger")
    except Refused as error:
        refuse(error, actor=actor, now=timezone.now())
        return False
    return True
