"""``cunzhen verify``: packages, ledger, catalogue and index against one another."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from cunzhen.access.operations import follow_ledger
from cunzhen.access.queries import compare_index, index_status
from cunzhen.accounts.rules import Actor
from cunzhen.cli.output import acting_as, emit, whole
from cunzhen.errors import CunzhenError
from cunzhen.holdings.operations import verify_catalogue
from cunzhen.ledger.audit import audit
from cunzhen.ledger.operations import sequence
from cunzhen.preservation.operations import verify_packages

HELP = "核验保存包、存证账本、目录和检索库"
LABELS = {"packages": "保存包", "ledger": "存证账本", "catalogue": "目录", "index": "检索库"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    for part, label in LABELS.items():
        parser.add_argument(f"--{part}", action="store_true", help=f"只核验{label}（可与其他几项同用）")
    parser.add_argument("--sample", type=whole(1, 10**9), metavar="N", help="只随机抽查 N 个保存包（缺省全部）")


def run(args: argparse.Namespace) -> int:
    """Verify what is asked, everything when nothing is named; 1 on any finding."""
    actor = acting_as(args)
    actor.require("verify_archive")
    wanted = [p for p in _PARTS if getattr(args, p)] or list(_PARTS)
    answer = {part: _verified(_PARTS[part], actor, args.sample) for part in wanted}
    findings = sum(map(_count, answer.values()))
    emit(args, answer, lambda: _print(answer, findings))
    return 1 if findings else 0


def _verified(part: Callable[[Actor, int | None], dict[str, Any]], actor: Actor, sample: int | None) -> dict[str, Any]:
    """A part that cannot be verified is a finding; the others go on."""
    try:
        return part(actor, sample)
    except CunzhenError as error:
        return {"ok": False, "problems": [{"code": error.code, "message": error.message}]}


def _ledger(actor: Actor, sample: int | None) -> dict[str, Any]:
    while sequence():
        pass
    report = audit()
    problems = [{"code": p.code, "message": p.message} for p in report.problems]
    return {"size": report.size, "root": report.root, "ok": report.ok, "problems": problems}


def _packages(actor: Actor, sample: int | None) -> dict[str, Any]:
    packages = verify_packages(sample=sample)
    return {
        "checked": packages.checked,
        "bad": [{"id": str(b.id or ""), "store": b.store, "problem": b.problem, "path": b.path} for b in packages.bad],
        "extra": list(packages.extra),
        "missing": [str(i) for i in packages.missing],
    }


def _catalogue(actor: Actor, sample: int | None) -> dict[str, Any]:
    found = verify_catalogue(actor, sample=sample, now=timezone.now())
    return {name: [str(i) for i in getattr(found, name)] for name in ("missing", "extra", "altered")}


def _index(actor: Actor, sample: int | None) -> dict[str, Any]:
    """What the index has not come to yet is no finding: let it follow first."""
    if index_status().behind:
        while sequence():
            pass
        while follow_ledger():
            pass
    if index_status().state == "missing" and not index_status().behind:
        return {"missing": [], "extra": [], "damaged": []}  # nothing was ever filed
    found = compare_index()
    return {
        "missing": [str(i) for i in found.missing],
        "extra": [str(i) for i in found.extra],
        "damaged": list(found.damaged),
    }


# The ledger first: verifying is recorded too, and what follows must not stand in the way of the audit.
_PARTS: dict[str, Callable[[Actor, int | None], dict[str, Any]]] = {
    "ledger": _ledger,
    "packages": _packages,
    "catalogue": _catalogue,
    "index": _index,
}


def _count(part: dict[str, Any]) -> int:
    lists = sum(len(value) for value in part.values() if isinstance(value, list))
    return lists if part.get("ok", True) else max(1, lists)


def _print(answer: dict[str, dict[str, Any]], findings: int) -> None:
    for part, said in answer.items():
        print(f"{LABELS[part]}：")
        for name, value in said.items():
            if isinstance(value, list):
                print(f"  {name}: {len(value)}")
                for one in value[:20]:
                    print(f"    {one}")
            else:
                print(f"  {name}: {value}")
    print("全部相符。" if not findings else f"发现 {findings} 处问题，请按操作指南“核验”一节处理。")
