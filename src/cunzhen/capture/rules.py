"""Values and decisions of taking papers in: states, what a description holds, what a receipt says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from cunzhen.holdings.rules import NamedPerson, NamedUnit

T = TypeVar("T")


class TransferState(StrEnum):
    """归档批次."""

    OPEN = "open"  # files may still be added
    WORKING = "working"  # received; papers are read, described, filed
    CLOSED = "closed"  # every item is filed, returned or a duplicate; the receipt is final


class DraftState(StrEnum):
    """待归档件: one item on its way."""

    RECEIVED = "received"
    WAITING = "waiting"  # read; a person must describe or confirm
    DESCRIBED = "described"
    FILED = "filed"
    RETURNED = "returned"
    DUPLICATE = "duplicate"


FINAL = frozenset({DraftState.FILED, DraftState.RETURNED, DraftState.DUPLICATE})
STATE_LABELS: dict[str, tuple[str, str]] = {
    "open": ("接收中", "Open"),
    "working": ("处理中", "Working"),
    "closed": ("已办结", "Closed"),
    "received": ("待识别", "To be read"),
    "waiting": ("待著录", "To be described"),
    "described": ("待归档", "To be filed"),
    "filed": ("已归档", "Filed"),
    "returned": ("已退回", "Returned"),
    "duplicate": ("重复", "Duplicate"),
}


@dataclass(frozen=True)
class Description:
    """What an item is described by, once the machine is sure or a person has confirmed it.

    Args:
        kind: code of the material kind. series: category letters. year: four digits.
        document_date: as precise as the paper: ``2019``, ``2019-03`` or ``2019-03-06``; may be empty.
        extra: further fields of the kind, code to value.
        confirmed_by: ``machine``, ``clerk`` or ``catalogue``.
    """

    kind: str
    series: str
    title: str
    year: int
    document_date: str = ""
    persons: tuple[NamedPerson, ...] = ()
    units: tuple[NamedUnit, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    confirmed_by: str = "machine"

    def to_json(self) -> str:
        """JSON text; ``from_json`` gives an equal value back."""
        return json.dumps(asdict(self) | {"extra": dict(self.extra)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Description:
        """Read what ``to_json`` wrote."""
        raw: dict[str, Any] = json.loads(text)
        raw["persons"] = tuple(NamedPerson(**_boxed(p)) for p in raw["persons"])
        raw["units"] = tuple(NamedUnit(**_boxed(u)) for u in raw["units"])
        return cls(**raw)


def _boxed(raw: dict[str, Any]) -> dict[str, Any]:
    return raw | {"box": tuple(raw["box"]) if raw.get("box") else None}


@dataclass(frozen=True)
class Counts:
    """How many items of a transfer stand where. ``sent`` = ``received`` = the sum of the rest once it is closed."""

    sent: int
    received: int
    filed: int
    waiting: int
    returned: int
    duplicates: int
    in_work: int

    @property
    def balanced(self) -> bool:
        """Whether the sum closes."""
        parts = self.filed + self.waiting + self.returned + self.duplicates + self.in_work
        return self.sent == self.received == parts


def count_states(sent: int, states: Mapping[str, int]) -> Counts:
    """Counts from the number of drafts by state; ``described`` ones are in work, ``waiting`` ones wait for a person."""
    return Counts(
        sent=sent,
        received=sum(states.values()),
        filed=states.get(DraftState.FILED, 0),
        waiting=states.get(DraftState.WAITING, 0),
        returned=states.get(DraftState.RETURNED, 0),
        duplicates=states.get(DraftState.DUPLICATE, 0),
        in_work=states.get(DraftState.RECEIVED, 0) + states.get(DraftState.DESCRIBED, 0),
    )


@dataclass(frozen=True)
class TransferRow:
    """One transfer as a list that leaves the house shows it."""

    number: str
    name: str
    fonds: str
    state: str
    counts: Counts
    opened_at: datetime
    received_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True)
class TransferExport:
    """A list that leaves the house: how many transfers it holds, and their rows, read while they are sent."""

    count: int
    rows: Iterator[TransferRow]


MOST_TRANSFERS_EXPORTED = 100_000


def chunked(values: Sequence[T], size: int) -> list[Sequence[T]]:
    """Consecutive runs of at most ``size``."""
    return [values[i : i + size] for i in range(0, len(values), size)]
