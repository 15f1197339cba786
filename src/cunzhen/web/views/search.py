"""检索: a query is posted and kept, its address is an id; facets, pills and pages lead to the same or a new search."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from cunzhen.access.operations import search_items
from cunzhen.access.queries import get_search, recent_searches, results
from cunzhen.access.rules import FACETS, SORT_LABELS, Condition, Facet, FacetValue, Filters, Sort
from cunzhen.accounts.rules import Actor
from cunzhen.errors import Invalid
from cunzhen.holdings.kinds import kind_name, series_name
from cunzhen.web.naming import chinese, cover, facet_name, language, recent, value_name
from cunzhen.web.people import said, signed_in, whole_number


@signed_in
def start(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Ask: a post makes the search and goes to its address."""
    actor.require("search_items")
    if request.method != "POST":
        return render(request, "web/search/start.html", {"recent": recent(recent_searches(actor, 50), 10)})
    query = request.POST.get("q", "").strip()
    chosen: Mapping[str, list[str]] = {f: request.POST.getlist(f) for f in FACETS if request.POST.getlist(f)}
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
    search = get_search(actor, search_id)
    found = results(actor, search_id, page=whole_number(request.GET.get("page", "")) or 1)
    zh = chinese()
    context = {
        "search": search,
        "found": found,
        "asked": cover(found.query).strip('"“”'),  # the heading puts its own quotation marks
        "filters": search.filters,
        "facets": [_facet(f, search.filters) for f in found.facets if f.values],
        "conditions": [(_pill(c, zh), c.remaining.values()) for c in found.conditions],
        "notes": [n.message if zh else n.english for n in found.notes],
        "hits": [(h, kind_name(h.kind, language()), series_name(h.series, language())) for h in found.hits],
        "sorts": [(s.value, SORT_LABELS[s][0 if zh else 1]) for s in Sort],
        "previous": found.page - 1,
        "next": found.page + 1 if found.page < found.pages else 0,
    }
    return render(request, "web/search/results.html", context)


def _pill(condition: Condition, zh: bool) -> dict[str, str]:
    value = condition.label.partition("：")[2]
    name = value_name(condition.field, condition.value, value)
    return {"label": f"{facet_name(condition.field)}{'：' if zh else ': '}{name}"}


def _facet(
    facet: Facet, filters: Mapping[str, list[str]]
) -> tuple[str, str, list[tuple[FacetValue, dict[str, list[str]]]]]:
    named = [dataclasses.replace(v, label=value_name(facet.field, v.value, v.label)) for v in facet.values]
    return facet.field, facet_name(facet.field), [(v, _remaining(filters, facet.field, v.value)) for v in named]


def _remaining(filters: Mapping[str, list[str]], field: str, value: str) -> dict[str, list[str]]:
    """The filters after this value is pressed: added where it is not chosen, taken away where it is."""
    left = {name: list(values) for name, values in filters.items()}
    values = left.setdefault(field, [])
    if value in values:
        values.remove(value)
    else:
        values.append(value)
    return {name: chosen for name, chosen in left.items() if chosen}
