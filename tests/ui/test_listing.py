"""Lists by key: every order, both ways, over real rows and real indexes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db.models import QuerySet
from django.http import QueryDict

from cunzhen.accounts.models import Agency
from cunzhen.ui.listing import Column, Order, address, chosen_order, headings, page_by_key

pytestmark = pytest.mark.django_db
NEWEST = Order("made", "id", True)
COLUMNS = (Column("名称", "name", "name"), Column("件数", is_number=True), Column("开始", "made", "id", falls=True))


@pytest.fixture
def rows() -> QuerySet[Agency]:
    """Twenty-three rows with only five names, so that ids decide within one."""
    for number in range(23):
        Agency.objects.create(
            node="n", name=f"名{number * 7 % 5}", short_name="", region_code=str(number % 3), parent=None,
            valid_from=date(2000, 1, 1) + timedelta(days=number),
        )  # fmt: skip
    return Agency.objects.filter(node="n")


def _expected(rows: QuerySet[Agency], order: Order) -> list[str]:
    sign = "-" if order.falls else ""
    names = ["id"] if order.field == "id" else [order.field, "id"]
    return [str(i) for i in rows.order_by(*[sign + n for n in names]).values_list("id", flat=True)]


@pytest.mark.parametrize("falls", [False, True])
@pytest.mark.parametrize("field", ["id", "name"])
@pytest.mark.parametrize("split", [False, True])
def test_pages_hold_every_row_once_in_order_there_and_back(
    rows: QuerySet[Agency], field: str, falls: bool, split: bool
) -> None:
    order = Order(field, field, falls)
    parts = [rows.filter(region_code=str(n)) for n in range(3)] if split else ()
    seen, after, pages = [], "", []
    while True:
        page = page_by_key(rows, order, after=after, before="", size=5, parts=parts)
        pages.append(page)
        seen += [str(r.pk) for r in page.rows]
        assert page.is_first == (len(pages) == 1) == (not page.before)
        if not page.after:
            break
        after = page.after
    assert seen == _expected(rows, order) and len(pages) == 5
    before = pages[-1].before
    for earlier in reversed(pages[:-1]):
        page = page_by_key(rows, order, after="", before=before, size=5, parts=parts)
        assert page.rows == earlier.rows and page.after == earlier.after
        before = page.before
    assert before == ""


def test_rows_that_come_in_between_shift_no_page(rows: QuerySet[Agency]) -> None:
    order = Order("name", "name", False)
    first = page_by_key(rows, order, after="", before="", size=5)
    expected = _expected(rows, order)[5:10]
    Agency.objects.create(node="n", name="名0", short_name="", region_code="0", valid_from=date(1999, 1, 1))
    Agency.objects.create(node="n", name="甲", short_name="", region_code="0", valid_from=date(1999, 1, 1))
    second = page_by_key(rows, order, after=first.after, before="", size=5)
    assert [str(r.pk) for r in second.rows if r.valid_from.year > 1999][:4] == expected[:4]


@pytest.mark.parametrize("key", ["", "x", "0" * 99, "00000000-0000-7000-8000-000000000000"])
def test_a_key_of_no_row_shows_a_page_all_the_same(rows: QuerySet[Agency], key: str) -> None:
    for order in (NEWEST, Order("name", "name", False)):
        assert page_by_key(rows, order, after=key, before="", size=5).rows or order == NEWEST
        assert page_by_key(rows, order, after="", before=key, size=5).rows
    assert page_by_key(rows.none(), NEWEST, after=key, before=key, size=5).rows == []


def test_a_row_outside_the_list_is_no_key(rows: QuerySet[Agency]) -> None:
    stranger = Agency.objects.create(node="m", name="名9", short_name="", region_code="0", valid_from=date(1999, 1, 1))
    order = Order("name", "name", True)
    page = page_by_key(rows, order, after=str(stranger.id), before="", size=5)
    assert page.is_first, "what it is sorted by stays unknown to whoever may not see it"


def test_orders_and_headings() -> None:
    for text, name, falls in (("name", "name", False), ("-name", "name", True), ("made", "made", False)):
        order = chosen_order(text, COLUMNS, NEWEST)
        assert (order.name, order.falls, order.text) == (name, falls, text)
    for text in ("", "-", "id", "password", "--name", "件数", "name,made", "name__x"):
        assert chosen_order(text, COLUMNS, NEWEST) == NEWEST
    query = QueryDict("year=2019&after=x&before=y&sort=name&kind=a%20b")
    by_name = headings(COLUMNS, chosen_order("name", COLUMNS, NEWEST), query)
    assert [h.state for h in by_name] == ["ascending", "", ""]
    assert [h.url for h in by_name] == ["?year=2019&kind=a+b&sort=-name", "", "?year=2019&kind=a+b&sort=-made"]
    newest = headings(COLUMNS, NEWEST, QueryDict(""))
    assert [(h.state, h.url) for h in newest] == [("", "?sort=name"), ("", ""), ("descending", "?sort=made")]
    assert address(query, after="z") == "?year=2019&sort=name&kind=a+b&after=z"
