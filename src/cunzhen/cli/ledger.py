"""``cunzhen ledger``: checkpoint, proof, audit and export of the transparency log."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from django.utils import timezone

from cunzhen.accounts.rules import Actor
from cunzhen.cli.given import checkpoint_in
from cunzhen.cli.output import acting_as, emit
from cunzhen.cli.terminal import say
from cunzhen.errors import Unavailable
from cunzhen.holdings.operations import export_proof
from cunzhen.holdings.proofs import proof_of
from cunzhen.holdings.queries import item_by_code
from cunzhen.ledger.audit import audit
from cunzhen.ledger.details import export_details
from cunzhen.ledger.export import export
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.queries import head
from cunzhen.ledger.rules import AuditReport
from cunzhen.ledger.watching import note

_NEEDS = {"checkpoint": "", "proof": "CODE", "audit": "", "export": "DIR"}
_FOLLOW_SECONDS = 60.0
HELP = "存证账本：checkpoint、proof、audit、export"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments. One level of words only, so that the common options may stand anywhere."""
    parser.add_argument(
        "action",
        choices=list(_NEEDS),
        metavar="ACTION",
        help="checkpoint 签名树头；proof 一件档案归档记录的证明；"
        "audit 重算全部记录，与树和签名树头核对；export 导出为 C2SP 文件",
    )
    parser.add_argument(
        "target", nargs="?", metavar="CODE|DIR", help="proof 的档号；export 的文件夹（新的、空的或以前的导出）"
    )
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="audit：以前保存的签名树头，核对账本是它的延续")
    parser.add_argument("--to", type=Path, metavar="FILE", help="proof：写成压缩包，连同公钥和核对程序，在别处也能核对")
    parser.add_argument(
        "--follow", action="store_true", help="audit：每分钟核对一次，每次都须是上次的延续，直到发现问题或被停止"
    )
    parser.add_argument(
        "--details", action="store_true", help="export：连同密封的明细一并导出（须有密钥库才能读），供重建时恢复"
    )
    parser.set_defaults(misuse=parser.error)


def run(args: argparse.Namespace) -> int:
    """Do what is asked; 1 where the audit finds something. The checkpoint is public, the entries are not."""
    needed = _NEEDS[args.action]
    if bool(needed) != bool(args.target):
        args.misuse(f"ledger {args.action} {needed}".rstrip())
    actor = acting_as(args)
    if args.action in {"audit", "export"}:
        actor.require("view_ledger")
    try:
        while sequence():
            pass
    except Unavailable:
        if args.action != "audit":  # which is to say what is wrong
            raise
    if args.action == "proof":
        return _proof(args, actor)
    return {"checkpoint": _checkpoint, "audit": _audit, "export": _export}[args.action](args)


def _checkpoint(args: argparse.Namespace) -> int:
    now = head()
    emit(
        args,
        {"size": now.size, "root": now.root_hex, "checkpoint": now.signed_note_text},
        lambda: say(*now.signed_note_text.split("\n")[:-1]),
    )
    return 0


def _proof(args: argparse.Namespace, actor: Actor) -> int:
    item = item_by_code(actor, args.target)
    if args.to:
        _, packed = export_proof(actor, item_id=item.id, now=timezone.now())
        try:
            args.to.write_bytes(packed)
        except OSError as error:
            raise _cannot_write(args.to, error) from error
        emit(args, {"archival_code": item.archival_code, "file": str(args.to)}, lambda: say(f"证明已写入 {args.to}"))
        return 0
    found = proof_of(item)
    emit(
        args,
        {"archival_code": item.archival_code, "number": found.number, "proof": found.text},
        lambda: say(*found.text.split("\n")[:-1]),
    )
    return 0


def _audit(args: argparse.Namespace) -> int:
    kept = checkpoint_in(args.checkpoint) if args.checkpoint else None
    while True:
        since = time.monotonic()
        report = audit(kept)
        if not args.checkpoint:  # else what is found may be the given file's fault, and the archive is not to blame
            note(report, timezone.now(), time.monotonic() - since)
        _tell(args, report)
        if not args.follow or not report.ok:
            return 0 if report.ok else 1
        sys.stdout.flush()
        kept = head().signed_note_text if report.size else kept
        time.sleep(_FOLLOW_SECONDS)


def _tell(args: argparse.Namespace, report: AuditReport) -> None:
    problems = [{"code": p.code, "message": p.message} for p in report.problems]
    answer: dict[str, Any] = {"size": report.size, "root": report.root, "ok": report.ok, "problems": problems}

    def text() -> None:
        say(f"存证账本 {report.size:,} 条，根 {report.root}：" + ("相符" if report.ok else "发现问题"))
        for problem in problems:
            say(f"  {problem['code']} {problem['message']}")

    emit(args, answer, text)


def _export(args: argparse.Namespace) -> int:
    folder = Path(args.target)
    details = None
    try:
        size = export(folder)
        if args.details:
            details = export_details(folder, size)
    except OSError as error:
        raise _cannot_write(folder, error) from error
    answer = {"size": size, "folder": str(folder)} | ({} if details is None else {"details": details})
    also = "" if details is None else f"，明细 {details:,} 条"
    emit(args, answer, lambda: say(f"已导出 {size:,} 条{also}到 {folder}"))
    return 0


def _cannot_write(path: Path, error: OSError) -> Unavailable:
    return Unavailable("L-14", f"写不进 {path}（{error.strerror}）。", f"Cannot write to {path} ({error.strerror}).")
