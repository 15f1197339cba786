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

from cunzhen.access.operations import follow_ledger
from cunzhen.access.queries import index_status, indexed_items
from cunzhen.capture.models import Transfer
from cunzhen.capture.operations import open_transfer, receive_transfer
from cunzhen.capture.piles import list_pile
from cunzhen.capture.queries import counts_of
from cunzhen.capture.receipts import Receipt, ReceiptFinding, receipt_of
from cunzhen.capture.rules import STATE_LABELS
from cunzhen.cli.output import acting_as, emit
from cunzhen.errors import CunzhenError, Invalid
from cunzhen.jobs.worker import run_worker
from cunzhen.ledger.operations import sequence

HELP = "接收并归档一批扫描件或电子文件"
INDEX_SECONDS = 30.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="文件夹、文件或 zip")
    parser.add_argument("--fonds", default="", help="全宗号；只有一个全宗时可不填")
    parser.add_argument("--series", default="", help="缺省类别，如 YL")
    parser.add_argument("--year", type=int, help="缺省年度")
    parser.add_argument("--name", default="", help="批次名称")
    parser.add_argument("--auto", action="store_true", help="把握足的直接归档，其余等待著录")


def run(args: argparse.Namespace) -> int:
    """File the pile; 0 when all of it is filed or waits, 1 when something was returned or not taken."""
    actor = acting_as(args)
    incoming, rejected = list_pile(args.paths)
    if not incoming:
        raise Invalid("T-PA-04", "没有找到可以接收的文件，请核对路径。", "There is no file to take in at these paths.")
    now = timezone.now()
    transfer = open_transfer(
        actor,
        name=args.name or "、".join(p.resolve().name for p in args.paths)[:200],
        fonds_code=args.fonds,
        auto=args.auto,
        year=args.year,
        series=args.series,
        now=now,
    )
    receive_transfer(actor, transfer_id=transfer.id, incoming=incoming, rejected=rejected, now=now)
    with _Progress(transfer, quiet=not sys.stderr.isatty()):
        run_worker(queues=["capture"], wait=False)
    _index(INDEX_SECONDS)
    behind = index_status().behind
    receipt = receipt_of(actor, transfer_id=transfer.id, indexed=lambda ids: len(indexed_items(ids)), behind=behind)
    emit(args, receipt, lambda: _print(receipt))
    return 1 if receipt["returned"] or rejected or receipt["indexed"] < receipt["filed"] else 0


def _index(seconds: float) -> None:
    """Number the ledger and bring the index up to it, for at most so long; filing never depends on it."""
    deadline = time.monotonic() + seconds
    try:
        while sequence():
            pass
        while follow_ledger() and time.monotonic() < deadline:
            pass
    except CunzhenError as error:
        print(f"检索库暂未更新：{error.message}", file=sys.stderr)


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
    print(f"批次 {receipt['transfer']}")
    for item in receipt["items"]:
        state = STATE_LABELS[item["state"]][0]
        print(f"  {state:<6} {item['archival_code'] or '－':<28} {item['source']}")
        _print_findings(item["findings"], "         ")
    _print_findings(receipt["findings"], "  ")
    print(
        f"送交 {receipt['sent']} = 接收 {receipt['received']} = 归档 {receipt['filed']} + 待著录 {receipt['waiting']}"
        f" + 退回 {receipt['returned']} + 重复 {receipt['duplicates']}；"
        f"保存包 {receipt['preserved']}，可检索 {receipt['indexed']}"
    )


def _print_findings(findings: Sequence[ReceiptFinding], indent: str) -> None:
    for finding in findings:
        print(f"{indent}{finding['code']} {finding['message']}")
