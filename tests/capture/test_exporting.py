"""The list of transfers as it leaves the house."""

from __future__ import annotations

import pytest

from cunzhen.capture import operations
from cunzhen.capture.models import Transfer
from cunzhen.capture.operations import export_transfers, exporting, open_transfer
from cunzhen.capture.rules import TransferState
from cunzhen.errors import Invalid, Refused
from cunzhen.ledger.models import LedgerEntry
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


def _open(world: World, count: int, who: str = "clerk") -> list[Transfer]:
    return [open_transfer(world.actor(who), name=f"批次{n}", now=NOW) for n in range(count)]


def test_export_transfers_holds_the_filtered_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "_AT_ONCE", 3)
    opened = _open(world, 7)
    _open(world, 1, "outsider")
    Transfer.objects.filter(id__in=[t.id for t in opened[:2]]).update(state="closed")
    leader = world.actor("leader")
    everything = export_transfers(leader, state=None, form="csv", now=NOW)
    assert [r.number for r in everything.rows] == [t.number for t in reversed(opened)] and everything.count == 7
    closed = export_transfers(leader, state=TransferState.CLOSED, form="csv", now=NOW)
    assert {r.state for r in closed.rows} == {"closed"} and closed.count == 2
    assert LedgerEntry.objects.filter(op="export_transfers", actor_id=leader.id).count() == 2


def test_export_transfers_is_refused_without_the_right_and_beyond_the_limit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _open(world, 2)
    with pytest.raises(Refused, match="A-01"):
        export_transfers(world.actor("clerk"), state=None, form="csv", now=NOW)
    monkeypatch.setattr(exporting, "MOST_TRANSFERS_EXPORTED", 1)
    with pytest.raises(Invalid, match="T-EX-01"):
        export_transfers(world.actor("leader"), state=None, form="csv", now=NOW)
    assert not LedgerEntry.objects.filter(op="export_transfers").exists()
    assert "export_transfers" in operations.__all__
