"""``cunzhen find``: search from the command line."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.utils import timezone

from cunzhen.access.operations import search_items
from cunzhen.access.queries import results
from cunzhen.access.rules import DEEPEST_HIT, LARGEST_PAGE, Hit, Results
from cunzhen.cli.output import acting_as, emit, whole
from cunzhen.cli.terminal import say

HELP = "检索：词语、“精确短语”、name: id: unit: code: year: class:"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("query", metavar="QUERY", help="检索式；写 - 则从标准输入读取一行（查姓名、证件号码时请用）")
    parser.add_argument(
        "--limit", type=whole(1, DEEPEST_HIT), default=20, metavar="N", help="最多列出多少件（缺省 20）"
    )
    parser.add_argument("--facets", action="store_true", help="列出各类计数")
    parser.add_argument("--exact", action="store_true", help="只要逐字相符的")


def run(args: argparse.Namespace) -> int:
    """Search; 0 whether or not something is found."""
    actor = acting_as(args)
    # What is typed as an argument can be read by everybody on the machine while the command runs.
    query = sys.stdin.readline().strip() if args.query == "-" else args.query
    search = search_items(actor, query=query, exact=args.exact, now=timezone.now())
    size = min(args.limit, LARGEST_PAGE)
    found = results(actor, search.id, size=size)
    hits = list(found.hits)
    page = 1
    while len(hits) < min(args.limit, found.total) and page < found.pages:
        page += 1
        hits += results(actor, search.id, page=page, size=size).hits
    hits = hits[: args.limit]
    emit(args, _answer(found, hits, args.facets), lambda: _print(found, hits, args.facets))
    return 0


def _answer(found: Results, hits: list[Hit], facets: bool) -> dict[str, Any]:
    return {
        "query": found.query,
        "total": found.total,
        "took_ms": round(found.took_ms, 2),
        "items": [
            {
                "archival_code": h.archival_code,
                "title": h.title,
                "year": h.year,
                "series": h.series,
                "persons": list(h.persons),
                "pages": list(h.pages),
                "snippet": "".join(s.text for s in h.snippet),
            }
            for h in hits
        ],
        "facets": {f.field: {v.value: v.count for v in f.values} for f in found.facets} if facets else {},
        "notes": [n.message for n in found.notes],
    }


def _print(found: Results, hits: list[Hit], facets: bool) -> None:
    say(f"共 {found.total} 件（{found.took_ms:.1f} 毫秒）")
    for hit in hits:
        pages = "、".join(map(str, hit.pages))
        say(f"  {hit.archival_code}  {hit.title}" + (f"  第 {pages} 页" if pages else ""))
        if hit.snippet:
            say("      " + "".join(f"【{s.text}】" if s.marked else s.text for s in hit.snippet))
    for note in found.notes:
        say(f"提示：{note.message}")
    if facets:
        for facet in found.facets:
            say(f"{facet.label}：" + "，".join(f"{v.label} {v.count}" for v in facet.values))
