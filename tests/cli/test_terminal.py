"""Nothing that a terminal would obey reaches it, and every word of the command line is Chinese first."""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import sys
import unicodedata
from pathlib import Path

import pytest

from cunzhen.cli import main as cli
from cunzhen.cli.parsing import WORDS, Parser, in_chinese
from cunzhen.cli.terminal import say, say_json, shown

from .conftest import Cunzhen

ROOM = Path(cli.__file__).parent
# argparse's messages that only a programmer can meet, and what Parser replaces.
NOT_MET = {
    "usage: ", "positional arguments", "options", "show this help message and exit", "%(prog)s: error: %(message)s\n",
    ".__call__() not defined", "'required' is an invalid argument for positionals", "%r is not callable",
    "mutually exclusive arguments must be optional", "cannot merge actions - two groups are named %r",
    "invalid option string %(option)r: must start with a character %(prefix_chars)r", "argument \"-\" with mode %r",
    "dest= is required for options like %r", "invalid conflict_resolution value: %r",
    "cannot have multiple subparser arguments", "conflicting subparser: %s", "conflicting subparser alias: %s",
    "conflicting option string: %s", "conflicting option strings: %s",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("退休审批表 张三.pdf", "退休审批表 张三.pdf"),
        ("a\x1b[2Jb\x07", "a\\x1b[2Jb\\x07"),
        ("一\n  正常  二\r\t", "一\\x0a  正常  二\\x0d\\x09"),
        ("表\u202efdp.exe\u2066", "表\\u202efdp.exe\\u2066"),
        ("\u200b\ufeff\u2028", "\\u200b\\ufeff\\u2028"),
        ("\udcff.pdf", "\\udcff.pdf"),
        ("\x9b31m", "\\x9b31m"),
        ("\U000e0041", "\\U000e0041"),
        ("𠮷\ue863é️", "𠮷\ue863é️"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_its_code(
    text: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(text) == expected
    say(text)
    assert capsys.readouterr().out == expected + "\n"


def test_every_control_and_format_character_is_shown_as_its_code() -> None:
    let_through = [
        f"{n:x}"
        for n in range(sys.maxunicode + 1)
        if unicodedata.category(chr(n)) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and shown(chr(n)) == chr(n)
    ]
    assert let_through == []


@pytest.mark.parametrize("text", ["a\u202eb", "\x9b", "\ufeff", "\U000e0041", "一\n二", "表"])
def test_json_reads_back_the_same(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"a": text})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": text}
    assert shown(out.rstrip("\n")) == out.rstrip("\n")
    assert ("表" in text) == ("表" in out)


@pytest.mark.parametrize("path", sorted(ROOM.glob("*.py")), ids=lambda p: p.name)
def test_nothing_is_printed_past_it(path: Path) -> None:
    calls = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)]
    prints = [n.lineno for n in calls if isinstance(n.func, ast.Name) and n.func.id == "print"]
    writes = [n.lineno for n in calls if ast.unparse(n.func) in {"sys.stdout.write", "sys.stderr.write"}]
    assert (path.name == "terminal.py") or prints + writes == []


def test_a_forged_file_name_forges_nothing(made_home: Path, cunzhen: Cunzhen, tmp_path: Path) -> None:
    name = "表\u202efdp\x1b[2K\n自检通过.exe"
    done = cunzhen(made_home, "read", str(tmp_path / name))
    assert done.returncode == 1
    assert "表\\u202efdp\\x1b[2K\\x0a自检通过.exe" in done.stderr
    assert not {"\u202e", "\x1b"} & set(done.stdout + done.stderr)
    assert "自检通过.exe" not in (done.stdout + done.stderr).splitlines()


def test_every_message_of_the_parser_is_known() -> None:
    found = {
        a.value
        for n in ast.walk(ast.parse(inspect.getsource(argparse)))
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in {"_", "ngettext"}
        for a in n.args
        if isinstance(a, ast.Constant) and isinstance(a.value, str)
    }
    assert found == set(WORDS) | NOT_MET


@pytest.mark.parametrize(
    ("message", "chinese"),
    [
        ("the following arguments are required: PATH", "缺少参数：PATH"),
        ("argument --year: expected one argument", "参数 --year：后面须有一个值"),
        (
            "argument --series: invalid choice: 'XX' (choose from 'GL', 'YL')",
            "参数 --series：没有 'XX' 这个值，可用的是 'GL', 'YL'",
        ),
        ("argument -n: expected 2 arguments", "参数 -n：后面须有 2 个值"),
        ("ambiguous option: --a could match --ab, --ac", "选项 --a 不明确，可以是 --ab, --ac"),
        ("argument --year: 须为 1 至 2 / must be", "参数 --year：须为 1 至 2 / must be"),
        ("ledger proof CODE", "ledger proof CODE"),
    ],
)
def test_misuse_in_chinese(message: str, chinese: str) -> None:
    assert in_chinese(message) == chinese


def test_help_and_misuse_are_chinese_first(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser(prog="cunzhen", description="说明")
    parser.add_argument("path", metavar="PATH", help="文件")
    text = parser.format_help()
    assert text.startswith("用法 usage: cunzhen [-h] PATH\n")
    assert "参数 arguments:" in text
    assert "选项 options:" in text
    assert "显示本说明" in text
    with pytest.raises(SystemExit) as left:
        parser.parse_args([])
    assert left.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "用法 usage: cunzhen [-h] PATH",
        "缺少参数：PATH",
        "the following arguments are required: PATH",
    ]
