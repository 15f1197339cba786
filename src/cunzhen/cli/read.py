"""``cunzhen read``: text, words and suggested fields of scans and documents, without filing them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cunzhen.capture.extraction import describe
from cunzhen.capture.messages import wording
from cunzhen.capture.problems import Problem
from cunzhen.capture.readers import ReadFile, read_for_cli
from cunzhen.cli.output import acting_as, emit
from cunzhen.cli.terminal import say
from cunzhen.errors import Missing

HELP = "识别文件的文字和字段，不归档"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="扫描件或电子文件")


def run(args: argparse.Namespace) -> int:
    """Read; 1 where a file could not be read. Nothing is kept and nothing recorded."""
    if args.as_user:
        acting_as(args).require("read_drafts")
    for path in args.files:
        if not path.is_file():
            raise Missing("T-PA-01", f"找不到 {path}，请核对路径。", f"There is no {path}.")
    read = read_for_cli(args.files)
    pages = [p.text for one in read for p in one.pages]
    files = [path.name for path, one in zip(args.files, read, strict=True) for _ in one.pages]
    answer: dict[str, Any] = {
        "pages": [
            {
                "file": file,
                "width": p.width,
                "height": p.height,
                "rotation": p.rotation,
                "text": p.text,
                "words": [{"text": w.text, "box": list(w.box), "confidence": w.confidence} for w in p.words],
            }
            for file, p in zip(files, pages, strict=True)
        ],
        "fields": describe(pages).to_data(),
        "problems": _problems(args.files, read),
    }
    emit(args, answer, lambda: _print(answer))
    return 1 if any(one.problem and one.problem.returns for one in read) else 0


def _problems(paths: list[Path], read: list[ReadFile]) -> list[dict[str, Any]]:
    return [
        {"file": path.name, "code": p.code, "message": _message(p), "params": dict(p.params)}
        for path, one in zip(paths, read, strict=True)
        for p in one.problems
    ]


def _message(problem: Problem) -> str:
    words = wording(problem.code)
    return f"{words.text(problem.params)}。{words.remedy()}。"


def _print(answer: dict[str, Any]) -> None:
    for number, page in enumerate(answer["pages"], 1):
        say(f"—— 第 {number} 页 ——")
        say(*page["text"].split("\n"))
    for name, found in answer["fields"]["fields"].items():
        say(f"{name}: {found[0]['value']}（{found[0]['confidence']:.0%}，{found[0]['source']}）")
    for problem in answer["problems"]:
        say(f"{problem['file']}：{problem['code']} {problem['message']}")
