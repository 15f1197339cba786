"""Draws the second set of samples: ``python -m tools.draw_hard_samples [--out samples] [--only WORD]``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ..draw_samples.sheet import Facts
from ..draw_samples.truth import dump
from .output import FOLDER, index, make
from .plan import pile


def main() -> None:
    """Draw the papers into ``hard/`` and their truth into ``.truth/hard/``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("samples"))
    parser.add_argument("--only", default="", help="draw only files whose path holds this word")
    options = parser.parse_args()
    if not options.only:
        _clear(options.out)
    drawn = []
    for item in pile():
        facts: list[Facts] = []
        for file in item.files:
            if options.only in file.path:
                made = make(file)
                facts += made.facts
                _write(options.out / FOLDER / file.path, made.data)
                _write(options.out / ".truth" / FOLDER / f"{file.path}.json", dump(made.truth).encode())
                print(f"{file.path}  {len(made.truth['pages'])} 页  {len(made.data) // 1024} KB")  # type: ignore[arg-type]
        drawn.append((item, facts))
    if not options.only:
        _write(options.out / ".truth" / FOLDER / "index.json", dump(index(drawn)).encode())


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
