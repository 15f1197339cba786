"""The audit that comes by itself: how often, and what it leaves for page and self-check."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from cunzhen.ledger import tiles
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.rules import AuditProblem, AuditReport
from cunzhen.ledger.watching import is_old, last_audit, note, watch
from tests.ledger.conftest import BEGIN, Act

pytestmark = pytest.mark.django_db


def test_every_four_minutes(act: Act) -> None:
    act(20)
    sequence()
    assert last_audit() is None
    first = watch(BEGIN)
    assert first is not None and first.is_ok and first.size == 20
    assert last_audit() == first
    assert watch(BEGIN + timedelta(minutes=3)) is None
    act(1)
    sequence()
    second = watch(BEGIN + timedelta(minutes=4))
    assert second is not None and second.size == 21


def test_what_it_finds_stays_to_be_read(act: Act) -> None:
    act(20)
    sequence()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_entry SET op = 'view_page' WHERE id = (SELECT entry_id FROM ledger_leaf WHERE number = 7)"
        )
    found = watch(BEGIN)
    assert found is not None and not found.is_ok
    [(code, message, english)] = found.problems
    assert code == "L-A-07" and "第 7 条" in message and "Entry 7" in english
    assert last_audit() == found


def test_a_large_ledger_is_audited_less_often(act: Act) -> None:
    report = AuditReport(5_000_000, "00" * 32, True, ())
    took = note(report, BEGIN, 100.0)
    assert watch(BEGIN + timedelta(minutes=14)) is None
    assert not is_old(took, BEGIN + timedelta(minutes=30))
    assert is_old(took, BEGIN + timedelta(minutes=33))
    again = watch(BEGIN + timedelta(minutes=15))
    assert again is not None and again.size == 0


def test_a_clock_set_back_does_not_stop_it(act: Act) -> None:
    note(AuditReport(0, "00" * 32, True, ()), BEGIN + timedelta(days=3650), 0.1)
    assert watch(BEGIN) is not None


def test_very_many_findings_are_counted(act: Act) -> None:
    problems = tuple(AuditProblem("L-A-02", f"第 {n} 条", f"Entry {n}", n) for n in range(50))
    found = note(AuditReport(100, "00" * 32, False, problems, more=7), BEGIN, 0.1)
    assert len(found.problems) == 20 and found.more == 37
    assert last_audit() == found


@pytest.mark.parametrize("text", ["", "null", "{}", "[1]", '{"at": "x"}', "\x00", '{"at": 1, "problems": 3}'])
def test_a_damaged_note_is_no_audit(act: Act, text: str) -> None:
    tiles.current().root.mkdir(parents=True)
    (tiles.current().root / "audit.json").write_text(text, encoding="utf-8")
    assert last_audit() is None
    assert watch(BEGIN) is not None
