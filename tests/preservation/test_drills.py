"""应急演练: noted once, by those who may, and asked for again when the last is old."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from cunzhen.errors import Conflict, Invalid, Refused
from cunzhen.ledger.queries import history
from cunzhen.preservation.backup_queries import backup_status, drill_status, visible_drills
from cunzhen.preservation.models import BackupState, Drill
from cunzhen.preservation.operations.backing_up import back_up, continue_backup
from cunzhen.preservation.operations.drilling import LONGEST_NOTE, MOST_MINUTES, record_drill
from cunzhen.preservation.operations.restoring import restore_backup
from tests.world import NOW, World

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)


def _record(world: World, who: str = "archivist", **changed: Any) -> Drill:
    values: dict[str, Any] = {
        "kind": "restore", "held_on": TODAY, "person": "王志远", "result": "passed", "minutes": 25,
        "note": "从异地备份恢复，抽查 20 件", "now": NOW,
    }  # fmt: skip
    return record_drill(world.actor(who), **(values | changed))


def test_a_drill_is_noted_and_stands_in_the_ledger_without_names(world: World) -> None:
    drill = _record(world)
    assert list(visible_drills(world.actor("leader"))) == [drill]
    assert (drill.person, drill.minutes, drill.get_kind_display()) == ("王志远", 25, "备份恢复")
    (line,) = history(drill.id)
    assert line.op == "record_drill" and line.actor_id == world.archivist.id
    assert line.detail == {"kind": "restore", "held_on": "2026-11-22", "result": "passed", "minutes": 25}


def test_drills_of_another_agency_are_not_seen(world: World) -> None:
    drill = _record(world, "outsider")
    assert drill not in visible_drills(world.actor("archivist"))
    assert drill in visible_drills(world.actor("outsider"))


@pytest.mark.parametrize("who", ["clerk", "reviewer", "leader", "security_officer", "audit_officer"])
def test_who_may_not(world: World, who: str) -> None:
    with pytest.raises(Refused):
        _record(world, who)


@pytest.mark.parametrize("who", ["archivist", "system_officer", "service"])
def test_who_may(world: World, who: str) -> None:
    assert _record(world, who).recorded_by == world.actor(who).id


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": "picnic"}, "B-30"),
        ({"result": ""}, "B-30"),
        ({"held_on": date(2026, 11, 23)}, "B-31"),
        ({"person": "  "}, "B-32"),
        ({"person": "王" * 61}, "B-32"),
        ({"minutes": -1}, "B-33"),
        ({"minutes": MOST_MINUTES + 1}, "B-33"),
        ({"note": "多" * (LONGEST_NOTE + 1)}, "B-34"),
    ],
)
def test_what_is_refused(world: World, changed: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        _record(world, **changed)
    assert refused.value.code == code
    assert Drill.objects.count() == 0


def test_the_day_is_that_of_beijing(world: World) -> None:
    """At two in the morning there it is still yesterday in UTC."""
    early = NOW.replace(day=21, hour=18)
    assert _record(world, held_on=TODAY, now=early).held_on == TODAY


def test_when_a_drill_is_due(world: World, settings: Settings) -> None:
    settings.DRILL_DAYS = 183
    assert not drill_status(NOW + timedelta(days=180)).is_late, "the home is not half a year old"
    assert drill_status(NOW + timedelta(days=184)).is_late
    _record(world, kind="power")
    _record(world, result="failed")
    assert drill_status(NOW + timedelta(days=184)).is_late, "neither is a restore that was passed"
    passed = _record(world, now=NOW + timedelta(days=100))
    status = drill_status(NOW + timedelta(days=184))
    assert (status.last, status.is_late) == (passed, False)
    assert status.due_at == passed.recorded_at + timedelta(days=183)


def test_how_backups_stand(world: World, settings: Settings, tmp_path: Any) -> None:
    settings.BACKUP_DIRS, settings.BACKUP_DAYS = (tmp_path / "daily",), 2
    assert not backup_status(NOW + timedelta(days=1)).is_late
    late = backup_status(NOW + timedelta(days=3))
    assert late.is_late and late.base_at is None and [line.is_continuous for line in late.lines] == [True]
    BackupState.objects.create(
        folder=str(tmp_path / "daily"), card="1", base="b", base_at=NOW + timedelta(days=2),
        mark_at=NOW + timedelta(days=3), problem="B-07", problem_at=NOW,
    )  # fmt: skip
    BackupState.objects.create(folder="/media/usb", card="2", base="u", base_at=NOW, mark_at=NOW, problem="B-11")
    status = backup_status(NOW + timedelta(days=3))
    assert (status.is_late, status.problem) == (False, "B-07"), "an old USB disk is nobody's trouble"
    assert status.mark_at == NOW + timedelta(days=3)
    assert [line.is_continuous for line in status.lines] == [True, False]


def test_a_restore_is_entered_by_the_machine_alone(world: World) -> None:
    values: dict[str, Any] = {"base": "b", "at": NOW, "ledger_size": 5, "lost": 2, "known_root": "AA==", "now": NOW}
    restore_backup(world.actor("service"), **values)
    line = history(world.agency.id)[-1]
    assert line.op == "restore_backup" and line.detail is not None and line.detail["lost"] == 2
    for who in ("archivist", "system_officer", "leader"):
        with pytest.raises(Refused):
            restore_backup(world.actor(who), **values)
    with pytest.raises(Refused):
        restore_backup(replace(world.actor("service"), permissions=frozenset()), **values)


@pytest.mark.parametrize("who", ["clerk", "archivist", "leader", "security_officer", "audit_officer"])
def test_who_may_not_back_up(world: World, tmp_path: Path, who: str) -> None:
    for operation in (back_up, continue_backup):
        with pytest.raises(Refused) as refused:
            operation(world.actor(who), folder=tmp_path / "backup", clock=lambda: NOW)
        assert refused.value.code == "A-01"
    assert not (tmp_path / "backup").exists() and not BackupState.objects.exists()


def test_a_folder_without_a_base_is_not_gone_on_with(world: World, tmp_path: Path) -> None:
    with pytest.raises(Conflict) as refused:
        continue_backup(world.actor("system_officer"), folder=tmp_path / "backup", clock=lambda: NOW)
    assert refused.value.code == "B-13"
