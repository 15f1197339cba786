"""Sets drawn from a seed: the same seed gives the same bytes, another seed other papers, and the truth stands on
them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cunzhen.capture.extraction.layout import plain
from cunzhen.formats.identifiers import is_identity_number, is_uscc
from cunzhen.holdings import kinds
from tools.draw_hard_samples.fresh.plan import Pile
from tools.draw_hard_samples.output import SETTERS, index, make

ROOT = Path(__file__).resolve().parents[2]
SEED, PAGES = 7, 12


@cache
def drawn() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Index and truths of a small set."""
    pile = Pile(SEED, PAGES)
    setters = SETTERS | pile.setters
    made = [(item, [make(file, setters) for file in item.files]) for item in pile.items]
    whole = index(
        [(item, [f for m in files for f in m.facts]) for item, files in made],
        pile.cast.persons,
        pile.cast.units,
        pile.wrong,
        pile.seed,
    )
    truths = {str(m.truth["file"]): dict(m.truth) for _, files in made for m in files}
    plain_index: dict[str, Any] = json.loads(json.dumps(whole))
    return plain_index, json.loads(json.dumps(truths))


def test_the_same_seed_gives_the_same_papers() -> None:
    one, two = Pile(SEED, 4), Pile(SEED, 4)
    for a, b in zip(one.items, two.items, strict=True):
        made = [make(item.files[0], SETTERS | pile.setters).data for pile, item in ((one, a), (two, b))]
        assert made[0] == made[1]


def test_another_seed_gives_other_papers() -> None:
    piles = [Pile(seed, 30) for seed in (1, 2)]
    names = [{p.name for p in pile.cast.persons} for pile in piles]
    assert len(names[0] & names[1]) < len(names[0]) / 4
    assert [i.files[0].form for i in piles[0].items] != [i.files[0].form for i in piles[1].items]


def test_a_set_holds_the_pages_asked_for() -> None:
    told, truths = drawn()
    assert PAGES <= told["pages"] <= PAGES + 2
    assert sum(len(t["pages"]) for t in truths.values()) == told["pages"]


def test_what_the_truth_tells_stands_on_the_paper() -> None:
    told, truths = drawn()
    for item in told["items"]:
        said = "".join(plain(ln["text"]) for f in item["files"] for p in truths[f]["pages"] for ln in p["lines"])
        assert plain(item["title"]) in said or item["kind"] == "居民身份证复印件"
        assert plain(item["unit"]) in said
        assert item["uscc"] in said
        for person in item["persons"]:
            assert person["name"] in said and person["id_number"] in said


def test_kinds_and_numbers_are_those_of_the_trade() -> None:
    told, _ = drawn()
    names = {kind.name for kind in kinds.all_kinds().values()}
    assert all(item["kind"] in names or item["outside_the_order"] for item in told["items"])
    assert all(is_identity_number(p["id_number"]) for p in told["persons"])
    assert all(p["id_number"][14:17] in ("000", "996", "997", "998", "999") for p in told["persons"])
    assert all(is_uscc(u["uscc"]) and u["uscc"][8:12] == "0000" for u in told["employers"])
    assert not any(is_identity_number(n) for n in told["wrong_numbers"])


@pytest.mark.parametrize("extra", [[], ["--pages", "2"]])
def test_another_set_never_overwrites_the_samples(extra: list[str]) -> None:
    command = [sys.executable, "-m", "tools.draw_hard_samples", "--seed", "1", *extra]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--out" in done.stderr
