"""The desk's home: find, what waits for me, today's filing; beside it what to look at and how the archive stands."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from cunzhen.access.queries import recent_searches
from cunzhen.accounts.rules import Actor
from cunzhen.capture.models import Draft
from cunzhen.capture.queries import counts_of_many, visible_transfers, waiting_drafts
from cunzhen.capture.rules import DraftState
from cunzhen.database.counting import counted
from cunzhen.web.naming import recent
from cunzhen.web.people import signed_in
from cunzhen.web.standing import alerts_of, may_look, standing_of

_RECENT = 6


@signed_in
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Home."""
    now = timezone.now()
    transfers = list(visible_transfers(actor)[:_RECENT]) if actor.may("view_transfer") else []
    counts = counts_of_many([t.id for t in transfers])
    waiting = waiting_drafts(actor) if actor.may("describe_draft") else Draft.objects.none()
    returned = Draft.objects.filter(
        state=DraftState.RETURNED.value, transfer__in=[t.id for t in transfers]
    ).select_related("transfer")
    may_retry = actor.may("retry_drafts")
    waiting_count, returned_count = counted(waiting), returned.count() if may_retry else 0
    standing = standing_of(actor) if may_look(actor) else None
    context = {
        "now": now,
        "transfers": [(t, counts[t.id]) for t in transfers],
        "waiting_count": waiting_count,
        "oldest_waiting": waiting.first(),
        "returned": list(returned.order_by("-changed_at")[:_RECENT]) if may_retry else [],
        "returned_count": returned_count,
        "to_do": waiting_count.number + returned_count,
        "recent": recent(recent_searches(actor, 20), 4) if actor.may("search_items") else [],
        "standing": standing,
        "alerts": alerts_of(actor, standing, now) if standing else [],
    }
    return render(request, "web/home.html", context)
