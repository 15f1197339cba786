"""``cunzhen backup``: copy the archive into a backup folder while work goes on, or read a folder back."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cunzhen.cli.given import passphrase_in
from cunzhen.cli.main import attach, require_current, set_up
from cunzhen.cli.terminal import complain, say, say_json
from cunzhen.preservation.backups.rules import BackupReport, Damage, Reach

# The times that people read and write; what reads a folder back works without a home and its settings.
LOCAL_TIME = ZoneInfo("Asia/Shanghai")
HELP = "在线备份到文件夹；--verify 读回核验"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="备份文件夹（新的、空的或以前的备份）")
    parser.add_argument("--verify", action="store_true", help="不备份，只把文件夹全部读回核验")
    parser.add_argument(
        "--increment", action="store_true", help="只续传日志和新的保存包（须在 CUNZHEN_BACKUP_DIR 之列）"
    )
    parser.add_argument("--full", action="store_true", help="数据库做完整备份，不做差异备份")
    parser.add_argument("--keep", type=int, metavar="N", help="保留最近几次基础备份（缺省 CUNZHEN_BACKUP_KEEP）")
    parser.add_argument("--new", action="store_true", help="文件夹是空的也重新开始（以前备份过、磁盘已更换）")
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="文件中的口令：用它加密密钥库放进备份（缺省不放）"
    )
    parser.set_defaults(misuse=parser.error)


def run(args: argparse.Namespace) -> int:
    """Back up, or verify; 1 where something is damaged or could not be read."""
    if args.keep is not None and not 1 <= args.keep <= 1000:
        args.misuse("--keep 须为 1 至 1000 / must be from 1 to 1000")
    root = Path(args.folder).resolve()
    if args.verify and args.increment:
        args.misuse("--verify 与 --increment 不能同时用 / cannot go together")
    if (args.verify or args.increment) and (args.full or args.new or args.keep or args.passphrase_file):
        args.misuse("--full、--keep、--new、--passphrase-file 只用于基础备份 / are for a base backup only")
    if args.verify:
        return _verify(args, root)
    with ExitStack() as stack:
        attach(stack)
        set_up()
        require_current()
        return _back_up(args, root)


def _back_up(args: argparse.Namespace, root: Path) -> int:
    from django.conf import settings
    from django.utils import timezone

    from cunzhen.cli.output import acting_as, emit
    from cunzhen.preservation.operations.backing_up import back_up, continue_backup

    actor = acting_as(args)
    report: BackupReport | None
    if args.increment:
        report = continue_backup(actor, folder=root, clock=timezone.now)
    else:
        passphrase = passphrase_in(args.passphrase_file) if args.passphrase_file else settings.BACKUP_PASSPHRASE
        report = back_up(
            actor,
            folder=root,
            clock=timezone.now,
            keep=args.keep or settings.BACKUP_KEEP,
            full=args.full,
            is_new=args.new,
            passphrase=passphrase,
        )
    if report is None:
        emit(args, {"folder": str(root), "unchanged": True}, lambda: say("上次以来没有变化。"))
        return 0
    emit(args, {"folder": str(root), **asdict(report)}, lambda: _tell(report, root))
    return 1 if report.unreadable else 0


def _tell(report: BackupReport, root: Path) -> None:
    kinds = {"full": "完整", "differential": "差异", "dump": "导出"}
    what = f"基础备份 {report.base}（{kinds[report.kind]}）" if report.base else "续传"
    say(f"{what}完成：{root}，可恢复到 {_local(report.at)}，用时 {report.seconds:.1f} 秒")
    say(f"  新复制保存包 {report.packages:,} 个（{report.package_bytes / 1e6:,.1f} MB）")
    if report.base:
        say(f"  数据库 {report.database_bytes / 1e6:,.1f} MB，日志 {report.log_bytes / 1e6:,.1f} MB")
    for base in report.removed:
        say(f"  已清除过期的基础备份 {base}")
    for package in report.unreadable:
        say(f"  读不出完好的副本，没有备份：{package}。请执行 cunzhen repair 后再备份。")
    if not report.keys_sealed:
        complain("备份中不含密钥库：请把 keys 文件夹另存一份，与备份分开保管；没有它无法恢复。")


def _verify(args: argparse.Namespace, root: Path) -> int:
    from cunzhen.preservation.backups.folder import opened
    from cunzhen.preservation.backups.verifying import verify_folder

    folder, card = opened(root)
    report = verify_folder(folder, card)
    answer: dict[str, Any] = {
        "folder": str(root),
        "ok": not report.damage and bool(report.bases),
        "bases": report.bases,
        "marks": report.marks,
        "segments": report.segments,
        "packages": report.packages,
        "ledger_size": report.ledger_size,
        "since": report.reach.since,
        "until": report.reach.until,
        "moments": list(report.reach.moments),
        "damage": [asdict(d) for d in report.damage],
    }
    if args.json:
        say_json(answer)
    else:
        _tell_verified(answer, report.damage, report.reach)
    return 0 if answer["ok"] else 1


def _tell_verified(answer: dict[str, Any], damage: tuple[Damage, ...], reach: Reach) -> None:
    say(
        f"基础备份 {answer['bases']} 个，完整时刻 {answer['marks']:,} 个，日志 {answer['segments']:,} 段，"
        f"保存包 {answer['packages']:,} 个，账本 {answer['ledger_size']:,} 条"
    )
    if reach.since and reach.until:
        say(f"可恢复到 {_local(reach.since)} 至 {_local(reach.until)} 之间的任一时刻（北京时间）")
    for moment in reach.moments[-10:]:
        say(f"可恢复到 {_local(moment)}（北京时间）")
    for one in damage:
        say(f"  已损坏：{one.path} {one.detail}".rstrip())
    if not damage:
        say("全部读回，完好。" if answer["bases"] else "文件夹里没有完整的备份。")


def _local(at: datetime) -> str:
    return f"{at.astimezone(LOCAL_TIME):%Y-%m-%d %H:%M:%S}"
