"""Write ``docs/findings.md`` anew: ``python -m tools.write_findings`` (``--check`` only compares).

Every code that a person can meet, from the data files of the wording and from the source where a message stands beside
its code; so the page can hold nothing that the program does not say.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cunzhen.jobs.rules import REASONS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "cunzhen"
PAGE = ROOT / "docs" / "findings.md"
CODE = re.compile(r"(?:L-A|P-V|[A-Z]{1,3}(?:-[A-Z]{2})?)-\d{2}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
PAPER_FILES = ("findings.json", "check_findings.json", "pile_findings.json")
PROPERTIES = {
    "authenticity": "真实性",
    "integrity": "完整性",
    "usability": "可用性",
    "safety": "安全性",
    "": "",
}
HEAD = """\
# 提示代码 / Message codes

本页由 `python -m tools.write_findings` 从程序中取出，请勿手工修改。消息中的 … 在屏幕上是具体的文件名、数字或字段名。
向系统管理员报告问题时，说出代码就够了。

This page is made from the program by `python -m tools.write_findings`; do not edit it by hand. A … stands for a file
name, a number or a field's name. To report a problem, the code is enough.
"""
# Codes without a sentence of their own, or whose sentence is put together elsewhere.
OTHERS = (
    ("P-01", "保存包的内容不合规定：…", "The package is not as OCFL wants it: …"),
    ("T-PA-04", "没有找到可以接收的文件，请核对路径。", "There is no file to take in at these paths."),
    (
        "P-50",
        "保存包没有一份副本完好，已隔离，见“保管状况”页",
        "no copy of a package has the right bytes of some file; it is quarantined (log only)",
    ),
    *((code, *words) for code, words in REASONS.items()),
    (
        "J-04",
        "数据库断开了这个后台进程，它会重新启动",
        "the database let go of the worker, which is started again (log only)",
    ),
)
# Heading of the part that a code belongs to, by the beginning of the code; the first that fits.
PARTS = (
    ("L-A-", "存证账本核对结果 / Findings of the ledger's audit"),
    ("L-", "存证账本 / Ledger"),
    ("P-V-", "保存包核验结果 / Findings on packages"),
    ("P-", "保存 / Packages and stores"),
    ("S-", "检索 / Search"),
    ("T-", "归档批次和著录 / Transfers and describing"),
    ("H-", "目录 / Catalogue"),
    ("A-", "用户和权限 / Users and rights"),
    ("ID-", "身份号码 / Identity numbers"),
    ("UC-", "统一社会信用代码 / Credit codes"),
    ("AC-", "档号 / Archival codes"),
    ("API-", "接口 / API"),
    ("K-", "密钥库 / Key store"),
    ("B-", "备份、恢复和演练 / Backup, restore and drills"),
    ("D-", "数据库 / Database"),
    ("J-", "后台工作 / Background work"),
    ("C-", "命令和启动 / Commands and start"),
    ("", "其他 / Others"),
)


@dataclass(frozen=True, order=True)
class Message:
    """A code with its words in both languages."""

    code: str
    zh: str
    en: str


def page() -> str:
    """The whole page as text."""
    papers = {code: words for name in PAPER_FILES for code, words in _data("capture", name).items()}
    lines = [HEAD, "## 材料的问题 / Findings on papers", ""]
    lines += ["“退回”的件没有归档，补正后重新送交；“提示”的件照常归档。", ""]
    lines += ["| 代码 | 说明 | 怎么办 | 四性 | 结果 | In English |", "|---|---|---|---|---|---|"]
    for code, words in sorted(papers.items()):
        result = "退回" if words["severity"] == "returned" else "提示"
        english = f"{_open(words['en'])}. {_open(words['remedy_en'])}."
        cells = (_open(words["zh"]), _open(words["remedy_zh"]), PROPERTIES[words["property"]], result, english)
        lines.append(_row(f"`{code}`", *cells))
    messages = [m for m in sorted(_messages()) if m.code not in papers]
    messages += [Message(*words) for words in OTHERS]
    messages += [Message(c, w["zh"], w["en"]) for c, w in sorted(_data("preservation", "problems.json").items())]
    for start, heading in PARTS:
        mine = [m for m in messages if _part(m.code) == start]
        if mine:
            lines += ["", f"## {heading}", "", "| 代码 | 说明 | In English |", "|---|---|---|"]
            lines += [_row(f"`{m.code}`", m.zh, m.en) for m in mine]
    return "\n".join(lines) + "\n"


def _data(room: str, name: str) -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads((SOURCE / room / "data" / name).read_text(encoding="utf-8"))
    return loaded


def _part(code: str) -> str:
    return next(start for start, _ in PARTS if code.startswith(start))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _open(template: str) -> str:
    """A wording with its places left open."""
    return re.sub(r"\{[a-z_]+\}", "…", template)


def _messages() -> set[Message]:
    """Every code of the source that has its Chinese and its English sentence right behind it."""
    found: set[Message] = set()
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found.update(_spoken(node))
    return found


def _spoken(node: ast.AST) -> Iterator[Message]:
    if isinstance(node, ast.Call):
        row = [*node.args, *(k.value for k in node.keywords)]
        for at, first in enumerate(row):
            yield from _message(first, row[at + 1 :])
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None and isinstance(value, ast.Tuple):
                yield from _message(key, value.elts)


def _message(first: ast.expr, behind: list[ast.expr]) -> Iterator[Message]:
    if isinstance(first, ast.IfExp):
        yield from _message(first.body, behind)
        yield from _message(first.orelse, behind)
    if not (isinstance(first, ast.Constant) and isinstance(first.value, str) and CODE.fullmatch(first.value)):
        return
    texts = [text for each in behind if (text := _words(each))]
    chinese = next((t for t in texts if _CHINESE.search(t)), "")
    english = next((t for t in texts if re.search(r"[A-Za-z]{2}", t) and not _CHINESE.search(t)), "")
    if chinese and english:
        yield Message(first.value, chinese, english)


def _words(node: ast.expr) -> str:
    """A sentence with its values left open; empty where the expression is none."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (_words(node.left) or "…") + (_words(node.right) or "…")
    if isinstance(node, ast.IfExp):
        return _words(node.body) or _words(node.orelse)
    return ""


def main() -> int:
    """0 where the page is (now) as the program says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    args = parser.parse_args()
    text = page()
    same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
    if args.check:
        print("the page is current" if same else "the page is old: python -m tools.write_findings")
        return 0 if same else 1
    PAGE.write_text(text, encoding="utf-8")
    print("nothing had changed" if same else f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
