"""What comes back is of the types that were declared, or nothing does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from cunzhen.formats.strict_json import reader

ONE = UUID(int=7)


@dataclass(frozen=True)
class Inner:
    """A part."""

    name: str
    sure: bool


@dataclass(frozen=True)
class Outer:
    """One field of each kind."""

    id: UUID
    day: date | None
    at: datetime
    box: tuple[int, int]
    parts: tuple[Inner, ...]
    share: float


RAW: dict[str, Any] = {
    "id": str(ONE), "day": None, "at": "2026-11-23T08:00:00+08:00", "box": [1, 2],
    "parts": [{"name": "甲", "sure": True}], "share": 1,
}  # fmt: skip


def test_what_is_right_is_read() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    assert reader(Outer)(RAW) == Outer(ONE, None, at, (1, 2), (Inner("甲", True),), 1.0)
    assert reader(Outer)(RAW | {"day": "2026-02-28", "parts": []}).day == date(2026, 2, 28)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": 7}, {"id": "x"}, {"id": None}, {"day": 20260228}, {"day": "2026-02-30"}, {"at": "2026-11-23T08:00:00"},
        {"at": 0}, {"box": [1, 2, 3]}, {"box": [1, True]}, {"box": [1, 2.0]}, {"box": {"0": 1}}, {"parts": "甲"},
        {"parts": [["甲", True]]}, {"parts": [{"name": "甲"}]}, {"parts": [{"name": 1, "sure": True}]},
        {"parts": [{"name": "甲", "sure": 1}]}, {"share": "1"}, {"share": True}, {"more": 1},
    ],
)  # fmt: skip
def test_what_is_wrong_is_not(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        reader(Outer)(RAW | wrong)


@pytest.mark.parametrize("raw", [None, [], "{}", {}, {k: v for k, v in RAW.items() if k != "share"}])
def test_nothing_is_left_out(raw: object) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        reader(Outer)(raw)
