"""``cunzhen verify``: packages, ledger, catalogue and index against one another."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from cunzhen.access.operations import catch_up
from cunzhen.access.queries import compare_index, index_status
from cunzhen.accounts.rules import Actor
from cunzhen.cli.output import acting_as, emit, telling_progress, whole
from cunzhen.cli.terminal import say
from cunzhen.errors import CunzhenError
from cunzhen.holdings.operations import verify_catalogue
from cunzhen.holdings.verdicts import CatalogueFinding
from cunzhen.ledger.audit import audit
from cunzhen.ledger.operations import sequence
from cunzhen.preservation.operations import verify_packages

HELP = "核验保存包、存证账本、目录和检索库"
LABELS = {"packages": "保存包", "ledger": "存证账本", "catalogue": "目录", "index": "检索库"}
INDEX_SECONDS = 3600.0  # for an index that is far behind; one that is absent is built whole


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


def verified_all(actor: Actor) -> tuple[dict[str, dict[str, Any]], int]:
    """Every part, and how many findings there are in all; for a home that has just been restored.

    Args:
        actor: may verify.
    """
    answer = {part: _verified(verify, actor, None) for part, verify in _PARTS.items()}
    return answer, sum(map(_count, answer.values()))


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
        "bad": [
            {"id": str(b.id or ""), "store": b.store, "problem": str(b.problem), "path": b.path} for b in packages.bad
        ],
        "extra": list(packages.extra),
        "missing": [str(i) for i in packages.missing],
    }


def _catalogue(actor: Actor, sample: int | None) -> dict[str, Any]:
    found = verify_catalogue(
        actor, sample=sample, now=timezone.now(), processes=os.cpu_count() or 1, progress=telling_progress("目录")
    )
    return {
        "checked": found.checked,
        "seconds": round(found.seconds, 1),
        "items_per_second": round(found.checked / found.seconds) if found.seconds else 0,
        **{name: [str(i) for i in getattr(found, name)] for name in ("missing", "extra", "altered")},
        "findings": [_finding(one) for one in found.findings],
        "more": found.more,
        "away": "、".join(found.away),
    }


def _finding(one: CatalogueFinding) -> dict[str, Any]:
    return {
        "code": one.code,
        "message": one.message,
        "english": one.english,
        "table": one.table,
        "row": one.key,
        "columns": list(one.columns),
        "package": str(one.package or ""),
        "archival_code": one.archival_code,
        "reason": one.reason,
        "mend": one.mend,
    }


def _index(actor: Actor, sample: int | None) -> dict[str, Any]:
    """What the index has not come to yet is no finding: let it follow first."""
    catch_up(INDEX_SECONDS)
    if index_status().state == "missing" and not index_status().behind:
        return {"missing": [], "extra": [], "damaged": [], "mend": ""}  # nothing was ever filed
    found = compare_index()
    wrong = found.missing or found.extra or found.damaged
    return {
        "missing": [str(i) for i in found.missing],
        "extra": [str(i) for i in found.extra],
        "damaged": list(found.damaged),
        "mend": "cunzhen rebuild --index" if wrong else "",
    }


# The ledger first: verifying is recorded too, and what follows must not stand in the way of the audit.
_PARTS: dict[str, Callable[[Actor, int | None], dict[str, Any]]] = {
    "ledger": _ledger,
    "packages": _packages,
    "catalogue": _catalogue,
    "index": _index,
}


def _count(part: dict[str, Any]) -> int:
    if "findings" in part:  # each of them says what the other lists say in short
        return len(part["findings"]) + int(part["more"])
    lists = sum(len(value) for value in part.values() if isinstance(value, list))
    return lists if part.get("ok", True) else max(1, lists)


def _print(answer: dict[str, dict[str, Any]], findings: int) -> None:
    for part, said in answer.items():
        say(f"{LABELS[part]}：")
        for name, value in said.items():
            if isinstance(value, list):
                say(f"  {name}: {len(value)}")
                for one in value[:20]:
                    say(f"    {_line(one)}")
            elif value != "":
                say(f"  {name}: {value}")
    say("全部相符。" if not findings else f"发现 {findings} 处问题，请按操作指南“核验”一节处理。")


def _line(one: Any) -> str:
    """A finding on the catalogue as a sentence; anything else as it is."""
    if not isinstance(one, dict) or "mend" not in one:
        return str(one)
    columns = f" {'、'.join(one['columns'])}" if one["columns"] else ""
    reason = f"（{one['reason']}）" if one["reason"] else ""
    return f"{one['code']} {one['message']}{reason} {one['table']} {one['row']}{columns} → {one['mend']}"
