"""著录: scan left, fields right; what the machine is unsure of is asked, the rest is confirmed with one key."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cunzhen.accounts.rules import Actor
from cunzhen.capture.models import Draft, Sheet
from cunzhen.capture.operations import describe_draft, return_drafts
from cunzhen.capture.queries import get_draft, waiting_drafts
from cunzhen.capture.rules import Description, DraftState
from cunzhen.errors import Conflict, Invalid
from cunzhen.holdings.queries import open_page
from cunzhen.holdings.rules import NamedPerson, NamedUnit
from cunzhen.web.describing import FieldRow, field_rows, problem_words, read_form, typed_fields
from cunzhen.web.naming import named_categories, named_kinds
from cunzhen.web.people import plain_text, said, signed_in


@require_GET
@signed_in
def queue(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The first paper that waits, or word that none does."""
    actor.require("describe_draft")
    first = waiting_drafts(actor).first()
    if first is None:
        return render(request, "web/describe/empty.html", {})
    return redirect("web:describe", first.id)


@signed_in
def desk(request: HttpRequest, actor: Actor, draft_id: UUID) -> HttpResponse:
    """One paper: show it, or take what the clerk confirmed and go on to the next."""
    actor.require("describe_draft")
    draft = get_draft(actor, draft_id)
    if request.method == "POST":
        return _confirm(request, actor, draft)
    if draft.state != DraftState.WAITING:
        return redirect("web:transfer", draft.transfer_id)
    description = Description.from_json(draft.description) if draft.description else None
    return _show(request, actor, draft, description, {}, 200)


def _confirm(request: HttpRequest, actor: Actor, draft: Draft) -> HttpResponse:
    before = Description.from_json(draft.description) if draft.description else None
    description = read_form(request.POST, before)
    try:
        describe_draft(actor, draft_id=draft.id, description=description, now=timezone.now())
    except Invalid as error:
        return _show(request, actor, draft, description, problem_words(error), 422)
    except Conflict as error:
        return render(request, "web/describe/taken.html", {"error": said(error), "draft": draft}, status=409)
    return _onward(actor, draft)


def _onward(actor: Actor, draft: Draft) -> HttpResponse:
    """The next paper of the queue after this one, from the start again at its end."""
    waiting = waiting_drafts(actor)
    following = waiting.filter(id__gt=draft.id).first() or waiting.first()
    return redirect("web:describe", following.id) if following else redirect("web:queue")


def _show(
    request: HttpRequest,
    actor: Actor,
    draft: Draft,
    description: Description | None,
    errors: dict[str, str],
    status: int,
) -> HttpResponse:
    suggestions = json.loads(draft.suggestions) if draft.suggestions else {"fields": {}, "persons": []}
    rows = field_rows(description, suggestions, draft.unsure, errors, typed_fields(request.POST))
    waiting = waiting_drafts(actor)
    total = waiting.count()
    position = waiting.filter(id__lte=draft.id).count()
    previous = waiting.filter(id__lt=draft.id).order_by("-id").first()
    following = waiting.filter(id__gt=draft.id).first()
    context = {
        "draft": draft,
        "rows": rows,
        "persons": description.persons if description and description.persons else (NamedPerson(""),),
        "units": description.units if description and description.units else (NamedUnit(""),),
        "kinds": named_kinds(),
        "categories": named_categories(),
        "description": description,
        "errors": errors,
        "unsure_count": sum(r.unsure for r in rows),
        "viewer": _viewer(draft, rows),
        "position": position,
        "total": total,
        "previous": previous,
        "following": following,
        "may_return": actor.may("return_drafts"),
    }
    return render(request, "web/describe/desk.html", context, status=status)


def _viewer(draft: Draft, rows: list[FieldRow]) -> dict[str, Any]:
    """What ``<page-viewer>`` is given: the pages and the boxes of the fields on them."""
    pages = []
    for sheet in Sheet.objects.filter(draft=draft).order_by("number"):
        text = open_page(bytes(sheet.words))
        boxes = [
            {"field": r.name, "box": list(r.box), "state": "uncertain" if r.unsure else "known"}
            for r in rows
            if r.box and r.page == sheet.number - 1
        ]
        pages.append(
            {
                "number": sheet.number,
                "image": reverse("web:draft_page", args=[draft.id, sheet.number]),
                "thumbnail": reverse("web:draft_thumbnail", args=[draft.id, sheet.number]),
                "width": text.width,
                "height": text.height,
                "label": _("第 %(n)d 页") % {"n": sheet.number},
                "boxes": boxes,
            }
        )
    return {"pages": pages, "start": 1}


@require_POST
@signed_in
def send_back(request: HttpRequest, actor: Actor, draft_id: UUID) -> HttpResponse:
    """Return this paper to its sender, with a reason, and go on."""
    draft = get_draft(actor, draft_id)
    return_drafts(actor, draft_ids=[draft.id], reason=plain_text(request.POST.get("reason", "")), now=timezone.now())
    return _onward(actor, draft)
