"""The style sheets and scripts keep their promises: readable, small, offline, nothing that a strict CSP forbids."""

from __future__ import annotations

import gzip
import re
from itertools import product
from pathlib import Path

import pytest

UI = Path(__file__).resolve().parents[2] / "src" / "cunzhen" / "ui" / "static" / "ui"
SHEETS = sorted(UI.glob("*.css"))
SCRIPTS = sorted((UI / "js").glob("*.js"))
CSS_LIMIT = 40 * 1024  # what a screen loads, raw
JS_LIMIT = 15 * 1024  # our own scripts, each compressed by itself as the server sends them
TEXT, PART = 4.5, 3.0  # WCAG 2.2 1.4.3 and 1.4.11

TEXTS_ON_ANY_GROUND = ("ink", "ink-2", "ink-3", "accent", "accent-strong")
GROUNDS = ("paper", "surface", "sunken", "accent-soft", "marker-soft")
STATES = ("ok", "warn", "bad")


def _tokens() -> dict[str, str]:
    css = (UI / "cunzhen.css").read_text(encoding="utf-8")
    root = css[css.index(":root {") : css.index("}", css.index(":root {"))]
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", root))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two #rrggbb colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("text", "ground"), [*product(TEXTS_ON_ANY_GROUND, GROUNDS)])
def test_text_is_readable_on_every_ground(text: str, ground: str) -> None:
    tokens = _tokens()
    assert contrast(tokens[text], tokens[ground]) >= TEXT


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_readable_on_its_own_ground_and_on_the_page(state: str) -> None:
    tokens = _tokens()
    for ground in (f"{state}-soft", "surface", "paper"):
        assert contrast(tokens[state], tokens[ground]) >= TEXT


def test_white_is_readable_on_the_accent() -> None:
    tokens = _tokens()
    assert contrast("#ffffff", tokens["accent"]) >= TEXT
    assert contrast("#ffffff", tokens["accent-strong"]) >= TEXT


@pytest.mark.parametrize("line", ["edge", "bad-line", "warn-line", "accent"])
def test_borders_that_carry_meaning_can_be_seen(line: str) -> None:
    tokens = _tokens()
    for ground in ("paper", "surface"):
        assert contrast(tokens[line], tokens[ground]) >= PART


def test_every_token_used_is_defined() -> None:
    css = "".join(sheet.read_text(encoding="utf-8") for sheet in SHEETS)
    assert set(re.findall(r"var\(--([\w-]+)", css)) <= set(re.findall(r"--([\w-]+)\s*:", css))


def test_the_sheets_stay_small() -> None:
    assert sum(sheet.stat().st_size for sheet in SHEETS if sheet.name != "print.css") < CSS_LIMIT


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_a_sheet_fetches_nothing_and_closes_its_braces(sheet: Path) -> None:
    css = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"@import|url\(\s*['\"]?(?:https?:)?//|data:", css)
    assert css.count("{") == css.count("}")


def test_the_scripts_stay_small() -> None:
    assert SCRIPTS
    assert sum(len(gzip.compress(script.read_bytes())) for script in SCRIPTS) < JS_LIMIT


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_runs_under_the_content_security_policy(script: Path) -> None:
    source = script.read_text(encoding="utf-8")
    for forbidden in ("eval(", "new Function", "document.write", 'setAttribute("style"', "://"):
        assert forbidden not in source.replace("http://www.w3.org/2000/svg", "")


def test_single_keys_wait_for_the_input_method() -> None:
    listeners = [s for s in SCRIPTS if '"keydown"' in s.read_text(encoding="utf-8")]
    assert listeners
    for script in listeners:
        source = script.read_text(encoding="utf-8")
        assert "isComposing" in source or "typing(" in source


def test_every_icon_named_by_a_page_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (UI / "sprite.svg").read_text(encoding="utf-8")))
    package = UI.parents[2]
    pages = "".join(p.read_text(encoding="utf-8") for p in package.rglob("*.html"))
    modules = "".join(p.read_text(encoding="utf-8") for p in [*package.rglob("*.py"), *SCRIPTS])
    named = set(re.findall(r'{% icon "([\w-]+)"', pages)) | set(re.findall(r'"(i-[\w]+)"', modules))
    assert named
    assert named <= sprite
