"""Names in the language of the page, and personal numbers covered wherever text is shown."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cunzhen.access.folding import Reading
from cunzhen.access.marking import covered
from cunzhen.access.models import Search
from cunzhen.access.rules import FACET_LABELS, PENDING
from cunzhen.formats.identifiers import is_identity_number, mask
from cunzhen.holdings.kinds import Category, Kind, all_kinds, categories, kind_name, series_name, term_name

_PERSONAL = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9])")


def language() -> str:
    """The page's language as the data files know it."""
    return get_language() or "zh"


def chinese() -> bool:
    """Whether the page is in Chinese."""
    return language().startswith("zh")


def named_categories() -> list[Category]:
    """The nine categories, in the order of Order No. 3."""
    return [c if chinese() else dataclasses.replace(c, name=c.english) for c in categories()]


def named_kinds() -> list[Kind]:
    """Every kind of material, category by category."""
    order = [c.code for c in categories()]
    kinds = [k if chinese() else dataclasses.replace(k, name=k.english) for k in all_kinds().values()]
    return sorted(kinds, key=lambda k: (order.index(k.category), k.name))


def cover(text: str) -> str:
    """The text with the middle of each personal number covered; the scan shows them, and its look is recorded."""
    return covered(Reading(text))


def cover_name(name: str) -> str:
    """A file's name with identity numbers covered; other digits, such as a scanner's, tell one file from another."""
    return _PERSONAL.sub(lambda found: mask(found[0]) if is_identity_number(found[0]) else found[0], name)


def recent(searches: Sequence[Search], most: int) -> list[dict[str, object]]:
    """Earlier searches as lists show them, each question once, the latest of its kind."""
    once: dict[tuple[str, str], Search] = {}
    for search in searches:
        once.setdefault((search.query, str(search.filters)), search)
    return [{"id": s.id, "query": cover(s.query), "created_at": s.created_at} for s in list(once.values())[:most]]


def facet_name(field: str) -> str:
    """What a facet is called."""
    return FACET_LABELS[field][0 if chinese() else 1]


def value_name(field: str, value: str, label: str) -> str:
    """What one value of a facet is called; ``label`` where the value's name is its own in every language."""
    match field:
        case "series":
            return series_name(value, language())
        case "kind":
            return kind_name(value, language())
        case "retention":
            return term_name("" if value == PENDING else value, language())
        case "year":
            return _("%(year)s 年") % {"year": value}
        case _:
            return label
