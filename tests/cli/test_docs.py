"""The documents name every command, every option and every operation; the help is Chinese."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from cunzhen.cli import main as cli

DOCS = Path(__file__).parents[2] / "docs"
COMMANDS = sorted(set(cli.COMMANDS))
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _parser(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=command)
    import_module(f"cunzhen.cli.{command}").configure(parser)
    return parser


def _actions(command: str) -> Iterator[argparse.Action]:
    return (a for a in _parser(command)._actions if not isinstance(a, argparse._HelpAction))


def _section(command: str) -> str:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    match = re.search(rf"^## `cunzhen {command}`\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert match, f"docs/commands.md has no section on cunzhen {command}"
    return match[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_described(command: str) -> None:
    section = _section(command)
    assert CHINESE.search(section)
    for action in _actions(command):
        for word in action.option_strings or [str(action.metavar).split("|")[0]]:
            assert f"`{word}" in section or f" {word}`" in section, f"cunzhen {command}: {word} is not described"
    named = set(re.findall(r"^\| `(--[a-z-]+)", section, re.M))
    known = {word for action in _actions(command) for word in action.option_strings}
    assert named <= known, f"cunzhen {command} has no {named - known}"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_is_chinese_and_whole(command: str) -> None:
    assert CHINESE.search(cli._help_of(command))
    for action in _actions(command):
        assert action.help and CHINESE.search(action.help), f"cunzhen {command} {action.dest}"
        assert "(default" not in action.help


def test_no_command_is_described_that_is_not_there() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## `cunzhen ([a-z]+)`", text, re.M)) == set(COMMANDS)


def test_every_operation_of_the_api_is_described() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    document = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            heading = f"### `{operation['operationId']}` · {method.upper()} {path}\n"
            assert heading in text, f"docs/api.md has no heading {heading!r}"
            assert CHINESE.search(text.split(heading, 1)[1][:200])
    headings = re.findall(r"^### `(\w+)`", text, re.M)
    assert len(headings) == len(set(headings)) == sum(map(len, document["paths"].values()))


def test_the_codes_of_the_api_are_described() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    source = "".join(p.read_text(encoding="utf-8") for p in Path(cli.__file__).parents[1].glob("api/*.py"))
    assert set(re.findall(r'"(API-\d\d)"', source)) == set(re.findall(r"`(API-\d\d)", text))
