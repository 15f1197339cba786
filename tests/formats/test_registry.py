"""The registry's file reads back equal, and nothing else is taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import pytest

from cunzhen.errors import Invalid
from cunzhen.formats.registry import (
    RegisteredAgency,
    RegisteredFonds,
    RegisteredRow,
    RegisteredSchedule,
    RegisteredSeries,
    Registry,
    read_registry,
    records,
    write_registry,
)

AGENCY, SCHEDULE, FONDS = UUID(int=1), UUID(int=2), UUID(int=3)
ALL = Registry(
    "node-1",
    (RegisteredAgency(AGENCY, "node-1", "临县", "", "agency", "141124", None, date(2020, 1, 1), None, None),),
    (RegisteredSchedule(SCHEDULE, "2009", "national", "", date(2009, 7, 23), None),),
    (RegisteredRow(UUID(int=4), SCHEDULE, "YL", "1", "材料", "50", "C-A", True, ""),),
    (RegisteredFonds(FONDS, "node-1", "J019", "临县", AGENCY, AGENCY, AGENCY, SCHEDULE, "{fonds}"),),
    (
        RegisteredSeries(uuid4(), FONDS, "SBYL", "养老", ("a", "b")),
        RegisteredSeries(uuid4(), FONDS, "SBGS", "工伤", ()),
    ),
)


def test_it_reads_back_equal() -> None:
    assert read_registry(write_registry(ALL)) == ALL
    assert read_registry(write_registry(Registry("n"))) == Registry("n")
    assert len(records(ALL)) == 6


def test_what_is_no_registry_is_refused() -> None:
    good = write_registry(ALL)
    raw = json.loads(good)
    bad = [
        b"", b"[]", b"{}", b"\xff", b"[" * 100_000, good[:-20],
        write_registry(replace(ALL, series=(ALL.series[0], ALL.series[0]))),
        *(json.dumps(raw | change).encode() for change in (
            {"format": "other"}, {"more": 1}, {"node": 1}, {"agencies": {}}, {"fonds": [1]},
            {"series": [raw["series"][0] | {"stores": "ab"}]},
            {"schedule_rows": [raw["schedule_rows"][0] | {"confirmed": 1}]},
            {"schedules": [raw["schedules"][0] | {"in_force_from": None}]},
        )),
        json.dumps({name: value for name, value in raw.items() if name != "series"}).encode(),
    ]  # fmt: skip
    for data in bad:
        with pytest.raises(Invalid, match="P-80"):
            read_registry(data)
