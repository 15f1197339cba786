"""Writes of search: asking, following the ledger, rebuilding the index from zero."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from cunzhen.access import generations
from cunzhen.access.generations import BUILDING, CURRENT, Position
from cunzhen.access.index import Writer
from cunzhen.access.language import LONGEST_QUERY
from cunzhen.access.models import IndexCursor, Search
from cunzhen.access.queries import ITEM_OPS, found_ids, index_status
from cunzhen.access.rules import Filters, Sort
from cunzhen.accounts.rules import Actor
from cunzhen.database.locks import held
from cunzhen.errors import Conflict, Unavailable
from cunzhen.formats.failpoints import failpoint
from cunzhen.holdings.queries import index_documents, item_rows
from cunzhen.holdings.rules import MOST_EXPORTED, ItemExport, ItemRow, check_export
from cunzhen.jobs import stopping
from cunzhen.ledger.operations import NewEntry, Subject, record, sequence
from cunzhen.ledger.queries import entries_after, last_number

Progress = Callable[[int, int], None]  # ledger entries followed, ledger entries in all

# Names the follower among the database's advisory locks: "cunzhen\2" as a number.
FOLLOWER_LOCK = 0x63756E7A68656E02
CURSOR_NAME = "items"
_LOADED_AT_ONCE = 32  # items whose text is in memory at a time
_EXPORTED_AT_ONCE = 1_000
_REBUILT_AT_ONCE = 5_000  # entries a commit
_SPARE_BYTES = 100_000_000
_BETWEEN = 0.1  # seconds, while another follower is at work


def search_items(
    actor: Actor,
    *,
    query: str,
    now: datetime,
    filters: Filters | None = None,
    sort: Sort = Sort.RELEVANCE,
    exact: bool = False,
) -> Search:
    """Ask: the search is kept sealed and recorded; ``queries.results`` answers it, as often as it is looked at.

    Args:
        query: as typed; any text, only its first 500 characters count.
        now: when.
        filters: values chosen from facets.
        sort: order of the result.
        exact: no term may match by its words only.

    Raises:
        Refused: ``A-01``.
    """
    actor.require("search_items")
    chosen = (filters or Filters()).values()
    search = Search(
        id=uuid7(),
        node=settings.NODE,
        searched_by=actor.id,
        agency_id=actor.agency_id,
        query=query[: LONGEST_QUERY + 1].replace("\0", ""),
        filters=chosen,
        sort=sort.value,
        exact=exact,
        created_at=now,
    )
    detail = {"query": search.query, "filters": chosen, "sort": sort.value, "exact": exact}
    with transaction.atomic():
        search.save(force_insert=True)
        record([NewEntry("search_items", actor.id, actor.agency_id, (Subject(search.id),), detail)], at=now)
    return search


def export_search(actor: Actor, *, search_id: UUID, form: str, now: datetime) -> ItemExport:
    """Take out the list of what a search finds now, in its order; recorded as ``export_items``.

    Args:
        search_id: from ``search_items``.
        form: of the file, such as ``csv``; noted in the ledger.

    Returns:
        The number of items and their rows, which are read as they are asked for.

    Raises:
        Refused. Missing: ``S-14``. Invalid: ``H-08`` more than can be taken out at once.
        Unavailable: ``S-01``, ``S-02``.
    """
    actor.require("export_items")
    search, ids = found_ids(actor, search_id, MOST_EXPORTED + 1)
    check_export(len(ids))
    detail = {"count": len(ids), "form": form, "query": search.query, "filters": search.filters, "exact": search.exact}
    with transaction.atomic():
        record([NewEntry("export_items", actor.id, actor.agency_id, (Subject(search.id),), detail)], at=now)
    return ItemExport(len(ids), _rows(ids))


def _rows(ids: Sequence[UUID]) -> Iterator[ItemRow]:
    for start in range(0, len(ids), _EXPORTED_AT_ONCE):
        yield from item_rows(ids[start : start + _EXPORTED_AT_ONCE])


def follow_ledger(limit: int = 1_000) -> int:
    """Take what the ledger says of items into the index; safe to repeat, and one at a time.

    1. Where another follower is at work, do nothing.
    2. An index that is absent, damaged, of another version, or that followed another ledger (a restored database) is
       rebuilt aside from zero, however long that takes; the old one serves meanwhile if it can be read.
    3. Otherwise read on from the cursor, commit the items, then move the cursor.

    Args:
        limit: ledger entries at most, unless a rebuild is due.

    Returns:
        How many entries about items were followed.

    Raises:
        Unavailable: ``S-02``, ``S-42`` to ``S-44``; filing never waits for this.
    """
    with _disk(), held(FOLLOWER_LOCK) as alone:
        if not alone:
            return 0
        current = generations.pointed(CURRENT)
        if generations.pointed(BUILDING) or not _is_sound(current):
            return _rebuild(None)
        return _advance(current, limit)


def catch_up(seconds: float) -> bool:
    """Number what waits and bring the index up to it, also where another follower is at work and does the same.

    Args:
        seconds: to try for at most; filing never depends on it.

    Returns:
        Whether the index holds everything that is recorded.

    Raises:
        Unavailable: as ``sequence`` and ``follow_ledger``.
    """
    deadline = time.monotonic() + seconds
    while behind := index_status().behind:
        if time.monotonic() > deadline:
            break
        if not sequence() + follow_ledger():
            time.sleep(_BETWEEN)
    return not behind


def rebuild_index(progress: Progress | None = None) -> int:
    """Build the index anew from the ledger and the catalogue in a new folder, and let it serve when it is complete.

    Args:
        progress: called after each commit with ledger entries followed and their number in all.

    Returns:
        How many entries about items were followed.

    Raises:
        Conflict: ``S-41`` where a follower is at work. Unavailable: ``S-02``, ``S-42`` to ``S-44``.
    """
    with _disk(), held(FOLLOWER_LOCK) as alone:
        if not alone:
            raise Conflict(
                "S-41",
                "检索库正在更新，请稍后再试。",
                "The index is being written by another process; try again when it is done.",
            )
        generations.root().mkdir(parents=True, exist_ok=True, mode=0o700)
        generations.point(BUILDING, "")
        return _rebuild(progress)


@contextmanager
def _disk() -> Iterator[None]:
    """Turn errors of the index's disk into a refusal that says what goes on all the same."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "S-44",
            "检索库目录读写失败（磁盘已满或损坏），归档不受影响。请清理或检查磁盘，恢复后检索库会自动补上。",
            f"The index's folder cannot be read or written ({error.strerror}). Filing goes on. Make room or check the "
            "disk; the index then comes up to date by itself.",
            errno=error.errno,
        ) from error


def _is_sound(name: str) -> bool:
    """Whether a generation can be read and followed this very ledger."""
    if not generations.usable(name):
        return False
    position = generations.position(name)
    return position.number < 0 or _entry_at(position.number) == position.entry


def _entry_at(number: int) -> str:
    entries = entries_after(number - 1, 1)
    return str(entries[0].id) if entries and entries[0].number == number else ""


def _rebuild(progress: Progress | None) -> int:
    """Build aside, going on where an earlier attempt was cut off, then swap."""
    generations.root().mkdir(parents=True, exist_ok=True, mode=0o700)
    if not generations.usable(generations.pointed(CURRENT)):
        generations.point(CURRENT, "")
    name = generations.pointed(BUILDING)
    if not _is_sound(name):
        generations.point(BUILDING, "")
        generations.sweep()
        _check_space()
        name = generations.create()
        generations.point(BUILDING, name)
    followed, some = 0, _REBUILT_AT_ONCE
    while some == _REBUILT_AT_ONCE:
        some = _advance(name, _REBUILT_AT_ONCE)
        followed += some
        if progress:
            progress(generations.position(name).number + 1, last_number() + 1)
        if stopping():
            return followed  # the next follower goes on from here
    failpoint("index-rebuild-1")
    generations.point(CURRENT, name)
    failpoint("index-rebuild-2")
    generations.point(BUILDING, "")
    generations.sweep()
    return followed


def _advance(name: str, limit: int) -> int:
    """Follow at most so many entries: items first, durable, then the cursor; repeating it changes nothing."""
    position = generations.position(name)
    last = last_number()
    entries = entries_after(position.number, limit, ITEM_OPS)
    # Such an entry names its item first and the item's files after it.
    _replace(name, list(dict.fromkeys(entry.subjects[0].id for entry in entries if entry.subjects)))
    failpoint("index-follow-2")
    number = entries[-1].number if len(entries) == limit else max(last, *(e.number for e in entries[-1:]), -1)
    if number > position.number:
        generations.move(name, Position(number, _entry_at(number)))
        IndexCursor.objects.update_or_create(name=CURSOR_NAME, defaults={"number": number, "moved_at": timezone.now()})
    return len(entries)


def _replace(name: str, ids: Sequence[UUID]) -> None:
    if not ids:
        return
    index = generations.open_index(name)
    with generations.reported_damage(name), Writer(index) as writer:
        rest = iter(ids)
        while some := list(islice(rest, _LOADED_AT_ONCE)):
            writer.replace(some, index_documents(some))
        failpoint("index-follow-1")
        writer.commit()


def _check_space() -> None:
    """A rebuild needs as much again as the index that serves; a full disk would stop filing too."""
    root = generations.root()
    needed = sum(p.stat().st_size for p in root.rglob("*") if p.is_file()) + _SPARE_BYTES
    if shutil.disk_usage(root).free < needed:
        raise Unavailable(
            "S-42",
            f"磁盘剩余空间不足，重建检索库约需 {needed // 1_000_000} MB。请清理或扩容，现有检索不受影响。",
            f"Rebuilding the index needs about {needed // 1_000_000} MB of free disk space.",
            needed=needed,
        )
