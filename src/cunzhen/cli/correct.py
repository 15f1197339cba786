"""``cunzhen correct``: corrections by a table, all of it or nothing."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils import timezone

from cunzhen.accounts.rules import Actor
from cunzhen.capture.catalogues import read_table
from cunzhen.cli.output import acting_as, emit
from cunzhen.cli.terminal import say
from cunzhen.errors import Conflict, Invalid
from cunzhen.holdings.correction_table import CorrectionTable, RowProblem, column_of, read_corrections
from cunzhen.holdings.operations import correct_items, preview_corrections
from cunzhen.holdings.operations.correcting import PreviewedItem

HELP = "按 CSV 或 Excel 表批量更正著录"
SHOWN = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV 或 xlsx，有“档号”列和要更正的各列")
    parser.add_argument("--reason", default="", metavar="TEXT", help="更正原因（必填；不要写姓名和号码）")
    parser.add_argument("--dry-run", action="store_true", help="只检查并列出会怎样更正，不写入")


def run(args: argparse.Namespace) -> int:
    """Check every row, then correct all of them; 1 where one cannot be taken, and then nothing is done."""
    actor = acting_as(args)
    rows = read_table(args.file, args.file.name) if args.file.is_file() else None
    if rows is None:
        raise Invalid(
            "H-29",
            "读不出这个文件。请给出 CSV 或 xlsx 文件，且不超过 60 MB。",
            "The file cannot be read. Give a CSV or xlsx file of at most 60 MB.",
        )
    table = read_corrections(actor, rows)
    answer: dict[str, Any] = {
        "rows": len(table.corrections) + len(table.problems),
        "dry_run": args.dry_run,
        "corrected": 0,
        "unchanged": 0,
        "change_set": "",
        "ignored_columns": list(table.ignored),
        "problems": [],
    }
    previews = [] if table.problems else _preview(actor, table)
    answer["problems"] = [_problem(p) for p in sorted(table.problems, key=lambda p: p.line)]
    if args.dry_run:
        answer["changes"] = [_change(p, table.lines) for p in previews if p.is_changed]
    elif not table.problems:
        _correct(actor, table, args.reason, answer)
    emit(args, answer, lambda: _print(answer))
    return 1 if answer["problems"] else 0


def _preview(actor: Actor, table: CorrectionTable) -> Sequence[PreviewedItem]:
    """What it would do; what stands in the way becomes problems of its rows."""
    try:
        return preview_corrections(actor, corrections=table.corrections, now=timezone.now())
    except Invalid as error:
        if error.code != "H-22":
            raise
        table.problems += _refused(error.params, table.lines)
    except Conflict as error:
        moved = error.params.get("items")
        for item in moved if isinstance(moved, dict) else {}:
            line = table.lines[UUID(item)]
            table.problems.append(RowProblem(line, "版本", error.message, error.english))
    return []


def _refused(params: Mapping[str, Any], lines: Mapping[UUID, int]) -> list[RowProblem]:
    english = params["items_en"]
    return [
        RowProblem(lines[UUID(item)], column_of(name), words, english[item][name])
        for item, fields in params["items"].items()
        for name, words in fields.items()
    ]


def _correct(actor: Actor, table: CorrectionTable, reason: str, answer: dict[str, Any]) -> None:
    done = correct_items(actor, corrections=table.corrections, reason=reason, now=timezone.now())
    answer["corrected"] = done.changed_count
    answer["unchanged"] = len(done.items) - done.changed_count
    answer["change_set"] = str(done.change_set_id or "")


def _problem(problem: RowProblem) -> dict[str, object]:
    return {"line": problem.line, "column": problem.column, "message": problem.message, "english": problem.english}


def _change(item: PreviewedItem, lines: Mapping[UUID, int]) -> dict[str, object]:
    return {
        "line": lines[item.id],
        "archival_code": item.archival_code,
        "new_code": item.moves,
        "fields": {d.name: [d.before, d.after] for d in item.differences},
    }


def _print(answer: Mapping[str, Any]) -> None:
    if answer["ignored_columns"]:
        say(f"未采用的列：{'、'.join(answer['ignored_columns'])}")
    for problem in answer["problems"]:
        say(f"第 {problem['line']} 行 {problem['column']}：{problem['message']}")
    if answer["problems"]:
        say(f"{answer['rows']} 行中有 {len(answer['problems'])} 处问题，没有更正任何一件。请改正后重试。")
        return
    if not answer["dry_run"]:
        say(f"已更正 {answer['corrected']} 件，{answer['unchanged']} 件本来如此。")
        if answer["change_set"]:
            say(f"变更集 {answer['change_set']}，由后台并入保存包。")
        return
    for change in answer["changes"][:SHOWN]:
        fields = "；".join(f"{column_of(n)} {b or '—'} → {a or '—'}" for n, (b, a) in change["fields"].items())
        say(f"第 {change['line']} 行 {change['archival_code']}　{fields}{'　重新编档号' if change['new_code'] else ''}")
    more = len(answer["changes"]) - SHOWN
    if more > 0:
        say(f"……另有 {more} 件")
    say(f"核对无误：将更正 {len(answer['changes'])} 件。去掉 --dry-run 后写入。")
