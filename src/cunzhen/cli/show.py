"""``cunzhen show``: one item by its archival code."""

from __future__ import annotations

import argparse
from typing import Any

from django.utils import timezone

from cunzhen.cli.output import acting_as, emit
from cunzhen.cli.terminal import say
from cunzhen.formats.identifiers import mask
from cunzhen.holdings import kinds
from cunzhen.holdings.models import Item
from cunzhen.holdings.operations import view_item
from cunzhen.holdings.queries import item_by_code
from cunzhen.ledger.queries import history

HELP = "按档号显示一件档案"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("code", metavar="CODE", help="档号")


def run(args: argparse.Namespace) -> int:
    """Show the item; the look is recorded."""
    actor = acting_as(args)
    item = view_item(actor, item_id=item_by_code(actor, args.code).id, now=timezone.now())
    answer = _answer(item)
    emit(args, answer, lambda: _print(answer))
    return 0


def _answer(item: Item) -> dict[str, Any]:
    return {
        "archival_code": item.archival_code,
        "id": str(item.id),
        "title": item.title,
        "kind": kinds.kind_name(item.kind),
        "series": kinds.series_name(item.series.code),
        "year": item.year,
        "document_date": item.document_date,
        "retention": kinds.term_name(item.term),
        "retention_end": item.retention_end.isoformat() if item.retention_end else "",
        "held": bool(item.hold_reason),
        "pages": item.page_count,
        "filed_at": item.filed_at.isoformat(),
        "components": [
            {"name": c.name, "size": c.size, "sha256": c.sha256, "sm3": c.sm3, "format": c.format_name}
            for c in item.components.order_by("number")
        ],
        "mentions": [
            {"name": m.name, "number": mask(m.number) if m.kind == "person" and m.number else m.number or ""}
            for m in item.mentions.filter(retracted_at=None).order_by("id")
        ],
        "history": [{"number": line.number, "at": line.at.isoformat(), "op": line.op} for line in history(item.id)],
    }


_LABELS = {
    "archival_code": "档号",
    "title": "题名",
    "kind": "材料种类",
    "series": "类别",
    "year": "年度",
    "document_date": "日期",
    "retention": "保管期限",
    "pages": "页数",
    "filed_at": "归档时间",
}


def _print(answer: dict[str, Any]) -> None:
    for name, label in _LABELS.items():
        say(f"{label}：{answer[name]}")
    for component in answer["components"]:
        say(f"文件：{component['name']}（{component['size']:,} 字节）SHA-256 {component['sha256']}")
    for mention in answer["mentions"]:
        say(f"记载：{mention['name']} {mention['number']}")
