"""``cunzhen ledger audit --follow``: again and again, each time the continuation of the last."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable

import pytest
from django.db import connection

from cunzhen.cli import ledger as command
from cunzhen.ledger import tiles
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.watching import last_audit
from tests.ledger.conftest import Act

pytestmark = pytest.mark.django_db


def follow(monkeypatch: pytest.MonkeyPatch, meanwhile: list[Callable[[], object]]) -> int:
    """Run it; between two audits something happens instead of a minute's sleep."""
    steps = iter(meanwhile)
    monkeypatch.setattr(command.time, "sleep", lambda seconds: next(steps)())
    return command._audit(argparse.Namespace(checkpoint=None, follow=True, json=False))


def test_it_goes_on_until_something_is_found(
    act: Act, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    act(20)
    sequence()

    def more() -> None:
        act(5)
        sequence()

    def tamper() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ledger_entry SET op = 'x' WHERE id = (SELECT entry_id FROM ledger_leaf WHERE number = 3)"
            )

    assert follow(monkeypatch, [more, more, tamper]) == 1
    said = capsys.readouterr().out
    assert [line.split("，")[0] for line in said.splitlines() if line.startswith("存证账本")] == [
        "存证账本 20 条", "存证账本 25 条", "存证账本 30 条", "存证账本 30 条",
    ]  # fmt: skip
    assert "L-A-07" in said
    last = last_audit()
    assert last is not None and not last.is_ok


def test_a_history_written_anew_between_two_audits(
    act: Act, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The holder of the key cuts the ledger short and publishes it properly signed: the one who follows knows."""
    act(20)
    sequence()

    def cut_short() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM ledger_leaf WHERE number >= 10")
            cursor.execute("DELETE FROM ledger_pending")
        shutil.rmtree(tiles.current().root)
        sequence()

    assert follow(monkeypatch, [cut_short]) == 1
    assert "L-A-16" in capsys.readouterr().out
