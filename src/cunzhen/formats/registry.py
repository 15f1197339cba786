"""登记: what descriptions of items refer to and do not repeat - agencies, fonds, series, schedules - as one file.

A description names these by their ids and says what they were called then; the registry says what they are now. With
it and the packages of the items the whole catalogue can be made again. It holds no personal data.

JSON, so that it explains itself; ``read_registry`` trusts nothing in it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID, uuid5

from cunzhen.errors import Invalid
from cunzhen.formats.strict_json import reader

REGISTRY_PATH = "registry.json"  # logical path inside the package that holds it
FORMAT = "cunzhen-registry-1"
_NAMESPACE = UUID("0a6f4a0e-3f5c-5d0b-8c52-7d1f3c5b9e21")


@dataclass(frozen=True, slots=True)
class RegisteredAgency:
    """An agency during one period of its life; columns as in the catalogue."""

    id: UUID
    node: str
    name: str
    short_name: str
    kind: str
    region_code: str
    parent_id: UUID | None
    valid_from: date
    valid_to: date | None
    successor_id: UUID | None


@dataclass(frozen=True, slots=True)
class RegisteredSchedule:
    """One version of 归档范围与保管期限表."""

    id: UUID
    version: str
    jurisdiction: str
    approval: str
    in_force_from: date
    in_force_to: date | None


@dataclass(frozen=True, slots=True)
class RegisteredRow:
    """One row of a schedule."""

    id: UUID
    schedule_id: UUID
    category: str
    number: str
    material: str
    term: str
    evidence: str
    confirmed: bool
    note: str


@dataclass(frozen=True, slots=True)
class RegisteredFonds:
    """全宗."""

    id: UUID
    node: str
    code: str
    name: str
    keeper_id: UUID
    creator_id: UUID
    insurance_owner_id: UUID
    schedule_id: UUID
    code_template: str


@dataclass(frozen=True, slots=True)
class RegisteredSeries:
    """类别 of a fonds; ``stores`` names those that keep its packages, none means all."""

    id: UUID
    fonds_id: UUID
    code: str
    name: str
    stores: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that descriptions refer to, each kind in the order of its ids."""

    node: str
    agencies: tuple[RegisteredAgency, ...] = ()
    schedules: tuple[RegisteredSchedule, ...] = ()
    schedule_rows: tuple[RegisteredRow, ...] = ()
    fonds: tuple[RegisteredFonds, ...] = ()
    series: tuple[RegisteredSeries, ...] = ()


Registered = RegisteredAgency | RegisteredSchedule | RegisteredRow | RegisteredFonds | RegisteredSeries


def registry_id(node: str) -> UUID:
    """Id of the package that holds a node's registry: known before anything else is."""
    return uuid5(_NAMESPACE, node)


def records(registry: Registry) -> dict[UUID, Registered]:
    """Everything in it by its id, in the order in which one thing refers to those before it."""
    return {one.id: one for kind in _kinds(registry) for one in kind}


def _kinds(registry: Registry) -> tuple[tuple[Registered, ...], ...]:
    return (registry.agencies, registry.schedules, registry.schedule_rows, registry.fonds, registry.series)


def write_registry(registry: Registry) -> bytes:
    """The file; equal registries give equal bytes."""
    raw = {"format": FORMAT, **asdict(registry)}
    return (json.dumps(raw, ensure_ascii=False, indent=1, default=str) + "\n").encode(errors="backslashreplace")


def read_registry(data: bytes) -> Registry:
    """Read what ``write_registry`` wrote, to an equal value.

    Raises:
        Invalid: ``P-80`` for anything else.
    """
    try:
        raw = json.loads(data)
        if raw.pop("format") != FORMAT:
            raise ValueError("format")
        registry: Registry = reader(Registry)(raw)
        if len(records(registry)) != sum(map(len, _kinds(registry))):
            raise ValueError("more than once")
        return registry
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as problem:
        raise Invalid(
            "P-80",
            f"登记包中的 registry.json 无法读取（{type(problem).__name__}）。请运行 cunzhen verify 核验各副本。",
            f"The registry cannot be read ({type(problem).__name__}). Run cunzhen verify.",
        ) from None
