"""``cunzhen rebuild``: the catalogue and the index from storage and ledger, as a whole or in part."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cunzhen.access.operations import rebuild_index
from cunzhen.accounts.rules import Actor
from cunzhen.cli.output import acting_as, emit, telling_progress, whole
from cunzhen.cli.terminal import say
from cunzhen.database.counting import refresh_statistics
from cunzhen.database.launcher import attached
from cunzhen.holdings.operations import mend_catalogue, rebuild_catalogue
from cunzhen.holdings.queries import item_by_code
from cunzhen.holdings.telling import Untold
from cunzhen.ledger.operations import sequence

HELP = "从存储和账本重建目录、检索库，或修复其中一部分"
_SAYING = {"ledger": "账本", "items": "档案", "stores": "存储", "people": "人员单位", "index": "检索库"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--catalogue", action="store_true", help="在空数据库上重建整个目录和账本记录")
    parser.add_argument("--index", action="store_true", help="重建检索库")
    parser.add_argument("--statistics", action="store_true", help="重新统计各表行数（--catalogue 已包括）")
    parser.add_argument(
        "--items", nargs="+", default=[], metavar="CODE|ID", help="把这些件的目录行恢复成保存包所载（档号或编号）"
    )
    parser.add_argument("--setup", action="store_true", help="把机构、保管期限表、全宗、类别恢复成登记包所载")
    parser.add_argument("--derived", action="store_true", help="按各件档案重算人员、单位登记和档号流水")
    parser.add_argument("--missing", action="store_true", help="收回账本和存储中有、目录中没有的保存包")
    parser.add_argument(
        "--ledger", type=Path, metavar="DIR", help="--catalogue：账本导出的文件夹（缺省用本系统已发布的账本）"
    )
    parser.add_argument(
        "--without", action="append", default=[], metavar="STORE", help="--catalogue：不用这个存储（已丢失的），可重复"
    )
    parser.add_argument(
        "--processes", type=whole(1, 64), metavar="N", help="--catalogue：同时用几个进程（缺省处理器核数）"
    )
    parser.set_defaults(misuse=parser.error)


def run(args: argparse.Namespace) -> int:
    """Rebuild what is asked; 1 where something could not be."""
    mends = bool(args.items or args.setup or args.derived or args.missing)
    if not (args.catalogue or args.index or args.statistics or mends) or (args.catalogue and mends):
        args.misuse(
            "请指定 --catalogue、--index、--statistics、--items、--setup、--derived 或 --missing；"
            "--catalogue 不与修复选项同用"
        )
    answer: dict[str, Any] = {}
    bad = 0
    if args.catalogue:
        answer["catalogue"], lost = _catalogue(args)
        bad += lost
    if mends:
        answer["mended"], untold = _mended(args, acting_as(args))
        bad += untold
    if args.index:
        answer["index"] = _index(acting_as(args))
    if args.catalogue or args.statistics:
        answer["statistics"] = _statistics(acting_as(args))
    emit(args, answer, lambda: _print(answer))
    return 1 if bad else 0


def _catalogue(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    told: dict[str, Callable[[int, int], None]] = {}

    def progress(what: str, done: int, total: int) -> None:
        told.setdefault(what, telling_progress(_SAYING[what]))(done, total)

    report = rebuild_catalogue(
        clock=timezone.now,
        source=args.ledger,
        without=args.without,
        processes=args.processes or os.cpu_count() or 1,
        progress=progress,
    )
    ledger = report.ledger
    return {
        "items": report.items,
        "packages": report.packages,
        "people": report.people,
        "ledger": None if ledger is None else {"size": ledger.size, "root": ledger.root, **asdict(ledger.details)},
        "lost": _untold(report.lost),
        "lost_count": report.lost_count,
        "unrecorded": report.unrecorded,
        "unrecorded_count": report.unrecorded_count,
        "reserved": report.reserved,
        "seconds": round(report.seconds, 1),
        "items_per_second": round(report.items / report.seconds, 1) if report.seconds else 0,
    }, report.lost_count


def _mended(args: argparse.Namespace, actor: Actor) -> tuple[dict[str, Any], int]:
    report = mend_catalogue(
        actor,
        item_ids=list(_ids(actor, args.items)),
        setup=args.setup,
        missing=args.missing,
        derived=args.derived,
        now=timezone.now(),
    )
    return {
        "items": report.items,
        "removed": report.removed,
        "setup": report.setup,
        "derived": report.derived,
        "untold": _untold(report.untold),
    }, len(report.untold)


def _ids(actor: Actor, words: Iterable[str]) -> Iterable[UUID]:
    for word in words:
        try:
            yield UUID(word)
        except ValueError:
            yield item_by_code(actor, word).id


def _index(actor: Actor) -> dict[str, Any]:
    actor.require("mend_catalogue")
    while sequence():
        pass
    return {"followed": rebuild_index(telling_progress(_SAYING["index"]))}


def _statistics(actor: Actor) -> dict[str, Any]:
    """What lists say about numbers beyond those they count, and the order in which queries are worked out."""
    actor.require("mend_catalogue")
    return {"tables": refresh_statistics(attached(settings.HOME).owner_url)}


def _untold(untold: Iterable[Untold]) -> list[dict[str, str]]:
    return [{"id": str(one.id), "reason": one.reason} for one in untold]


def _print(answer: dict[str, Any]) -> None:
    if found := answer.get("catalogue"):
        say(f"目录已重建：档案 {found['items']:,} 件，保存包 {found['packages']:,} 个，用时 {found['seconds']:,} 秒。")
        if found["ledger"]:
            say(f"账本 {found['ledger']['size']:,} 条，明细 {found['ledger']['restored']:,} 条。")
        _list("账本有记录、存储中读不出的", found["lost_count"], [f"{o['id']} {o['reason']}" for o in found["lost"]])
        _list("账本没有记录、未采用的", found["unrecorded_count"], found["unrecorded"])
        if found["reserved"]:
            say(f"每个档号流水跳过 {found['reserved']} 个号，以免与丢失的件重号。")
        say("接下来：cunzhen user 设立用户，cunzhen scrub 巡检副本，cunzhen verify 核验。")
    if found := answer.get("mended"):
        say(
            f"已修复：档案 {found['items']:,} 件，机构全宗等 {found['setup']:,} 行，人员单位和流水 {found['derived']:,} 行。"
        )
        if found["removed"]:
            say(f"已移出从未归档的 {found['removed']:,} 件。")
        _list("读不出保存包、未修复的", len(found["untold"]), [f"{o['id']} {o['reason']}" for o in found["untold"]])
    if found := answer.get("index"):
        say(f"检索库已重建，读取账本 {found['followed']:,} 条。")
    if found := answer.get("statistics"):
        say(f"已重新统计 {found['tables']:,} 张表。")


def _list(what: str, count: int, lines: list[str]) -> None:
    if count:
        say(f"{what}：{count:,}", *(f"  {line}" for line in lines[:20]))
