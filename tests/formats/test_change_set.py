"""Change-sets: every value comes back, a change counts once and only in its place, nothing foreign is believed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_type_hints
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cunzhen.errors import Invalid
from cunzhen.formats import mets
from cunzhen.formats.change_set import (
    FIELDS,
    Change,
    ChangeSet,
    changed,
    overlay,
    read_change_set,
    write_change_set,
)
from tests.formats.test_mets import NOW, ONE_PAGE

EVENT = mets.Event(UUID(int=99), "correct_items", NOW, UUID(int=8), "王样本", "题名有误", "success")
_HINTS = {name: hint for name, hint in get_type_hints(mets.Description).items() if name in FIELDS}


def change(version: int = 2, item: UUID = ONE_PAGE.item_id, **values: object) -> Change:
    """A change of the test's item."""
    return Change(item, version, values, EVENT)


@st.composite
def _values(draw: Any) -> Mapping[str, Any]:
    names = draw(st.sets(st.sampled_from(sorted(FIELDS)), min_size=1))
    return {name: draw(st.from_type(_HINTS[name])) for name in sorted(names)}


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(_values(), min_size=1, max_size=3))
def test_every_change_comes_back_equal_and_its_bytes_too(values: list[Mapping[str, Any]]) -> None:
    changes = tuple(Change(uuid4(), n, v, replace(EVENT, id=uuid4())) for n, v in enumerate(values, 2))
    made = ChangeSet(uuid4(), "node-1", NOW, changes)
    data = write_change_set(made)
    assert read_change_set(data) == made
    assert write_change_set(read_change_set(data)) == data


def test_a_change_counts_once_and_only_upon_the_version_before() -> None:
    title, year = change(2, title="更正后的题名"), change(3, year=2020)
    both = overlay(ONE_PAGE, [year, title, change(2, uuid4(), title="别的件")])
    assert (both.title, both.year, both.version) == ("更正后的题名", 2020, 3)
    assert both.events[-2:] == (EVENT, EVENT)
    assert overlay(both, [title, year]) == both  # folded already
    assert overlay(ONE_PAGE, [year]) == ONE_PAGE  # the one before it is not known
    assert mets.read_mets(mets.write_mets(both)) == both
    for wrong in (year, change(2, uuid4(), title="别的件")):
        with pytest.raises(Invalid, match="P-71"):
            changed(ONE_PAGE, wrong)


def test_facts_cannot_be_changed_and_no_item_stands_twice() -> None:
    for changes in ((change(components=()),), (change(title="甲"), change(3, title="乙"))):
        with pytest.raises(Invalid, match="P-72"):
            write_change_set(ChangeSet(uuid4(), "n", NOW, changes))


def test_what_is_no_change_set_is_refused_without_quoting_it() -> None:
    good = write_change_set(ChangeSet(uuid4(), "node-1", NOW, (change(title="张样本"),)))
    raw = json.loads(good)
    one = raw["changes"][0]
    bad = [
        b"", b"[]", b"{}", b"\xff", b"[" * 100_000, good[:-20],
        json.dumps(raw | {"format": "other"}).encode(),
        json.dumps(raw | {"changes": [one | {"values": {"components": []}}]}).encode(),
        json.dumps(raw | {"changes": [one | {"values": {"title": 7}}]}).encode(),
        json.dumps(raw | {"changes": [one | {"version": True}]}).encode(),
        json.dumps(raw | {"changes": [one | {"values": []}]}).encode(),
        json.dumps(raw | {"changes": [one | {"values": {"series": {"id": "x"}}}]}).encode(),
        json.dumps(raw | {"at": "2026-01-01"}).encode(),
    ]  # fmt: skip
    for data in bad:
        with pytest.raises(Invalid, match="P-70") as refusal:
            read_change_set(data)
        assert "张样本" not in f"{refusal.value}{refusal.value.params}"
