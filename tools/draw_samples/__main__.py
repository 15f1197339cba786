"""Draws all samples: ``python -m tools.draw_samples [--out samples] [--only WORD]``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .cast import AGENCY, EMPLOYERS, EXTRAS, PERSONS
from .extras import (
    BAD_FILES,
    CSV_CATALOGUE,
    XLSX_CATALOGUE,
    bad_file,
    bad_truth,
    catalogue_rows,
    catalogue_truth,
    csv_catalogue,
    xlsx_catalogue,
)
from .output import SEED, make
from .plan import Item, pile
from .truth import Json, dump, item_entry


def main() -> None:
    """Draw the papers, the catalogues, the bad files and the truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("samples"))
    parser.add_argument("--only", default="", help="draw only files whose path holds this word")
    options = parser.parse_args()
    items = pile()
    if not options.only:
        _clear(options.out)
    for item in items:
        for file in item.files:
            if options.only in file.path:
                made = make(file)
                _write(options.out, file.path, made.data)
                _write_truth(options.out, file.path, made.truth)
                print(f"{file.path}  {len(made.data) // 1024} KB")
    if not options.only:
        _beside(options.out, items)


def _beside(out: Path, items: list[Item]) -> None:
    rows = catalogue_rows(items, CSV_CATALOGUE.rsplit("/", 1)[0])
    _write(out, CSV_CATALOGUE, csv_catalogue(rows))
    _write(out, XLSX_CATALOGUE, xlsx_catalogue(catalogue_rows(items, XLSX_CATALOGUE.rsplit("/", 1)[0])))
    for path, (_, _, source) in BAD_FILES.items():
        _write(out, path, bad_file(path, (out / source).read_bytes() if source else b""))
        _write_truth(out, path, bad_truth(path))
    (out / ".truth" / "index.json").write_text(dump(_index(items)), encoding="utf-8")


def _index(items: list[Item]) -> Json:
    return {
        "seed": SEED,
        "agency": AGENCY,
        "files": sum(len(item.files) for item in items),
        "pages": sum(len(file.pages) for item in items for file in item.files),
        "items": [item_entry(item) for item in items],
        "persons": [vars(person) for person in PERSONS],
        "walk_ons": [{"name": person.name, "id_number": person.id_number} for person in EXTRAS],
        "employers": [{"name": e.name, "uscc": e.uscc, "number": e.number} for e in EMPLOYERS],
        "bad_files": [
            {"file": path, "problem": problem, "note": note} for path, (problem, note, _) in BAD_FILES.items()
        ],
        "catalogues": catalogue_truth(),
    }


def _clear(out: Path) -> None:
    """Remove what an earlier run drew, and nothing else."""
    index = out / ".truth" / "index.json"
    if not index.exists():
        return
    old = json.loads(index.read_text(encoding="utf-8"))
    drawn = [name for item in old["items"] for name in item["files"]]
    drawn += [entry["file"] for entry in (*old["bad_files"], *old["catalogues"])]
    for name in drawn:
        (out / name).unlink(missing_ok=True)
        (out / ".truth" / f"{name}.json").unlink(missing_ok=True)


def _write(out: Path, name: str, data: bytes) -> None:
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _write_truth(out: Path, name: str, truth: Json) -> None:
    _write(out, f".truth/{name}.json", dump(truth).encode())


if __name__ == "__main__":
    main()
