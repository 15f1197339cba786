"""``cunzhen ingest``: file a pile of scans and documents, and print the receipt."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from django.db import connection
from django.utils import timezone
from tqdm import tqdm

from cunzhen.access.operations import catch_up
from cunzhen.access.queries import index_status, indexed_items
from cunzhen.capture.messages import wording
from cunzhen.capture.models import Transfer
from cunzhen.capture.operations import open_transfer, receive_transfer
from cunzhen.capture.piles import list_pile
from cunzhen.capture.queries import counts_of
from cunzhen.capture.receipts import Receipt, ReceiptFinding, receipt_of
from cunzhen.capture.rules import STATE_LABELS
from cunzhen.cli.output import acting_as, emit, whole
from cunzhen.cli.terminal import complain, say
from cunzhen.errors import CunzhenError, Invalid
from cunzhen.holdings.kinds import categories
from cunzhen.jobs.queries import backlog
from cunzhen.jobs.registry import stopping, troubles
from cunzhen.jobs.worker import run_worker

HELP = "接收并归档一批扫描件或电子文件"
INDEX_SECONDS = 30.0
QUEUE = "capture"
EXIT_INTERRUPTED = 130
MOST_NAMED = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="文件夹、文件或 zip")
    parser.add_argument("--fonds", default="", metavar="CODE", help="全宗号；只有一个全宗时可不填")
    parser.add_argument(
        "--series", default="", metavar="CODE", choices=_series(), help=f"缺省类别：{'、'.join(_series())}"
    )
    parser.add_argument("--year", type=whole(1900, 2999), metavar="YEAR", help="缺省年度")
    parser.add_argument("--name", default="", metavar="TEXT", help="批次名称；缺省为路径的名称")
    parser.add_argument("--auto", action="store_true", help="把握足的直接归档，其余等待著录")


def _series() -> list[str]:
    return [c.code for c in categories()]


def run(args: argparse.Namespace) -> int:
    """File the pile; 0 when all of it is filed, known or waits, 1 when there are findings."""
    actor = acting_as(args)
    incoming, rejected = list_pile(args.paths)
    if not incoming:
        complain(*(f"  {r.path}：{wording(r.code).text({})}" for r in rejected[:MOST_NAMED]))
        raise Invalid("T-PA-04", "没有找到可以接收的文件，请核对路径。", "There is no file to take in at these paths.")
    now = timezone.now()
    transfer = open_transfer(
        actor,
        name=_text(args.name or "、".join(p.resolve().name for p in args.paths)),
        fonds_code=args.fonds,
        auto=args.auto,
        year=args.year,
        series=args.series,
        now=now,
    )
    receive_transfer(actor, transfer_id=transfer.id, incoming=incoming, rejected=rejected, now=now)
    with _Progress(transfer, quiet=not sys.stderr.isatty()):
        finished = _work(transfer)
    if not finished:
        complain(
            "已中断。收下的不会丢失：再次执行本命令或运行 cunzhen worker 会接着做完。",
            "Interrupted. Nothing received is lost: this command again, or cunzhen worker, goes on.",
        )
        return EXIT_INTERRUPTED
    _index(INDEX_SECONDS)
    behind = index_status().behind
    receipt = receipt_of(actor, transfer_id=transfer.id, indexed=lambda ids: len(indexed_items(ids)), behind=behind)
    for error in troubles() if receipt["in_work"] else ():
        complain(f"{error.code} {error.message}", error.english)
        receipt["findings"].append({"code": error.code, "message": error.message})
    emit(args, receipt, lambda: _print(receipt))
    return 1 if receipt["returned"] or receipt["findings"] or receipt["in_work"] else 0


def _text(name: str) -> str:
    """A name with what is no text in it shown as ``?``."""
    return name.encode("utf-8", "replace").decode()


def _work(transfer: Transfer) -> bool:
    """Do the work until nothing of the transfer is under way, also what another worker holds or a retry waits for.

    Returns:
        False where the worker was told to stop: only then does it leave what could run.
    """
    while True:
        run_worker(queues=[QUEUE], wait=False)
        if not counts_of(transfer).in_work:
            return True
        left = backlog(QUEUE)
        if stopping() and (left.waiting or left.running):
            return False
        if troubles() or not (left.waiting or left.running):
            return True  # a full disk, say: the person is told at once, the work goes on by itself when it is over
        if left.oldest_seconds > 0:
            return False
        time.sleep(1)


def _index(seconds: float) -> None:
    """Number the ledger and bring the index up to it, for at most so long; filing never depends on it."""
    try:
        catch_up(seconds)
    except CunzhenError as error:
        complain(f"检索库暂未更新：{error.message}")


class _Progress:
    """A bar on standard error that follows the transfer's counts; nothing where it is no terminal."""

    def __init__(self, transfer: Transfer, *, quiet: bool) -> None:
        self._transfer = transfer
        self._quiet = quiet
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        if not self._quiet:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if not self._quiet:
            self._thread.join()

    def _watch(self) -> None:
        with tqdm(total=Transfer.objects.get(id=self._transfer.id).sent_count, unit="件", file=sys.stderr) as bar:
            while True:
                finished = self._done.wait(0.5)
                counts = counts_of(self._transfer)
                bar.n = counts.received - counts.in_work
                bar.set_postfix_str(f"已归档 {counts.filed}  待著录 {counts.waiting}  退回 {counts.returned}")
                bar.refresh()
                if finished:
                    break
        connection.close()


def _print(receipt: Receipt) -> None:
    say(f"批次 {receipt['transfer']}")
    for item in receipt["items"]:
        state = STATE_LABELS[item["state"]][0]
        say(f"  {state:<6} {item['archival_code'] or '－':<28} {item['source']}")
        _print_findings(item["findings"], "         ")
    _print_findings(receipt["findings"], "  ")
    say(
        f"送交 {receipt['sent']} = 接收 {receipt['received']} = 归档 {receipt['filed']} + 待著录 {receipt['waiting']}"
        f" + 退回 {receipt['returned']} + 重复 {receipt['duplicates']}；"
        f"保存包 {receipt['preserved']}，可检索 {receipt['indexed']}"
    )


def _print_findings(findings: Sequence[ReceiptFinding], indent: str) -> None:
    for finding in findings:
        say(f"{indent}{finding['code']} {finding['message']}")
