"""检索: a query is posted and kept, its address is an id; facets, pills and pages lead to the same or a new search."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from cunzhen.access.operations import search_items
from cunzhen.access.queries import get_search, recent_searches, results
from cunzhen.access.rules import FACETS, SORT_LABELS, Filters, Sort
from cunzhen.accounts.rules import Actor
from cunzhen.errors import Invalid
from cunzhen.holdings.kinds import kind_name, series_name
from cunzhen.web.people import signed_in


@signed_in
def start(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Ask: a post makes the search and goes to its address."""
    actor.require("search_items")
    if request.method != "POST":
        return render(request, "web/search/start.html", {"recent": recent_searches(actor, 10)})
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
        context = {"recent": recent_searches(actor, 10), "error": error, "query": query}
        return render(request, "web/search/start.html", context, status=422)
    return redirect("web:results", search.id)


@require_GET
@signed_in
def show(request: HttpRequest, actor: Actor, search_id: UUID) -> HttpResponse:
    """One page of the answer."""
    search = get_search(actor, search_id)
    page = request.GET.get("page", "1")
    found = results(actor, search_id, page=int(page) if page.isascii() and page.isdigit() and page != "0" else 1)
    language = get_language() or "zh"
    zh = language.startswith("zh")
    context = {
        "search": search,
        "found": found,
        "filters": search.filters,
        "facets": [
            (f.field, f.label if zh else f.english, [(v, _remaining(search.filters, f.field, v.value)) for v in f.values])
            for f in found.facets
            if f.values
        ],
        "conditions": [(c, c.remaining.values()) for c in found.conditions],
        "notes": [n.message if zh else n.english for n in found.notes],
        "hits": [(h, kind_name(h.kind, language), series_name(h.series, language)) for h in found.hits],
        "sorts": [(s.value, SORT_LABELS[s][0 if zh else 1]) for s in Sort],
        "previous": found.page - 1,
        "next": found.page + 1 if found.page < found.pages else 0,
    }
    return render(request, "web/search/results.html", context)


def _remaining(filters: Mapping[str, list[str]], field: str, value: str) -> dict[str, list[str]]:
    """The filters after this value is pressed: added where it is not chosen, taken away where it is."""
    left = {name: list(values) for name, values in filters.items()}
    values = left.setdefault(field, [])
    if value in values:
        values.remove(value)
    else:
        values.append(value)
    return {name: chosen for name, chosen in left.items() if chosen}
