"""The papers, each drawn on a page that ``start`` lays out for its facts."""

from __future__ import annotations

from collections.abc import Callable

from ..page import Page

# Takes the facts (and a size of paper) and gives an empty page.
Start = Callable[..., Page]
Draw = Callable[[Start], Page]
