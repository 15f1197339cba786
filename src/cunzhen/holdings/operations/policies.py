"""The policy of copies: which stores keep the packages of a series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from cunzhen.accounts.rules import Actor
from cunzhen.errors import Missing
from cunzhen.holdings.models import Item, Series
from cunzhen.holdings.operations.registering import keep_registry
from cunzhen.holdings.rules import StorePolicy, store_policy
from cunzhen.ledger.operations import NewEntry, Subject, record
from cunzhen.preservation.operations import promise_copies
from cunzhen.preservation.store import configured_names

_BATCH = 10_000


def set_store_policy(
    actor: Actor, *, series_id: UUID, stores: Sequence[str], existing: bool = False, now: datetime
) -> StorePolicy:
    """Say which stores keep the packages of a series; copies that exist already are never taken away.

    1. the right; 2. the series locked, within reach; 3. names checked; 4. the policy; with ``existing`` also a copy
    promised, and marked missing until repair has made it, for every package of the series that lacks one;
    5. one ledger entry; 6. the registry.

    Args:
        series_id: of the series.
        stores: names as the settings have them; none means all of them, those added later included.
        existing: whether packages filed before are promised to these stores too.

    Raises:
        Refused: ``A-01``. Missing: ``H-06``. Invalid: ``H-07`` a name that the settings do not have, or twice.
    """
    actor.require("set_store_policy")
    with transaction.atomic():
        series = _locked(actor, series_id)
        policy = store_policy(series.id, stores, configured_names())
        series.stores = list(policy.stores)
        series.save(update_fields=["stores"])
        promised = _promise(series, policy.stores or configured_names(), now) if existing else 0
        detail = {"stores": list(policy.stores), "promised": promised}
        record([NewEntry("set_store_policy", actor.id, series.fonds.keeper_id, (Subject(series.id),), detail)], at=now)
        keep_registry(actor_id=actor.id, agency_id=series.fonds.keeper_id, changed={series.id}, now=now)
    return StorePolicy(series.id, policy.stores, promised)


def _locked(actor: Actor, series_id: UUID) -> Series:
    within = Series.objects.select_for_update(of=("self",)).select_related("fonds")
    series = within.filter(id=series_id, fonds__keeper_id__in=actor.agency_ids).first()
    if series is None:
        raise Missing("H-06", "没有这个类别，请核对全宗号和类别号。", "There is no such series within your reach.")
    return series


def _promise(series: Series, stores: Sequence[str], now: datetime) -> int:
    ids = list(Item.objects.filter(series=series).order_by("id").values_list("id", flat=True))
    return sum(promise_copies(ids[n : n + _BATCH], stores, now=now) for n in range(0, len(ids), _BATCH))
