"""One name everywhere: every public operation has a permission, a line in the docs and a test; every event a label."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import cunzhen

ROOT = Path(__file__).parents[2]
ROOMS = [room.name for room in pkgutil.iter_modules(cunzhen.__path__) if room.ispkg]


def _modules() -> Iterator[str]:
    for room in ROOMS:
        name = f"cunzhen.{room}.operations"
        if find_spec(name):
            yield name
            for part in pkgutil.iter_modules(getattr(import_module(name), "__path__", [])):
                yield f"{name}.{part.name}"


def _operations() -> dict[str, Callable[..., object]]:
    """Public functions that take an actor first: what a person or the system can ask for."""
    found = {}
    for module_name in _modules():
        for name, function in inspect.getmembers(import_module(module_name), inspect.isfunction):
            if name.startswith("_") or function.__module__ != module_name:
                continue
            if next(iter(inspect.signature(function).parameters), "") == "actor":
                found[name] = function
    return found


OPERATIONS = _operations()


@cache
def _required(module_name: str, function_name: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
    """The permissions that a function asks for, itself or through the functions that it calls by name."""
    if not module_name.startswith("cunzhen.") or f"{module_name}.{function_name}" in seen:
        return frozenset()
    module = import_module(module_name)
    tree = ast.parse(inspect.getsource(module))
    functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    if function_name not in functions:
        return frozenset()
    found: set[str] = set()
    for call in ast.walk(functions[function_name]):
        if not isinstance(call, ast.Call):
            continue
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"require", "may"}:
            found |= {a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
        elif isinstance(call.func, ast.Name):
            called = inspect.unwrap(getattr(module, call.func.id, _required))
            if inspect.isfunction(called):
                found |= _required(called.__module__, called.__name__, seen | {f"{module_name}.{function_name}"})
    return frozenset(found)


def _names(operation: str) -> frozenset[str]:
    """The operation's own name and the permissions it goes by."""
    function = OPERATIONS[operation]
    return _required(function.__module__, function.__name__) | {operation}


def _events() -> Iterator[tuple[str, str]]:
    """Every event's name that is written to the ledger, and where."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            named = [k.value for k in call.keywords if k.arg == "op"] or list(call.args[:1])
            if name in {"NewEntry", "_record"} and named and isinstance(named[0], ast.Constant):
                yield str(named[0].value), str(path.relative_to(ROOT))


EVENTS = dict(_events())


def test_there_are_operations_and_events() -> None:
    assert {"receive_transfer", "file_drafts", "view_item", "search_items"} <= set(OPERATIONS)
    assert {"receive_transfer", "view_item", "sign_in"} <= set(EVENTS)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_has_a_chinese_and_an_english_label(name: str) -> None:
    labels = import_module("cunzhen.web.events").EVENTS
    assert name in labels, f"recorded in {EVENTS[name]}"
    chinese, english = labels[name]
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert re.fullmatch(r"[\x20-\x7e]+", english)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_only_its_actor_is_positional(name: str) -> None:
    first, *others = inspect.signature(OPERATIONS[name]).parameters.values()
    assert first.name == "actor"
    assert [p.name for p in others if p.kind is not inspect.Parameter.KEYWORD_ONLY] == []


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_asks_for_a_permission_that_somebody_can_have(name: str) -> None:
    rules = import_module("cunzhen.accounts.rules")
    known = frozenset[str]().union(*rules.PERMISSIONS.values()) | rules.SERVICE_PERMISSIONS
    required = _required(OPERATIONS[name].__module__, name)
    assert required, "it asks for no permission"
    assert required <= known, f"no role has {sorted(required - known)}"


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_has_a_line_in_the_docs(name: str) -> None:
    texts = [p.read_text(encoding="utf-8") for p in (ROOT / "docs").rglob("*.md")]
    assert any(f"`{n}`" in text for n in _names(name) for text in texts)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_has_a_test(name: str) -> None:
    here = Path(__file__)
    texts = [p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py") if p != here]
    assert any(re.search(rf"\b{name}\b", text) for text in texts)
