"""存证账本: its published resources for programs, and a page for those who may see it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

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
from cunzhen.ledger.kept import HEADS, days_in, trusted_or_none
from cunzhen.ledger.published import resource
from cunzhen.ledger.queries import entries_after, head, last_number
from cunzhen.ledger.stamps import day_stamps, trouble
from cunzhen.ledger.tiles import current
from cunzhen.ledger.watching import is_old, last_audit
from cunzhen.ledger.witnesses import HALTING, seen_by, standings
from cunzhen.web.events import event_label
from cunzhen.web.naming import chinese
from cunzhen.web.people import signed_in

SHOWN = 50
HEADS_SHOWN = 31


@require_GET
@signed_in
def page(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Size, head, who has signed it, the last audit, alarms, and the latest entries."""
    actor.require("view_ledger")
    context: dict[str, Any] = {
        "stamp_problem": _stamp_problem(),
        "witnesses": _witnesses(),
        "audit": _audit(),
        "head": None,
        "entries": [],
    }
    try:
        now = head()
    except Missing:
        return render(request, "web/ledger.html", context)
    entries = entries_after(last_number() - SHOWN, SHOWN)[::-1]
    names = actor_names({e.actor_id for e in entries})
    lines = [(e, event_label(e.op, get_language()), names.get(e.actor_id, "—")) for e in entries]
    context |= {
        "head": now,
        "seen": seen_by(now.signed_note_text),
        "entries": lines,
        "heads": _heads(),
        "stamps": _stamps(),
    }
    return render(request, "web/ledger.html", context)


def _witnesses() -> list[dict[str, Any]]:
    """How each witness stands, in the words of the page."""
    return [
        {
            "name": one.name,
            "url": one.url,
            "size": one.size,
            "signed_at": datetime.fromisoformat(one.signed_at) if one.signed_at else None,
            "problem": one.message if chinese() else one.english,
            "tone": "bad" if one.code in HALTING else "warn" if one.code else "ok" if one.signed_at else "",
        }
        for one in standings()
    ]


def _stamp_problem() -> str:
    said = trouble()
    return "" if said is None else said.message if chinese() else said.english


def _stamps() -> list[dict[str, Any]]:
    """The last days' time stamps, each checked now."""
    return [
        {
            "day": one.day,
            "stamp": one.stamp,
            "problem": "" if one.problem is None else one.problem.message if chinese() else one.problem.english,
        }
        for one in day_stamps(HEADS_SHOWN)
    ]


def _audit() -> dict[str, Any] | None:
    """The last audit; ``old`` where the worker should have made another since."""
    last = last_audit()
    if last is None:
        return None
    # What a witness refuses stands on the page already, in the witness's own words.
    problems = [
        (code, message if chinese() else english) for code, message, english in last.problems if code != "L-A-19"
    ]
    return {"last": last, "problems": problems, "old": is_old(last, timezone.now())}


def _heads() -> list[dict[str, Any]]:
    """The last countersigned head of each day."""
    return [
        {"name": f"{HEADS}/{day}", "day": day, "head": trusted_or_none(note), "seen": seen_by(note)}
        for day in days_in(current(), HEADS)[:HEADS_SHOWN]
        if (note := current().read_text(f"{HEADS}/{day}")) is not None
    ]


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
