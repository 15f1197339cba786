"""Compare the product's search with a scan outside it, and with the truth of the samples.

    python -m tools.check_search [--home var] [--samples samples]

For each phrase: ``cunzhen find '"phrase"' --json`` against a plain substring scan of the text that lies in the packages
(white space aside, within one page), which must name exactly the same items; and the recall against the drawn truth of
the samples, which also counts what reading missed. Exit 1 where search and scan differ.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

from cunzhen.database.launcher import ensure_running
from cunzhen.formats.mets import read_mets
from cunzhen.formats.page_text import PageText

PHRASES = (
    "退休审批表",
    "养老保险",
    "单位名称",
    "公民身份号码",
    "工伤认定",
    "缴费基数",
    "失业保险金",
    "临县社会保险中心",
    "盖章",
    "2019年",
)


def squeezed(text: str) -> str:
    """Text without white space."""
    return re.sub(r"\s", "", text)


def packages(home: Path) -> dict[str, tuple[list[str], list[str]]]:
    """By archival code: the pages' squeezed text, and the names its files came under."""
    found = {}
    for mets in home.glob("stores/*/ocfl/**/v*/content/mets.xml"):
        description = read_mets(mets.read_bytes())
        raw = json.loads((mets.parent / "text" / "pages.json").read_text(encoding="utf-8"))
        pages = [PageText.from_json(json.dumps(p).encode()) for p in raw["pages"]]
        code = next(c.code for c in description.codes if c.valid_to is None)
        found[code] = ([squeezed(p.text) for p in pages], [c.name for c in description.components])
    return found


def truth_texts(samples: Path) -> dict[str, list[str]]:
    """By file: the drawn lines of each page, squeezed and joined; struck-out words left out."""
    texts: dict[str, list[str]] = {}
    for path in sorted((samples / ".truth").rglob("*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        if path.name == "index.json" or not isinstance(raw.get("pages"), list):
            continue
        name = path.relative_to(samples / ".truth").as_posix().removesuffix(".json")
        texts[name] = [
            "\n".join(squeezed(line["text"]) for line in page["lines"] if line.get("role") != "struck")
            for page in raw["pages"]
        ]
    return texts


def search(home: Path, phrase: str) -> set[str]:
    """Archival codes that the product finds."""
    command = [
        sys.executable,
        "-m",
        "cunzhen.cli.main",
        "--home",
        str(home),
        "--json",
        "find",
        f'"{phrase}"',
        "--limit",
        "10000",
    ]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {item["archival_code"] for item in answer["items"]}


def main() -> int:
    """Print one line a phrase and the sum."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, default=Path("var"))
    parser.add_argument("--samples", type=Path, default=Path("samples"))
    options = parser.parse_args()
    with ensure_running(options.home.resolve()):
        return compare(options)


def compare(options: argparse.Namespace) -> int:
    """All phrases, while the database stays up."""
    kept, truth = packages(options.home), truth_texts(options.samples)
    differing = hits = wanted = 0
    for phrase in PHRASES:
        found = search(options.home, phrase)
        scanned = {code for code, (pages, _) in kept.items() if any(phrase in page for page in pages)}
        drawn = {
            code
            for code, (_, names) in kept.items()
            if any(phrase in page for name in names for page in truth.get(name, ()))
        }
        differing += found != scanned
        hits += len(drawn & found)
        wanted += len(drawn)
        verdict = "相符" if found == scanned else f"不符：多 {sorted(found - scanned)} 少 {sorted(scanned - found)}"
        print(
            f"“{phrase}”　检索 {len(found)} 件，逐字扫描 {len(scanned)} 件，{verdict}；按样本真值应有 {len(drawn)}，找到 {len(drawn & found)}"
        )
    print(f"召回率（按样本真值）{hits / wanted:.1%}（{hits}/{wanted}），{len(kept)} 件档案")
    return 1 if differing or not kept else 0


if __name__ == "__main__":
    sys.exit(main())
