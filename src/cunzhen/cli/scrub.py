"""``cunzhen scrub``: check copies of packages against their digests, the oldest check first, and mend what is bad."""

from __future__ import annotations

import argparse
from typing import Any

from django.utils import timezone

from cunzhen.cli.output import acting_as, emit, telling_progress, whole
from cunzhen.cli.terminal import say
from cunzhen.preservation.fixity import ScrubReport
from cunzhen.preservation.operations import scrub_copies

HELP = "巡检：核对各份副本的摘要，损坏的随即用完好的副本修复"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--all", action="store_true", help="全部副本（缺省只巡检到期的和还没有查过的）")
    parser.add_argument(
        "--rate", type=whole(0, 100_000), metavar="MB", help="每秒最多读多少兆字节，0 为不限（缺省按配置）"
    )


def run(args: argparse.Namespace) -> int:
    """Scrub; 1 where something is not whole at the end, or could not be looked at."""
    report = scrub_copies(
        acting_as(args),
        everything=args.all,
        clock=timezone.now,
        megabytes_per_second=args.rate,
        told=telling_progress("巡检"),
    )
    emit(args, _answer(report), lambda: _print(report))
    return 0 if report.ok else 1


def _answer(report: ScrubReport) -> dict[str, Any]:
    return {
        "copies": report.copies,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 1),
        "megabytes_per_second": round(report.bytes / 1e6 / report.seconds, 1) if report.seconds else 0.0,
        "damaged": report.damaged,
        "missing": report.missing,
        "mended": report.mended,
        "open": report.open,
        "quarantined": [str(i) for i in report.quarantined],
        "away": list(report.away),
        "extra": list(report.extra),
        "behind": list(report.behind),
        "ok": report.ok,
    }


def _print(report: ScrubReport) -> None:
    answer = _answer(report)
    say(f"巡检副本 {report.copies:,} 份，{report.bytes / 1e6:,.1f} MB，{answer['megabytes_per_second']:,} MB/s")
    say(f"  损坏 {report.damaged:,}，缺失 {report.missing:,}，已修复 {report.mended:,}，尚待修复 {report.open:,}")
    for name in report.away:
        say(f"  存储“{name}”没有应答，其中的副本未巡检、状态未变。请挂载后再运行。")
    for package in report.quarantined:
        say(f"  保存包 {package} 没有一份副本完好，已隔离，见“保管状况”页或 cunzhen repair --dry-run")
    for line in report.extra[:20]:
        say(f"  登记册中没有：{line}（未作改动）")
    if len(report.extra) > 20:
        say(f"  …另有 {len(report.extra) - 20:,} 处")
    if report.behind:
        say("  数据库落后于已发布的存证账本，可能被恢复到了较早的备份。请停止归档，运行 cunzhen ledger audit。")
        for line in report.behind[1:21]:
            say(f"    账本记有而登记册没有：{line}")
    say("全部完好。" if report.ok else "仍有问题，请按操作指南“巡检与修复”一节处理。")
