"""``cunzhen ledger``: checkpoint, proof, audit and export of the transparency log."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cunzhen.accounts.rules import Actor
from cunzhen.cli.given import checkpoint_in
from cunzhen.cli.output import acting_as, emit
from cunzhen.cli.terminal import say
from cunzhen.errors import Missing, Unavailable
from cunzhen.holdings.queries import item_by_code
from cunzhen.ledger.audit import audit
from cunzhen.ledger.details import export_details
from cunzhen.ledger.export import export
from cunzhen.ledger.operations import sequence
from cunzhen.ledger.queries import head, history, proof

_NEEDS = {"checkpoint": "", "proof": "CODE", "audit": "", "export": "DIR"}
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
    while sequence():
        pass
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
    filed = next((line for line in history(item.id) if line.op == "file_drafts" and line.number is not None), None)
    if filed is None or filed.number is None:
        raise Missing(
            "L-60", "这件档案的归档记录还没有编号，请稍后再试。", "The entry has no number yet; try again soon."
        )
    text = proof(filed.number)
    emit(
        args,
        {"archival_code": item.archival_code, "number": filed.number, "proof": text},
        lambda: say(*text.split("\n")[:-1]),
    )
    return 0


def _audit(args: argparse.Namespace) -> int:
    report = audit(checkpoint_in(args.checkpoint) if args.checkpoint else None)
    problems = [{"code": p.code, "message": p.message} for p in report.problems]
    answer: dict[str, Any] = {"size": report.size, "root": report.root, "ok": report.ok, "problems": problems}

    def text() -> None:
        say(f"存证账本 {report.size:,} 条，根 {report.root}：" + ("相符" if report.ok else "发现问题"))
        for problem in problems:
            say(f"  {problem['code']} {problem['message']}")

    emit(args, answer, text)
    return 0 if report.ok else 1


def _export(args: argparse.Namespace) -> int:
    folder = Path(args.target)
    details = None
    try:
        size = export(folder)
        if args.details:
            details = export_details(folder, size)
    except OSError as error:
        raise Unavailable(
            "L-14", f"写不进 {folder}（{error.strerror}）。", f"Cannot write to {folder} ({error.strerror})."
        ) from error
    answer = {"size": size, "folder": str(folder)} | ({} if details is None else {"details": details})
    also = "" if details is None else f"，明细 {details:,} 条"
    emit(args, answer, lambda: say(f"已导出 {size:,} 条{also}到 {folder}"))
    return 0
