"""``cunzhen drill``: drills of the emergency plan: note one, list them, or hold a restore drill now."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from cunzhen.accounts.rules import Actor
from cunzhen.cli.output import acting_as, emit, whole
from cunzhen.cli.terminal import complain, say
from cunzhen.database.places import shared_place
from cunzhen.errors import Conflict, Missing
from cunzhen.preservation.backup_queries import drill_status, visible_drills
from cunzhen.preservation.models import Drill
from cunzhen.preservation.operations.drilling import MOST_MINUTES, record_drill

HELP = "应急演练：record 登记，list 列出，run 从备份恢复到临时目录并登记用时"
_NEEDS = {"record": "", "list": "", "run": "DIR"}
# What a restore in another home must not take over from this one.
_NOT_INHERITED = ("CUNZHEN_HOME", "CUNZHEN_STORES", "CUNZHEN_BACKUP", "CUNZHEN_OWNER", "CUNZHEN_POSTGRES_DATA")


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments. One level of words only, so that the common options may stand anywhere."""
    parser.add_argument("action", choices=list(_NEEDS), metavar="ACTION", help="record、list 或 run")
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="run 的备份文件夹")
    parser.add_argument(
        "--kind", choices=Drill.Kind.values, default="restore", help="演练类型（缺省 restore 备份恢复）"
    )
    parser.add_argument("--on", type=_day, metavar="DATE", help="演练日期（缺省今天）")
    parser.add_argument("--person", default="", metavar="NAME", help="负责人")
    parser.add_argument("--result", choices=Drill.Result.values, default="passed", help="结果（缺省 passed 达到要求）")
    parser.add_argument("--minutes", type=whole(0, MOST_MINUTES), metavar="N", help="用时，分钟")
    parser.add_argument("--note", default="", metavar="TEXT", help="情况说明")
    parser.add_argument("--scratch", type=Path, metavar="DIR", help="run：临时目录放在哪里（须装得下全部档案）")
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE", help="run：改用备份中加密的密钥库")
    parser.set_defaults(misuse=parser.error)


def run(args: argparse.Namespace) -> int:
    """Do what is asked; 1 where a restore drill did not reach what it should."""
    if bool(_NEEDS[args.action]) != bool(args.folder):
        args.misuse(f"drill {args.action} {_NEEDS[args.action]}".rstrip())
    actor = acting_as(args)
    return {"record": _record, "list": _list, "run": _hold}[args.action](args, actor)


def _record(args: argparse.Namespace, actor: Actor) -> int:
    if args.minutes is None:
        args.misuse("drill record --minutes N")
    drill = record_drill(
        actor,
        kind=args.kind,
        held_on=args.on or timezone.localdate(),
        person=args.person,
        result=args.result,
        minutes=args.minutes,
        note=args.note,
        now=timezone.now(),
    )
    emit(args, _shown(drill), lambda: say(f"已登记演练：{_line(drill)}"))
    return 0


def _list(args: argparse.Namespace, actor: Actor) -> int:
    actor.require("record_drill")
    drills = list(visible_drills(actor)[:1000])
    status = drill_status(timezone.now())
    answer = {"due_at": status.due_at, "is_late": status.is_late, "drills": [_shown(d) for d in drills]}

    def text() -> None:
        for drill in drills:
            say(_line(drill))
        say(
            f"下次备份恢复演练应在 {timezone.localtime(status.due_at):%Y-%m-%d} 以前"
            + ("，已过期" if status.is_late else "")
        )

    emit(args, answer, text)
    return 0


def _hold(args: argparse.Namespace, actor: Actor) -> int:
    """Restore into a folder that goes away again, and note how long it took and what came of it."""
    actor.require("record_drill")
    began = time.monotonic()
    report, trouble = _restored(args)
    minutes = max(1, round((time.monotonic() - began) / 60 + 0.5))
    passed = bool(report and report["ok"])
    drill = record_drill(
        actor,
        kind=Drill.Kind.RESTORE.value,
        held_on=timezone.localdate(),
        person=args.person or actor.name,
        result="passed" if passed else "failed",
        minutes=minutes,
        note="\n".join(part for part in (args.note, _told(report, trouble)) if part)[:4000],
        now=timezone.now(),
    )
    emit(args, _shown(drill) | {"report": report}, lambda: say(f"演练已登记：{_line(drill)}", *drill.note.splitlines()))
    return 0 if passed else 1


def _restored(args: argparse.Namespace) -> tuple[dict[str, Any] | None, str]:
    where = args.scratch.resolve() if args.scratch else Path(tempfile.gettempdir())
    if not where.is_dir():
        raise Missing("B-35", f"没有目录 {where}，请先建立。", f"There is no folder {where}.")
    if where.is_relative_to(settings.HOME) or where.is_relative_to(args.folder.resolve()):
        raise Conflict(
            "B-36",
            "临时目录不能放在数据目录或备份文件夹里面，请用 --scratch 另选。",
            "The scratch folder cannot lie in the home or the backup folder; choose another with --scratch.",
        )
    scratch = Path(tempfile.mkdtemp(prefix="cunzhen-drill-", dir=where))
    scratch.chmod(0o711)  # the database's account passes through
    try:
        return _run_restore(args, scratch / "home")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        _remove_places(scratch / "home")


def _run_restore(args: argparse.Namespace, home: Path) -> tuple[dict[str, Any] | None, str]:
    key = (
        ["--passphrase-file", str(args.passphrase_file)]
        if args.passphrase_file
        else ["--keys", str(settings.HOME / "keys")]
    )
    command = [
        sys.executable, "-m", "cunzhen.cli.main",
        "--home", str(home), "--json", "restore", str(args.folder.resolve()), *key,
    ]  # fmt: skip
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED) and k != "DATABASE_URL"}
    done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False)
    for line in done.stderr.splitlines():
        complain(line)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return None, "恢复程序没有给出结果"
    if "error" in answer:
        return None, f"{answer['error']['code']} {answer['error']['message']}"
    return answer, ""


def _remove_places(home: Path) -> None:
    """The database of a scratch home may lie elsewhere (``database.places``)."""
    shutil.rmtree(shared_place(home), ignore_errors=True)


def _told(report: dict[str, Any] | None, trouble: str) -> str:
    if report is None:
        return trouble
    checked = report["verified"]["packages"].get("checked", 0)
    return (
        f"恢复到 {timezone.localtime(datetime.fromisoformat(report['as_of'])):%Y-%m-%d %H:%M:%S}：保存包 "
        f"{checked:,} 个，账本 {report['ledger']['table']:,} 条，"
        f"程序用时 {report['minutes']} 分钟，" + ("核对全部相符。" if report["ok"] else "核对有发现。")
    )


def _shown(drill: Drill) -> dict[str, Any]:
    return {
        "id": str(drill.id),
        "kind": drill.kind,
        "held_on": drill.held_on,
        "person": drill.person,
        "result": drill.result,
        "minutes": drill.minutes,
        "note": drill.note,
    }


def _line(drill: Drill) -> str:
    return (
        f"{drill.held_on}  {drill.get_kind_display()}  {drill.get_result_display()}  "
        f"{drill.minutes} 分钟  {drill.person}"
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("须为日期，如 2026-11-22 / must be a date such as 2026-11-22") from None
