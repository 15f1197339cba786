"""检索: a query is posted and kept, its address is an id; facets, pills and pages lead to the same or a new search."""

from __future__ import annotations

import dataclasses
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cunzhen.access.operations import export_search, search_items
from cunzhen.access.queries import recent_searches, results
from cunzhen.access.rules import FACETS, SORT_LABELS, Condition, Facet, FacetValue, Filters, Sort
from cunzhen.accounts.rules import Actor
from cunzhen.errors import Invalid
from cunzhen.holdings.kinds import kind_name
from cunzhen.web.exporting import item_cells, item_headings, sent_as_file, wanted_form
from cunzhen.web.naming import chinese, cover, facet_name, language, recent, value_name
from cunzhen.web.people import said, signed_in, whole_number

MOST_VALUES = 12  # of a facet
MOST_PAGES = 5  # of a hit, that links lead to


@signed_in
def start(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Ask: a post makes the search and goes to its address."""
    actor.require("search_items")
    if request.method != "POST":
        return render(request, "web/search/start.html", {"recent": recent(recent_searches(actor, 50), 10)})
    query = request.POST.get("q", "").strip()
    chosen = _chosen(request)
    if not query and not chosen:
        return redirect("web:search")
    sort = request.POST.get("sort", Sort.RELEVANCE.value)
    try:
        search = search_items(
            actor,
            query=query,
            filters=Filters.from_values(chosen),
            sort=Sort(sort) if sort in {s.value for s in Sort} else Sort.RELEVANCE,
            now=timezone.now(),
        )
    except Invalid as error:
        context = {"recent": recent(recent_searches(actor, 50), 10), "error": said(error), "query": query}
        return render(request, "web/search/start.html", context, status=422)
    return redirect("web:results", search.id)


@require_GET
@signed_in
def show(request: HttpRequest, actor: Actor, search_id: UUID) -> HttpResponse:
    """One page of the answer."""
    found = results(actor, search_id, page=whole_number(request.GET.get("page", "")) or 1)
    zh, page_label = chinese(), _("第 %(n)s 页")
    context = {
        "search_id": str(search_id),
        "found": found,
        "asked": cover(found.query).strip('"“”'),  # the heading puts its own quotation marks
        "filters": found.filters.values(),
        "facets": [_facet(f) for f in found.facets if f.values],
        "conditions": [(_pill(c, zh), f"{c.field}={c.value}") for c in found.conditions],
        "notes": [n.message if zh else n.english for n in found.notes],
        "hits": [
            (h, kind_name(h.kind, language()), [(n, page_label % {"n": n}) for n in h.pages[:MOST_PAGES]])
            for h in found.hits
        ],
        "sorts": [(s.value, SORT_LABELS[s][0 if zh else 1]) for s in Sort],
        "may_export": actor.may("export_items"),
        "previous": found.page - 1,
        "next": found.page + 1 if found.page < found.pages else 0,
    }
    return render(request, "web/search/results.html", context)


@require_POST
@signed_in
def export(request: HttpRequest, actor: Actor, search_id: UUID) -> HttpResponseBase:
    """What the search finds as a file; recorded."""
    form = wanted_form(request)
    found = export_search(actor, search_id=search_id, form=form, now=timezone.now())
    return sent_as_file(form, _("检索结果"), item_headings(), item_cells(found.rows))


def _chosen(request: HttpRequest) -> dict[str, list[str]]:
    """The filters of a form; the value of a pressed button (``year=2019``) is added, or taken away where it stands."""
    chosen = {field: request.POST.getlist(field) for field in FACETS}
    field, _, value = request.POST.get("turn", "").partition("=")
    if field in chosen:
        held = chosen[field]
        chosen[field] = [v for v in held if v != value] if value in held else [*held, value]
    return {field: values for field, values in chosen.items() if values}


def _pill(condition: Condition, zh: bool) -> str:
    value = condition.label.partition("：")[2]
    name = value_name(condition.field, condition.value, value)
    return f"{facet_name(condition.field)}{'：' if zh else ': '}{name}"


def _facet(facet: Facet) -> tuple[str, str, list[FacetValue]]:
    """The values shown, named in the language of the page."""
    shown = facet.values[:MOST_VALUES]
    named = [dataclasses.replace(v, label=value_name(facet.field, v.value, v.label)) for v in shown]
    return facet.field, facet_name(facet.field), named
