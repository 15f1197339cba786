"""The registry as the catalogue has it, and as its package has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from cunzhen.accounts.models import Agency
from cunzhen.formats import registry as form
from cunzhen.formats.registry import REGISTRY_PATH, Registered, Registry, read_registry, registry_id
from cunzhen.holdings.models import Fonds, RetentionSchedule, ScheduleRow, Series
from cunzhen.preservation.models import Package
from cunzhen.preservation.queries import read_content

# In the order in which one refers to those before it.
MODELS: dict[type[Registered], type[models.Model]] = {
    form.RegisteredAgency: Agency,
    form.RegisteredSchedule: RetentionSchedule,
    form.RegisteredRow: ScheduleRow,
    form.RegisteredFonds: Fonds,
    form.RegisteredSeries: Series,
}
_FROM_ROW: dict[str, Callable[[Any], Any]] = {"stores": tuple}
_TO_ROW: dict[str, Callable[[Any], Any]] = {"stores": list}


def own_id() -> UUID:
    """Id of this node's registry package."""
    return registry_id(settings.NODE)


def catalogued() -> Registry:
    """The registry as the tables have it now."""
    return Registry(
        node=settings.NODE,
        agencies=tuple(_rows(form.RegisteredAgency)),
        schedules=tuple(_rows(form.RegisteredSchedule)),
        schedule_rows=tuple(_rows(form.RegisteredRow)),
        fonds=tuple(_rows(form.RegisteredFonds)),
        series=tuple(_rows(form.RegisteredSeries)),
    )


def kept() -> Registry | None:
    """The registry as its package has it; None where none was kept yet.

    Raises:
        Unavailable: ``P-14``. Invalid: ``P-80``.
    """
    if not Package.objects.filter(id=own_id()).exists():
        return None
    return read_registry(read_content(own_id(), REGISTRY_PATH))


def row_of(record: Registered) -> models.Model:
    """The row that a record stands for, not saved."""
    values = {f.name: getattr(record, f.name) for f in fields(record)}
    return MODELS[type(record)](**{name: _TO_ROW.get(name, _same)(value) for name, value in values.items()})


def _rows(kind: type[Any]) -> Iterator[Any]:
    names = [f.name for f in fields(kind)]
    for row in MODELS[kind]._default_manager.order_by("id").values(*names):
        yield kind(**{name: _FROM_ROW.get(name, _same)(value) for name, value in row.items()})


def _same(value: Any) -> Any:
    return value
