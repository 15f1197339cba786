"""Changes in change-sets that are not folded into their packages yet, as the stores alone tell it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from uuid import UUID

from django.db import transaction

from cunzhen.errors import CunzhenError
from cunzhen.formats.change_set import Change, changes_by_item
from cunzhen.holdings.models import Item
from cunzhen.holdings.taking import PART, replace
from cunzhen.holdings.telling import Changes, Untold, Waiting, read_changes, tell
from cunzhen.preservation.models import Package, PendingChange
from cunzhen.preservation.queries import no_copy
from cunzhen.preservation.store import Store
from cunzhen.preservation.unregistered import Doubt, look


def take_in_changes(stores: Sequence[Store]) -> list[Untold]:
    """Lay what waits in every change-set of the register over the catalogue's rows; safe to repeat.

    Args:
        stores: from ``reachable_stores``.

    Returns:
        change-sets that cannot be read.
    """
    sets = list(
        Package.objects.filter(kind=Package.Kind.CHANGES).order_by("created_at", "id").values_list("id", flat=True)
    )
    unreadable: dict[UUID, Untold] = {}
    # One change may wait for another of a set whose clock was ahead: again, until nothing follows any more.
    while any([_lay_over(one, stores, unreadable) for one in sets]):
        pass
    return list(unreadable.values())


def changes_from(known: Mapping[UUID, Sequence[tuple[int, UUID]]], stores: Sequence[Store]) -> Changes:
    """The changes of items, read from their sets only where they are not folded yet.

    Args:
        known: item to (version, change-set) of every change of it in any set.
        stores: that serve.
    """

    def changes(item: UUID, version: int) -> Sequence[Waiting]:
        later = [change_set for number, change_set in known.get(item, ()) if number > version]
        return [Waiting(one, _by_item(one, tuple(stores))[item]) for one in later]

    return changes


def known_changes(
    ids: Collection[UUID], stores: Sequence[Store]
) -> tuple[dict[UUID, list[tuple[int, UUID]]], list[Untold]]:
    """Every change of some items in any change-set of the register, and the sets that cannot be read."""
    known: dict[UUID, list[tuple[int, UUID]]] = {}
    unreadable = []
    for one in Package.objects.filter(kind=Package.Kind.CHANGES).order_by("id").values_list("id", flat=True):
        try:
            for item, change_set, version in index_of(one, stores):
                if item in ids:
                    known.setdefault(item, []).append((version, change_set))
        except CunzhenError as error:
            if is_anywhere(one, stores):
                unreadable.append(Untold(one, error.code))
    return known, unreadable


def is_anywhere(change_set: UUID, stores: Sequence[Store]) -> bool:
    """Whether a store or the ledger knows it: a row of the register alone makes no change-set."""
    return look([change_set], stores).doubts.get(change_set) != Doubt.NOWHERE


def index_of(change_set: UUID, stores: Sequence[Store]) -> list[tuple[UUID, UUID, int]]:
    """Item, change-set and version of every change of a set.

    Raises:
        Unavailable: ``P-14``. Invalid: ``P-70``, ``P-82``.
    """
    return [(c.item_id, change_set, c.version) for c in _by_item(change_set, tuple(stores)).values()]


# A change-set never changes; whether its copies are whole is looked at elsewhere.
@lru_cache(maxsize=2)
def _by_item(change_set: UUID, stores: tuple[Store, ...]) -> dict[UUID, Change]:
    looked = look([change_set], stores)
    if change_set not in looked.found:
        raise no_copy(change_set)
    return changes_by_item(read_changes(looked.found[change_set], stores).changes)


def _lay_over(change_set: UUID, stores: Sequence[Store], unreadable: dict[UUID, Untold]) -> bool:
    """Whether anything followed from one set."""
    if change_set in unreadable:
        return False
    try:
        changes = iter(_by_item(change_set, tuple(stores)).values())
    except CunzhenError as error:
        unreadable[change_set] = Untold(change_set, error.code)
        return False
    return any([_lay_some(some, change_set, stores) for some in _parts(changes)])


def _parts(changes: Iterator[Change]) -> Iterator[list[Change]]:
    while some := list(islice(changes, PART)):
        yield some


def _lay_some(changes: Sequence[Change], change_set: UUID, stores: Sequence[Store]) -> bool:
    by_item = {change.item_id: change for change in changes}
    versions = dict(Item.objects.filter(id__in=by_item).values_list("id", "version"))
    following = [one for one, version in versions.items() if by_item[one].version == version + 1]
    if not following:
        return False
    known = {one: [(by_item[one].version, change_set)] for one in following}
    earlier = PendingChange.objects.filter(package_id__in=following).values_list(
        "package_id", "version", "change_set_id"
    )
    for package, version, another in earlier:
        known[package].append((version, another))
    told, _ = tell(following, stores, changes_from(known, stores))
    with transaction.atomic():
        replace(told)
    return any(t.pending for t in told)
