"""``cunzhen repair``: mend every copy that is known to be bad, from right bytes found by digest."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.utils import timezone

from cunzhen.cli.output import acting_as, emit
from cunzhen.cli.terminal import say
from cunzhen.preservation.fixity import CopyRepair, RepairReport
from cunzhen.preservation.operations import repair_packages, replace_store, verify_packages

HELP = "修复已知损坏或缺失的副本；--dry-run 只说明会怎样修复"
OUTCOMES = {
    "mended": "已修复",
    "found_whole": "复查完好",
    "quarantined": "没有完好的副本，已隔离，未改动任何文件",
    "waiting": "暂不处理：存储没有应答，或保存包正在使用",
    "left": "未改动：副本比登记册新，登记册可能被恢复到了较早的状态",
    "failed": "修复未成",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "packages",
        nargs="*",
        type=UUID,
        metavar="ID",
        help="先核对这些保存包的各份副本，只修复它们（缺省：已知损坏的全部）",
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--dry-run", action="store_true", help="只说明，不修复；核对的结果照常记录")
    only.add_argument("--new-store", metavar="NAME", help="该存储已换上空盘：先登记其副本全部缺失，再逐一重做")


def run(args: argparse.Namespace) -> int:
    """Mend; 1 where a copy stays bad."""
    actor = acting_as(args)
    if args.new_store:
        replace_store(actor, store=args.new_store, now=timezone.now())
    only = args.packages or None
    if only is not None:
        actor.require("repair_packages")
        verify_packages(only=only)
    report = repair_packages(actor, clock=timezone.now, package_ids=only, dry_run=args.dry_run)
    answer = {"copies": [_line(one) for one in report.copies], "away": list(report.away), "ok": report.ok}
    emit(args, answer, lambda: _print(report, args.dry_run))
    return 0 if report.ok else 1


def _line(one: CopyRepair) -> dict[str, Any]:
    return asdict(one) | {"package_id": str(one.package_id or "")}


def _print(report: RepairReport, dry_run: bool) -> None:
    for one in report.copies:
        what = f"保存包 {one.package_id}" if one.package_id else "存储自身的文件"
        outcome = "将由其他副本修复" if dry_run and one.outcome == "mended" else OUTCOMES[one.outcome]
        said = f"{what}  存储 {one.store or '-'}  {' '.join(one.problems)}  {outcome}"
        said += f"（来自 {'、'.join(one.sources)}）" if one.sources and one.outcome == "mended" else ""
        say(f"{said}（{one.code}）" if one.code else said)
        for path in one.lost[:10]:
            say(f"    各份副本都没有正确内容：{path}")
    for name in report.away:
        say(f"存储“{name}”没有应答，其中的副本未处理。")
    if not report.copies:
        say("没有需要修复的副本。")
