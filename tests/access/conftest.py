"""An index folder and a key store of their own for each test."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from cunzhen.access import engine, generations
from cunzhen.access.engine import Found, Question
from cunzhen.access.index import Writer
from cunzhen.access.language import parse
from cunzhen.access.rules import Filters, Sort
from cunzhen.holdings.rules import IndexDocument
from cunzhen.keys import keystore
from tests.access.texts import AGENCY


class SmallIndex:
    """An index over given items, without ledger and catalogue."""

    def __init__(self) -> None:
        self.name = generations.create()
        generations.point(generations.CURRENT, self.name)

    def put(self, items: Sequence[IndexDocument]) -> None:
        """Take items in, and out first where they are there."""
        with Writer(generations.open_index(self.name)) as writer:
            writer.replace([i.id for i in items], items)
            writer.commit()

    def ask(
        self,
        text: str,
        *,
        filters: Filters | None = None,
        agencies: Collection[UUID] = (AGENCY,),
        exact: bool = False,
        sort: Sort = Sort.RELEVANCE,
    ) -> Found:
        """The first 2,000 items for a query."""
        labels = {"series": {"YL": "养老保险待遇类", "GL": "社会保险管理类"}}
        question = Question(parse(text), filters or Filters(), agencies, labels, exact, sort)
        return engine.ask(generations.reader(), question, offset=0, limit=2000)

    def ids(self, text: str, **more: object) -> set[UUID]:
        """All items for a query; the total must agree with what is listed."""
        found = self.ask(text, **more)  # type: ignore[arg-type]
        assert found.total == len(found.ids)
        return set(found.ids)


@pytest.fixture
def search_home(tmp_path: Path, settings: object) -> Iterator[Path]:
    """A home with keys."""
    settings.HOME = tmp_path  # type: ignore[attr-defined]
    keystore.create(tmp_path / "keys")
    yield tmp_path


@pytest.fixture
def small_index(search_home: Path) -> SmallIndex:
    """An empty index."""
    return SmallIndex()


@pytest.fixture
def filled(small_index: SmallIndex) -> Callable[[Sequence[IndexDocument]], SmallIndex]:
    """Makes an index over items."""

    def fill(items: Sequence[IndexDocument]) -> SmallIndex:
        small_index.put(items)
        return small_index

    return fill


@pytest.fixture
def other_connection(db: None) -> Iterator[psycopg.Connection]:
    """A second session on the tests' database."""
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    with psycopg.connect(**parameters) as other:
        yield other
