"""``cunzhen worker``: do the work that waits in the queues."""

from __future__ import annotations

import argparse

from django.conf import settings

from cunzhen.cli.terminal import complain
from cunzhen.jobs.worker import run_worker

HELP = "执行排队的后台工作"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--concurrency", type=int, metavar="N", help="同时执行几项（缺省：识读进程数加一）")
    parser.add_argument("--queues", default="", help="只做这些队列，逗号分隔；缺省全部")
    parser.add_argument("--once", action="store_true", help="做完能做的就退出")


def run(args: argparse.Namespace) -> int:
    """Work until told to stop; 1 where it ended by itself."""
    concurrency = args.concurrency or settings.READERS + 1
    if concurrency < 1:
        complain("--concurrency 至少为 1 / must be at least 1")
        return 2
    queues = [q for q in args.queues.split(",") if q] or None
    return 0 if run_worker(concurrency, queues, wait=not args.once) else 1
