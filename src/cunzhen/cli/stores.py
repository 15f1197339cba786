"""``cunzhen stores``: the stores of packages, and which of them keep the packages of each series."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from cunzhen.accounts.rules import Actor
from cunzhen.cli.output import acting_as, emit
from cunzhen.cli.terminal import say
from cunzhen.errors import Invalid, Missing
from cunzhen.holdings.models import Series
from cunzhen.holdings.operations import set_store_policy
from cunzhen.holdings.queries import visible_series
from cunzhen.preservation.operations import prove_locks
from cunzhen.preservation.queries import store_states
from cunzhen.preservation.rules import StoreState

HELP = "查看存储，设置各类别的副本策略"
ALL = "all"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--fonds", metavar="CODE", help="全宗号")
    parser.add_argument("--series", metavar="CODE", help="类别号（缺省该全宗的全部类别）")
    parser.add_argument(
        "--keep", metavar="NAMES", help="副本存入哪些存储：名称以逗号分隔；all 为全部已配置的存储（须 --as 系统管理员）"
    )
    parser.add_argument(
        "--prove-locks", action="store_true", help="试着删除和缩短受对象锁定保护的内容，证明确被拒绝，并记入存证账本"
    )
    parser.add_argument("--existing", action="store_true", help="以前归档的也按此补足副本（由 cunzhen repair 制作）")


def run(args: argparse.Namespace) -> int:
    """Set the policy where one is given; show stores and policies. 1 where a store does not answer or a lock fails."""
    actor = acting_as(args)
    promised = _set(args, actor) if args.keep is not None else None
    if promised is None:
        actor.require("view_system")
    proofs = prove_locks(actor, now=timezone.now()) if args.prove_locks else []
    states = store_states()
    answer: dict[str, Any] = {
        "stores": [asdict(state) for state in states],
        "policies": [
            {"fonds": s.fonds.code, "series": s.code, "name": s.name, "stores": s.stores} for s in visible_series(actor)
        ],
    }
    answer |= {} if promised is None else {"promised": promised}
    answer |= {"locks": [asdict(proof) for proof in proofs]} if args.prove_locks else {}
    emit(args, answer, lambda: _print(answer, states))
    held = all(state.reachable for state in states) and not any(proof.passed for proof in proofs)
    return 0 if held else 1


def _set(args: argparse.Namespace, actor: Actor) -> int:
    """The policy for one series or all of a fonds, together or not at all; returns how many copies are promised now."""
    if not args.fonds:
        raise Invalid("C-08", "设置副本策略须用 --fonds 指明全宗。", "Name the fonds with --fonds to set its policy.")
    names = [] if args.keep == ALL else [name.strip() for name in args.keep.split(",")]
    with transaction.atomic():
        chosen = _chosen(args, actor)
        done = [
            set_store_policy(actor, series_id=s.id, stores=names, existing=args.existing, now=timezone.now())
            for s in chosen
        ]
    return sum(policy.promised for policy in done)


def _chosen(args: argparse.Namespace, actor: Actor) -> list[Series]:
    found = visible_series(actor).filter(fonds__code=args.fonds)
    chosen = list(found.filter(code=args.series) if args.series else found)
    if not chosen:
        raise Missing("H-06", "没有这个类别，请核对全宗号和类别号。", "There is no such series within your reach.")
    return chosen


def _print(answer: dict[str, Any], states: list[StoreState]) -> None:
    for state in states:
        answers = "可用" if state.reachable else "没有应答"
        free = "" if state.free_bytes is None else f"，剩余 {state.free_bytes / 1e9:.1f} GB"
        say(f"{state.name}  {state.place}  {answers}{free}，副本 {state.copies:,}，待修复 {state.not_whole:,}")
    for policy in answer["policies"]:
        say(f"  {policy['fonds']} {policy['series']} {policy['name']}：{'、'.join(policy['stores']) or '全部存储'}")
    for proof in answer.get("locks", ()):
        said = (
            f"被突破：{'、'.join(proof['passed'])}"
            if proof["passed"]
            else f"有效（{len(proof['tried'])} 种尝试均被拒绝）"
        )
        say(f"  {proof['store']} 对象锁定{said}")
    if answer.get("promised"):
        say(f"已登记待补副本 {answer['promised']:,} 份，请运行 cunzhen repair 制作。")
