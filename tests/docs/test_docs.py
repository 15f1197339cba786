"""What the documents say must be there, and what is there must be in the documents."""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

import cunzhen
from cunzhen.access.language import parse
from cunzhen.capture.catalogues import COLUMNS
from cunzhen.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "cunzhen"
DOCS = ROOT / "docs"
PAGES = sorted({*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "samples" / "README.md"})
GUIDE = (DOCS / "operator-guide.md").read_text(encoding="utf-8")
USER_GUIDE = (DOCS / "user-guide.md").read_text(encoding="utf-8")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"(?:L-A|P-V|[A-Z]{1,3}(?:-[A-Z]{2})?)-\d{2}")
# Read by the Makefile and the tests, not by the product.
SETTING_FILES = (
    "settings.py", "places.py", "launcher.py", "cluster.py", "main.py", "serve.py", "failpoints.py", "witness_app.py",
    "given.py",
)  # fmt: skip
# Addresses of the machinery of a page, not pages that a person opens.
NOT_PAGES = re.compile(
    r"\.jpg|^api/|^uploads/|^language/|^static/|/(?:receive|retry|return|export|revoke)/$|^ledger/<|^sign-out/"
)


def _prose(path: Path) -> str:
    """A page without its examples of code: links in those are none."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"`[^`\n]*`", "", re.sub(r"(?ms)^```.*?^```$", "", text))


def _anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", path.read_text(encoding="utf-8"))
    kept = (re.sub(r"[^\w\s-]", "", heading.strip().lower()) for heading in headings)
    return {re.sub(r"\s", "-", heading) for heading in kept}


def _links() -> Iterator[tuple[str, str]]:
    for path in PAGES:
        for target in LINK.findall(_prose(path)):
            if not re.match(r"[a-z]+:", target):
                yield str(path.relative_to(ROOT)), target


@pytest.mark.parametrize(("document", "target"), sorted(set(_links())))
def test_every_link_points_to_something(document: str, target: str) -> None:
    name, _, anchor = target.partition("#")
    path = (ROOT / document).parent / name if name else ROOT / document
    assert path.exists()
    if anchor:
        assert anchor in _anchors(path)


def test_there_are_links_and_anchors_to_check() -> None:
    assert len(set(_links())) > 30
    assert "核验-verifying" in _anchors(DOCS / "operator-guide.md")
    assert "no-such-heading" not in _anchors(DOCS / "operator-guide.md")


def test_every_document_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {p.name for p in DOCS.glob("*.md")} - {"README.md"}
    assert sorted(p for p in pages if f"]({p})" not in index) == []


@pytest.mark.parametrize("name", sorted(set(COMMANDS)))
def test_every_command_and_option_is_in_the_operator_guide(name: str) -> None:
    module = importlib.import_module(f"cunzhen.cli.{name}")
    parser = argparse.ArgumentParser(add_help=False)
    module.configure(parser)
    row = next((line for line in GUIDE.splitlines() if line.startswith(f"| `cunzhen {name}`")), "")
    options = {option for action in parser._actions for option in action.option_strings}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            options |= set(action.choices)
    assert row
    assert sorted(o for o in options if o not in row) == []


def test_commands_in_examples_are_commands() -> None:
    """An example that names a command or an option that is not there misleads."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"(?:^|[\s/`])cunzhen (?:--home \S+ )?(?:--as \S+ )?([a-z]+)\b([^\n`]*)", text)
        for name, rest in found:
            if path.parent.name == "adr" or path == DOCS / "findings.md" or name not in COMMANDS:
                continue
            known = _options_of(name)
            given = set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", rest.split("#")[0].split("|")[0]))
            assert given <= known, f"{path.name}: cunzhen {name} has no {sorted(given - known)}"


def _options_of(name: str) -> set[str]:
    module = importlib.import_module(f"cunzhen.cli.{name}")
    parser = argparse.ArgumentParser(add_help=False)
    module.configure(parser)
    parsers = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            parsers += list(action.choices.values())
    common = {"--home", "--json", "--as", "--help"}
    return common | {o for p in parsers for action in p._actions for o in action.option_strings}


def test_every_setting_has_a_row_in_the_operator_guide() -> None:
    files = [p for p in SOURCE.rglob("*.py") if p.name in SETTING_FILES]
    text = "".join(p.read_text(encoding="utf-8") for p in files)
    names = set(re.findall(r'"((?:CUNZHEN|DATABASE)_[A-Z_]+)"', text))
    rows = {m for line in GUIDE.splitlines() for m in re.findall(r"^\| `([A-Z_]+)`", line)}
    assert names >= {"CUNZHEN_HOME", "CUNZHEN_OWNER_URL", "CUNZHEN_POSTGRES_DATA", "DATABASE_URL"}
    assert names - rows == set()
    assert rows - names == set(), "the guide names a setting that nothing reads"


def test_settings_are_used_nowhere_else() -> None:
    """So that the test above looks in all the places."""
    elsewhere = {
        name
        for path in SOURCE.rglob("*.py")
        if path.name not in SETTING_FILES
        for name in re.findall(r'"(CUNZHEN_[A-Z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert sorted(n for n in elsewhere if n not in GUIDE) == []


def test_every_public_operation_is_in_the_list() -> None:
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    rooms = [room.name for room in pkgutil.iter_modules(cunzhen.__path__) if room.ispkg]
    names: set[str] = set()
    for room in rooms:
        base = f"cunzhen.{room}.operations"
        if not find_spec(base):
            continue
        modules = [base, *(f"{base}.{m.name}" for m in pkgutil.iter_modules(_path_of(base)))]
        for module in modules:
            functions = inspect.getmembers(importlib.import_module(module), inspect.isfunction)
            names |= {n for n, f in functions if f.__module__ == module and not n.startswith("_")}
    assert len(names) > 30
    assert sorted(n for n in names if f"| `{n}` |" not in text) == []
    assert sorted(set(re.findall(r"(?m)^\| `(\w+)` \|", text)) - names) == []


def _path_of(module: str) -> list[str]:
    return list(getattr(importlib.import_module(module), "__path__", []))


def test_events_are_called_in_the_list_as_on_screens() -> None:
    events = importlib.import_module("cunzhen.web.events").EVENTS
    rows = re.findall(r"(?m)^\| `(\w+)` \| ([^|]+) \|", (DOCS / "operations.md").read_text(encoding="utf-8"))
    named = {name: label for name, label in rows if name in events}
    assert {name: label for name, label in named.items() if label != events[name][0]} == {}
    assert sorted(set(events) - set(re.findall(r"`(\w+)`", (DOCS / "operations.md").read_text("utf-8")))) == []


def test_the_page_of_message_codes_is_current() -> None:
    command = [sys.executable, "-m", "tools.write_findings", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_message_code_is_on_its_page() -> None:
    page = (DOCS / "findings.md").read_text(encoding="utf-8")
    codes = {code for path in SOURCE.rglob("*.py") for code in _codes(path)}
    for path in SOURCE.rglob("data/*.json"):
        loaded = json.loads(path.read_text(encoding="utf-8"))
        codes |= {key for key in loaded if CODE.fullmatch(key)} if isinstance(loaded, dict) else set()
    assert {"T-US-01", "L-A-02", "P-V-05", "D-10", "S-21"} <= codes
    assert sorted(c for c in codes if f"`{c}`" not in page) == []


def _codes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


def test_codes_named_by_the_guides_exist() -> None:
    page = (DOCS / "findings.md").read_text(encoding="utf-8")
    named = {code for text in (GUIDE, USER_GUIDE) for code in re.findall(rf"[`（]({CODE.pattern})[`）]", text)}
    assert "T-US-01" in named
    assert sorted(c for c in named if f"`{c}`" not in page) == []


def test_every_page_of_the_desk_is_in_the_user_guide() -> None:
    """Each by the address in its table, so that a new page cannot be forgotten."""
    pages = {route for route in _routes(get_resolver().url_patterns) if not NOT_PAGES.search(route)}
    documented = set(re.findall(r"(?m)^\| `/([^`]*)` \|", USER_GUIDE))
    assert "items/<uuid:item_id>/" in pages
    assert {re.sub(r"<\w+:\w+>", "…", page) for page in pages} - documented == {"healthz", "readyz"}
    for name in ("/healthz", "/readyz", "/ledger/checkpoint", "/ledger/vkey"):
        assert name in GUIDE


def _routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if not route.startswith("api/"):
                yield from _routes(pattern.url_patterns, route)
        else:
            yield route


def test_every_make_target_that_the_readmes_name_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z]+):", makefile))
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
        assert {"demo", "test", "bench", "faults"} <= named
        assert named <= targets
        assert {"demo", "test", "check", "faults", "bench", "lock", "clean"} <= targets & named
    stamps = re.findall(r"make \.venv/\.stamps/(\w+)", GUIDE)
    assert stamps
    assert all(f"$(STAMPS)/{stamp}:" in makefile for stamp in stamps)


def test_column_names_of_the_guide_are_those_that_are_understood() -> None:
    rows = [line for line in USER_GUIDE.splitlines() if line.startswith("|") and line.count("|") == 3]
    told = {name for row in rows for name in re.split(r"[|、]", row) if name}
    chinese = {name for names in COLUMNS.values() for name in names if not name.isascii()}
    assert sorted(chinese - {t.strip() for t in told}) == []


def test_search_examples_of_the_guide_are_understood() -> None:
    part = USER_GUIDE.split("## 检索 Search")[1].split("## ")[0]
    examples = [e for row in part.splitlines() if row.startswith("| ") for e in re.findall(r"`([^`]+)`", row)]
    assert len(examples) > 10
    for example in examples:
        query = parse(example)
        assert query.groups
        assert query.notes == (), example


def test_nothing_is_left_to_be_written() -> None:
    for path in PAGES:
        assert not re.search(r"(?i)\blorem\b|\bTBD\b|待补充|待完善", path.read_text(encoding="utf-8")), path


def test_the_guides_name_no_variable_of_this_process() -> None:
    """Examples use places that anybody may have, never the folder that this is built in."""
    here = str(ROOT)
    assert os.sep in here
    for path in PAGES:
        assert here not in path.read_text(encoding="utf-8"), path
