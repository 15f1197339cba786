"""Persons and employers made again from the mentions in the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.db.models import Q

from cunzhen.holdings import asserted
from cunzhen.holdings.models import Mention

_AT_ONCE = 5000


def people_from_catalogue(progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Make every row of persons, employers, their names and numbers follow from the mentions; in one transaction.

    Args:
        progress: mentions so far, mentions in all.

    Returns:
        How many rows were taken away, changed or added.
    """
    linked = Mention.objects.filter(Q(person__isnull=False) | Q(employer__isnull=False)).order_by("id")
    total, done, after = linked.count(), 0, UUID(int=0)
    asserted.begin()
    while mentions := list(linked.filter(id__gt=after)[:_AT_ONCE]):
        asserted.add([one for mention in mentions if (one := asserted.assertion_of(mention)) is not None])
        done, after = done + len(mentions), mentions[-1].id
        progress(done, total)
    asserted.complete()
    return asserted.write()
