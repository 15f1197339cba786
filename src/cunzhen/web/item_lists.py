"""What a list of items is narrowed to, as addresses and forms have it."""

from __future__ import annotations

from django.http import QueryDict

from cunzhen.holdings.rules import ItemFilter
from cunzhen.web.people import plain_text, whole_number

FILTERS = ("year", "series", "kind", "term", "code", "held")


def chosen_filters(data: QueryDict) -> dict[str, str]:
    """The filters of a list by name, empty where one narrows nothing."""
    return {name: plain_text(data.get(name, "")) for name in FILTERS}


def item_filter(chosen: dict[str, str]) -> ItemFilter:
    """What the catalogue is asked for."""
    return ItemFilter(
        # What is no year finds nothing, as the heading says.
        year=(whole_number(chosen["year"]) or 0) if chosen["year"] else None,
        series=chosen["series"],
        kind=chosen["kind"],
        term="" if chosen["term"] == "pending" else chosen["term"] or None,
        code=chosen["code"],
        held=bool(chosen["held"]),
    )
