"""更正: one item's form, its check before anything is changed, and taking an earlier correction back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Conflict, Invalid
from cunzhen.holdings.corrections import Correction
from cunzhen.holdings.models import Item, Mention
from cunzhen.holdings.operations import correct_items, preview_corrections, view_item
from cunzhen.holdings.operations.correcting import CorrectedItem
from cunzhen.holdings.queries import get_item
from cunzhen.holdings.undoing import undo_of
from cunzhen.ui.templatetags.ui import moment
from cunzhen.web.correction_form import (
    Asked,
    Filled,
    asked_for,
    filled_by,
    filled_from,
    form_choices,
    form_errors,
    names_of,
    typed_and_now,
)
from cunzhen.web.correction_words import (
    asked_mentions,
    field_label,
    row_label,
    row_mentions,
    shown_changes,
    value_words,
)
from cunzhen.web.item_parts import viewer_pages
from cunzhen.web.people import plain_text, said, signed_in, whole_number


@signed_in
def correct(request: HttpRequest, actor: Actor, item_id: UUID) -> HttpResponse:
    """The form; what was filled in is checked on a page of its own before it is done."""
    actor.require("correct_items")
    if request.method != "POST":
        item = view_item(actor, item_id=item_id, now=timezone.now())
        return _show_form(request, item, filled_from(item, _mentions(item)), {}, 200)
    item = get_item(actor, item_id)
    filled = filled_by(request.POST, _mentions(item))
    try:
        return _answer(request, actor, item, filled)
    except Conflict as error:
        item = get_item(actor, item_id)
        if item.version == filled.version:
            raise error  # not somebody else's correction: said on a page of its own
        return _show_conflict(request, item, filled, _mentions(item))


def _answer(request: HttpRequest, actor: Actor, item: Item, filled: Filled) -> HttpResponse:
    """The next step: the form again, the check, or the deed."""
    mentions = _mentions(item)
    if filled.version != item.version:
        return _show_conflict(request, item, filled, mentions)
    asked = asked_for(item, mentions, filled)
    step = request.POST.get("step", "check")
    if step == "edit":
        return _show_form(request, item, filled, {}, 200)
    try:
        if step == "confirm":
            return _confirm(request, actor, asked.correction, filled.reason)
        return _check(request, actor, item, filled, asked, mentions)
    except Invalid as error:
        return _show_form(request, item, filled, form_errors(error, asked), 422)


@signed_in
def undo(request: HttpRequest, actor: Actor, item_id: UUID, entry_id: UUID) -> HttpResponse:
    """Take back what an earlier correction did: shown first, then done, as a correction of its own."""
    found = undo_of(actor, item_id=item_id, entry_id=entry_id)
    item, correction = get_item(actor, item_id), found.correction
    reason = plain_text(request.POST.get("reason", "")) or _("改回 %(at)s 的更正") % {"at": moment(found.at)}
    error = ""
    if request.method == "POST":
        asked = dataclasses.replace(correction, version=whole_number(request.POST.get("version", "")) or 0)
        try:
            return _confirm(request, actor, asked, reason)
        except (Invalid, Conflict) as refusal:
            error = said(refusal).message
    [previewed] = preview_corrections(actor, corrections=[correction], now=timezone.now())
    context = {
        **_summary(item, correction, previewed.differences, _mentions(item)),
        "moves": previewed.moves,
        "is_changed": previewed.is_changed,
        "action": reverse("web:undo_correction", args=[item.id, entry_id]),
        "hidden": [("version", str(item.version))],
        "reason": reason,
        "undone_at": found.at,
        "undone_reason": found.reason,
        "left": [field_label(name) for name in found.left],
        "error": error,
    }
    return render(request, "web/corrections/check.html", context, status=409 if error else 200)


def _confirm(request: HttpRequest, actor: Actor, correction: Correction, reason: str) -> HttpResponse:
    done = correct_items(actor, corrections=[correction], reason=reason, now=timezone.now())
    messages.success(request, _done(done.items[0]))
    return redirect(f"{reverse('web:item', args=[correction.item_id])}?tab=history")


def _done(item: CorrectedItem) -> str:
    return _("%(code)s 已更正，现为第 %(version)d 版。") % {"code": item.archival_code, "version": item.version}


def _check(
    request: HttpRequest, actor: Actor, item: Item, filled: Filled, asked: Asked, mentions: Sequence[Mention]
) -> HttpResponse:
    [previewed] = preview_corrections(actor, corrections=[asked.correction], now=timezone.now())
    if not previewed.is_changed:
        words = _("还没有改动任何内容。请更正有误的项目，或离开本页。")
        return _show_form(request, item, filled, {"title": words}, 422)
    if not filled.reason:
        return _show_form(request, item, filled, {"reason": _("请写明更正原因，供日后查考。")}, 422)
    context = {
        **_summary(item, asked.correction, previewed.differences, mentions),
        "moves": previewed.moves,
        "is_changed": True,
        "action": reverse("web:correct_item", args=[item.id]),
        "hidden": _hidden(request),
        "reason": filled.reason,
        "may_edit": True,
    }
    return render(request, "web/corrections/check.html", context)


def _hidden(request: HttpRequest) -> list[tuple[str, str]]:
    """The form's own values, carried to the next step."""
    left_out = {"csrfmiddlewaretoken", "step", "reason"}
    return [(name, str(value)) for name, value in request.POST.items() if name not in left_out]


def _summary(item: Item, correction: Correction, differences: Any, mentions: Sequence[Mention]) -> dict[str, Any]:
    retracted = set(correction.retracted)
    return {
        "item": item,
        "changes": shown_changes(differences),
        "retracted": row_mentions(m for m in mentions if m.id in retracted),
        "asserted": asked_mentions(correction.persons, correction.units),
    }


def _show_form(
    request: HttpRequest, item: Item, filled: Filled, errors: Mapping[str, str], status: int
) -> HttpResponse:
    context = {
        "item": item,
        "filled": filled,
        "values": filled.values,
        **form_choices(item, filled),
        "errors": errors,
        "viewer": _viewer(item, filled),
    }
    return render(request, "web/corrections/form.html", context, status=status)


def _show_conflict(request: HttpRequest, item: Item, filled: Filled, mentions: Sequence[Mention]) -> HttpResponse:
    """Somebody else was faster: both versions beside one another, nothing is lost and nothing is overwritten."""
    now = filled_from(item, mentions)
    rows = {str(r.id): row_label(r) for r in item.fonds.schedule.rows.all()}
    compared = [
        (field_label(name), value_words(name, mine, rows), value_words(name, theirs, rows))
        for name, mine, theirs in typed_and_now(filled, now)
    ]
    if names_of(filled) != names_of(now):
        compared.append((_("姓名或单位"), names_of(filled), names_of(now)))
    context = {"item": item, "compared": compared, "reason": filled.reason}
    return render(request, "web/corrections/conflict.html", context, status=409)


def _mentions(item: Item) -> list[Mention]:
    return list(item.mentions.filter(retracted_at=None).order_by("id"))


def _viewer(item: Item, filled: Filled) -> dict[str, Any]:
    """The scan beside the form, with the places of the names on it."""
    boxes: dict[int, list[dict[str, Any]]] = {}
    for prefix, rows in (("persons", filled.persons), ("units", filled.units)):
        for row in rows:
            if row.box and whole_number(row.page):
                place = {"field": f"{prefix}-{row.number}-name", "box": list(row.box), "state": "known"}
                boxes.setdefault(int(row.page), []).append(place)
    return {"pages": viewer_pages(item, boxes), "start": 1}
