"""What lies in a store and no row of the register stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from cunzhen.preservation.models import Package
from cunzhen.preservation.operations.strays import Registered, in_batches
from cunzhen.preservation.rules import package_id
from cunzhen.preservation.store import Store


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """Packages by id, and things that are none: both as ``store:path``."""

    packages: Mapping[UUID, str]
    places: tuple[str, ...]


def unclaimed_in(store: Store) -> list[Unclaimed]:
    """Walk a store; only what lies where nothing is registered is opened.

    Raises:
        Unavailable: the store does not serve.
    """
    found = []
    with transaction.atomic(), Registered(store.name) as registered:
        for places in in_batches(store.walk(registered.has)):
            packages = {one: f"{store.name}:{p.path}" for p in places if (one := package_id(p.object_id)) is not None}
            known = set(Package.objects.filter(id__in=packages).values_list("id", flat=True))
            others = tuple(f"{store.name}:{p.path}" for p in places if package_id(p.object_id) is None)
            found.append(Unclaimed({one: at for one, at in packages.items() if one not in known}, others))
    return found
