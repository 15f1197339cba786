"""What lies in a store and nobody has registered: named, never touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from django.db import connection, transaction

from cunzhen.formats.ocfl_check import Place
from cunzhen.preservation.models import Package, PackageCopy
from cunzhen.preservation.operations.claims import claimed
from cunzhen.preservation.rules import package_id
from cunzhen.preservation.store import Store

_BATCH = 500
T = TypeVar("T")


# Folders in the order in which a root is walked, made by the database, so that they need not all be in memory.
_PLACES = """
SELECT encode(sha256(convert_to('urn:uuid:' || package_id::text, 'UTF8')), 'hex') COLLATE "C" AS place
FROM preservation_packagecopy WHERE store = %s ORDER BY place
"""


def extra_in(store: Store) -> list[str]:
    """What lies in the store and has no row there, as ``store:path``.

    Folders and register are gone through side by side; only what lies where nothing is registered is opened.

    Raises:
        Unavailable: the store does not serve.
    """
    extra: list[str] = []
    with transaction.atomic(), Registered(store.name) as registered:
        for places in in_batches(store.walk(registered.has)):
            extra += _unknown(store.name, places)
    return [f"{store.name}:{path}" for path in sorted(extra)]


class Registered:
    """The folders of a store's registered packages, asked for in order; needs a transaction around it."""

    def __init__(self, store: str) -> None:
        self._cursor = connection.chunked_cursor()
        self._cursor.execute(_PLACES, [store])
        self._waiting: list[str] = []
        self._is_end = False

    def __enter__(self) -> Registered:
        return self

    def __exit__(self, *_: object) -> None:
        self._cursor.close()

    def has(self, path: str) -> bool:
        """Whether a package's folder is registered; each one asked for comes after those before it."""
        place = path.rpartition("/")[2]
        while (first := self._first()) is not None and first < place:
            self._waiting.pop()
        return first == place and path == f"{place[:3]}/{place[3:6]}/{place[6:9]}/{place}"

    def _first(self) -> str | None:
        if not self._waiting and not self._is_end:
            self._waiting = [row[0] for row in reversed(self._cursor.fetchmany(5_000))]
            self._is_end = not self._waiting
        return self._waiting[-1] if self._waiting else None


def _unknown(store: str, places: Sequence[Place]) -> list[str]:
    """Which of some folders, that were not registered when the walk began, nobody has registered since either."""
    ids = {found: p.path for p in places if (found := package_id(p.object_id)) is not None}
    extra = [p.path for p in places if package_id(p.object_id) is None]
    # In this order: a package that is committed between the two questions has its copies by the second.
    known = set(Package.objects.filter(id__in=ids).values_list("id", flat=True))
    promised = PackageCopy.objects.filter(package_id__in=ids, store=store)
    promised_here = set(promised.values_list("package_id", flat=True))
    extra += [ids[i] for i in known - promised_here]
    doubtful = [i for i in ids if i not in known]
    if doubtful:
        with claimed(doubtful) as (free, _):
            extra += [ids[i] for i in free]
    return extra


def in_batches(things: Iterable[T]) -> Iterator[list[T]]:
    """The same things, some hundred at a time."""
    iterator = iter(things)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
