"""``cunzhen jobs``: what waits and what failed for good; and let what failed run again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.timezone import localtime

from cunzhen.capture.queries import transfer_numbers
from cunzhen.cli.output import acting_as, emit, whole
from cunzhen.cli.terminal import say
from cunzhen.errors import Missing
from cunzhen.jobs.operations import retry_failed
from cunzhen.jobs.queries import FailedJob, backlog, failed_jobs, kinds_of_work
from cunzhen.jobs.rules import reason

HELP = "后台工作：等待和失败的各有多少；--retry 重新执行失败的"
MOST_LISTED = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "--retry",
        nargs="*",
        type=whole(1, 10**12 - 1),
        metavar="N",
        help="重新执行失败的工作：写出编号，不写则全部（先排除原因）",
    )


def run(args: argparse.Namespace) -> int:
    """Retry where asked, then list; 1 while something has failed for good."""
    actor = acting_as(args)
    actor.require("view_system")
    retried: list[int] = []
    if args.retry is not None:
        actor.require("retry_failed")
        retried = _retry(args.retry)
    failed = failed_jobs(MOST_LISTED)
    answer = _answer(failed, retried)
    emit(args, answer, lambda: _tell(answer))
    return 1 if answer["failed"] else 0


def _retry(numbers: Sequence[int]) -> list[int]:
    """The jobs of these numbers, or every one that failed."""
    if not numbers:
        return [job.id for job in failed_jobs(limit=None) if retry_failed(job.id)]
    unknown = [number for number in numbers if not retry_failed(number)]
    if unknown:
        named = "、".join(map(str, unknown))
        raise Missing(
            "J-06",
            f"没有编号为 {named} 的失败工作，请用 cunzhen jobs 查看编号；其余的已重新排队。",
            f"No failed job is numbered {named}; see cunzhen jobs. The others are queued again.",
        )
    return list(numbers)


def _answer(failed: Sequence[FailedJob], retried: list[int]) -> dict[str, Any]:
    work = backlog()
    numbers = transfer_numbers(
        [i for job in failed for i in _drafts(job)], [i for job in failed for i in _transfers(job)]
    )
    return {
        "waiting": work.waiting,
        "running": work.running,
        "failed": work.failed,
        "oldest_seconds": round(work.oldest_seconds, 1),
        "kinds": [
            {"op": k.op, "waiting": k.waiting, "running": k.running, "failed": k.failed} for k in kinds_of_work()
        ],
        "jobs": [
            {
                "id": job.id,
                "op": job.op,
                "transfers": sorted({numbers[i] for i in (*_drafts(job), *_transfers(job)) if i in numbers}),
                "papers": len(_drafts(job)),
                "code": job.code,
                "message": reason(job.code)[0],
                "at": job.at.isoformat() if job.at else "",
            }
            for job in failed
        ],
        "retried": retried,
    }


def _drafts(job: FailedJob) -> list[UUID]:
    found = job.ids.get("drafts")
    return [UUID(str(i)) for i in found] if isinstance(found, list) else []


def _transfers(job: FailedJob) -> list[UUID]:
    return [UUID(str(job.ids["transfer"]))] if "transfer" in job.ids else []


def _tell(answer: dict[str, Any]) -> None:
    if answer["retried"]:
        say(f"重新排队 {len(answer['retried'])} 项：{'、'.join(map(str, answer['retried']))}")
    say(f"等待 {answer['waiting']}，进行中 {answer['running']}，失败 {answer['failed']}")
    for kind in answer["kinds"]:
        say(f"  {kind['op']:<18} 等待 {kind['waiting']}，进行中 {kind['running']}，失败 {kind['failed']}")
    for job in answer["jobs"]:
        of = "、".join(job["transfers"])
        papers = f"  {job['papers']} 件" if job["papers"] else ""
        at = f"  {localtime(datetime.fromisoformat(job['at'])):%Y-%m-%d %H:%M}" if job["at"] else ""
        say(
            f"失败 {job['id']}  {job['op']}{'  批次 ' + of if of else ''}{papers}{at}",
            f"      {job['code']} {job['message']}",
        )
    if answer["failed"]:
        say("排除原因后，用 cunzhen jobs --retry 重新执行；在此之前，所涉材料停在“处理中”。")
