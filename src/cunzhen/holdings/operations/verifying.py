"""The catalogue against the packages: what each says of the other's items."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cunzhen.accounts.rules import Actor
from cunzhen.errors import CunzhenError
from cunzhen.formats.mets import Description
from cunzhen.holdings.models import Component, Item
from cunzhen.ledger.operations import NewEntry, record
from cunzhen.preservation.models import Package
from cunzhen.preservation.queries import read_description

BATCH = 500


@dataclass(frozen=True)
class CatalogueReport:
    """What a comparison found.

    Args:
        checked: items compared.
        missing: packages that no item stands for. extra: items without a package.
        altered: items whose row differs from what their package says.
    """

    checked: int
    missing: tuple[UUID, ...]
    extra: tuple[UUID, ...]
    altered: tuple[UUID, ...]


def verify_catalogue(actor: Actor, *, sample: int | None, now: datetime) -> CatalogueReport:
    """Compare every item (or a random sample) with the description inside its package, both ways.

    Args:
        sample: how many items to open; None for all. Presence is compared for all either way.

    Raises:
        Refused.
    """
    actor.require("verify_archive")
    missing = tuple(Package.objects.exclude(id__in=Item.objects.values("id")).values_list("id", flat=True))
    extra = tuple(Item.objects.exclude(id__in=Package.objects.values("id")).values_list("id", flat=True))
    ids = list(Item.objects.filter(id__in=Package.objects.values("id")).order_by("id").values_list("id", flat=True))
    if sample is not None and sample < len(ids):
        ids = sorted(random.SystemRandom().sample(ids, sample))
    altered = tuple(_altered(ids))
    detail = {"items": len(ids), "missing": len(missing), "extra": len(extra), "altered": len(altered)}
    with transaction.atomic():
        record([NewEntry("verify_archive", actor.id, actor.agency_id, (), detail)], at=now)
    return CatalogueReport(len(ids), missing, extra, altered)


def _altered(ids: Sequence[UUID]) -> Iterator[UUID]:
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        components: dict[UUID, list[tuple[int, str, str, int]]] = {}
        for c in Component.objects.filter(item_id__in=part).order_by("item_id", "number"):
            components.setdefault(c.item_id, []).append((c.number, c.sha256, c.sm3, c.size))
        for item in Item.objects.filter(id__in=part).select_related("fonds", "series").order_by("id"):
            try:
                said = read_description(item.id)
            except CunzhenError:
                yield item.id
                continue
            if _of_row(item, components.get(item.id, [])) != _of_package(said):
                yield item.id


def _of_row(item: Item, components: list[tuple[int, str, str, int]]) -> tuple[object, ...]:
    return (
        item.fonds.code,
        item.series.code,
        item.archival_code,
        item.title,
        item.kind,
        item.year,
        item.document_date,
        item.term,
        item.retention_end,
        item.hold_reason,
        item.content_sha256,
        item.page_count,
        components,
    )


def _of_package(said: Description) -> tuple[object, ...]:
    current = next((c.code for c in said.codes if c.valid_to is None), "")
    return (
        said.fonds.code,
        said.series.code,
        current,
        said.title,
        said.kind,
        said.year,
        said.document_date,
        said.retention.term,
        said.retention.end,
        said.retention.hold_reason,
        said.content_sha256,
        len(said.pages),
        [(c.number, c.sha256, c.sm3, c.size) for c in said.components],
    )
