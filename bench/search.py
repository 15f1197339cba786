"""Search: build rate, size, and time of each kind of question, against plain tantivy on the same corpus.

    python bench/search.py [--items 20000] [--asked 200]

Prints one JSON object. A question under ``queries`` is everything between the typed text and twenty hits with snippets
and facets, except loading the hits' rows from the database, which bench/http.py measures. ``found_only`` stops at the
ids and the exact total: that is what plain tantivy is compared with, over the kinds of question that it can answer.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from uuid import UUID

import psutil
import rjieba
import tantivy

SEED = 20261122
BODY = 300
HITS = 20
AGENCY = UUID("01900000-0000-7000-8000-0000000000a1")
_TERMS = (
    "养老保险 退休审批 参保登记 缴费基数 关系转移 待遇核定 工伤认定 失业金 生育津贴 医疗保险 社会保险 经办机构 缴费年限 视同缴费 个人账户 "
    "单位缴费 统筹基金 养老金 领取资格 参保人员 用人单位 劳动合同 工资总额 稽核通知 人员增减 申报表 审批表 核定表 登记表 联系函 "
    "身份证 出生年月 参加工作 退休时间 连续工龄 特殊工种 提前退休 病退 遗属津贴 丧葬补助 抚恤金 补缴 欠费 滞纳金 清算 转入 转出 "
    "终止 复核 公示"
)
TRADE = _TERMS.split()
SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林郑罗梁谢宋唐许韩邓冯曹"
GIVEN = "秀英伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂玉萍建国华文辉力志永健世广义兴良海山仁波宁贵福生龙元全胜学祥才发武新利清飞彬富顺信子"
REGIONS = ("临县", "方山县", "离石区", "柳林县", "石楼县", "中阳县", "交口县", "孝义市", "汾阳市", "文水县")
UNITS = (
    "第一小学",
    "机械厂",
    "人民医院",
    "供销社",
    "水泥厂",
    "运输公司",
    "商贸有限公司",
    "建筑工程公司",
    "粮食局",
    "林场",
)
SERIES = ("GL", "ZJ", "YL", "YB", "SB", "GS", "SY", "TB", "TJ")


def dictionary() -> list[str]:
    """Two-character words of rjieba's dictionary, most frequent first; the library lists them on no other way."""
    jieba = rjieba.Jieba()
    level_1 = [bytes((h, low)).decode("gb2312", "ignore") for h in range(0xB0, 0xD8) for low in range(0xA1, 0xFF)]
    chars = sorted((c for c in level_1 if c), key=jieba.suggest_freq, reverse=True)[:1200]
    found = [a + b for a in chars for b in chars if jieba.has_word(a + b)]
    return sorted(found, key=lambda w: (-jieba.suggest_freq(w), w))


def corpus(items: int) -> Iterator[object]:
    """Items of the shape that architecture.md 4 fixes."""
    from cunzhen.formats.identifiers import identity_check_character
    from cunzhen.holdings.rules import IndexDocument

    rng = random.Random(SEED)
    known = dictionary()
    weights = list(accumulate(1 / rank for rank in range(1, len(known) + 1)))
    for at in range(items):
        person = rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2, 2, 2))))
        born = datetime(1940, 1, 1, tzinfo=UTC) + timedelta(days=rng.randrange(22_000))
        digits = f"999999{born:%Y%m%d}{rng.randrange(1000):03d}"
        number = digits + identity_check_character(digits)
        unit = rng.choice(REGIONS) + rng.choice(UNITS)
        year = rng.randrange(1995, 2026)
        drawn = rng.choices(known, cum_weights=weights, k=BODY // 2)
        body = "".join(rng.choice(TRADE) if rng.random() < 0.15 else word for word in drawn)[:BODY]
        title = f"{person}{rng.choice(TRADE)}{rng.choice(('申请', '审批', '核定', '通知'))}表"
        series = rng.choice(SERIES)
        yield IndexDocument(
            id=UUID(int=0x01930000_0000_7000_8000_000000000000 + at),
            agency_id=AGENCY,
            fonds="J019",
            archival_code=f"J019-ZY·SB{series}·{year}-{at + 1:06d}",
            title=title,
            year=year,
            series=series,
            kind=f"kind_{at % 14}",
            retention=rng.choice(("Y", "50", "10", "")),
            units=(unit,),
            person_names=(person,),
            id_numbers=(number,),
            page_texts=(f"{title}\n姓名{person} 身份证号{number} 单位{unit}\n{body}",),
            held=False,
            document_date=f"{year}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
            filed_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=at),
        )


def questions(items: Sequence[object], asked: int) -> dict[str, list[str]]:
    """Each kind of question as a user would type it, about items drawn at random."""
    rng = random.Random(SEED + 1)
    drawn = [rng.choice(items) for _ in range(asked)]

    def phrase(item: object, length: int) -> str:
        text = item.page_texts[0].splitlines()[2]  # type: ignore[attr-defined]
        start = rng.randrange(len(text) - length)
        return f'"{text[start : start + length]}"'

    return {
        "name": [i.person_names[0] for i in drawn],  # type: ignore[attr-defined]
        "number": [i.id_numbers[0] for i in drawn],  # type: ignore[attr-defined]
        "phrase": [phrase(i, rng.randrange(4, 9)) for i in drawn],
        "trade phrase": [f'"{rng.choice(TRADE)}"' for _ in drawn],
        "name and phrase": [f"{i.person_names[0]} {phrase(i, 4)}" for i in drawn],  # type: ignore[attr-defined]
        "two terms": [" ".join(rng.sample(TRADE, 2)) for _ in drawn],
        "long term": [rng.choice(TRADE) + rng.choice(TRADE) for _ in drawn],
        "unit and years": [f"单位:{i.units[0]} 年度:{i.year - 5}..{i.year}" for i in drawn],  # type: ignore[attr-defined]
        "code": [i.archival_code for i in drawn],  # type: ignore[attr-defined]
        "everything": [""] * asked,
    }


def ours(items: Sequence[object], asked: dict[str, list[str]]) -> dict[str, object]:
    """The product's own index and everything up to the hits."""
    from cunzhen.access import engine, generations
    from cunzhen.access.engine import Question
    from cunzhen.access.index import Writer
    from cunzhen.access.language import parse
    from cunzhen.access.marking import page_patterns, title_patterns
    from cunzhen.access.queries import make_hit
    from cunzhen.access.rules import Filters

    name = generations.create()
    generations.point(generations.CURRENT, name)
    started = time.perf_counter()
    with Writer(generations.open_index(name)) as writer:
        writer.replace([i.id for i in items], items)  # type: ignore[attr-defined,arg-type]
        writer.commit()
    took = time.perf_counter() - started
    rows = {i.id: i for i in items}  # type: ignore[attr-defined]

    def answer(text: str) -> int:
        query = parse(text)
        question = Question(query, Filters(), (AGENCY,), {})
        found = engine.ask(generations.reader(), question, offset=0, limit=HITS)
        page, title = page_patterns(query), title_patterns(query)
        hits = [make_hit(rows[i], page, title) for i in found.ids]  # type: ignore[arg-type]
        return len(hits)

    def find(text: str) -> int:
        question = Question(parse(text), Filters(), (AGENCY,), {})
        return len(engine.ask(generations.reader(), question, offset=0, limit=HITS, facets=False).ids)

    return {
        "queries": timed(asked, answer),
        "found_only": timed(asked, find),
        "build_items_per_second": round(len(items) / took),
        "bytes_per_item": round(folder_bytes(generations.root() / name) / len(items)),
    }


def raw(items: Sequence[object], asked: dict[str, list[str]], folder: Path) -> dict[str, object]:
    """What a script with tantivy alone does: words cut by rjieba, plain numbers, hits read from the store."""
    builder = tantivy.SchemaBuilder().add_text_field("name", stored=True, tokenizer_name="raw")
    for field in ("number", "unit", "code"):
        builder.add_text_field(field, stored=True, tokenizer_name="raw")
    builder.add_text_field("body", stored=True, tokenizer_name="whitespace")
    builder.add_integer_field("year", indexed=True, fast=True)
    schema = builder.build()
    index = tantivy.Index(schema, path=str(folder))
    started = time.perf_counter()
    writer = index.writer(64_000_000, 1)
    for i in items:
        doc = tantivy.Document()
        doc.add_text("name", i.person_names[0])  # type: ignore[attr-defined]
        doc.add_text("number", i.id_numbers[0])  # type: ignore[attr-defined]
        doc.add_text("unit", i.units[0])  # type: ignore[attr-defined]
        doc.add_text("code", i.archival_code)  # type: ignore[attr-defined]
        doc.add_text("body", " ".join(rjieba.cut(i.page_texts[0])))  # type: ignore[attr-defined]
        doc.add_integer("year", i.year)  # type: ignore[attr-defined]
        writer.add_document(doc)
    writer.commit()
    writer.wait_merging_threads()
    took = time.perf_counter() - started
    index.reload()
    searcher = index.searcher()
    query = tantivy.Query

    def words(text: str) -> tantivy.Query:
        cut = [w for w in rjieba.cut(text.strip('"')) if w.strip()]
        if len(cut) == 1:
            return query.term_query(schema, "body", cut[0])
        if text.startswith('"'):
            return query.phrase_query(schema, "body", list(cut))
        return query.boolean_query([(tantivy.Occur.Must, query.term_query(schema, "body", w)) for w in cut])

    def answer_by(kind: str) -> Callable[[str], int]:
        def answer(text: str) -> int:
            by_field = kind in {"name", "number", "code"}
            asked_for = query.term_query(schema, kind, text) if by_field else words(text)
            result = searcher.search(asked_for, limit=HITS)
            return len([searcher.doc(a) for _, a in result.hits])

        return answer

    kinds = ("name", "number", "phrase", "trade phrase", "two terms", "long term", "code")
    queries: dict[str, dict[str, float]] = {}
    for kind in kinds:
        queries |= timed({kind: asked[kind]}, answer_by(kind))
    return {
        "queries": queries,
        "build_items_per_second": round(len(items) / took),
        "bytes_per_item": round(folder_bytes(folder) / len(items)),
    }


def timed(asked: dict[str, list[str]], answer: Callable[[str], int]) -> dict[str, dict[str, float]]:
    """p50 and p99 in milliseconds by kind, after ten questions to warm up."""
    out: dict[str, dict[str, float]] = {}
    for kind, texts in asked.items():
        for text in texts[:10]:
            answer(text)
        times = []
        for text in texts:
            started = time.perf_counter()
            answer(text)
            times.append((time.perf_counter() - started) * 1000)
        times.sort()
        out[kind] = {"p50_ms": round(statistics.median(times), 3), "p99_ms": round(times[int(len(times) * 0.99)], 3)}
    return out


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--asked", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ |= {
            "CUNZHEN_HOME": scratch,
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "cunzhen.config.settings"),
        }
        import django

        django.setup()
        from cunzhen.keys import keystore

        keystore.create(Path(scratch) / "keys")
        items = list(corpus(options.items))
        asked = questions(items, options.asked)
        measured = ours(items, asked)
        (Path(scratch) / "raw").mkdir()
        plain = raw(items, asked, Path(scratch) / "raw")
    shared = [k for k in measured["found_only"] if k in plain["queries"]]  # type: ignore[attr-defined,operator]
    ratio = sum(measured["found_only"][k]["p50_ms"] for k in shared) / sum(
        plain["queries"][k]["p50_ms"] for k in shared
    )  # type: ignore[index]
    result = {
        "name": "search",
        "machine": {"cores": os.cpu_count(), "memory_mb": psutil.virtual_memory().total // 1_000_000},
        "items": options.items,
        **measured,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "ratio_to_raw_tantivy": round(ratio, 2),
        "raw_tantivy": plain,
    }
    json.dump(result, sys.stdout, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
