"""档案目录: the list with its filters, and one item: summary, pages, keeping, history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cunzhen.access.queries import marks
from cunzhen.access.rules import Box
from cunzhen.accounts.queries import actor_names
from cunzhen.accounts.rules import Actor
from cunzhen.errors import Missing, Refused
from cunzhen.formats.identifiers import mask
from cunzhen.holdings.kinds import kind_name, series_name, term_name
from cunzhen.holdings.models import Item, Page
from cunzhen.holdings.operations import view_item
from cunzhen.holdings.queries import get_item, open_page, visible_items
from cunzhen.ledger.queries import history
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.web.events import event_label
from cunzhen.web.naming import chinese, cover, language, named_categories, named_kinds
from cunzhen.web.people import plain_text, signed_in, whole_number

PAGE = 50
TERMS = ("Y", "100", "50", "30", "10", "")


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The list, newest first; pages follow one another by id, so the millionth is as quick as the first."""
    actor.require("view_item")
    chosen = {
        name: plain_text(request.GET.get(name, "")) for name in ("year", "series", "kind", "term", "code", "held")
    }
    rows = _filtered(visible_items(actor), chosen).select_related("fonds", "series")
    total = rows.count()
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    items, newer, older = _slice(rows, after, before)
    query = request.GET.copy()
    query.pop("after", None)
    query.pop("before", None)
    context = {
        "items": [(i, kind_name(i.kind, language()), term_name(i.term, language())) for i in items],
        "total": total,
        "chosen": chosen,
        "any_chosen": any(chosen.values()),
        "heading": _heading(chosen),
        "newer": newer,
        "older": older,
        "query": query.urlencode(),
        "categories": named_categories(),
        "kinds": named_kinds(),
        "terms": [(t or "pending", term_name(t, language())) for t in TERMS],
    }
    return render(request, "web/items/list.html", context)


def _filtered(rows: QuerySet[Item], chosen: dict[str, str]) -> QuerySet[Item]:
    if chosen["year"]:
        rows = rows.filter(year=whole_number(chosen["year"]) or 0)  # what is no year finds nothing, as the heading says
    if chosen["series"]:
        rows = rows.filter(series__code=chosen["series"])
    if chosen["kind"]:
        rows = rows.filter(kind=chosen["kind"])
    if chosen["term"]:
        rows = rows.filter(term="" if chosen["term"] == "pending" else chosen["term"])
    if chosen["code"]:
        rows = rows.filter(codes__code=chosen["code"])
    if chosen["held"]:
        rows = rows.exclude(hold_reason="")
    return rows


def _slice(rows: QuerySet[Item], after: str, before: str) -> tuple[list[Item], str, str]:
    """One page by key: items, and the keys of the newer and older page (empty where there is none)."""
    if _is_id(before):
        found = list(rows.filter(id__gt=before).order_by("id")[: PAGE + 1])
        more, items = len(found) > PAGE, found[:PAGE][::-1]
        return items, str(items[0].id) if more and items else "", str(items[-1].id) if items else ""
    ordered = rows.order_by("-id")
    if _is_id(after):
        ordered = ordered.filter(id__lt=after)
    found = list(ordered[: PAGE + 1])
    items = found[:PAGE]
    newer = str(items[0].id) if items and _is_id(after) else ""
    return items, newer, str(items[-1].id) if len(found) > PAGE else ""


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _heading(chosen: dict[str, str]) -> str:
    """The query in words."""
    parts = []
    if chosen["year"]:
        parts.append(_("%(year)s 年") % {"year": chosen["year"]})
    if chosen["series"]:
        parts.append(series_name(chosen["series"], language()))
    if chosen["kind"]:
        parts.append(kind_name(chosen["kind"], language()))
    if chosen["term"]:
        term = "" if chosen["term"] == "pending" else chosen["term"]
        parts.append(_("保管期限 %(term)s") % {"term": term_name(term, language())})
    if chosen["held"]:
        parts.append(_("暂不处置"))
    if chosen["code"]:
        parts.append(chosen["code"])
    return ("，" if chinese() else ", ").join(parts)


@require_GET
@signed_in
def record(request: HttpRequest, actor: Actor, item_id: UUID) -> HttpResponse:
    """One item; each look at what the paper says is recorded, whichever tab shows it."""
    tab = request.GET.get("tab", "summary")
    if tab not in {"summary", "text", "keeping", "history"}:
        tab = "summary"
    shows_paper = tab in {"summary", "text"}
    opened = view_item(actor, item_id=item_id, now=timezone.now()) if shows_paper else get_item(actor, item_id)
    search_id, hits = _hits(actor, opened, request.GET.get("search", ""))
    context: dict[str, Any] = {
        "item": opened,
        "tab": tab,
        "search_id": search_id,
        "kind_name": kind_name(opened.kind, language()),
        "series_name": series_name(opened.series.code, language()),
        "term_name": term_name(opened.term, language()),
        "mentions": [_mention(m) for m in opened.mentions.filter(retracted_at=None).order_by("id")],
        "components": list(opened.components.order_by("number")),
        "package": Package.objects.filter(id=opened.id).first(),
        "copies": list(PackageCopy.objects.filter(package_id=opened.id).order_by("store")),
    }
    if shows_paper:
        context["viewer"] = _viewer(opened, hits, request.GET.get("page", ""))
    if tab == "text":
        context["texts"] = [
            (p.number, cover(open_page(bytes(p.words)).text))
            for p in Page.objects.filter(item=opened).order_by("number")
        ]
    context["history"] = _history(opened.id) if tab in {"summary", "history"} else []
    return render(request, "web/items/record.html", context)


def _mention(row: Any) -> dict[str, Any]:
    number = row.number or ""
    return {
        "kind": row.kind,
        "name": row.name,
        "number": mask(number) if row.kind == "person" and number else number,
        "page": row.page + 1,
        "source": row.source,
    }


def _hits(actor: Actor, item: Item, search: str) -> tuple[str, dict[int, tuple[Box, ...]]]:
    """The search that led here and where its words stand; nothing where the link names none of the actor's."""
    if not _is_id(search):
        return "", {}
    try:
        return search, marks(actor, item.id, UUID(search))
    except (Missing, Refused):
        return "", {}


def _viewer(item: Item, hits: Mapping[int, Sequence[Box]], page: str) -> dict[str, Any]:
    pages = [
        {
            "number": p.number,
            "image": reverse("web:item_page", args=[item.id, p.number]),
            "thumbnail": reverse("web:item_thumbnail", args=[item.id, p.number]),
            "width": p.width,
            "height": p.height,
            "label": _("第 %(n)d 页") % {"n": p.number} + (_("（空白）") if p.blank else ""),
            "boxes": [{"field": "", "box": list(box), "state": "hit"} for box in hits.get(p.number, ())],
        }
        for p in Page.objects.filter(item=item).order_by("number").defer("words")
    ]
    start = whole_number(page) or min(hits, default=1)
    return {"pages": pages, "start": max(1, min(start, len(pages)))}


def _history(item_id: UUID) -> list[dict[str, Any]]:
    lines = history(item_id)
    names = actor_names({line.actor_id for line in lines})
    return [
        {
            "number": line.number,
            "at": line.at,
            "label": event_label(line.op, language()),
            "who": names.get(line.actor_id, "—"),
            "detail": _detail(line.detail),
        }
        for line in lines
    ]


def _detail(detail: Any) -> str:
    if not detail:
        return ""
    if "page" in detail:
        return _("第 %(n)d 页") % {"n": detail["page"]}
    return str(detail.get("code", ""))
