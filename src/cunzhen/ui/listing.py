"""Lists by key: a page begins after the last row of the one before, so the millionth is as quick as the first.

A list is sorted by one column that an index serves, and by the rows' ids within it. Addresses carry the id of a row
only; what it is sorted by is looked up, so that no title or name stands in an address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Column:
    """A column of a list.

    Args:
        label: its heading.
        name: as addresses call it; empty where the list cannot be sorted by it.
        field: of the model, served by an index together with ``id``.
        is_number: whether it stands to the right.
        falls: whether the first click sorts from the highest down, as people want dates.
    """

    label: str
    name: str = ""
    field: str = ""
    is_number: bool = False
    falls: bool = False


@dataclass(frozen=True)
class Order:
    """What a list is sorted by and which way."""

    name: str
    field: str
    falls: bool

    @property
    def text(self) -> str:
        """As addresses have it: ``code``, or ``-code`` from the highest down."""
        return f"-{self.name}" if self.falls else self.name


@dataclass(frozen=True)
class Heading:
    """A heading as the page shows it: where a click leads (empty: nowhere), and how the column is sorted now."""

    label: str
    is_number: bool
    url: str = ""
    state: str = ""  # of aria-sort: ascending, descending or empty


@dataclass(frozen=True)
class KeyPage(Generic[Row]):
    """One page of a list and the keys of its neighbours, empty where there is none."""

    rows: list[Row]
    before: str = ""
    after: str = ""
    is_first: bool = True


def chosen_order(text: str, columns: Sequence[Column], default: Order) -> Order:
    """The order that an address asks for; the default where it asks for none that the list has."""
    name = text.removeprefix("-")
    column = next((c for c in columns if c.name and c.name == name), None)
    return Order(column.name, column.field, text.startswith("-")) if column else default


def headings(columns: Sequence[Column], order: Order, query: QueryDict) -> list[Heading]:
    """The headings; a click keeps the filters, goes to the first page and turns the order round where it is sorted."""
    found = []
    for column in columns:
        if not column.name:
            found.append(Heading(column.label, column.is_number))
            continue
        is_sorted = column.name == order.name
        falls = not order.falls if is_sorted else column.falls
        link = address(query, sort=Order(column.name, column.field, falls).text)
        state = ("descending" if order.falls else "ascending") if is_sorted else ""
        found.append(Heading(column.label, column.is_number, link, state))
    return found


def address(query: QueryDict, **changed: str) -> str:
    """The list's address with some values changed, on its first page unless a key is among them."""
    copy = query.copy()
    for name in ("after", "before", *changed):
        copy.pop(name, None)
    for name, value in changed.items():
        copy[name] = value
    return f"?{copy.urlencode()}"


def page_links(query: QueryDict, page: KeyPage[Any]) -> dict[str, str]:
    """Where the buttons below a list lead: ``first``, ``before`` and ``after``, each empty where there is none."""
    return {
        "first": "" if page.is_first else address(query),
        "before": address(query, before=page.before) if page.before else "",
        "after": address(query, after=page.after) if page.after else "",
    }


def page_by_key(
    rows: QuerySet[Row], order: Order, *, after: str, before: str, size: int, parts: Sequence[QuerySet[Row]] = ()
) -> KeyPage[Row]:
    """One page.

    Args:
        rows: what the list holds.
        order: by an indexed column.
        after, before: ids of the rows that it lies between; anything that is no id of such a row is passed over.
        size: rows a page.
        parts: the same rows in parts, each of which an index has in order, where the whole has none.
    """
    backwards = is_id(before)
    key = _key(rows, order, before if backwards else after)
    found = _taken(rows, parts, order, key, backwards, size + 1)
    shown, is_more = found[:size], len(found) > size
    if backwards and not shown:
        return page_by_key(rows, order, after="", before="", size=size, parts=parts)
    if not shown:
        return KeyPage([])
    if backwards:
        shown.reverse()
    has_before = is_more if backwards else key is not None
    has_after = backwards or is_more
    first, last = str(shown[0].pk), str(shown[-1].pk)
    return KeyPage(shown, first if has_before else "", last if has_after else "", not has_before)


def _key(rows: QuerySet[Row], order: Order, text: str) -> tuple[Any, UUID] | None:
    """What the row of this id is sorted by."""
    if not is_id(text):
        return None
    row_id = UUID(text)
    if order.field == "id":
        return row_id, row_id
    found = rows.filter(id=row_id).values_list(order.field, flat=True).first()
    return None if found is None else (found, row_id)


def _taken(
    rows: QuerySet[Row],
    parts: Sequence[QuerySet[Row]],
    order: Order,
    key: tuple[Any, UUID] | None,
    backwards: bool,
    count: int,
) -> list[Row]:
    falls = order.falls != backwards
    names = ["id"] if order.field == "id" else [order.field, "id"]
    keys = [f"-{name}" if falls else name for name in names]
    if len(parts) <= 1 or order.field == "id":  # ids are in order over all parts
        one = parts[0] if len(parts) == 1 else rows
        return list(_beyond(one, order, key, falls).order_by(*keys)[:count])
    taken = [_beyond(part, order, key, falls).order_by(*keys).values_list(*names)[:count] for part in parts]
    ids = [row[-1] for row in taken[0].union(*taken[1:], all=True).order_by(*keys)[:count]]
    loaded = {row.pk: row for row in rows.filter(id__in=ids)}
    return [loaded[i] for i in ids if i in loaded]


def _beyond(rows: QuerySet[Row], order: Order, key: tuple[Any, UUID] | None, falls: bool) -> QuerySet[Row]:
    if key is None:
        return rows
    value, row_id = key
    side = "lt" if falls else "gt"
    if order.field == "id":
        return rows.filter(**{f"id__{side}": row_id})
    # The first condition lets the index begin at the key, the second leaves out what the page before has shown.
    within = rows.filter(**{f"{order.field}__{side}e": value})
    return within.filter(Q(**{f"{order.field}__{side}": value}) | Q(**{f"id__{side}": row_id}))


def is_id(text: str) -> bool:
    """Whether a text is an id of a row, of any list."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
