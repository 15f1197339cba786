"""``cunzhen restore``: a new home from a backup folder, compared with its ledger before anybody works in it."""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cunzhen.cli.backup import LOCAL_TIME
from cunzhen.cli.given import checkpoint_in, given_passphrase, passphrase_in
from cunzhen.cli.init import bring_up
from cunzhen.cli.main import set_up
from cunzhen.cli.terminal import complain, say, say_json
from cunzhen.database.counting import refresh_statistics
from cunzhen.database.launcher import MARK, ensure_running
from cunzhen.errors import Conflict
from cunzhen.formats.durable import replace_file
from cunzhen.keys import keystore
from cunzhen.preservation.backups import restoring
from cunzhen.preservation.backups.folder import BackupFolder, disk_of, opened
from cunzhen.preservation.backups.rules import Card, Target, choose

if TYPE_CHECKING:
    from cunzhen.preservation.backups.refilling import LostEntries

HELP = "从备份恢复到新的数据目录，并与存证账本核对"
REPORT = "restore-report.json"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="备份文件夹；新的数据目录由 --home 指定")
    parser.add_argument(
        "--at", type=_moment, metavar="TIME", help="恢复到这个时刻，如 2026-11-22T10:15（北京时间；缺省尽可能晚）"
    )
    parser.add_argument("--keys", type=Path, metavar="FILE", help="另存的密钥库：keys 文件夹或 keystore.json")
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE", help="文件中的口令：打开备份中加密的密钥库")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="在别处留存的签名树头，核对账本没有变短")
    parser.add_argument(
        "--despite-damage", action="store_true", help="备份中有保存包损坏也继续，恢复其余的，并列出缺少的"
    )


def run(args: argparse.Namespace) -> int:
    """Restore; 1 where something is missing, was lost, or does not agree."""
    began = time.monotonic()
    _refuse_outside()
    keystore.use_passphrase(given_passphrase())
    root = Path(args.folder).resolve()
    passphrase = passphrase_in(args.passphrase_file) if args.passphrase_file else ""
    checkpoint = checkpoint_in(args.checkpoint) if args.checkpoint else None
    with disk_of(root):
        folder, card = opened(root)
        target = choose(folder.whole_bases(), folder.marks(), args.at)
        restoring.begin(args.home, folder, card)
        restoring.give_keys(args.home, folder, card, file=args.keys, passphrase=passphrase)
        complain(f"备份 {target.base.id}，恢复到 {_local(target.at or target.mark.at)}：数据库…")
        last = restoring.bring_database(args.home, folder, card, target)
    with ExitStack() as stack:
        needed = _enter(args.home, target)
        server = stack.enter_context(ensure_running(args.home))
        os.environ.update(server.environment)
        set_up()
        bring_up(server)
        refresh_statistics(server.owner_url)  # a dump brings none along
        with disk_of(root):
            answer = _refill(folder, card, target, checkpoint=checkpoint, despite_damage=args.despite_damage)
    answer |= {"as_of": last or target.at or target.mark.at, "settings": needed}
    answer["minutes"] = round((time.monotonic() - began) / 60, 2)
    restoring.write_settings(args.home, needed)
    replace_file(args.home / REPORT, json.dumps(answer, ensure_ascii=False, default=str, indent=1).encode())
    restoring.finish(args.home)
    if args.json:
        say_json(answer)
    else:
        _tell(answer)
    return 0 if answer["ok"] else 1


def _refuse_outside() -> None:
    url = os.environ.get("DATABASE_URL", "")
    if (url and MARK not in url) or os.environ.get("DATABASE_URL_FILE"):
        raise Conflict(
            "B-27",
            "恢复会建立自带的数据库，请先取消 DATABASE_URL 再运行；恢复后可用 pg_dump 迁入外部数据库。",
            "A restore makes an embedded database: unset DATABASE_URL first. Move the data out with pg_dump "
            "afterwards.",
        )


def _enter(home: Path, target: Target) -> dict[str, str]:
    """Put the settings in force that the archive was kept with; stores are folders of the new home unless named."""
    base = target.base
    stores = os.environ.get("CUNZHEN_STORES") or ",".join(f"{n}={home / 'stores' / n}" for n in base.stores)
    needed = {
        "CUNZHEN_HOME": str(home),
        "CUNZHEN_NODE": base.node,
        "CUNZHEN_LEDGER_ORIGIN": base.origin,
        "CUNZHEN_STORES": stores,
    }
    os.environ.update(needed)
    # Nor do witnesses hear of it: they would sign what a trial restore adds, and refuse the true ledger from then on.
    witnesses = [name for name in os.environ if name.startswith("CUNZHEN_WITNESSES")]
    for name in ("CUNZHEN_BACKUP_DIR", "DATABASE_URL", "CUNZHEN_OWNER_URL", *witnesses):
        os.environ.pop(name, None)
    return needed


def _refill(
    folder: BackupFolder, card: Card, target: Target, *, checkpoint: str | None, despite_damage: bool
) -> dict[str, Any]:
    """What stands beside the database, then everything compared with everything."""
    from django.utils import timezone

    from cunzhen.accounts.queries import service_actor
    from cunzhen.cli.output import telling_progress
    from cunzhen.cli.verify import verified_all
    from cunzhen.ledger.audit import audit
    from cunzhen.ledger.operations import sequence
    from cunzhen.ledger.queries import size_of_table
    from cunzhen.preservation.backups import refilling
    from cunzhen.preservation.operations.restoring import restore_backup

    complain("保存包…")
    refilled = refilling.refill_stores(folder, telling_progress("保存包"))
    damage = [*refilled.damage, *refilling.refill_inbox(folder)]
    if damage and not despite_damage:
        raise restoring.damaged(damage)
    table = size_of_table()
    published = refilling.refill_ledger(folder, card)
    lost = refilling.lost_entries(folder, card, table)
    complain("账本、目录、检索库…")
    actor = service_actor()
    verified, findings = verified_all(actor)
    while sequence():
        pass
    kept = audit(checkpoint) if checkpoint is not None else None
    restore_backup(
        actor,
        base=target.base.id,
        at=target.at,
        ledger_size=table,
        lost=lost.count if lost else 0,
        known_root=_root_of(lost),
        now=timezone.now(),
    )
    while sequence():
        pass
    problems = [] if kept is None else [{"code": p.code, "message": p.message} for p in kept.problems]
    return {
        "ok": not (damage or findings or lost or problems),
        "agrees": not (findings or problems),
        "base": target.base.id,
        "copies": refilled.copies,
        "bytes": refilled.bytes,
        "ledger": {"table": table, "published": published},
        "lost": asdict(lost) if lost else None,
        "damage": [asdict(d) for d in damage],
        "packages_missing": sorted(str(p) for p in refilled.packages),
        "verified": verified,
        "checkpoint": problems,
    }


def _root_of(lost: LostEntries | None) -> str:
    return lost.known.split("\n")[2] if lost else ""


def _tell(answer: dict[str, Any]) -> None:
    say(
        f"已恢复到 {answer['settings']['CUNZHEN_HOME']}，内容截至 {_local(answer['as_of'])}，用时 {answer['minutes']} 分钟"
    )
    say(
        f"  保存包副本 {answer['copies']:,} 份（{answer['bytes'] / 1e6:,.1f} MB），账本 {answer['ledger']['table']:,} 条"
    )
    if lost := answer["lost"]:
        say(f"注意：备份所知的 {lost['count']:,} 条账本记录不在恢复结果中（{lost['since']} 至 {lost['until']}）：")
        say("  " + "，".join(f"{op} {count}" for op, count in lost["ops"].items()))
        say("  逐条见 lost-entries.jsonl；这段时间收到的材料须重新接收。")
    for one in answer["damage"]:
        say(f"  备份中已损坏或缺少：{one['path']}")
    for problem in answer["checkpoint"]:
        say(f"  {problem['code']} {problem['message']}")
    if answer["agrees"]:
        say(
            "恢复出的内容核对全部相符。"
            + ("" if answer["ok"] else "上面列出的缺失请先告知安全审计员，再启用这个目录。")
        )
    else:
        say(f"核对有发现，详见 {REPORT}；请先通知安全审计员，不要启用这个目录。")
    say("以后运行各命令须有这些设置（已写入 settings.env）：")
    for name, value in answer["settings"].items():
        say(f"  {name}={value}")
    complain("原来的备份文件夹属于恢复以前的历史：请为这个目录另用一个新的备份文件夹。")


def _local(at: datetime | str) -> str:
    return at if isinstance(at, str) else f"{at.astimezone(LOCAL_TIME):%Y-%m-%d %H:%M:%S}"


def _moment(text: str) -> datetime:
    """A time as people write it; without a zone it is Beijing's."""
    try:
        found = datetime.fromisoformat(re.sub(r"^(\d{4}-\d{2}-\d{2}) (?=\d)", r"\1T", text.strip()))
    except ValueError:
        raise argparse.ArgumentTypeError(
            "须为日期和时间，如 2026-11-22T10:15:00 / must be a date and time such as 2026-11-22T10:15:00"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=LOCAL_TIME)
