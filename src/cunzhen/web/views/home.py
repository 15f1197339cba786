"""The desk's home: find, what waits for me, today's filing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from cunzhen.access.queries import index_status, recent_searches
from cunzhen.accounts.rules import Actor
from cunzhen.capture.models import Draft
from cunzhen.capture.queries import counts_of_many, visible_transfers, waiting_drafts
from cunzhen.capture.rules import DraftState
from cunzhen.holdings.queries import visible_items
from cunzhen.web.naming import recent
from cunzhen.web.people import signed_in

_RECENT = 6


@signed_in
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Home."""
    transfers = list(visible_transfers(actor)[:_RECENT]) if actor.may("view_transfer") else []
    counts = counts_of_many([t.id for t in transfers])
    waiting = waiting_drafts(actor) if actor.may("describe_draft") else Draft.objects.none()
    returned = Draft.objects.filter(
        state=DraftState.RETURNED.value, transfer__in=[t.id for t in transfers]
    ).select_related("transfer")
    context = {
        "now": timezone.now(),
        "transfers": [(t, counts[t.id]) for t in transfers],
        "waiting_count": waiting.count(),
        "oldest_waiting": waiting.first(),
        "returned": list(returned.order_by("-changed_at")[:_RECENT]) if actor.may("retry_drafts") else [],
        "returned_count": returned.count() if actor.may("retry_drafts") else 0,
        "item_count": visible_items(actor).count() if actor.may("view_item") else None,
        "index": index_status() if actor.may("search_items") else None,
        "recent": recent(recent_searches(actor, 20), 4) if actor.may("search_items") else [],
    }
    return render(request, "web/home.html", context)
