"""Draws the second set of samples: ``python -m tools.draw_hard_samples [--out samples] [--only WORD]``.

With ``--seed NUMBER --out DIR`` it draws another set instead, of about ``--pages`` pages: other layouts, orders
of fields,
wordings and people, picked at random, so that accuracy can be measured on papers that nobody has seen.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ..draw_samples.sheet import Facts
from ..draw_samples.truth import dump
from .fresh.plan import Pile
from .output import FOLDER, SETTERS, index, make
from .plan import Item, pile


def main() -> None:
    """Draw the papers into ``hard/`` and their truth into ``.truth/hard/``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("samples"))
    parser.add_argument("--only", default="", help="draw only files whose path holds this word")
    parser.add_argument("--seed", type=int, default=None, help="draw another set")
    parser.add_argument("--pages", type=int, default=40, help="of that set, about")
    options = parser.parse_args()
    if options.seed is not None and (options.out / ".truth" / "index.json").exists():
        parser.error("another set needs an empty folder of its own: --out DIR")
    if not options.only:
        _clear(options.out)
    fresh = Pile(options.seed, options.pages) if options.seed is not None else None
    setters = SETTERS | fresh.setters if fresh else SETTERS
    drawn: list[tuple[Item, list[Facts]]] = []
    for item in fresh.items if fresh else pile():
        facts: list[Facts] = []
        for file in item.files:
            if options.only in file.path:
                made = make(file, setters)
                facts += made.facts
                _write(options.out / FOLDER / file.path, made.data)
                _write(options.out / ".truth" / FOLDER / f"{file.path}.json", dump(made.truth).encode())
                print(f"{file.path}  {len(made.truth['pages'])} 页  {len(made.data) // 1024} KB")  # type: ignore[arg-type]
        drawn.append((item, facts))
    if not options.only:
        whole = index(drawn, fresh.cast.persons, fresh.cast.units, fresh.wrong, fresh.seed) if fresh else index(drawn)
        _write(options.out / ".truth" / FOLDER / "index.json", dump(whole).encode())


def _clear(out: Path) -> None:
    """Remove what an earlier run drew, and nothing else."""
    known = out / ".truth" / FOLDER / "index.json"
    if known.exists():
        for item in json.loads(known.read_text(encoding="utf-8"))["items"]:
            for name in item["files"]:
                (out / name).unlink(missing_ok=True)
                (out / ".truth" / f"{name}.json").unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    main()
