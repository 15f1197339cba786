"""档案目录: the list with its filters, and one item: summary, pages, keeping, history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cunzhen.access.queries import marks
from cunzhen.access.rules import Box
from cunzhen.accounts.queries import actor_names
from cunzhen.accounts.rules import Actor
from cunzhen.database.counting import counted
from cunzhen.errors import Missing, Refused, Unavailable
from cunzhen.formats.identifiers import mask
from cunzhen.holdings.kinds import kind_name, series_name, term_name
from cunzhen.holdings.models import Item, Page
from cunzhen.holdings.operations import export_items, export_proof, view_item
from cunzhen.holdings.proofs import proof_of
from cunzhen.holdings.queries import get_item, listed_items, open_page
from cunzhen.ledger.queries import history
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.ui.downloads import sent_file
from cunzhen.ui.listing import Column, Order, chosen_order, headings, is_id, page_by_key, page_links
from cunzhen.web.events import event_label
from cunzhen.web.exporting import item_cells, item_headings, sent_as_file, wanted_form
from cunzhen.web.item_lists import chosen_filters, item_filter
from cunzhen.web.item_parts import correction_line, item_parts, viewer_pages
from cunzhen.web.naming import chinese, cover, language, named_categories, named_kinds
from cunzhen.web.people import signed_in, whole_number

PAGE = 50
NEWEST = Order("filed", "id", falls=True)  # an item's id grows with the time it was filed
TERMS = ("Y", "100", "50", "30", "10", "")


@require_GET
@signed_in
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The list, newest first unless a heading says otherwise; by key, so page one million is as quick as the first."""
    chosen = chosen_filters(request.GET)
    rows, parts = listed_items(actor, item_filter(chosen))
    columns = _columns()
    order = chosen_order(request.GET.get("sort", ""), columns, NEWEST)
    page = page_by_key(
        rows, order, after=request.GET.get("after", ""), before=request.GET.get("before", ""), size=PAGE, parts=parts
    )
    context = {
        "items": [(i, kind_name(i.kind, language()), term_name(i.term, language())) for i in page.rows],
        "page": page,
        "links": page_links(request.GET, page),
        "headings": headings(columns, order, request.GET),
        "sort": order.text,
        "total": counted(rows),
        "chosen": chosen,
        "any_chosen": any(chosen.values()),
        "heading": _heading(chosen),
        "categories": named_categories(),
        "kinds": named_kinds(),
        "terms": [(t or "pending", term_name(t, language())) for t in TERMS],
        "may_export": actor.may("export_items"),
        "may_correct": actor.may("correct_items"),
    }
    return render(request, "web/items/list.html", context)


@require_POST
@signed_in
def export(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """The list as a file, narrowed as on the page; recorded."""
    form = wanted_form(request)
    found = export_items(actor, chosen=item_filter(chosen_filters(request.POST)), form=form, now=timezone.now())
    return sent_as_file(form, _("档案目录"), item_headings(), item_cells(found.rows))


def _columns() -> list[Column]:
    return [
        Column(_("档号"), "code", "archival_code"),
        Column(_("题名")),
        Column(_("材料种类")),
        Column(_("日期"), "date", "document_date", falls=True),
        Column(_("页数"), is_number=True),
        Column(_("保管期限")),
        Column(_("归档时间"), NEWEST.name, NEWEST.field, falls=True),
    ]


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
    if tab not in {"summary", "text", "keeping", "versions", "history"}:
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
    if tab == "summary":
        context |= _proof(opened)
        context["bad_copies"] = any(copy.state != PackageCopy.State.KEPT for copy in context["copies"])
    context["history"] = _history(actor, opened.id) if tab == "history" else []
    context |= item_parts(actor, opened, tab)
    return render(request, "web/items/record.html", context)


def _proof(item: Item) -> dict[str, Any]:
    """The proof of filing, made while the page is; or why there is none."""
    try:
        return {"proof": proof_of(item), "proved_at": timezone.now()}
    except Missing:
        return {"proof": None}
    except Unavailable as error:
        return {"proof": None, "proof_problem": error.message if chinese() else error.english}


@require_GET
@signed_in
def proof(request: HttpRequest, actor: Actor, item_id: UUID) -> HttpResponseBase:
    """The proof of an item's filing as a zip; recorded."""
    item, packed = export_proof(actor, item_id=item_id, now=timezone.now())
    name = f"{_('存真证明')}-{item.archival_code}.zip"
    return sent_file(BytesIO(packed), name=name, mime="application/zip", size=len(packed))


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
    if not is_id(search):
        return "", {}
    try:
        return search, marks(actor, item.id, UUID(search))
    except (Missing, Refused):
        return "", {}


def _viewer(item: Item, hits: Mapping[int, Sequence[Box]], page: str) -> dict[str, Any]:
    boxes = {n: [{"field": "", "box": list(box), "state": "hit"} for box in found] for n, found in hits.items()}
    pages = viewer_pages(item, boxes)
    start = whole_number(page) or min(hits, default=1)
    return {"pages": pages, "start": max(1, min(start, len(pages)))}


def _history(actor: Actor, item_id: UUID) -> list[dict[str, Any]]:
    lines = history(item_id)
    names = actor_names({line.actor_id for line in lines})
    return [
        {
            "number": line.number,
            "at": line.at,
            "label": event_label(line.op, language()),
            "who": names.get(line.actor_id, "—"),
            "detail": _detail(line.detail),
            "correction": correction_line(actor, item_id, line.op, line.entry_id, line.detail),
        }
        for line in lines
    ]


def _detail(detail: Any) -> str:
    if not detail:
        return ""
    if "page" in detail:
        return _("第 %(n)d 页") % {"n": detail["page"]}
    return str(detail.get("code", ""))
