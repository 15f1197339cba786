"""``cunzhen verify``: packages, ledger, catalogue and index against one another."""

from __future__ import annotations

import argparse
from typing import Any

from django.utils import timezone

from cunzhen.access.queries import compare_index
from cunzhen.cli.output import acting_as, emit
from cunzhen.holdings.operations import verify_catalogue
from cunzhen.ledger.audit import audit
from cunzhen.ledger.operations import sequence
from cunzhen.preservation.operations import verify_packages

HELP = "核验保存包、存证账本、目录和检索库"
PARTS = ("packages", "ledger", "catalogue", "index")


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    for part in PARTS:
        parser.add_argument(f"--{part}", action="store_true", help=f"只核验 {part}")
    parser.add_argument("--sample", type=int, metavar="N", help="只抽查 N 个保存包")


def run(args: argparse.Namespace) -> int:
    """Verify what is asked, everything when nothing is named; 1 on any finding."""
    actor = acting_as(args)
    actor.require("verify_archive")
    wanted = [p for p in PARTS if getattr(args, p)] or list(PARTS)
    answer: dict[str, Any] = {}
    if "ledger" in wanted:
        while sequence():
            pass
        report = audit()
        problems = [{"code": p.code, "message": p.message} for p in report.problems]
        answer["ledger"] = {"size": report.size, "root": report.root, "ok": report.ok, "problems": problems}
    if "packages" in wanted:
        packages = verify_packages(sample=args.sample)
        bad = [{"id": str(b.id or ""), "store": b.store, "problem": b.problem, "path": b.path} for b in packages.bad]
        answer["packages"] = {
            "checked": packages.checked,
            "bad": bad,
            "extra": list(packages.extra),
            "missing": [str(i) for i in packages.missing],
        }
    if "catalogue" in wanted:
        catalogue = verify_catalogue(actor, sample=args.sample, now=timezone.now())
        answer["catalogue"] = {
            name: [str(i) for i in getattr(catalogue, name)] for name in ("missing", "extra", "altered")
        }
    if "index" in wanted:
        index = compare_index()
        answer["index"] = {
            "missing": [str(i) for i in index.missing],
            "extra": [str(i) for i in index.extra],
            "damaged": list(index.damaged),
        }
    findings = _count(answer)
    emit(args, answer, lambda: _print(answer, findings))
    return 1 if findings else 0


def _count(answer: dict[str, Any]) -> int:
    found = 0 if answer.get("ledger", {}).get("ok", True) else max(1, len(answer["ledger"]["problems"]))
    for part, names in (
        ("packages", ("bad", "extra", "missing")),
        ("catalogue", ("missing", "extra", "altered")),
        ("index", ("missing", "extra", "damaged")),
    ):
        found += sum(len(answer.get(part, {}).get(name, ())) for name in names)
    return found


_LABELS = {"packages": "保存包", "ledger": "存证账本", "catalogue": "目录", "index": "检索库"}


def _print(answer: dict[str, Any], findings: int) -> None:
    for part, said in answer.items():
        print(f"{_LABELS[part]}：")
        for name, value in said.items():
            if isinstance(value, list):
                print(f"  {name}: {len(value)}")
                for one in value[:20]:
                    print(f"    {one}")
            else:
                print(f"  {name}: {value}")
    print("全部相符。" if not findings else f"发现 {findings} 处问题，请按操作指南“核验”一节处理。")
