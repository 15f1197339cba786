"""A pile from a seed: which papers, under what names, worn how."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from ...draw_samples.scan import Scan
from ...draw_samples.sheet import Facts
from ..papers import Draw
from ..plan import File, Item, Sheet
from ..wear import Wear
from .forms import draw_form
from .kinds import FORMS
from .letters import LETTERS, draw_letter, draw_nothing
from .lists import ROSTERS, digital_form, draw_card, draw_report, draw_roster
from .people import Cast

Made = tuple[list[Draw], str]
_GREY = Scan(200, "grey", quality=68)
_COLOUR = Scan(200, "rgb", quality=66)


class Pile:
    """Items drawn from a seed, the cast that appears in them, and the numbers that are wrong on purpose."""

    def __init__(self, seed: int, pages: int) -> None:
        self.rng = random.Random(f"fresh:{seed}")
        self.seed = seed
        self.cast = Cast(self.rng)
        self.wrong: list[str] = []
        self.setters: dict[str, tuple[Callable[[], bytes], Facts]] = {}
        self.items: list[Item] = []
        count = 0
        makers = self._makers()
        while count < pages:
            item = self._item(makers)
            self.items.append(item)
            count += max(1, sum(len(file.sheets) or 1 for file in item.files))

    def _makers(self) -> list[Callable[[], Made]]:
        """One maker for every kind in turn, shuffled, so that a pile holds as many kinds as it has items."""
        rng, cast = self.rng, self.cast
        makers: list[Callable[[], Made]] = [lambda form=form: draw_form(form, cast, rng) for form in FORMS]  # type: ignore[misc]
        makers += [lambda letter=letter: draw_letter(letter, cast, rng) for letter in LETTERS]  # type: ignore[misc]
        makers += [lambda kind=kind: draw_roster(kind, cast, rng) for kind in ROSTERS]  # type: ignore[misc]
        makers += [lambda: draw_report(cast, rng), lambda: draw_card(cast, rng), lambda: draw_nothing(cast, rng)]
        rng.shuffle(makers)
        return makers

    def _item(self, makers: list[Callable[[], Made]]) -> Item:
        rng = self.rng
        number = len(self.items) + 1
        if rng.random() < 0.06:
            name = f"s{self.seed}-{number:03d}"
            self.setters[name] = digital_form(self.cast, rng)
            return Item((File(f"{name}.pdf", "digital-pdf", setter=name),))
        maker = makers.pop(0)
        makers.append(maker)
        draws, wrong = maker()
        self.wrong += [wrong] if wrong else []
        wears = [self._wear() for _ in draws]
        sheets = tuple(Sheet(draw, wear) for draw, wear in zip(draws, wears, strict=True))
        form = "scanned-pdf" if len(sheets) > 1 or rng.random() < 0.1 else "jpeg"
        return Item((File(f"s{self.seed}-{number:03d}.{'pdf' if form != 'jpeg' else 'jpg'}", form, sheets),))

    def _wear(self) -> Wear:
        rng = self.rng
        how = replace(rng.choice((_GREY, _COLOUR, _COLOUR)), skew=rng.uniform(-2.8, 2.8))
        roll = rng.random()
        if roll < 0.5:
            return Wear(how)
        if roll < 0.6:
            return Wear(replace(how, noise=rng.uniform(4, 9), specks=rng.randint(20, 90)))
        if roll < 0.68:
            return Wear(replace(how, faded=rng.uniform(0.2, 0.4)))
        if roll < 0.74:
            return Wear(replace(how, dpi=150))
        if roll < 0.8:
            return Wear(replace(how, turn=rng.choice((90, 180, 270))))
        if roll < 0.86:
            return Wear(replace(how, border=rng.uniform(3, 6), punched=True))
        if roll < 0.91:
            return Wear(replace(how, yellow=0.8, shadow=0.2))
        return Wear(how, rng.choice(("pale", "photo", "carbon")))
